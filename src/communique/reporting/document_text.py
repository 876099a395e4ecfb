"""The text of scored documents in pieces that a page can mark: sentences, and what stands between them."""

import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from communique.errors import CommuniqueError
from communique.scoring.paragraphs import paragraphs


@dataclass(frozen=True)
class PageLabel:
    """A label as the page shows it: its letter, colour number, threshold, and how many sentences carry it."""

    name: str
    title: str
    letter: str
    number: int
    threshold: float
    count: int


class Piece(NamedTuple):
    """A stretch of a paragraph: a sentence with its row number, or (-1) what stands between sentences."""

    text: str
    row: int = -1
    classes: str = ""
    labels: tuple[PageLabel, ...] = ()


@dataclass(frozen=True)
class PageDocument:
    """A document as the page shows it; ``counts`` has one number a label."""

    number: int
    id: str
    title: str
    facts: tuple[tuple[str, str], ...]
    paragraphs: tuple[tuple[Piece, ...], ...]
    sentences: int
    counts: tuple[int, ...]
    review: int

    @property
    def headline(self) -> bool:
        """Whether the text opens with its own title, so that the page need not say it twice."""
        opening = " ".join(piece.text for piece in self.paragraphs[0]) if self.paragraphs else ""
        return opening.casefold() == self.title.casefold()

    @property
    def classes(self) -> str:
        """What a filter finds the document by."""
        found = [f"L{i}" for i, count in enumerate(self.counts) if count]
        return " ".join([*found, *(["review"] if self.review else [])])

    @property
    def height(self) -> int:
        """About how many pixels it will take, so that the scroll bar is right before it is drawn."""
        return 150 + 30 * sum(1 + sum(len(piece.text) for piece in pieces) // 70 for pieces in self.paragraphs)


def page_labels(
    table: pd.DataFrame,
    names: Sequence[str],
    titles: Mapping[str, str],
    thresholds: Sequence[float] | np.ndarray,
) -> tuple[PageLabel, ...]:
    """The labels in codebook order, each with a letter of its own."""
    letters: list[str] = []
    for name in names:
        letters.append(_letter(titles.get(name, name), letters))
    return tuple(
        PageLabel(
            name=name,
            title=titles.get(name, name.replace("_", " ")),
            letter=letter,
            number=number,
            threshold=float(threshold),
            count=sum(name in given for given in table["labels"]),
        )
        for number, (name, letter, threshold) in enumerate(zip(names, letters, thresholds, strict=True))
    )


def page_documents(
    table: pd.DataFrame, texts: Mapping[str, str], labels: Sequence[PageLabel]
) -> Iterator[PageDocument]:
    """The documents of a table whose rows are numbered from 0, in its order.

    Raises CommuniqueError where a document's text is missing or does not fit its offsets.
    """
    for number, (name, rows) in enumerate(table.groupby("document", sort=False)):
        yield _document(number, str(name), rows, texts, labels)


def _letter(title: str, taken: Sequence[str]) -> str:
    """A letter that stands for a label: the initial of its last word that is free, else any free one."""
    initials = [word[0] for word in reversed(title.split())]
    letters = [c.upper() for c in (*initials, *title, *string.ascii_uppercase, *string.digits) if c.isalnum()]
    return next((letter for letter in letters if letter not in taken), "?")


def _document(
    number: int, name: str, rows: pd.DataFrame, texts: Mapping[str, str], labels: Sequence[PageLabel]
) -> PageDocument:
    if name not in texts:
        raise CommuniqueError(f"document '{name}': is in the table but its text was not given; name its file too")
    facts = _facts(rows)
    given = rows["labels"]
    return PageDocument(
        number=number,
        id=name,
        title=facts.pop("title", "") or name,
        facts=tuple((key, value) for key, value in facts.items() if value),
        paragraphs=tuple(_paragraphs(name, texts[name], rows, labels)),
        sentences=len(rows),
        counts=tuple(sum(label.name in one for one in given) for label in labels),
        review=int(rows["review"].sum()),
    )


def _facts(rows: pd.DataFrame) -> dict[str, str]:
    """The metadata of a document: the columns behind the last one that every table has."""
    names = list(rows.columns)
    return {name: str(rows.iloc[0][name]) for name in names[names.index("windowed") + 1 :]}


def _paragraphs(name: str, text: str, rows: pd.DataFrame, labels: Sequence[PageLabel]) -> Iterator[tuple[Piece, ...]]:
    """The text's paragraphs as pieces; every character of the text but white space comes in one of them."""
    sentences = list(_sentences(name, text, rows, labels))
    position = 0
    for start, end in paragraphs(text):
        pieces: list[Piece] = []
        at = start
        while position < len(sentences) and sentences[position][0] < end:
            first, last, piece = sentences[position]
            pieces += [Piece(gap) for gap in [text[at:first]] if gap.strip()]
            pieces.append(piece)
            at, position = last, position + 1
        pieces += [Piece(gap) for gap in [text[at:end]] if gap.strip()]
        yield tuple(pieces)


def _sentences(
    name: str, text: str, rows: pd.DataFrame, labels: Sequence[PageLabel]
) -> Iterator[tuple[int, int, Piece]]:
    names = ("start", "end", "text", "labels", "review", "reprint_of")
    for row, start, end, said, given, review, reprint in zip(rows.index, *(rows[n] for n in names), strict=True):
        if " ".join(text[start:end].split()) != said:
            raise CommuniqueError(
                f"document '{name}': characters {start} to {end} are not what the table says; score the file again"
            )
        carried = tuple(label for label in labels if label.name in given)
        marks = [mark for mark, is_so in (("review", review), ("reprint", reprint)) if is_so]
        classes = ["s", *(f"L{label.number}" for label in carried), *marks]
        yield start, end, Piece(said, row, " ".join(classes), carried)
