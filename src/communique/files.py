"""Files written whole or not at all, and the digest that tells whether one has changed."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from communique.errors import CommuniqueError


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


def write_text(path: Path, text: str) -> None:
    """Write a text in UTF-8, whole or not at all; folders on the way are made."""
    with all_or_nothing(path) as (staged,):
        staged.write_text(text, encoding="utf-8")


def file_digest(path: Path) -> str:
    """SHA-256 of a file, read in pieces."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
