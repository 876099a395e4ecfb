"""PDF files: their text as paragraphs, without running heads and page numbers."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from communique.errors import CommuniqueError, missing_extra
from communique.scoring.readers.pdf_furniture import without_furniture
from communique.scoring.readers.pdf_hyphens import Words
from communique.scoring.readers.pdf_layout import FURNITURE, Line, lines_of, runs
from communique.scoring.readers.pdf_streams import drawn
from communique.scoring.source import Columns, Record, Source

if TYPE_CHECKING:
    import pymupdf

FIELDS = ("title", "author")
_BROKEN = re.compile(r"[^\W\d_][-\u2010]$")


def check(source: Source, columns: Columns) -> tuple[str, ...]:
    """Make sure that the file opens without a password and that some page holds text."""
    with _open(source) as pdf:
        if pdf.needs_pass:
            raise CommuniqueError(f"{source.path}: is locked with a password; save an unlocked copy")
        for page in pdf:
            if drawn(page, source.limits.page) > source.limits.page:
                raise CommuniqueError(
                    f"{source.path}: page {page.number + 1} draws more than {source.limits.page / 1e6:,.0f} MB; "
                    "leave that page out, or print the file anew as PDF"
                )
        if not any(page.get_text().strip() for page in pdf):
            raise CommuniqueError(f"{source.path}: holds no text, only images; run OCR over it first (ocrmypdf)")
        if pdf.is_repaired:
            source.notes.append(f"{source.path}: this PDF is damaged and was mended in reading; text may be missing")
    return FIELDS


def read(source: Source, columns: Columns) -> Iterator[Record]:
    """The file as one text, a blank line between paragraphs."""
    length = 0
    left_out: Counter[str] = Counter()
    with _open(source) as pdf:
        pages = []
        for page in pdf:
            lines, less = lines_of(page)
            pages.append(lines)
            left_out += less
            length += sum(len(line.text) for line in lines)
            source.check_unpacked(length)
        metadata = {name: " ".join(((pdf.metadata or {}).get(name) or "").split()) for name in FIELDS}
    kept = without_furniture(pages, metadata["title"])
    left_out += Counter({FURNITURE: sum(map(len, pages)) - sum(map(len, kept))})
    yield Record("\n\n".join(_paragraphs(kept)), metadata, left_out=left_out)


def _open(source: Source) -> "pymupdf.Document":
    try:
        import pymupdf
    except ImportError as error:
        raise missing_extra("documents", "pymupdf") from error
    pymupdf.TOOLS.mupdf_display_errors(False)
    pymupdf.TOOLS.mupdf_display_warnings(False)
    try:
        if source.archive:
            return pymupdf.open(stream=source.seekable().read(), filetype="pdf")
        return pymupdf.open(source.path, filetype="pdf")
    except (pymupdf.FileDataError, pymupdf.EmptyFileError, RuntimeError) as error:
        raise CommuniqueError(f"{source.path}: is not a readable PDF file; open and save it again as PDF") from error


def _paragraphs(pages: Sequence[Sequence[Line]]) -> list[str]:
    """The paragraphs of all pages, each on one line, broken words mended."""
    words = Words(line.text for page in pages for line in page)
    paragraphs: list[str] = []
    for run in runs(pages):
        text = ""
        for line in run:
            text = words.joined(text, line.text)
        if paragraphs and text[:1].islower() and _BROKEN.search(paragraphs[-1]):
            paragraphs[-1] = words.joined(paragraphs[-1], text)
        else:
            paragraphs.append(text)
    return paragraphs
