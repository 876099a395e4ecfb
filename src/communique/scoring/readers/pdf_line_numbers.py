"""Numbers beside the lines of a page, as bills, drafts and court papers count them."""

import itertools
from collections.abc import Iterator, Sequence
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from communique.scoring.readers.pdf_layout import Line

# So many numbers make a count; most of their distances differ by no more than this share.
COUNTED, EVEN, MOST = 5, 0.15, 0.8
# Every line is counted, or every fifth.
STEPS = (1, 5)


def line_numbers(lines: Sequence["Line"]) -> set["Line"]:
    """The numbers that count the lines of a page: one below the other, evenly, all text on one side of them.

    Numbers of paragraphs stand as far apart as the paragraphs are long, and stay.
    """
    numbers = [line for line in lines if line.text.isdecimal() and len(line.text) < 4]
    found: set[Line] = set()
    for column in _columns(numbers):
        if _counts(column) and _is_beside(column, lines):
            found.update(column)
    return found


def _columns(numbers: Sequence["Line"]) -> Iterator[list["Line"]]:
    """Numbers that share their left or their right edge, from the top down."""
    for edge in ("x0", "x1"):
        ordered = sorted(numbers, key=lambda line: (getattr(line, edge), line.y0))
        column: list[Line] = []
        for line in ordered:
            if column and getattr(line, edge) - getattr(column[-1], edge) > 1:
                yield sorted(column, key=lambda line: line.y0)
                column = []
            column.append(line)
        yield sorted(column, key=lambda line: line.y0)


def _counts(column: Sequence["Line"]) -> bool:
    """Whether numbers go up by one or by five, at even distances."""
    if len(column) < COUNTED:
        return False
    steps = {int(b.text) - int(a.text) for a, b in itertools.pairwise(column)}
    gaps = [b.y0 - a.y0 for a, b in itertools.pairwise(column)]
    usual = median(gaps)
    even = sum(abs(gap - usual) <= EVEN * usual for gap in gaps)
    return len(steps) == 1 and steps <= set(STEPS) and even >= MOST * len(gaps)


def _is_beside(column: Sequence["Line"], lines: Sequence["Line"]) -> bool:
    """Whether all that stands as high as the numbers is to the right of them, or to the left."""
    own, top, bottom = set(column), column[0].y0, column[-1].y1
    text = [line for line in lines if line not in own and top < (line.y0 + line.y1) / 2 < bottom]
    right, left = max(line.x1 for line in column), min(line.x0 for line in column)
    return bool(text) and (all(line.x0 >= right for line in text) or all(line.x1 <= left for line in text))
