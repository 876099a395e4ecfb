"""Word documents: paragraphs and table cells in the order of the page."""

import zipfile
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from communique.errors import CommuniqueError, missing_extra
from communique.scoring.readers.word_numbers import Numbers
from communique.scoring.source import Columns, Record, Source

if TYPE_CHECKING:
    from docx.document import Document as WordDocument
    from docx.oxml.xmlchemy import BaseOxmlElement

FIELDS = ("title", "author")
_NOTES = ("/footnotes", "/endnotes")
_MARKS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}


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
    """The paragraphs of the body, of its tables, boxes and content controls, then of its footnotes, less empty ones.

    Text that somebody proposed to insert is read, text proposed for deletion is not; moved text is read where it
    was moved to. The number that Word writes before an item of a list is put before it.
    """
    from docx.oxml import parse_xml
    from docx.oxml.ns import qn

    numbers = Numbers(document)
    notes = [part.target_part.blob for part in document.part.rels.values() if part.reltype.endswith(_NOTES)]
    for root in (document.element.body, *map(parse_xml, notes)):
        for paragraph in root.iter(qn("w:p")):
            # Old programs' copy of a text box stands beside it.
            if not any(above.tag.endswith("}Fallback") for above in paragraph.iterancestors()):
                number, text = numbers.before(paragraph), _text(paragraph)
                if text.strip():
                    yield number + text


def _text(paragraph: "BaseOxmlElement") -> str:
    """The words of one paragraph, less those of paragraphs in boxes that hang on it."""
    pieces = []
    for element in paragraph.iter("*"):  # elements alone, no comments
        name = element.tag.rpartition("}")[2]
        own = (name in _MARKS or name == "t") and next(element.iterancestors(paragraph.tag)) is paragraph
        if own and not _is_gone(element) and not _is_tab_stop(element):
            pieces.append(_MARKS.get(name) or element.text or "")
    return "".join(pieces)


def _is_gone(element: "BaseOxmlElement") -> bool:
    """Whether somebody proposed to delete a piece of text or to move it elsewhere."""
    return any(above.tag.endswith(("}del", "}moveFrom")) for above in element.iterancestors())


def _is_tab_stop(element: "BaseOxmlElement") -> bool:
    """Whether a ``w:tab`` sets a position in the paragraph's properties rather than being one in its text."""
    above = element.getparent()
    return above is not None and above.tag.endswith("}tabs")
