"""PDF files: their text as paragraphs, without running heads and page numbers."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from communique.errors import CommuniqueError, missing_extra
from communique.scoring.source import Columns, Record, Source

if TYPE_CHECKING:
    import pymupdf

FIELDS = ("title", "author")
# A line in the outer part of the page that recurs on this share of the pages (digits aside) is a running head.
MARGIN = 0.1
RECURRING = 0.4
_DIGITS = re.compile(r"\d+")
_PAGE_NUMBER = re.compile(
    r"(?:[-–—\s]*|page\s+)(?:\d{1,4}|[ivxlc]{1,6})(?:\s*(?:/|of)\s*\d{1,4})?[-–—\s]*", re.IGNORECASE
)
_OPEN_END = re.compile(r"[^.!?…:;\"'”’)\]]$")
_WORD = re.compile(r"\w+(?:-\w+)*")
_LAST_PART = re.compile(r"\w+(?:-\w+)*(?=\W$)")
_HYPHEN = re.compile(r"(?<=[a-zß-öø-ÿ])[-\u2010\u00ad]$")


class Block(NamedTuple):
    """One block of text on a page: its lines, and whether it lies in the page's upper or lower margin."""

    lines: tuple[str, ...]
    marginal: bool


def check(source: Source, columns: Columns) -> tuple[str, ...]:
    """Make sure that the file opens without a password and that some page holds text."""
    with _open(source) as pdf:
        if pdf.needs_pass:
            raise CommuniqueError(f"{source.path}: is locked with a password; save an unlocked copy")
        if not any(page.get_text().strip() for page in pdf):
            raise CommuniqueError(f"{source.path}: holds no text, only images; run OCR over it first (ocrmypdf)")
        if pdf.is_repaired:
            source.notes.append(f"{source.path}: this PDF is damaged and was mended in reading; text may be missing")
    return FIELDS


def read(source: Source, columns: Columns) -> Iterator[Record]:
    """The file as one text, a blank line between paragraphs."""
    with _open(source) as pdf:
        pages = [_blocks(page) for page in pdf]
        metadata = {name: " ".join(((pdf.metadata or {}).get(name) or "").split()) for name in FIELDS}
    yield Record("\n\n".join(_paragraphs(_without_furniture(pages))), metadata)


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


def _blocks(page: "pymupdf.Page") -> list[Block]:
    """The text blocks of a page in reading order."""
    import pymupdf

    # A ligature ("ﬁ") as its letters, as a reader of words expects them.
    flags = pymupdf.TEXTFLAGS_BLOCKS & ~pymupdf.TEXT_PRESERVE_LIGATURES
    top, bottom = MARGIN * page.rect.height, (1 - MARGIN) * page.rect.height
    blocks = []
    for _, y0, _, y1, text, _, kind in page.get_text("blocks", flags=flags):
        lines = tuple(line.strip() for line in text.split("\n") if line.strip())
        if kind == 0 and lines:
            blocks.append(Block(lines, marginal=y1 <= top or y0 >= bottom))
    return blocks


def _without_furniture(pages: list[list[Block]]) -> list[Block]:
    """The blocks of all pages less page numbers and the lines that recur in the margins."""
    seen = Counter(key for page in pages for key in {_key(b) for b in page if b.marginal})
    often = max(2, RECURRING * len(pages))
    kept = []
    for page in pages:
        for block in page:
            number = all(_PAGE_NUMBER.fullmatch(line) for line in block.lines)
            if not (block.marginal and (number or seen[_key(block)] >= often)):
                kept.append(block)
    return kept


def _key(block: Block) -> str:
    """A block's words with every number alike, so that "Page 3" and "Page 4" are one running head."""
    return _DIGITS.sub("#", " ".join(block.lines))


def _paragraphs(blocks: list[Block]) -> list[str]:
    """Blocks as paragraphs of lines: broken words mended, a paragraph cut by a page break put together.

    The line breaks inside a block stay, so that a heading set close to its text can be told from a wrap.
    """
    words = {word for block in blocks for line in block.lines for word in _WORD.findall(line.lower())}
    paragraphs: list[str] = []
    for block in blocks:
        text = ""
        for line in block.lines:
            text = _joined(text, line, words)
        if paragraphs and text[:1].islower() and _OPEN_END.search(paragraphs[-1]):
            paragraphs[-1] = _joined(paragraphs[-1], text, words)
        else:
            paragraphs.append(text)
    return paragraphs


def _joined(text: str, line: str, words: set[str]) -> str:
    """Two lines as one text; the hyphen of a word broken between them goes, unless the word has it elsewhere too."""
    if not (_HYPHEN.search(text) and line[:1].islower()):
        return f"{text}\n{line}" if text else line
    first, second = _LAST_PART.search(text), _WORD.match(line)
    if first and second:
        compound = f"{first[0]}-{second[0]}".lower()
        if compound in words and compound.replace("-", "") not in words:
            return f"{text[:-1]}-{line}"
    return text[:-1] + line
