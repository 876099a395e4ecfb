"""Zip archives as folders of documents: their members listed and opened, never unpacked to disk."""

import zipfile
import zlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from communique.errors import CommuniqueError

_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError)


def members(path: Path) -> Iterator[tuple[str, int]]:
    """Names and unpacked sizes of the files in an archive, sorted by name, hidden ones left out."""
    for info in sorted(_archive(path).infolist(), key=lambda info: info.filename):
        parts = info.filename.split("/")
        if not info.is_dir() and not any(part.startswith((".", "__MACOSX")) for part in parts):
            yield info.filename, info.file_size


def open_member(path: Path, name: str) -> BinaryIO:
    """The bytes of one member; raises CommuniqueError where it is locked, damaged or of an unknown packing."""
    try:
        return _archive(path).open(name)  # type: ignore[return-value]
    except _BROKEN as error:
        raise CommuniqueError(f"{path / name}: cannot be unpacked ({error}); pack the archive again") from error


def check_members(path: Path) -> None:
    """Raise CommuniqueError where some member of an archive is damaged; every byte is read."""
    try:
        damaged = _archive(path).testzip()
    except _BROKEN as error:
        raise CommuniqueError(f"{path}: cannot be unpacked ({error}); pack it again without a password") from error
    if damaged is not None:
        raise CommuniqueError(f"{path / damaged}: is damaged; download or pack the archive again")


def _archive(path: Path) -> zipfile.ZipFile:
    try:
        status = path.stat()
        return _opened(path, status.st_mtime_ns, status.st_size)
    except OSError as error:
        raise CommuniqueError(f"{path}: cannot be read ({error.strerror}); check the name") from error
    except zipfile.BadZipFile as error:
        raise CommuniqueError(f"{path}: is not a readable zip archive; download or pack it again") from error


@lru_cache(maxsize=4)
def _opened(path: Path, changed: int, size: int) -> zipfile.ZipFile:
    """The archive with its list of members, kept open: reading that list for each member would take for ever."""
    return zipfile.ZipFile(path)
