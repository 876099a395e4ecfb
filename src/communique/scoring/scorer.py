"""Documents and a model to one row a sentence: as batches in memory, or streamed to a file with its provenance."""

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from communique.errors import CommuniqueError
from communique.evaluation.nearness import nearness
from communique.scoring.documents import Document, ReadingLog, check_inputs, read_documents
from communique.scoring.model import ScoringModel, decisions, probabilities
from communique.scoring.sentences import Sentence, split
from communique.scoring.source import Limits, Source
from communique.scoring.summary import Summary, as_json, provenance
from communique.scoring.table import all_or_nothing, check_destination, open_writer, provenance_path

Row = tuple[Document, int, Sentence]


def score(
    model: ScoringModel,
    documents: Iterable[Document],
    *,
    margin: float = 0.1,
    batch: int = 512,
    metadata: Sequence[str] | None = None,
    log: ReadingLog | None = None,
) -> Iterator[pd.DataFrame]:
    """One row a sentence, in tables of about ``batch`` rows; a document is never split between two.

    Columns: ``document, sentence, start, end, text, speaker, prob_<label>…, labels`` (a list), ``review``,
    ``review_reason`` (the label nearest to its threshold), ``words, windowed``, then the metadata columns
    (``metadata``, or whatever the documents of a table carry; a name taken above gets ``meta_`` before it).
    A sentence is marked for review where some probability lies within ``margin`` of its threshold on a scale
    stretched so that the threshold lies at one half (``communique.scoring.model.nearness``).
    """
    if not 0 <= margin <= 0.5:
        raise CommuniqueError(f"margin {margin}: give a number between 0 and 0.5")
    if model.thresholds is None:
        raise CommuniqueError(f"model {model.name} has no decision thresholds; train it, or set them, first")
    for rows in _rows_in_batches(documents, batch, log or ReadingLog()):
        yield _table(model, rows, margin, batch, metadata)


def score_table(
    model: ScoringModel,
    inputs: Sequence[str | Path],
    out: str | Path,
    *,
    text_column: str = "text",
    id_column: str | None = None,
    margin: float = 0.1,
    batch: int = 512,
    limits: Limits | None = None,
    progress: bool = True,
) -> Summary:
    """Score files to ``out`` (``.csv``, ``.parquet`` or ``.jsonl``) with ``out.provenance.json`` beside it.

    All inputs are checked first. The table is streamed to a hidden file and put in place at the end, so that an
    error or an interrupt leaves nothing (and an earlier table untouched). The same inputs give the same bytes.
    """
    out, log = Path(out), ReadingLog()
    check_destination(out)
    sources = check_inputs(inputs, text_column=text_column, id_column=id_column, limits=limits, log=log)
    check_destination(out, sources)
    summary = Summary(out, margin, log)
    documents = read_documents(sources, text_column, id_column, log)
    names = _metadata_names(sources)
    with all_or_nothing(out, provenance_path(out)) as (staged, beside), _bar(progress) as advance:
        with open_writer(staged, out.suffix) as write:
            for table in score(model, documents, margin=margin, batch=batch, metadata=names, log=log):
                write(table)
                summary.add(table)
                advance(summary)
        if not summary.sentences:
            raise CommuniqueError("no sentence was found in the inputs; check that they hold running text")
        beside.write_text(as_json(provenance(summary, model, sources, staged)), encoding="utf-8")
    return summary


@contextmanager
def _bar(shown: bool) -> Iterator[Callable[[Summary], None]]:
    """A line on standard error that counts what is done, where that is a terminal."""
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not (shown and console.is_terminal)) as bar:
        task = bar.add_task("reading …", total=None)

        def advance(summary: Summary) -> None:
            bar.update(task, description=f"{summary.documents:,} documents, {summary.sentences:,} sentences")

        yield advance


def _metadata_names(sources: Sequence[Source]) -> list[str]:
    names = dict.fromkeys(name for source in sources for name in source.fields)
    coded = any(source.encoding != "utf-8-sig" for source in sources)
    return [*names, *(["encoding"] if coded and "encoding" not in names else [])]


def _rows_in_batches(documents: Iterable[Document], batch: int, log: ReadingLog) -> Iterator[list[Row]]:
    """Sentences of whole documents, until there are at least ``batch`` of them."""
    rows: list[Row] = []
    for document in documents:
        sentences = split(document.text)
        if not sentences:
            log.dropped["documents without a sentence"] += 1
        rows += [(document, i, sentence) for i, sentence in enumerate(sentences)]
        if len(rows) >= batch:
            yield rows
            rows = []
    if rows:
        yield rows


def _table(
    model: ScoringModel, rows: list[Row], margin: float, batch: int, metadata: Sequence[str] | None
) -> pd.DataFrame:
    probability, windowed = probabilities(model, [sentence.text for _, _, sentence in rows], batch)
    distance = nearness(probability, model.thresholds)
    review = distance.min(axis=1) < margin
    names = np.array(model.labels, dtype=object)
    columns: dict[str, Any] = {
        "document": [document.id for document, _, _ in rows],
        "sentence": [index for _, index, _ in rows],
        "start": [sentence.start for _, _, sentence in rows],
        "end": [sentence.end for _, _, sentence in rows],
        "text": [sentence.text for _, _, sentence in rows],
        "speaker": [sentence.speaker or document.metadata.get("speaker", "") for document, _, sentence in rows],
        **{f"prob_{name}": probability[:, i] for i, name in enumerate(model.labels)},
        "labels": [list(names[row]) for row in decisions(model, probability)],
        "review": review,
        "review_reason": np.where(review, names[distance.argmin(axis=1)], ""),
        "words": [len(sentence.text.split()) for _, _, sentence in rows],
        "windowed": windowed,
    }
    return pd.DataFrame(columns | _metadata(rows, metadata, columns))


def _metadata(rows: list[Row], names: Sequence[str] | None, taken: Container[str]) -> dict[str, list[str]]:
    """The metadata columns; a name that the table uses itself gets ``meta_`` before it."""
    if names is None:
        names = list(dict.fromkeys(name for document, _, _ in rows for name in document.metadata))
    return {
        f"meta_{name}" if name in taken else name: [document.metadata.get(name, "") for document, _, _ in rows]
        for name in names
        if name != "speaker"
    }
