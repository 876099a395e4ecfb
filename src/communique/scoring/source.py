"""One input file: its bytes, its encoding, its limits. Knows no format."""

import gzip
import io
import re
import sys
import unicodedata
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import BinaryIO

from communique.errors import CommuniqueError

CHUNK = 1 << 20
_LINE_BREAKS = re.compile(r"\r\n?|[\f\v\x1c-\x1e\x85\u2028\u2029]")
_INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff]")
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1b\x1f\x7f]")
_SURROGATES = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Limits:
    """How large a file may be, in bytes: as it lies on disk, and unpacked (``.gz``, ``.docx``, ``.xlsx``)."""

    file: int = 200_000_000
    unpacked: int = 1_000_000_000


@dataclass
class Source:
    """One input: where it lies, the id its documents start from, and what the check of it found.

    ``fields`` are the metadata names its documents may carry, ``notes`` what a person should know of how it is
    read; ``content`` holds what came from standard input.
    """

    path: Path
    id: str
    format: str
    packed: bool = False
    limits: Limits = field(default_factory=Limits)
    content: bytes | None = None
    encoding: str = "utf-8-sig"
    fields: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)

    def open(self) -> BinaryIO:
        """The file's bytes, unpacked where it ends in ``.gz``; raises CommuniqueError where it cannot be read."""
        if self.content is not None:
            return io.BytesIO(self.content)
        try:
            return gzip.open(self.path) if self.packed else self.path.open("rb")  # type: ignore[return-value]
        except OSError as error:
            raise CommuniqueError(f"{self.path}: cannot be read ({error.strerror}); check its permissions") from error

    def lines(self) -> Iterator[str]:
        """The decoded lines with their line ends, one at a time."""
        with self.open() as stream:
            yield from io.TextIOWrapper(stream, encoding=self.encoding, newline="")

    def text(self) -> str:
        """The decoded text as a whole."""
        with self.open() as stream:
            return stream.read().decode(self.encoding)

    def chunks(self) -> Iterator[bytes]:
        """The bytes in pieces; raises CommuniqueError where they unpack to too much or not at all."""
        total = 0
        try:
            with self.open() as stream:
                while chunk := stream.read(CHUNK):
                    total += len(chunk)
                    self.check_unpacked(total)
                    yield chunk
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise CommuniqueError(
                f"{self.path}: is not a whole gzip file ({error}); download or pack it again"
            ) from error

    def check_unpacked(self, size: int) -> None:
        """Raise CommuniqueError where ``size`` unpacked bytes are more than allowed."""
        if size > self.limits.unpacked:
            allowed = self.limits.unpacked / 1e6
            raise CommuniqueError(f"{self.path}: unpacks to more than {allowed:,.0f} MB; split it into smaller files")


def check_size(source: Source) -> None:
    """Raise CommuniqueError where a file is missing, empty, no file, or larger than the limit."""
    try:
        size = len(source.content) if source.content is not None else source.path.stat().st_size
    except OSError as error:
        raise CommuniqueError(f"{source.path}: cannot be read ({error.strerror}); check the name") from error
    if source.content is None and not source.path.is_file():
        raise CommuniqueError(f"{source.path}: is neither a file nor a folder; name a document")
    if size == 0:
        raise CommuniqueError(f"{source.path}: is empty; leave it out or put the text in")
    if size > source.limits.file:
        allowed = source.limits.file / 1e6
        raise CommuniqueError(
            f"{source.path}: has {size / 1e6:,.0f} MB, more than the {allowed:,.0f} MB allowed; "
            "split it into smaller files"
        )


def read_standard_input(limits: Limits) -> Source:
    """What comes through the pipe, as one text document with the id ``stdin``."""
    return Source(Path("-"), "stdin", "txt", limits=limits, content=_piped(limits.file + 1))


@cache
def _piped(most: int) -> bytes:
    """A pipe can be read once; what came is kept, for the page that follows the table."""
    return sys.stdin.buffer.read(most)


def normalise(text: str) -> str:
    """The form that character offsets refer to.

    Unicode NFC, line ends as ``\\n``; invisible characters (soft hyphen, zero-width space) go, other control
    characters become spaces, and half a surrogate pair becomes the replacement character.
    """
    text = _LINE_BREAKS.sub("\n", text)
    text = _CONTROLS.sub(" ", _INVISIBLE.sub("", text))
    return unicodedata.normalize("NFC", _SURROGATES.sub("\ufffd", text))


@dataclass(frozen=True)
class Record:
    """One text as a reader finds it; ``key`` tells the texts of one file apart (a row's id or number)."""

    text: str
    metadata: dict[str, str]
    key: str = ""


@dataclass(frozen=True)
class Columns:
    """Which columns of a table hold the text and, if any, the id."""

    text: str = "text"
    id: str | None = None
