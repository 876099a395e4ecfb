"""Tables: a text a row, read row by row from CSV, TSV, JSON lines, Parquet and Excel."""

import csv
import itertools
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, time
from typing import Any

from communique.data.records import delimiter
from communique.errors import CommuniqueError, missing_extra
from communique.scoring.encodings import find_encoding
from communique.scoring.readers.word import check_package
from communique.scoring.source import Columns, Record, Source

# Each row with where it stands; under None, as in csv.DictReader, the cells that no column name stands over.
Rows = Iterator[tuple[str, dict[str | None, Any]]]
UNNAMED = "cells under no column name"
_BATCH = 1_000


def check(source: Source, columns: Columns) -> tuple[str, ...]:
    """Make sure that the text and id columns are there; every row of a text format is looked at, others' heads."""
    if source.format in ("csv", "tsv", "jsonl"):
        source.encoding = find_encoding(source)
    names = _HEADERS[source.format](source, columns)
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise CommuniqueError(f"{source.path}: the column name '{twice}' stands twice; give each column its own name")
    for wanted in (columns.text, columns.id):
        if wanted is not None and wanted not in names:
            raise CommuniqueError(
                f"{source.path}: has no column '{wanted}'; name the column of the text or id, which is one of "
                f"{', '.join(names)}"
            )
    return tuple(name for name in names if name not in (columns.text, columns.id))


def read(source: Source, columns: Columns) -> Iterator[Record]:
    """One text a row; its key is the id column, or the row's number counted from 1."""
    for number, (_, row) in enumerate(_ROWS[source.format](source), 1):
        key = _cell(row.get(columns.id)) if columns.id else ""
        metadata = {name: _cell(row.get(name)) for name in source.fields}
        left_out = {UNNAMED: len(row[None])} if row.get(None) else {}
        yield Record(_cell(row.get(columns.text)), metadata, key or str(number), left_out)


def _cell(value: Any) -> str:
    """A cell as text: nothing for a missing value, JSON for a nested one, no ".0" behind a whole number."""
    if value is None or value != value:
        return ""
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, datetime) and value.time() == time() and value.tzinfo is None:
        return value.date().isoformat()  # a spreadsheet's day
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value if isinstance(value, str) else str(value)


# Comma- and tab-separated files


def _delimiter(source: Source) -> str:
    """A tab for .tsv; for .csv the comma or, as some spreadsheets write it, the semicolon or tab that heads it."""
    if source.format == "tsv":
        return "\t"
    return delimiter(next(source.lines(), ""))


def _csv_lines(source: Source) -> Iterator[tuple[int, list[str]]]:
    """The cells of every line with the line's number; raises CommuniqueError where quotes are torn."""
    csv.field_size_limit(min(sys.maxsize, source.limits.unpacked))
    lines = csv.reader(source.lines(), delimiter=_delimiter(source), strict=True)
    try:
        for cells in lines:
            yield lines.line_num, cells
    except csv.Error as error:
        raise CommuniqueError(
            f"{source.path}, line {lines.line_num}: is not valid CSV ({error}); mend its quotes"
        ) from error


def _csv_header(source: Source, columns: Columns) -> list[str]:
    _, names = next(_csv_lines(source), (0, []))
    for _ in _csv_rows(source):  # a torn row is better found now than after hours of scoring
        pass
    return names


def _csv_rows(source: Source) -> Rows:
    lines = _csv_lines(source)
    _, names = next(lines, (0, []))
    for number, cells in lines:
        if cells and len(cells) != len(names):
            raise CommuniqueError(
                f"{source.path}, line {number}: has {len(cells)} fields where the first line has {len(names)}; "
                "quote the fields that hold the separator"
            )
        if cells:
            yield f"line {number}", dict(zip(names, cells, strict=True))


# JSON lines


def _json_rows(source: Source) -> Rows:
    for number, line in enumerate(source.lines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (json.JSONDecodeError, RecursionError) as error:
            raise CommuniqueError(
                f"{source.path}, line {number}: is not valid JSON ({error}); mend that line"
            ) from error
        if not isinstance(row, dict):
            raise CommuniqueError(f"{source.path}, line {number}: is no JSON object; write one object a line")
        yield f"line {number}", row


def _json_header(source: Source, columns: Columns) -> list[str]:
    """Every name that some row uses, in order of first use: rows may differ, but each has a text."""
    names: dict[str, None] = {}
    bare = ""
    for where, row in _json_rows(source):
        names.update(dict.fromkeys(map(str, row)))
        bare = bare or ("" if columns.text in row else where)
    if bare and columns.text in names:
        raise CommuniqueError(f"{source.path}, {bare}: has no '{columns.text}'; give every row a text")
    return list(names)


# Parquet


@contextmanager
def _reading(source: Source, kind: str) -> Iterator[None]:
    """Turn what a library says of a damaged file into the one sentence."""
    from pyarrow import ArrowException

    try:
        yield
    except (ArrowException, OSError, ValueError, KeyError, SyntaxError) as error:
        raise CommuniqueError(f"{source.path}: is not a readable {kind} file; write or save it again") from error


def _parquet_header(source: Source, columns: Columns) -> list[str]:
    from pyarrow.parquet import ParquetFile

    with _reading(source, "Parquet"), source.seekable() as stream, ParquetFile(stream) as table:
        return list(table.schema_arrow.names)


def _parquet_rows(source: Source) -> Rows:
    from pyarrow.parquet import ParquetFile

    # Memory is flat for row groups of any number; one group's columns are held while it is read.
    with _reading(source, "Parquet"), source.seekable() as stream, ParquetFile(stream) as table:
        batches = table.iter_batches(batch_size=_BATCH, use_threads=False)
        rows = itertools.chain.from_iterable(batch.to_pylist() for batch in batches)
        for number, row in enumerate(rows, 1):
            source.share = number / table.metadata.num_rows
            yield f"row {number}", row


# Excel


def _sheets(source: Source) -> list[Any]:
    try:
        import openpyxl
    except ImportError as error:
        raise missing_extra("documents", "openpyxl") from error
    sheets: list[Any] = openpyxl.load_workbook(source.seekable(), read_only=True, data_only=True).worksheets
    for sheet in sheets:
        sheet.reset_dimensions()  # some programs state the sheet's size wrongly
    return sheets


def _sheet_header(source: Source, columns: Columns) -> list[str]:
    check_package(source, "Excel")
    with _reading(source, "Excel"):
        sheet, *others = _sheets(source)
        names = [name for name in map(_cell, next(sheet.iter_rows(values_only=True), ())) if name]
    if others:
        source.notes.append(f"{source.path}: sheet '{sheet.title}' is read, {len(others)} more are not")
    return names


def _sheet_rows(source: Source) -> Rows:
    with _reading(source, "Excel"):
        rows = _sheets(source)[0].iter_rows(values_only=True)
        names = [_cell(value) for value in next(rows, ())]
        for number, cells in enumerate(rows, 2):
            if any(cell is not None for cell in cells):
                pairs = list(itertools.zip_longest(names, cells))
                row: dict[str | None, Any] = {name: cell for name, cell in pairs if name}
                row[None] = [cell for name, cell in pairs if not name and cell is not None]
                yield f"row {number}", row


_HEADERS: dict[str, Callable[[Source, Columns], list[str]]] = {
    "csv": _csv_header,
    "tsv": _csv_header,
    "jsonl": _json_header,
    "parquet": _parquet_header,
    "xlsx": _sheet_header,
}
_ROWS: dict[str, Callable[[Source], Rows]] = {
    "csv": _csv_rows,
    "tsv": _csv_rows,
    "jsonl": _json_rows,
    "parquet": _parquet_rows,
    "xlsx": _sheet_rows,
}
