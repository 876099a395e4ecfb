"""The document page: scored documents as running text with their stances marked, in one file without network."""

import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

from communique.errors import CommuniqueError
from communique.scoring.documents import read_documents
from communique.scoring.model import ScoringModel
from communique.scoring.paragraphs import paragraphs
from communique.scoring.table import all_or_nothing, first_documents

# Okabe and Ito's palette, which stays distinct for colour-blind readers; lighter tones on a dark page.
LIGHT = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#b3a500", "#666666")
DARK = ("#4aa8e0", "#f08a4b", "#35c79b", "#e3a3c6", "#f0b429", "#8fd0f5", "#f0e442", "#b5b5b5")
# Documents beyond this many are left to the table: a browser should open the page at once.
MOST = 500


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


def document_page(
    table: pd.DataFrame,
    documents: Mapping[str, str],
    labels: Sequence[str],
    titles: Mapping[str, str],
    thresholds: Sequence[float] | np.ndarray,
    *,
    title: str,
    model_name: str,
    notes: Sequence[str] = (),
) -> str:
    """The page as HTML: ``table`` as ``score`` gives it, ``documents`` the texts that its offsets count in.

    Raises CommuniqueError where a document's text is missing or does not fit its offsets.
    """
    table = table.reset_index(drop=True)
    found = _labels(table, labels, titles, thresholds)
    groups = table.groupby("document", sort=False)
    pages = [_document(number, str(name), rows, documents, found) for number, (name, rows) in enumerate(groups)]
    environment = Environment(
        loader=PackageLoader("communique.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("documents.html").render(
        title=title,
        model_name=model_name,
        notes=notes,
        labels=found,
        documents=pages,
        sentences=len(table),
        review=int(table["review"].sum()),
        unlabelled=int((table["labels"].map(len) == 0)[table.filter(like="prob_").notna().all(axis=1)].sum()),
        light=LIGHT,
        dark=DARK,
        data=_data(table, found),
    )


def write_document_page(
    scores: str | Path,
    inputs: Sequence[str | Path],
    model: ScoringModel,
    page: str | Path,
    *,
    text_column: str = "text",
    id_column: str | None = None,
    title: str = "Scored documents",
) -> Path:
    """Write the page of a table of scores; the inputs are read again for their running text. Returns the path.

    The first ``MOST`` documents are shown, and the page says how many it leaves to the table.
    """
    page = Path(page)
    table, left = first_documents(scores, MOST)
    wanted = set(table["document"])
    texts: dict[str, str] = {}
    for document in read_documents(inputs, text_column, id_column):
        if document.id in wanted:
            texts[document.id] = document.text
        if len(texts) == len(wanted):
            break
    notes = [f"{left:,} further documents are in {Path(scores).name} only."] if left else []
    html = document_page(
        table,
        texts,
        model.labels,
        model.titles,
        model.thresholds,
        title=title,
        model_name=model.name,
        notes=notes,
    )
    with all_or_nothing(page) as (staged,):
        staged.write_text(html, encoding="utf-8")
    return page


def _labels(
    table: pd.DataFrame,
    names: Sequence[str],
    titles: Mapping[str, str],
    thresholds: Sequence[float] | np.ndarray,
) -> tuple[PageLabel, ...]:
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
    columns = zip(rows.index, rows["start"], rows["end"], rows["text"], rows["labels"], rows["review"], strict=True)
    for row, start, end, said, given, review in columns:
        if " ".join(text[start:end].split()) != said:
            raise CommuniqueError(
                f"document '{name}': characters {start} to {end} are not what the table says; score the file again"
            )
        carried = tuple(label for label in labels if label.name in given)
        classes = ["s", *(f"L{label.number}" for label in carried), *(["review"] if review else [])]
        yield start, end, Piece(said, row, " ".join(classes), carried)


def _data(table: pd.DataFrame, labels: Sequence[PageLabel]) -> dict[str, Any]:
    """What the panel shows of each sentence, as short as it can be: probabilities in thousandths, row by row."""
    found = np.nan_to_num(table[[f"prob_{label.name}" for label in labels]].to_numpy(dtype=float))
    speakers = {speaker: number for number, speaker in enumerate(dict.fromkeys(table["speaker"]))}
    names = [label.name for label in labels]
    return {
        "titles": [label.title for label in labels],
        "letters": [label.letter for label in labels],
        "thresholds": [round(label.threshold, 3) for label in labels],
        "p": (found * 1000).round().astype(int).ravel().tolist(),
        "reason": [names.index(reason) if reason in names else -1 for reason in table["review_reason"]],
        "speaker": [speakers[speaker] for speaker in table["speaker"]],
        "speakers": list(speakers),
        "windowed": [int(row) for row in np.flatnonzero(table["windowed"])],
    }
