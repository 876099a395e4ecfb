"""The table of scores on disk: joined from its parts, whole or not there, and read back; never in memory as a whole.

What was not scored has no probabilities and no labels: null in Parquet and JSON lines, an empty cell elsewhere.
"""

import itertools
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from communique.errors import CommuniqueError, missing_extra
from communique.scoring.source import Source

if TYPE_CHECKING:
    import pyarrow as pa

SUFFIXES = (".csv", ".parquet", ".jsonl", ".xlsx")
# What one sheet of Excel holds: rows below the first line, characters in a cell.
MOST_ROWS, MOST_CHARACTERS = 1_048_575, 32_767
# Rows that are in memory together when a table is read back, or in one group of a Parquet file.
BATCH = 32_768


def check_destination(out: Path) -> None:
    """Raise CommuniqueError where a table cannot be written to ``out``."""
    if out.suffix not in SUFFIXES:
        raise CommuniqueError(f"{out}: a table ends in {', '.join(SUFFIXES)}; name the output so")
    if out.is_dir():
        raise CommuniqueError(f"{out}: is a folder; name a file to write")
    if out.suffix == ".xlsx":
        _xlsxwriter()


def check_not_among(sources: Sequence[Source], *outputs: Path) -> None:
    """Raise CommuniqueError where an output would overwrite an input."""
    files = {source.file.resolve() for source in sources}
    if found := next((out for out in outputs if out.resolve() in files), None):
        raise CommuniqueError(f"{found}: is among the inputs; write to another place")


def check_cells(out: Path, table: pd.DataFrame, before: int) -> None:
    """Raise CommuniqueError where these rows, after ``before`` others, are more than an Excel sheet can hold."""
    if out.suffix != ".xlsx":
        return
    advice = f"rename .{out.name}.parts to .{out.stem}.csv.parts and score to {out.stem}.csv, which goes on from there"
    if before + len(table) > MOST_ROWS:
        raise CommuniqueError(f"{out}: an Excel sheet ends at {MOST_ROWS:,} sentences and there are more; {advice}")
    for name in table.select_dtypes(exclude=["number", "bool"]).columns.difference(["labels"]):
        if (table[name].str.len() > MOST_CHARACTERS).any():
            found = f"{name} of more than {MOST_CHARACTERS:,} characters, the most that a cell of Excel holds"
            raise CommuniqueError(f"{out}: there is a {found}; {advice}")


def join(tables: Iterable["pa.Table"], path: Path, suffix: str) -> None:
    """Write tables of the same columns to ``path`` as one, in the format of ``suffix``, one after the other."""
    _WRITERS[suffix](tables, path)


def _to_csv(tables: Iterable["pa.Table"], path: Path) -> None:
    """CSV: one header; a list is joined by semicolons."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        for table in tables:
            _flat(table).to_csv(stream, index=False, header=stream.tell() == 0, lineterminator="\n")


def _flat(table: "pa.Table") -> pd.DataFrame:
    """A table without lists."""
    labels = pd.Series([";".join(given or ()) for given in table["labels"].to_pylist()], dtype=object)
    return table.drop_columns(["labels"]).to_pandas().assign(labels=labels)[table.column_names]


def _to_jsonl(tables: Iterable["pa.Table"], path: Path) -> None:
    """JSON lines: one object a row; a list stays a list."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        for table in tables:
            for row in table.to_pylist():
                stream.write(json.dumps(row, ensure_ascii=False) + "\n")


def _to_parquet(tables: Iterable["pa.Table"], path: Path) -> None:
    """Parquet: row groups of some ten thousand rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    tables = iter(tables)
    first = next(tables)
    with pq.ParquetWriter(path, first.schema) as writer:
        waiting = [first]
        for table in tables:
            if sum(map(len, waiting)) >= BATCH:
                writer.write_table(pa.concat_tables(waiting))
                waiting = []
            waiting.append(table)
        writer.write_table(pa.concat_tables(waiting))


def _to_xlsx(tables: Iterable["pa.Table"], path: Path) -> None:
    """Excel: one sheet, written row by row; a text that looks like a formula or an address stays a text."""
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with _xlsxwriter().Workbook(path, options) as book:
        book.set_properties({"created": pd.Timestamp("2000-01-01").to_pydatetime()})  # the same rows, the same bytes
        sheet = book.add_worksheet("sentences")
        lines = itertools.count()
        for table in map(_flat, tables):
            if sheet.dim_rowmax is None:
                sheet.write_row(next(lines), 0, table.columns)
            for cells in table.astype(object).where(table.notna(), None).itertuples(index=False):
                sheet.write_row(next(lines), 0, cells)


def _xlsxwriter() -> Any:
    try:
        import xlsxwriter
    except ImportError as error:
        raise missing_extra("documents", "xlsxwriter") from error
    return xlsxwriter


_WRITERS: dict[str, Callable[[Iterable["pa.Table"], Path], None]] = {
    ".csv": _to_csv,
    ".jsonl": _to_jsonl,
    ".parquet": _to_parquet,
    ".xlsx": _to_xlsx,
}


def read_table(path: str | Path) -> pd.DataFrame:
    """A table of scores as ``score`` made it: ``labels`` as lists, texts as strings, nothing taken for missing.

    What was not scored has NaN for its probabilities and an empty list of labels.
    """
    return pd.concat([*read_batches(path)] or [pd.DataFrame()], ignore_index=True)


def first_documents(path: str | Path, most: int) -> tuple[pd.DataFrame, int]:
    """The rows of the first ``most`` documents, and how many documents follow; the rest is read but not kept."""
    kept: list[pd.DataFrame] = []
    begun = 0
    for table in read_batches(path):
        number = begun + (table["sentence"] == 0).cumsum()
        kept.append(table[number <= most])
        begun = int(number.iloc[-1])
    return pd.concat(kept, ignore_index=True), max(0, begun - most)


def read_batches(path: str | Path, size: int = BATCH) -> Iterator[pd.DataFrame]:
    """The same table in pieces of at most ``size`` rows; raises CommuniqueError where it is none."""
    path = Path(path)
    if path.suffix not in _READERS:
        raise CommuniqueError(f"{path}: a table of scores ends in {', '.join(SUFFIXES)}")
    try:
        for table in _READERS[path.suffix](path, size):
            if "labels" not in table:
                raise CommuniqueError(f"{path}: has no column 'labels'; name a table that communique score wrote")
            yield table.assign(labels=table["labels"].map(lambda given: [] if given is None else list(given)))
    except (OSError, ValueError, KeyError) as error:
        raise CommuniqueError(f"{path}: is not a readable table of scores ({error}); score again") from error


def _from_csv(path: Path, size: int) -> Iterator[pd.DataFrame]:
    types: dict[str, type] = defaultdict(lambda: str, dict.fromkeys(("sentence", "start", "end", "words"), int))
    types |= dict.fromkeys(("review", "windowed"), bool)
    names = pd.read_csv(path, nrows=0).columns
    numbers = [name for name in names if name.startswith("prob_")]
    types |= dict.fromkeys(numbers, float)
    missing = {name: [""] for name in numbers}
    with pd.read_csv(path, keep_default_na=False, na_values=missing, dtype=types, chunksize=size) as pieces:
        for table in pieces:
            yield _with_lists(table)


def _with_lists(table: pd.DataFrame) -> pd.DataFrame:
    if "labels" not in table:
        return table
    return table.assign(labels=table["labels"].map(lambda joined: joined.split(";") if joined else []))


def _from_jsonl(path: Path, size: int) -> Iterator[pd.DataFrame]:
    with path.open(encoding="utf-8") as stream:
        while lines := list(itertools.islice(stream, size)):
            table = pd.DataFrame([json.loads(line) for line in lines])
            yield table.astype({name: float for name in table.columns.astype(str) if name.startswith("prob_")})


def _from_parquet(path: Path, size: int) -> Iterator[pd.DataFrame]:
    from pyarrow.parquet import ParquetFile

    with ParquetFile(path) as stored:
        for batch in stored.iter_batches(batch_size=size):
            yield batch.to_pandas()


def _from_xlsx(path: Path, size: int) -> Iterator[pd.DataFrame]:
    try:
        table = pd.read_excel(path, keep_default_na=False, na_values=[], dtype=object)
    except ImportError as error:
        raise missing_extra("documents", "openpyxl") from error
    numbers = [name for name in table.columns.astype(str) if name.startswith("prob_")]
    table[numbers] = table[numbers].replace("", float("nan")).astype(float)
    texts = table.columns.difference([*numbers, "sentence", "start", "end", "words", "review", "windowed", "labels"])
    table = _with_lists(table.astype(dict.fromkeys(texts, str)).astype(dict.fromkeys(("review", "windowed"), bool)))
    yield table.astype(dict.fromkeys(("sentence", "start", "end", "words"), int))


_READERS: dict[str, Callable[[Path, int], Iterator[pd.DataFrame]]] = {
    ".csv": _from_csv,
    ".jsonl": _from_jsonl,
    ".parquet": _from_parquet,
    ".xlsx": _from_xlsx,
}
