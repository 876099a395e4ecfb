"""The lines of a PDF page with their places, and what a place tells: a wrap, a heading, a running head, a footnote."""

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from communique.scoring.paragraphs import opens_item
from communique.scoring.readers.pdf_line_numbers import line_numbers

if TYPE_CHECKING:
    import pymupdf

# A line that lies wholly in the outer part of the page may be a running head.
MARGIN = 0.1
# Letters smaller than this share of the usual size, below the text, are a footnote's.
SMALL = 0.92
# A line counts as a link where this share of its length can be clicked.
LINKED = 0.8
# A line of so few letters is a cell or a heading where each line is a block of its own.
SHORT = 40
# What of a page is counted as left out.
FURNITURE = "running heads, page numbers and links of PDF pages"
ACROSS = "lines across the run of a PDF page"

_CLOSED = re.compile(r"[.!?…:;][\"'”’)\]\d]*$")
_FOOTNOTE = re.compile(r"(?:\d{1,3}|[*∗†‡§]|\[\d{1,3}\])\s*(?:[A-Z“\"(]|https?:|www\.|ibid|see )")
_NOTE_MARK = re.compile(r"\[?\d{1,3}\]?(?:[,–-]\s?\d{1,3})*|[*∗†‡§]")
# A raised number is a power there, and no note's.
_POWER = re.compile(r"[-−–\d⁰¹²³⁴-⁹]$|(?<=\d)\s?[kcm]?m$")
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_ENTRY = re.compile(r"^(?:\d{1,2}(?:\.\d{1,2})*\.?|[A-Z]\.|[IVX]+\.)\s.*\D\s\d{1,4}$")
_LEADERS = re.compile(r"(?:\.\s?){5,}")


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
    lines, left_out = _lines(blocks, height)
    numbers = line_numbers(lines)
    left_out[FURNITURE] += len(numbers)
    links = [link for link in links if not _runs_over(link, lines)]
    found: list[Line] = []
    for _, block in itertools.groupby(lines, key=lambda line: line.block):
        along = [line for line in block if line not in numbers]
        if all(_is_link(line, links) for line in along):
            left_out[FURNITURE] += len(along)
            continue
        for line in along:
            found = _with(found, line)
    return _with_columns(found), +left_out


def _lines(blocks: Sequence[dict], height: float) -> tuple[list[Line], Counter[str]]:
    """The lines along the run of a page that hold something, and how many lie across it."""
    lines: list[Line] = []
    across = 0
    for number, block in enumerate(blocks):
        _, top, _, bottom = block["bbox"]
        marginal = bottom <= MARGIN * height or top >= (1 - MARGIN) * height
        for raw in block.get("lines", ()):
            line = _line(raw, number, marginal)
            if abs(raw["dir"][1]) < 0.1:
                lines += [line] if line.text else []
            else:
                across += bool(line.text)
    return lines, Counter({ACROSS: across})


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
        raised, power = span["flags"] & 1 and text.strip(), _POWER.search(text)
        if power or not (raised and _NOTE_MARK.fullmatch(span["text"].strip())):
            text += span["text"].translate(_RAISED) if raised and power else span["text"]
    text = text.replace("\u00ad", "-")  # what is drawn is no soft hyphen, whatever the font calls it
    x0, y0, x1, y1 = raw["bbox"]
    longest = max(raw["spans"], key=lambda span: len(span["text"].strip()))
    bold = all(span["flags"] & 16 for span in raw["spans"] if span["text"].strip())
    return Line(" ".join(text.split()), x0, y0, x1, y1, longest["size"], bold, block, marginal)


def _runs_over(link: "pymupdf.Rect", lines: Sequence[Line]) -> bool:
    """Whether a link's box takes in the whole of several rows of running text, of which some words alone are linked."""
    beside = [line for line in lines if line.x0 < link.x1 and link.x0 < line.x1]
    rows = sorted((line.y0 + line.y1) / 2 for line in beside)
    gaps = [(b - a, (link.y0 < a < link.y1) + (link.y0 < b < link.y1)) for a, b in itertools.pairwise(rows)]
    inner = [gap for gap, inside in gaps if inside == 2 and gap > 5]
    ended = any(link.y0 < (line.y0 + line.y1) / 2 < link.y1 and _CLOSED.search(line.text) for line in beside)
    return bool(inner) and (ended or any(gap < 1.2 * min(inner) for gap, inside in gaps if inside == 1))


def _is_link(line: Line, links: Sequence["pymupdf.Rect"]) -> bool:
    """Whether a line without an end mark is a link from end to end, as menus and lists of further pages are."""
    boxes = sorted((r.x0, r.x1) for r in links if r.y0 < (line.y0 + line.y1) / 2 < r.y1)
    covered, reached = 0.0, line.x0
    for x0, x1 in boxes:
        covered += max(0.0, min(line.x1, x1) - max(reached, x0))
        reached = max(reached, x1)
    return covered >= LINKED * (line.x1 - line.x0) and not _CLOSED.search(line.text)


def _with(lines: list[Line], line: Line) -> list[Line]:
    """The lines and one more, put behind the last one where both stand side by side in one block."""
    last = lines[-1] if lines else None
    if last and last.block == line.block and last.x1 <= line.x0 + 1 and abs(last.y1 - line.y1) < 0.4 * line.size:
        near = line.x0 - last.x1 < 2.5 * line.size or opens_item(f"{last.text} x")
        longer = last if len(last.text) > len(line.text) else line
        joined = longer._replace(text=f"{last.text} {line.text}", x0=last.x0, y0=last.y0, x1=line.x1, y1=last.y1)
        return [*lines[:-1], joined] if near else [*lines, line]
    if last and _is_initial(last, line):
        return [*lines[:-1], line._replace(text=last.text + line.text)]
    return [*lines, line]


def _is_initial(last: Line, line: Line) -> bool:
    """Whether a line is the tall first letter of the word that opens the next one ("A" and "I" are words)."""
    tall = len(last.text) == 1 and last.text.isupper() and last.size > 1.8 * line.size and line.text[0].isalpha()
    return tall and last.text not in "AI" and last.y0 - line.size < line.y0 < last.y1 and last.x0 < line.x0


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


def usual_size(pages: Sequence[Sequence[Line]]) -> float:
    """The size that most letters of the file have."""
    letters: Counter[float] = Counter()
    for page in pages:
        for line in page:
            letters[round(line.size, 1)] += len(line.text)
    return letters.most_common(1)[0][0] if letters else 0.0


def footnotes(page: Sequence[Line], usual: float) -> set[int]:
    """Which lines of a page are footnotes: small letters in its lower half behind a number, at the end of a column."""
    middle = max((line.y1 for line in page), default=0) / 2
    ends = [number for number, (a, b) in enumerate(itertools.pairwise(page)) if b.y0 < a.y0 - 3 * a.size]
    found: set[int] = set()
    for end in (*ends, len(page) - 1):
        for number in range(end, -1, -1):
            if page[number].size > SMALL * usual or page[number].y0 < middle or (number in ends and number < end):
                break
            if _FOOTNOTE.match(page[number].text):
                found.update(range(number, end + 1))
    return found


def is_wrap(line: Line, following: Line, elsewhere: bool = False) -> bool:
    """Whether a paragraph runs on from one line to the next: alike in size and weight, the first one full.

    A line is full where the next one's first word would not have found room behind it; one that is set to the
    right is none. Into another block, column or page (``elsewhere``) only a sentence that is not at its end goes on.
    """
    ended = bool(_CLOSED.search(line.text))
    if _LEADERS.search(line.text) or (_ENTRY.search(line.text) and _ENTRY.search(following.text)):  # of the contents
        return False
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


def _pitch(page: Sequence[Line]) -> float:
    """How far apart the lines of a page stand for the most part, from one top to the next."""
    gaps = [b.y0 - a.y0 for a, b in itertools.pairwise(page) if b.y0 - a.y0 > 1]
    return median(gaps) if gaps else 0.0


def _is_next(line: Line, following: Line, pitch: float) -> bool:
    """Whether a sentence goes on in the next line as in one block: in widely spaced text each line is its own."""
    running = (
        len(line.text) > SHORT
        and line.text[-1] != "_"
        and not _CLOSED.search(line.text)
        and not opens_item(following.text)
    )
    return running and abs(following.y0 - line.y0 - pitch) < 0.1 * pitch and line.left - 1 < following.x0 < line.right


def runs(pages: Sequence[Sequence[Line]]) -> Iterator[list[Line]]:
    """The lines of all pages gathered into paragraphs, footnotes at the end."""
    usual = usual_size(pages)
    pitches = [_pitch(page) for page in pages]
    notes: list[tuple[int, Line]] = []
    body: list[tuple[int, Line]] = []
    for number, page in enumerate(pages):
        below = footnotes(page, usual)
        for at, line in enumerate(page):
            (notes if at in below else body).append((number, line))
    for part in (body, notes):
        paragraph: list[Line] = []
        where = (0, 0)
        for number, line in part:
            near = number == where[0] and bool(paragraph) and _is_next(paragraph[-1], line, pitches[number])
            if paragraph and not is_wrap(paragraph[-1], line, elsewhere=(number, line.block) != where and not near):
                yield paragraph
                paragraph = []
            paragraph.append(line)
            where = (number, line.block)
        if paragraph:
            yield paragraph
