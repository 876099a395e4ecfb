"""Files written whole or not at all, and the digest that tells whether one has changed."""

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from communique.errors import CommuniqueError


@contextmanager
def all_or_nothing(*outputs: Path) -> Iterator[list[Path]]:
    """Hidden files beside the outputs, put in their places at the end, or removed on any error or interrupt."""
    staged: list[Path] = []
    try:
        staged.extend(map(_stage, outputs))
        yield staged
        for path, out in zip(staged, outputs, strict=True):
            path.replace(out)
    finally:
        for path in staged:
            path.unlink(missing_ok=True)


def _stage(out: Path) -> Path:
    staged = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        staged.touch()
    except OSError as error:
        raise CommuniqueError(f"{out}: cannot be written ({error.strerror}); choose another folder") from error
    return staged


def write_text(path: Path, text: str) -> None:
    """Write a text in UTF-8, whole or not at all; folders on the way are made."""
    write_texts({path: text})


def write_texts(texts: Mapping[Path, str]) -> None:
    """Write every text in UTF-8 or, where one cannot be written, none; folders on the way are made."""
    with all_or_nothing(*texts) as staged:
        for path, text in zip(staged, texts.values(), strict=True):
            path.write_text(text, encoding="utf-8")


def file_digest(path: Path) -> str:
    """SHA-256 of a file, read in pieces."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
