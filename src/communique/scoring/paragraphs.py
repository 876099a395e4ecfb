"""Where the paragraphs of a plain text lie: blank lines, headlines, lists and hard-wrapped lines told apart.

A line break inside a paragraph is a wrap; every other one ends it. Text files do not say which is which,
so the rules look at how the two lines meet: does the first stop in mid-sentence, and does the second go on
in lower case? Where that leaves it open (a line without a full stop before a capital), it is a wrap only in
text that is seen to be wrapped and only where the line is about as long as its neighbours; otherwise the
line is a headline.
"""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from communique.scoring.abbreviations import BEFORE_NUMBER

# A text counts as wrapped when this share of its line breaks fall in mid-sentence before a lower-case word.
WRAPPED_SHARE = 0.3
# In wrapped text, a line shorter than this share of the usual width was ended on purpose.
FULL_LINE = 0.6
# Lines wrapped by a machine are narrower than this; longer ones are whole paragraphs.
WIDEST_WRAP = 110

_LINE = re.compile(r"[^\n]*\S[^\n]*")
_CLOSED = re.compile(r"[.!?…:;。！？؟۔।][\"'”’»)\]\s\d]*$")
_DANGLING = re.compile(r"(?:[,–—-]|\b(?:of|the|and|or|to|in|for|by|with|a|an|on|at|from|that|its|their|our))\s*$")
_LOWER = re.compile(r"\s*[\"'“‘(\[]*[a-z]")
_ABBREVIATED = re.compile(r"\b(?:Mr|Mrs|Ms|Dr|Prof|Gen|Col|Lt|Sgt|Capt|Adm|Brig|Maj|Rep|Sen|Gov|Amb|H\.E|St|Art)\.\s*$")
_ITEM = re.compile(
    r"\s*(?:[·*–—-]\s|[•◦▪▫●○■□‣⁃\uf0b7\uf0a7➢➤✓]|\(?(?:\d{1,3}|[a-z]|[ivx]{1,5})\)\s"
    r"|\d{1,3}(?:\.\d{1,3})*\.[ \t]|[A-Z]\.[ \t]|[IVX]{1,5}\.[ \t])"
)
# A paragraph of a resolution: "1. Condemns", "Recalling its", "Deeply concerned".
_OPERATIVE = re.compile(r"\s*\d{1,3}\.\s+[A-Z]")
_PREAMBULAR = re.compile(
    r"\s*(?:[A-Z][a-z]+ly\s+)?(?:[A-Z]?[a-z]+ing|Guided|Convinced|Alarmed|Concerned|Deeply|Determined)\b"
)
_NUMBERED_NEXT = re.compile(rf"\b(?:{'|'.join(sorted(BEFORE_NUMBER))})\.\s*$", re.IGNORECASE)
_TAG = re.compile(r"\s*(?:Q|A|[A-Z][\w.’'-]*(?:[ ][\w.’'()-]+){0,7}):(?:\s|$)")
_MARKS_ONLY = re.compile(r"[\s\"'”’»)\].,]+$")


@dataclass(frozen=True)
class Line:
    """One line with something on it: where it lies, and whether a blank line stands before it."""

    start: int
    end: int
    text: str
    gap: bool


def lines_of(text: str) -> list[Line]:
    """The lines of a text that are not blank."""
    lines: list[Line] = []
    for match in _LINE.finditer(text):
        gap = not lines or text.count("\n", lines[-1].end, match.start()) > 1
        lines.append(Line(match.start(), match.end(), match.group(), gap))
    return lines


def _runs_on(line: str, following: str) -> bool:
    """Whether a line stops in mid-sentence and the next goes on in lower case."""
    return not _CLOSED.search(line) and bool(_LOWER.match(following))


def opens_item(line: str) -> bool:
    """Whether a line opens with the mark or the number of a list item."""
    return bool(_ITEM.match(line))


def _is_item(previous: Line, line: Line) -> bool:
    """Whether a line opens a list item; a dash or number that a wrap brought to the front opens none."""
    if not _ITEM.match(line.text) or (_NUMBERED_NEXT.search(previous.text) and not line.gap):
        return False
    operative = previous.text.rstrip().endswith(",") and _OPERATIVE.match(line.text)
    return bool(line.gap or _CLOSED.search(previous.text) or _ITEM.match(previous.text) or operative)


def _is_wrapped(lines: Sequence[Line]) -> bool:
    """Whether the line breaks of these lines are a machine's rather than the writer's."""
    pairs = [(a.text, b.text) for a, b in itertools.pairwise(lines) if not b.gap]
    return bool(pairs) and sum(_runs_on(a, b) for a, b in pairs) >= WRAPPED_SHARE * len(pairs)


def _usual_width(lines: Sequence[Line]) -> int:
    """The length that nine lines in ten do not pass."""
    lengths = sorted(len(line.text.strip()) for line in lines)
    return lengths[int(0.9 * (len(lengths) - 1))] if lengths else 0


def _continues(line: Line, following: Line, wrapped: bool, width: int) -> bool:
    """Whether the break between two lines is a wrap inside one paragraph."""
    if _MARKS_ONLY.match(following.text):
        return True
    if _is_item(line, following):
        return False
    if _runs_on(line.text, following.text):
        return True
    preamble = line.text.rstrip().endswith(",") and _PREAMBULAR.match(following.text)
    if following.gap or _TAG.match(following.text) or (preamble and following.text.strip()[0].isupper()):
        return False
    return _stops_short(line.text) or (wrapped and _fills_line(line.text, following.text, width))


def _stops_short(line: str) -> bool:
    """Whether a line ends on a word that cannot end a sentence: a title, a conjunction, a comma."""
    return bool(_ABBREVIATED.search(line) or _NUMBERED_NEXT.search(line) or _DANGLING.search(line))


def _fills_line(line: str, following: str, width: int) -> bool:
    """Whether a line of wrapped text is as long as its neighbours and no heading."""
    line = line.strip()
    heading = line.endswith((":", ";")) or (line.isupper() and not following.isupper())
    return not heading and FULL_LINE * width <= len(line) <= WIDEST_WRAP


def paragraphs(text: str) -> list[tuple[int, int]]:
    """The spans of the paragraphs, headlines and list items of a text, in order.

    Nothing but white space lies outside them. Each span starts and ends on a character that is not white space.
    """
    lines = lines_of(text)
    spans: list[tuple[int, int]] = []
    wrapped, width = _is_wrapped(lines), _usual_width(lines)
    for i, line in enumerate(lines):
        end = line.start + len(line.text.rstrip())
        if i and _continues(lines[i - 1], line, wrapped, width):
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((line.start + len(line.text) - len(line.text.lstrip()), end))
    return spans
