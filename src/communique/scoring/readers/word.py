"""Word documents: paragraphs and table cells in the order of the page."""

import zipfile
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from communique.errors import CommuniqueError, missing_extra
from communique.scoring.source import Columns, Record, Source

if TYPE_CHECKING:
    from docx.document import Document as WordDocument

FIELDS = ("title", "author")


def check(source: Source, columns: Columns) -> tuple[str, ...]:
    """Make sure that the file opens, is not too large unpacked, and holds text."""
    check_package(source, "Word")
    if not any(map(str.isalpha, "".join(_paragraphs(_open(source))))):
        raise CommuniqueError(f"{source.path}: this document holds no text; leave it out, or run OCR over its images")
    return FIELDS


def read(source: Source, columns: Columns) -> Iterator[Record]:
    """The document as one text, a blank line between paragraphs."""
    document = _open(source)
    properties = document.core_properties
    metadata = {name: " ".join((getattr(properties, name) or "").split()) for name in FIELDS}
    yield Record("\n\n".join(_paragraphs(document)), metadata)


def check_package(source: Source, kind: str) -> None:
    """Raise CommuniqueError where an Office file is no whole zip archive or unpacks to too much."""
    broken = CommuniqueError(f"{source.path}: is not a readable {kind} file; open and save it again")
    try:
        with source.seekable() as stream, zipfile.ZipFile(stream) as archive:
            source.check_unpacked(sum(entry.file_size for entry in archive.infolist()))
            if archive.testzip() is not None:
                raise broken
    # A damaged or encrypted archive shows itself in any of these.
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        raise broken from error


def _open(source: Source) -> "WordDocument":
    try:
        import docx
    except ImportError as error:
        raise missing_extra("documents", "python-docx") from error
    from docx.opc.exceptions import OpcError

    try:
        return docx.Document(source.seekable())
    except (
        OpcError,
        KeyError,
        ValueError,
        SyntaxError,
        zipfile.BadZipFile,
    ) as error:  # XML is "syntax" to lxml
        raise CommuniqueError(f"{source.path}: is not a readable Word file; open and save it again as .docx") from error


def _paragraphs(document: "WordDocument") -> Iterator[str]:
    """The paragraphs of the body and of its tables, less empty ones."""
    from docx.table import Table

    for item in document.iter_inner_content():
        if isinstance(item, Table):
            # A merged cell comes once for every place it covers; keyed by its element it is kept once, in order.
            cells = {cell._tc: cell for row in item.rows for cell in row.cells}
            texts = [paragraph.text for cell in cells.values() for paragraph in cell.paragraphs]
        else:
            texts = [item.text]
        yield from (text for text in texts if text.strip())
