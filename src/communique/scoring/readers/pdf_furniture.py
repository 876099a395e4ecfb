"""What the margins of PDF pages carry beside the text: running heads and feet, page numbers, symbols, dates."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from communique.scoring.readers.pdf_layout import Line, usual_size

# So many pages must share a line at one height in the margin; in a file of few pages two are enough.
RECURRING, FEW_PAGES = 3, 5
# A line of so many words is known by them alone, whatever its height.
TELLING_WORDS = 3
# What goes along with a page number in its row is shorter than a line of text; a head that holds it has few words.
PROSE_WORDS, HEAD_WORDS = 4, 15

_DIGITS = re.compile(r"\d+")
_PAGE_NUMBER = re.compile(
    r"(?:[-–—\s]*|page\s+)(?:\d{1,4}|[ivxlc]{1,6})(?:\s*(?:/|of)\s*\d{1,4})?[-–—\s]*", re.IGNORECASE
)
# A document's symbol, a job number, a date or an address in the margin, as records and printed pages carry them.
_MARGINAL = re.compile(
    r"(?:[A-Z]+(?:/[\w.()-]+)+|\d{2}-\d{5,6}(?:\s*\([A-Z]\))?|\d{1,2}[/.]\d{1,2}[/.]\d{2,4}(?:, \d{1,2}:\d{2}.*)?"
    r"|(?:https?|file)://\S+)(?:\s+\d{1,4}(?:/\d{1,4})?)?"
)
_FIRST_NUMBER, _LAST_NUMBER = re.compile(r"\d{1,4}(?=\s|$)"), re.compile(r"(?<!\S)\d{1,4}$")
_LETTER = re.compile(r"[^\W\d_]")
_PROSE = re.compile(r"[a-z]|.*[a-z]{3}[.!?] [A-Z]")
_SENTENCE_END = re.compile(r"[.!?;:,]$")


def without_furniture(pages: Sequence[Sequence[Line]], title: str = "") -> list[list[Line]]:
    """The lines of each page less page numbers, symbols in the margin, and what the margins of several pages share."""
    often = Counter(key for page in pages for key in {key for line in page if line.marginal for key in _keys(line)})
    least = RECURRING if len(pages) > FEW_PAGES else 2
    body = {_words(line.text) for page in pages for line in page if not line.marginal} | {_words(title)}
    usual = usual_size(pages)
    numbered = _with_page_number(pages, least, usual)

    def repeated(line: Line) -> bool:
        own = _is_plain(line, usual) and not _SENTENCE_END.search(line.text) and _words(line.text) in body
        return any(often[key] >= least for key in _keys(line)) or (len(pages) > 1 and own)

    def kept(line: Line, alone: set[Line]) -> bool:
        beside = not _is_prose(line) and any(abs(line.y0 - other.y0) < 4 for other in alone)
        return not (line in alone or beside or (line.marginal and repeated(line)))

    found = []
    for page, own in zip(pages, numbered, strict=True):
        alone = own | {line for line in page if line.marginal and _stands_alone(line)}
        found.append([line for line in page if kept(line, alone)])
    return found


def _with_page_number(pages: Sequence[Sequence[Line]], least: int, usual: float) -> list[set[Line]]:
    """Outermost lines of each page that begin or end with a number that counts on with the pages.

    A number alone, or beside words that other pages share, counts on from so few pages; one beside words of its own
    counts on through most pages, and is no heading's or sentence's.
    """
    counted = [
        {line: set(_numbers(line, index)) for line in _outermost(page) if _is_plain(line, usual)}
        for index, page in enumerate(pages)
    ]
    often = Counter(offset for page in counted for offset in set().union(*page.values()))
    shared = _shared_words(counted)
    most = max(RECURRING, sum(map(bool, pages)) // 2 + 1)
    # Headings number themselves in front, each with words of its own: such numbers alone do not show a page's.
    telling = {
        offset
        for page in counted
        for line, offsets in page.items()
        if _beside(line) in shared or _LAST_NUMBER.search(line.text)
        for offset in offsets
    }

    def counts_on(line: Line, offset: int) -> bool:
        if _beside(line) in shared or not _LETTER.search(line.text):
            return often[offset] >= least
        text = _is_prose(line) or _SENTENCE_END.search(line.text)
        return not text and offset in telling and often[offset] >= most

    return [
        {line for line, offsets in page.items() if any(counts_on(line, offset) for offset in offsets)}
        for page in counted
    ]


def _shared_words(pages: Sequence[Iterable[Line]]) -> set[str]:
    """The words, numbers aside, that outermost lines of two pages or more hold."""
    often = Counter(words for page in pages for words in {_beside(line) for line in page})
    return {words for words, count in often.items() if count > 1}


def _beside(line: Line) -> str:
    """A line's words without its numbers: a head may have its page's number in its row or in a line of its own."""
    return " ".join(_DIGITS.sub("", line.text.casefold()).split())


def _is_plain(line: Line, usual: float) -> bool:
    """Whether a line is set no larger or bolder than the text, as heads of pages are and headings are not."""
    return not line.bold and line.size <= 1.1 * usual


def _numbers(line: Line, index: int) -> Iterator[int]:
    """How far the numbers at both ends of a line are ahead of the page's place in the file."""
    if len(line.text.split()) <= HEAD_WORDS:
        for number in filter(None, (_FIRST_NUMBER.match(line.text), _LAST_NUMBER.search(line.text))):
            yield int(number[0]) - index


def _outermost(page: Sequence[Line]) -> list[Line]:
    """The lines above and below which no other line lies: those of the margin, and page numbers wherever they are."""
    top, bottom = min((line.y0 for line in page), default=0), max((line.y1 for line in page), default=0)
    outer = [line for line in page if line.y0 < top + 4 or line.y1 > bottom - 4]
    return [line for line in outer if line.marginal or line.text.isdecimal()]


def _is_prose(line: Line) -> bool:
    """Whether a line beside a number is of the text: it opens in lower case, ends a sentence, or is long and small."""
    words = line.text.split()
    small = len(words) >= 2 * PROSE_WORDS and sum(word[0].islower() for word in words) > 0.6 * len(words)
    return len(words) >= PROSE_WORDS and (small or bool(_PROSE.match(line.text)))


def _stands_alone(line: Line) -> bool:
    """Whether a line of the margin is a page number, a symbol, a date or an address; what is in its row goes along."""
    return bool(_PAGE_NUMBER.fullmatch(line.text) or _MARGINAL.fullmatch(line.text))


def _words(text: str) -> str:
    """A line's words with every number alike, so that "Page 3" and "Page 4" are one running head."""
    return _DIGITS.sub("#", text.casefold())


def _keys(line: Line) -> list[tuple[str, int]]:
    """What a running head is known by: its words and its height on the page; by many words alone."""
    words = _words(line.text)
    return [
        (words, round(line.y0 / 4)),
        *([(words, -1)] if len(re.findall(r"[^\W\d_]+", words)) >= TELLING_WORDS else []),
    ]
