"""One row a sentence: what is known of it before and after a model has read it."""

from collections.abc import Container, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from communique.evaluation.nearness import nearness
from communique.scoring.documents import Document, Place
from communique.scoring.holder import Holder
from communique.scoring.inputs import ReadingLog
from communique.scoring.language import ENGLISH
from communique.scoring.model import ScoringModel, decisions, probabilities
from communique.scoring.reading import ReadDocument, Reading
from communique.scoring.register import Register
from communique.scoring.sentences import Sentence

NOT_ENGLISH = "not English"


class Row(NamedTuple):
    """A sentence in its document, before scoring; ``reprint_of`` is an earlier document's ``document:sentence``."""

    document: Document
    number: int
    sentence: Sentence
    language: str
    holder: Holder
    reprint_of: str


class Cursor(NamedTuple):
    """How far the documents are done: the place of the last one begun, and how many of its sentences are done."""

    place: Place
    sentences: int


def rows_of(document: Document, readings: Sequence[Reading], register: Register) -> list[Row]:
    """The sentences of a document with all that is known of them."""
    return [
        Row(document, i, *reading, register.first(reading.sentence.text, document.id, i))
        for i, reading in enumerate(readings)
    ]


def chunks(
    documents: Iterable[ReadDocument], size: int, register: Register, log: ReadingLog, done: int = 0
) -> Iterator[tuple[list[Row], Cursor]]:
    """Rows in lists of ``size``, the last one shorter, each with the cursor after it.

    ``done`` sentences of the first document are passed over. What was logged on the way to a document comes to
    ``log`` when its first row is due, so that the log never runs ahead of the rows, however far reading does.
    """
    rows: list[Row] = []
    place = Place()
    for place, document, readings, said in documents:
        log.add(said)
        found = rows_of(document, readings, register)
        if not found:
            log.dropped["documents without a sentence"] += 1
        for row in found[done:]:
            rows.append(row)
            if len(rows) == size:
                yield rows, Cursor(place, row.number + 1)
                rows = []
        done = 0
    if rows:
        yield rows, Cursor(place, rows[-1].number + 1)


def scored(
    model: ScoringModel, rows: Sequence[Row], margin: float, metadata: Sequence[str] | None, any_language: bool = False
) -> pd.DataFrame:
    """The table of these rows: probabilities, labels and marks for review beside what was known before.

    A sentence that is not in English has no probability (NaN) and no label, and its ``review_reason`` says so;
    with ``any_language`` it is scored like any other.
    """
    read = np.array([any_language or row.language == ENGLISH for row in rows])
    probability = np.full((len(rows), len(model.labels)), np.nan)
    windowed = np.zeros(len(rows), dtype=bool)
    if read.any():
        texts = [row.sentence.text for row, given in zip(rows, read, strict=True) if given]
        probability[read], windowed[read] = probabilities(model, texts, len(texts))
    columns = _known(rows) | {f"prob_{name}": probability[:, i] for i, name in enumerate(model.labels)}
    columns |= _judged(model, probability, read, margin)
    columns |= {"words": [len(row.sentence.text.split()) for row in rows], "windowed": windowed}
    return pd.DataFrame(columns | _metadata(rows, metadata, columns))


def _known(rows: Sequence[Row]) -> dict[str, Any]:
    return {
        "document": [row.document.id for row in rows],
        "sentence": [row.number for row in rows],
        "start": [row.sentence.start for row in rows],
        "end": [row.sentence.end for row in rows],
        "text": [row.sentence.text for row in rows],
        "speaker": [row.sentence.speaker or row.document.metadata.get("speaker", "") for row in rows],
        "holder": [row.holder.name for row in rows],
        "holder_source": [row.holder.source for row in rows],
        "language": [row.language for row in rows],
        "reprint_of": [row.reprint_of for row in rows],
    }


def _judged(model: ScoringModel, probability: np.ndarray, read: np.ndarray, margin: float) -> dict[str, Any]:
    """Labels and marks for review; what was not read by the model is marked for that alone."""
    names = np.array(model.labels, dtype=object)
    known = np.where(read[:, None], probability, 0)
    distance = nearness(known, model.thresholds)
    near = distance.min(axis=1) < margin
    reason = np.where(near, names[distance.argmin(axis=1)], "")
    given = decisions(model, known) & read[:, None]
    return {
        "labels": [list(names[row]) for row in given],
        "review": near | ~read,
        "review_reason": np.where(read, reason, NOT_ENGLISH),
    }


def _metadata(rows: Sequence[Row], names: Sequence[str] | None, taken: Container[str]) -> dict[str, list[str]]:
    """The metadata columns, under names that the table does not use itself, nor any that means a probability."""
    if names is None:
        names = list(dict.fromkeys(name for row in rows for name in row.document.metadata))
    columns: dict[str, list[str]] = {}
    for name in names:
        if name != "speaker":
            column = name
            while column in taken or column in columns or column.startswith("prob_"):
                column = f"meta_{column}"
            columns[column] = [row.document.metadata.get(name, "") for row in rows]
    return columns
