"""The lines of a labelled file, JSON or CSV, each with its number; knows nothing of what a sentence needs."""

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from communique.errors import CommuniqueError

DELIMITERS = (",", ";", "\t")
QUOTED = re.compile(r'"[^"]*"')
HEADER = re.compile(r'(?:"[^"]*"|[^"\n])*')  # the first line, and what of it goes on below in quotes


def records(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The lines of a ``.jsonl`` or ``.csv`` file with their numbers; CommuniqueError where it cannot be read."""
    try:
        content = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise CommuniqueError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    except UnicodeDecodeError as error:
        raise CommuniqueError(f"{path}: is not UTF-8 (byte {error.start}); give a .jsonl or .csv in UTF-8") from error
    yield from _csv_records(path, content) if path.suffix.lower() == ".csv" else _jsonl_records(path, content)


def _jsonl_records(path: Path, content: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, line in enumerate(content.split("\n"), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except json.JSONDecodeError as error:
            raise CommuniqueError(
                f"{path}, line {number}: is not valid JSON ({error.msg} at column {error.colno}); mend the line"
            ) from error
        except (RecursionError, ValueError) as error:
            raise CommuniqueError(f"{path}, line {number}: is no sentence that JSON can hold; mend the line") from error
        if not isinstance(record, dict):
            raise CommuniqueError(f"{path}, line {number}: must be a JSON object, not {type(record).__name__}")
        yield number, record


def _csv_records(path: Path, content: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    lead = len(content) - len(content.lstrip("\n"))  # lines above the header, which a table cannot have
    reader = csv.DictReader(io.StringIO(content[lead:], newline=""), strict=True, delimiter=delimiter(content))
    try:
        header = list(reader.fieldnames or ())
        if twice := sorted({name for name in header if name and header.count(name) > 1}):
            raise CommuniqueError(f"{path}: the column name '{twice[0]}' stands twice; give each column its own name")
        for row in reader:
            if not "".join(_cells(row)).strip():  # spreadsheets leave such rows at the end
                continue
            number = lead + reader.line_num
            if None in row or None in row.values():
                raise CommuniqueError(f"{path}, line {number}: has another number of columns than the header")
            _refuse_spaces(row, f"{path}, line {number}")
            yield number, row
    except csv.Error as error:
        raise CommuniqueError(f"{path}, line {lead + reader.line_num}: is not valid CSV ({error})") from error


def _cells(row: Mapping[str | None, Any]) -> Iterator[str]:
    """All that stands in a row, what lies beyond the header's columns included."""
    for value in row.values():
        yield from value if isinstance(value, list) else [value or ""]


def delimiter(content: str) -> str:
    """What separates a table's columns, told by its header; a comma where that tells nothing."""
    found = HEADER.match(content.lstrip("\n"))
    header = QUOTED.sub("", found.group()) if found else ""
    return max(DELIMITERS, key=header.count)


def _refuse_spaces(row: Mapping[str, Any], where: str) -> None:
    """Two documents that differ in a space that nobody sees would be cut to two sides of a split."""
    for name in ("id", "document"):
        if (value := row.get(name, "")) != value.strip() != "":
            raise CommuniqueError(f"{where}, field '{name}': {value!r} begins or ends with a space; take it out")
