"""The lines of a PDF page with their places, and what a place tells: a wrap, a heading, a running head, a footnote."""

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from communique.scoring.paragraphs import opens_item

if TYPE_CHECKING:
    import pymupdf

# A line that lies wholly in the outer part of the page may be a running head.
MARGIN = 0.1
# So many pages must share a line at one height in the margin; in a file of few pages two are enough.
RECURRING, FEW_PAGES = 3, 5
# Letters smaller than this share of the usual size, below the text, are a footnote's.
SMALL = 0.88
# A line counts as a link where this share of its length can be clicked.
LINKED = 0.8
# What of a page is counted as left out.
FURNITURE = "running heads, page numbers and links of PDF pages"
ACROSS = "lines across the run of a PDF page"

_DIGITS = re.compile(r"\d+")
_PAGE_NUMBER = re.compile(
    r"(?:[-–—\s]*|page\s+)(?:\d{1,4}|[ivxlc]{1,6})(?:\s*(?:/|of)\s*\d{1,4})?[-–—\s]*", re.IGNORECASE
)
# A document's symbol, a job number, a date or an address in the margin, as records and printed pages carry them.
_MARGINAL = re.compile(
    r"(?:[A-Z]+(?:/[\w.()-]+)+|\d{2}-\d{5,6}(?:\s*\([A-Z]\))?|\d{1,2}[/.]\d{1,2}[/.]\d{2,4}(?:, \d{1,2}:\d{2}.*)?"
    r"|(?:https?|file)://\S+)(?:\s+\d{1,4}(?:/\d{1,4})?)?"
)
_CLOSED = re.compile(r"[.!?…:;][\"'”’)\]\d]*$")
_FOOTNOTE = re.compile(r"(?:\d{1,3}|[*†‡]|\[\d{1,3}\])\s*[A-Z“\"(]")
_NOTE_MARK = re.compile(r"\[?\d{1,3}\]?(?:,\s?\d{1,3})*|[*†‡]")


class Line(NamedTuple):
    """One line: its words, its box (points, from the page's upper left), the size and weight of its letters.

    ``left`` and ``right`` are where the column begins and ends; ``marginal`` lines lie in the page's upper or lower
    margin.
    """

    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    size: float
    bold: bool
    block: int
    marginal: bool
    left: float = 0.0
    right: float = 0.0


def lines_of(page: "pymupdf.Page") -> tuple[list[Line], Counter[str]]:
    """The lines of a page in reading order, and how many lines were left out, by reason.

    A page is read along the run of most of its letters, whichever way it is turned; lines across it are left out,
    and so are blocks that are links from end to end, as menus and lists of further pages are.
    """
    blocks, matrix, height = _upright(page)
    links = [link["from"] * page.derotation_matrix * matrix for link in page.get_links() if "from" in link]
    found: list[Line] = []
    left_out: Counter[str] = Counter()
    for number, block in enumerate(blocks):
        _, top, _, bottom = block["bbox"]
        marginal = bottom <= MARGIN * height or top >= (1 - MARGIN) * height
        lines = [(_line(raw, number, marginal), abs(raw["dir"][1]) < 0.1) for raw in block.get("lines", ())]
        along = [line for line, level in lines if line.text and level]
        left_out[ACROSS] += sum(bool(line.text) for line, level in lines if not level)
        if all(_is_link(line, links) for line in along):
            left_out[FURNITURE] += len(along)
            continue
        for line in along:
            found = _with(found, line)
    return _with_columns(found), +left_out


def _upright(page: "pymupdf.Page") -> tuple[list[dict], "pymupdf.Matrix", float]:
    """The blocks of a page, turned so that most letters run to the right; what turned it, and its height then."""
    import pymupdf

    # A ligature ("ﬁ") as its letters, as a reader of words expects them.
    flags = pymupdf.TEXTFLAGS_DICT & ~pymupdf.TEXT_PRESERVE_LIGATURES & ~pymupdf.TEXT_PRESERVE_IMAGES
    blocks = page.get_text("dict", flags=flags)["blocks"]  # as it lies in the file, whatever its /Rotate
    x, y = _run(blocks)
    turn = pymupdf.Matrix(x, -y, y, x, 0, 0)
    box = page.rect * page.derotation_matrix * turn
    matrix = turn * pymupdf.Matrix(1, 0, 0, 1, -box.x0, -box.y0)
    if (x, y) != (1, 0):
        clip = pymupdf.Rect(0, 0, box.width, box.height)
        blocks = page.get_text("dict", textpage=page.get_textpage(clip=clip, flags=flags, matrix=matrix))["blocks"]
    return blocks, matrix, box.height


def _run(blocks: Sequence[dict]) -> tuple[int, int]:
    """Where most letters of a page run: to the right (1, 0), left, down (0, 1) or up."""
    letters: Counter[tuple[int, int]] = Counter({(1, 0): 0})
    for line in itertools.chain.from_iterable(block.get("lines", ()) for block in blocks):
        x, y = map(round, line["dir"])
        letters[x, y] += sum(len(span["text"]) for span in line["spans"])
    return max((run for run in letters if sum(map(abs, run)) == 1), key=letters.__getitem__)


def _line(raw: dict, block: int, marginal: bool) -> Line:
    """A line of the library's as one of ours; the raised number of a footnote goes."""
    text = ""
    for span in raw["spans"]:
        if not (span["flags"] & 1 and _NOTE_MARK.fullmatch(span["text"].strip()) and re.search(r"\D$", text)):
            text += span["text"]
    x0, y0, x1, y1 = raw["bbox"]
    longest = max(raw["spans"], key=lambda span: len(span["text"].strip()))
    bold = all(span["flags"] & 16 for span in raw["spans"] if span["text"].strip())
    return Line(" ".join(text.split()), x0, y0, x1, y1, longest["size"], bold, block, marginal)


def _is_link(line: Line, links: Sequence["pymupdf.Rect"]) -> bool:
    """Whether a line without an end mark is a link from end to end, as menus and lists of further pages are."""
    covered = sum(
        max(0.0, min(line.x1, r.x1) - max(line.x0, r.x0)) for r in links if r.y0 < (line.y0 + line.y1) / 2 < r.y1
    )
    return covered >= LINKED * (line.x1 - line.x0) and not _CLOSED.search(line.text)


def _with(lines: list[Line], line: Line) -> list[Line]:
    """The lines and one more, put behind the last one where both stand side by side in one block."""
    last = lines[-1] if lines else None
    if last and last.block == line.block and last.x1 <= line.x0 + 1 and abs(last.y1 - line.y1) < 0.4 * line.size:
        near = line.x0 - last.x1 < 2.5 * line.size or opens_item(f"{last.text} x")
        longer = last if len(last.text) > len(line.text) else line
        joined = longer._replace(text=f"{last.text} {line.text}", x0=last.x0, y0=last.y0, x1=line.x1, y1=last.y1)
        return [*lines[:-1], joined] if near else [*lines, line]
    return [*lines, line]


def _with_columns(lines: list[Line]) -> list[Line]:
    """The lines with the edges of their column: those of their block, or of the larger blocks above and below."""
    blocks: dict[int, list[Line]] = {}
    for line in lines:
        blocks.setdefault(line.block, []).append(line)
    boxes = {number: _box(block) for number, block in blocks.items()}
    large = [boxes[number] for number, block in blocks.items() if len(block) > 2] or list(boxes.values())
    placed = []
    for line in lines:
        beside = [boxes[line.block]]
        if len(blocks[line.block]) <= 2:
            beside += [box for box in large if min(box[1], line.x1) - max(box[0], line.x0) > 0.5 * (line.x1 - line.x0)]
        placed.append(line._replace(left=min(box[0] for box in beside), right=max(box[1] for box in beside)))
    return placed


def _box(block: Sequence[Line]) -> tuple[float, float]:
    return min(line.x0 for line in block), max(line.x1 for line in block)


def without_furniture(pages: Sequence[Sequence[Line]], title: str = "") -> list[list[Line]]:
    """The lines of each page less page numbers, symbols in the margin, and what the margins of several pages share."""
    often = Counter(key for page in pages for key in {_key(line) for line in page if line.marginal})
    least = RECURRING if len(pages) > FEW_PAGES else 2
    body = {_words(line.text) for page in pages for line in page if not line.marginal} | {_words(title)}

    def kept(line: Line, rows: Sequence[float]) -> bool:
        alone = _stands_alone(line) or any(abs(line.y0 - y0) < 4 for y0 in rows)
        repeated = often[_key(line)] >= least or (len(pages) > 1 and _words(line.text) in body)
        return not (line.marginal and (alone or repeated))

    heads = [[line.y0 for line in page if line.marginal and _stands_alone(line)] for page in pages]
    return [[line for line in page if kept(line, rows)] for page, rows in zip(pages, heads, strict=True)]


def _stands_alone(line: Line) -> bool:
    """Whether a line of the margin is a page number, a symbol, a date or an address; what is in its row goes along."""
    return bool(_PAGE_NUMBER.fullmatch(line.text) or _MARGINAL.fullmatch(line.text))


def _words(text: str) -> str:
    """A line's words with every number alike, so that "Page 3" and "Page 4" are one running head."""
    return _DIGITS.sub("#", text.casefold())


def _key(line: Line) -> tuple[str, int]:
    """What a running head is known by: its words and its height on the page."""
    return _words(line.text), round(line.y0 / 4)


def usual_size(pages: Sequence[Sequence[Line]]) -> float:
    """The size that most letters of the file have."""
    letters: Counter[float] = Counter()
    for page in pages:
        for line in page:
            letters[round(line.size, 1)] += len(line.text)
    return letters.most_common(1)[0][0] if letters else 0.0


def footnotes(page: Sequence[Line], usual: float) -> int:
    """How many lines from the end of a page are its footnotes: small letters that open with a number."""
    first = len(page)
    for number in range(len(page) - 1, -1, -1):
        if page[number].size > SMALL * usual:
            break
        if _FOOTNOTE.match(page[number].text):
            first = number
    return len(page) - first


def is_wrap(line: Line, following: Line, elsewhere: bool = False) -> bool:
    """Whether a paragraph runs on from one line to the next: alike in size and weight, the first one full.

    A line is full where the next one's first word would not have found room behind it; one that is set to the
    right is none. Into another block, column or page (``elsewhere``) only a sentence that is not at its end goes on.
    """
    ended = bool(_CLOSED.search(line.text))
    if abs(line.size - following.size) > 0.1 * line.size or (ended and opens_item(following.text)):
        return False
    if line.bold != following.bold and (line.bold or ended) and not following.text[:1].islower():
        return False
    first, letters = following.text.split()[0], max(len(following.text), 1)
    room = (following.x1 - following.x0) / letters * (len(first) + 1)
    room = 0.5 * line.size if ended else 0.9 * room
    full = line.x1 + room >= line.right and line.x0 - line.left < 0.3 * (line.right - line.left)
    if not elsewhere:
        return full
    below = following.y0 - line.y1 > 0.25 * line.size and following.x0 < line.x1
    goes_on = following.text[0].islower() or (full and not below)
    return goes_on and not ended and not opens_item(following.text)


def runs(pages: Sequence[Sequence[Line]]) -> Iterator[list[Line]]:
    """The lines of all pages gathered into paragraphs, footnotes at the end."""
    usual = usual_size(pages)
    notes, body = [], []
    for number, page in enumerate(pages):
        count = footnotes(page, usual)
        body += [(number, line) for line in page[: len(page) - count]]
        notes += [(number, line) for line in page[len(page) - count :]]
    for part in (body, notes):
        paragraph: list[Line] = []
        where = (0, 0)
        for number, line in part:
            if paragraph and not is_wrap(paragraph[-1], line, elsewhere=(number, line.block) != where):
                yield paragraph
                paragraph = []
            paragraph.append(line)
            where = (number, line.block)
        if paragraph:
            yield paragraph
