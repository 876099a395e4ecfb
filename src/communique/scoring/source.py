"""One input file, on disk or in a zip archive: its bytes, its encoding, its limits. Knows no format."""

import bz2
import gzip
import io
import lzma
import re
import sys
import unicodedata
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

from communique.errors import CommuniqueError
from communique.scoring.archive import open_member

CHUNK = 1 << 20
# Suffixes of packed files, and what unpacks each.
PACKINGS: dict[str, Callable[[BinaryIO], Any]] = {
    "gz": lambda raw: gzip.GzipFile(fileobj=raw),
    "bz2": bz2.BZ2File,
    "xz": lzma.LZMAFile,
}
# Read row by row, so that they may be of any size.
STREAMED = frozenset({"csv", "tsv", "jsonl", "parquet"})
_LINE_BREAKS = re.compile(r"\r\n?|[\f\v\x1c-\x1e\x85\u2028\u2029]")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
# Ligatures of old typesetting, as their letters.
_LIGATURES = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"})
_WEB_PAGE = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:.*?<)?(?:!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL)
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1b\x1f\x7f]")
_SURROGATES = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Limits:
    """How large things may be.

    ``file`` and ``unpacked``, in bytes, hold for what is read whole: a file as it lies on disk, and unpacked from
    ``.gz``, ``.bz2``, ``.xz``, ``.zip``, ``.docx`` or ``.xlsx``. A table that is read row by row may be of any size;
    ``row`` limits one line of it, in characters. ``page`` limits the drawing instructions of a PDF page, in bytes.
    """

    file: int = 200_000_000
    unpacked: int = 1_000_000_000
    row: int = 50_000_000
    page: int = 100_000_000


@dataclass(slots=True)
class Source:
    """One input: where it lies, the id its documents start from, and what the check of it found.

    ``path`` is what it is called in messages; in an ``archive`` it goes on with the member's name. ``fields`` are
    the metadata names its documents may carry, ``notes`` what a person should know of how it is read;
    ``content`` holds what came from standard input. ``share`` says how much of the file is read, from 0 to 1.
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
    archive: Path | None = None
    size: int = 0
    share: float = 0.0

    @property
    def file(self) -> Path:
        """The file on disk: the archive, where the source lies in one."""
        return self.archive or self.path

    @property
    def member(self) -> str:
        """The name inside the archive."""
        return self.path.relative_to(self.archive).as_posix() if self.archive else ""

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """The file's bytes, unpacked where a packing ends its name; raises CommuniqueError where it cannot be read."""
        with self._raw() as raw:
            yield self._unpacked(raw)

    def _unpacked(self, raw: BinaryIO) -> BinaryIO:
        """The stream through its unpacker, if the file's name ends in that of a packing."""
        unpack = PACKINGS[self.path.suffix[1:].lower()] if self.packed else None
        return unpack(raw) if unpack else raw

    def seekable(self) -> BinaryIO:
        """The bytes as a stream that can be searched; what lies in an archive is read into memory."""
        return io.BytesIO(self._raw().read()) if self.archive else self._raw()

    def _raw(self) -> BinaryIO:
        if self.content is not None:
            return io.BytesIO(self.content)
        if self.archive:
            return open_member(self.archive, self.member)
        try:
            return self.path.open("rb")
        except OSError as error:
            raise CommuniqueError(f"{self.path}: cannot be read ({error.strerror}); check its permissions") from error

    def lines(self) -> Iterator[str]:
        """The decoded lines with their line ends, one at a time; raises CommuniqueError for an endless one."""
        raw = self._raw()
        stream = self._unpacked(raw)
        with raw, io.TextIOWrapper(stream, encoding=self.encoding, newline="") as text:
            number = 0
            while line := text.readline(self.limits.row + 1):
                number += 1
                if len(line) > self.limits.row:
                    allowed = f"{self.limits.row:,} characters"
                    raise CommuniqueError(f"{self.path}, line {number}: is longer than {allowed}; split it into rows")
                self.share = raw.tell() / max(self.size, 1)
                yield line

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
        except (EOFError, zlib.error, lzma.LZMAError, OSError) as error:
            kind = {"gz": "gzip"}.get(suffix := self.path.suffix[1:].lower(), suffix)
            raise CommuniqueError(
                f"{self.path}: is not a whole {kind} file ({error}); download or pack it again"
            ) from error

    def check_unpacked(self, size: int) -> None:
        """Raise CommuniqueError where ``size`` unpacked bytes are more than allowed for what is read whole."""
        if size > self.limits.unpacked and not self.streamed:
            allowed = self.limits.unpacked / 1e6
            raise CommuniqueError(f"{self.path}: unpacks to more than {allowed:,.0f} MB; split it into smaller files")

    @property
    def streamed(self) -> bool:
        """Whether the file is read row by row; a Parquet file in an archive is not."""
        return self.format in STREAMED and not (self.archive and self.format == "parquet")


def check_size(source: Source) -> None:
    """Note a file's size; raise CommuniqueError where it is missing, empty, no file, or too large to be read whole."""
    if source.content is not None:
        source.size = len(source.content)
    elif not source.archive:
        try:
            source.size = source.path.stat().st_size
        except OSError as error:
            raise CommuniqueError(f"{source.path}: cannot be read ({error.strerror}); check the name") from error
        if not source.path.is_file():
            raise CommuniqueError(f"{source.path}: is neither a file nor a folder; name a document")
    if source.size == 0:
        raise CommuniqueError(f"{source.path}: is empty; leave it out or put the text in")
    if source.size > source.limits.file and not source.streamed:
        allowed = source.limits.file / 1e6
        raise CommuniqueError(
            f"{source.path}: has {source.size / 1e6:,.0f} MB, more than the {allowed:,.0f} MB allowed; "
            "split it into smaller files"
        )


def read_standard_input(limits: Limits) -> Source:
    """What comes through the pipe, a text or a web page, as one document with the id ``stdin``."""
    content = _piped(limits.file + 1)
    kind = "html" if _WEB_PAGE.match(content[:4096]) else "txt"
    return Source(Path("-"), "stdin", kind, limits=limits, content=content)


@cache
def _piped(most: int) -> bytes:
    """A pipe can be read once; what came is kept, for the page that follows the table."""
    return sys.stdin.buffer.read(most)


def normalise(text: str) -> str:
    """The form that character offsets refer to.

    Unicode NFC, line ends as ``\\n``, ligatures ("ﬁ") as their letters; invisible characters (soft hyphen, zero-width
    space) go, other control characters become spaces, and half a surrogate pair becomes the replacement character.
    """
    text = _LINE_BREAKS.sub("\n", text)
    text = _CONTROLS.sub(" ", _INVISIBLE.sub("", text)).translate(_LIGATURES)
    return unicodedata.normalize("NFC", whole(text))


def whole(text: str) -> str:
    """The text with the replacement character for half a surrogate pair, which no file can be written with."""
    return _SURROGATES.sub("\ufffd", text)


@dataclass(frozen=True)
class Record:
    """One text as a reader finds it; ``key`` tells the texts of one file apart (a row's id or number).

    ``left_out`` counts, by reason, the lines or cells that the reader passed over.
    """

    text: str
    metadata: dict[str, str]
    key: str = ""
    left_out: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Columns:
    """Which columns of a table hold the text and, if any, the id."""

    text: str = "text"
    id: str | None = None
