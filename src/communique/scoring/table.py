"""The table of scores on disk: written whole or not at all, and read back."""

import json
import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from communique.errors import CommuniqueError
from communique.scoring.source import Source

SUFFIXES = (".csv", ".parquet", ".jsonl")
Write = Callable[[pd.DataFrame], None]


def provenance_path(out: Path) -> Path:
    """Where the provenance of a table lies."""
    return out.with_name(f"{out.name}.provenance.json")


def check_destination(out: Path, sources: Sequence[Source] = ()) -> None:
    """Raise CommuniqueError where a table cannot be written to ``out`` or would overwrite its own input."""
    if out.suffix not in SUFFIXES:
        raise CommuniqueError(f"{out}: a table ends in {', '.join(SUFFIXES)}; name the output so")
    if out.is_dir():
        raise CommuniqueError(f"{out}: is a folder; name a file to write")
    if any(source.path.resolve() == out.resolve() for source in sources):
        raise CommuniqueError(f"{out}: is among the inputs; write the table to another place")


@contextmanager
def all_or_nothing(*outputs: Path) -> Iterator[list[Path]]:
    """Hidden files beside the outputs, put in their places at the end, or removed on any error or interrupt."""
    staged = [out.with_name(f".{out.name}.{os.getpid()}.part") for out in outputs]
    try:
        for path in staged:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    except OSError as error:
        raise CommuniqueError(f"{outputs[0]}: cannot be written ({error.strerror}); choose another folder") from error
    try:
        yield staged
        for path, out in zip(staged, outputs, strict=True):
            path.replace(out)
    finally:
        for path in staged:
            path.unlink(missing_ok=True)


def open_writer(path: Path, suffix: str) -> AbstractContextManager[Write]:
    """A function that appends tables of the same columns to ``path`` in the format of ``suffix``."""
    return _WRITERS[suffix](path)


@contextmanager
def _csv(path: Path) -> Iterator[Write]:
    """CSV: one header; a list is joined by semicolons."""
    with path.open("w", encoding="utf-8", newline="") as stream:

        def write(table: pd.DataFrame) -> None:
            joined = table.assign(labels=table["labels"].map(";".join))
            joined.to_csv(stream, index=False, header=stream.tell() == 0, lineterminator="\n")

        yield write


@contextmanager
def _jsonl(path: Path) -> Iterator[Write]:
    """JSON lines: one object a row; a list stays a list."""
    with path.open("w", encoding="utf-8", newline="") as stream:

        def write(table: pd.DataFrame) -> None:
            for row in table.to_dict(orient="records"):
                stream.write(json.dumps(row, ensure_ascii=False) + "\n")

        yield write


@contextmanager
def _parquet(path: Path) -> Iterator[Write]:
    """Parquet: one row group a table; the first table sets the types."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    writer: pq.ParquetWriter | None = None

    def write(table: pd.DataFrame) -> None:
        nonlocal writer
        if writer is None:
            writer = pq.ParquetWriter(path, _schema(table))
        writer.write_table(pa.Table.from_pandas(table, schema=writer.schema, preserve_index=False))

    try:
        yield write
    finally:
        if writer is not None:
            writer.close()


def _schema(table: pd.DataFrame) -> Any:
    """Strings, except for the labels (lists of strings) and columns of numbers and marks."""
    import pyarrow as pa

    kinds = {"i": pa.int64(), "f": pa.float64(), "b": pa.bool_()}
    types = {name: kinds.get(table[name].dtype.kind, pa.string()) for name in table.columns}
    return pa.schema({**types, "labels": pa.list_(pa.string())})


_WRITERS: dict[str, Callable[[Path], AbstractContextManager[Write]]] = {
    ".csv": _csv,
    ".jsonl": _jsonl,
    ".parquet": _parquet,
}


def read_table(path: str | Path) -> pd.DataFrame:
    """A table of scores as ``score`` made it: ``labels`` as lists, texts as strings, nothing taken for missing."""
    path = Path(path)
    try:
        table = _READERS[path.suffix](path)
    except KeyError as error:
        raise CommuniqueError(f"{path}: a table of scores ends in {', '.join(SUFFIXES)}") from error
    except (OSError, ValueError) as error:
        raise CommuniqueError(f"{path}: is not a readable table of scores ({error}); score again") from error
    if "labels" not in table:
        raise CommuniqueError(f"{path}: has no column 'labels'; name a table that communique score wrote")
    return table.assign(labels=table["labels"].map(list))


def _read_csv(path: Path) -> pd.DataFrame:
    types: dict[str, type] = defaultdict(lambda: str, dict.fromkeys(("sentence", "start", "end", "words"), int))
    types |= dict.fromkeys(("review", "windowed"), bool)
    names = pd.read_csv(path, nrows=0).columns
    types |= {name: float for name in names if name.startswith("prob_")}
    table = pd.read_csv(path, keep_default_na=False, dtype=types)
    return table.assign(labels=table["labels"].map(_parts))


def _parts(joined: str) -> list[str]:
    return joined.split(";") if joined else []


def _read_jsonl(path: Path) -> pd.DataFrame:
    with path.open(encoding="utf-8") as stream:
        return pd.DataFrame([json.loads(line) for line in stream])


_READERS: dict[str, Callable[[Path], pd.DataFrame]] = {
    ".csv": _read_csv,
    ".jsonl": _read_jsonl,
    ".parquet": pd.read_parquet,
}
