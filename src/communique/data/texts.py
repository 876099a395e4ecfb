"""Bare sentences without labels: one a line of a text file, or the ``text`` of JSON lines."""

import gzip
import json
import zlib
from pathlib import Path

from communique.errors import CommuniqueError


def read_texts(path: str | Path) -> list[str]:
    """The sentences of a ``.txt`` file (one a line) or of a JSONL file (``text``), packed (``.gz``) or not.

    Raises CommuniqueError where the file cannot be read, a line is no such object, or there is no sentence.
    """
    path = Path(path)
    plain = ".txt" in path.suffixes[-2:]
    found = [line if plain else _text(line, f"{path}, line {number}") for number, line in _lines(path)]
    if not found:
        raise CommuniqueError(f"{path}: holds no sentence; give one a line")
    return found


def _lines(path: Path) -> list[tuple[int, str]]:
    """The lines that are not blank, with their numbers."""
    open_text = gzip.open if path.suffix == ".gz" else open
    try:
        with open_text(path, "rt", encoding="utf-8") as lines:
            return [(number, line.rstrip("\n")) for number, line in enumerate(lines, 1) if line.strip()]
    except UnicodeDecodeError as error:
        raise CommuniqueError(f"{path}: is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise CommuniqueError(f"{path}: cannot be read ({reason}); check the path") from error


def _text(line: str, where: str) -> str:
    try:
        record = json.loads(line)
    except ValueError as error:
        raise CommuniqueError(f"{where}: must be a JSON object with a 'text'; mend the line") from error
    if not isinstance(record, dict) or not isinstance(record.get("text"), str):
        raise CommuniqueError(f"{where}: must be a JSON object with a 'text'; mend the line")
    return str(record["text"])
