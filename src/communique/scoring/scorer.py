"""Documents and a model to one row a sentence: as tables in memory, or to a file, streamed, with its provenance."""

import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from communique.errors import CommuniqueError
from communique.scoring.documents import START, Document, Place, check_inputs, placed_documents
from communique.scoring.inputs import ReadingLog, earlier_outputs, provenance_path
from communique.scoring.interruption import stoppable
from communique.scoring.model import ScoringModel
from communique.scoring.parts import Parts, as_arrow
from communique.scoring.progress import ScoringProgress, telling
from communique.scoring.reading import ReadDocument, read_all
from communique.scoring.register import Register
from communique.scoring.rows import chunks, scored
from communique.scoring.source import Columns, Limits, Source
from communique.scoring.summary import (
    Summary,
    as_json,
    check_unchanged,
    input_hashes,
    input_stamps,
    job,
    provenance,
)
from communique.scoring.table import check_cells, check_destination, check_not_among, join

# Sentences in a part: what a kill costs at most, and what is in memory together.
CHUNK = 1024
# Bytes of input from which on it pays to start processes that read.
MUCH = 2_000_000


def score(
    model: ScoringModel,
    documents: Iterable[Document],
    *,
    margin: float = 0.1,
    batch: int = CHUNK,
    metadata: Sequence[str] | None = None,
    log: ReadingLog | None = None,
    any_language: bool = False,
) -> Iterator[pd.DataFrame]:
    """One row a sentence, in tables of ``batch`` rows.

    Columns: ``document, sentence, start, end, text, speaker, holder, holder_source, language, reprint_of,
    prob_<label>…, labels`` (a list), ``review``, ``review_reason`` (the label nearest to its threshold, or that the
    sentence is not English and has no probability), ``words, windowed``, then the metadata columns (``metadata``, or
    whatever the documents of a table carry; a name taken above gets ``meta_`` before it). ``holder`` is whose stance
    the text says it is (``communique.scoring.holder``), ``reprint_of`` is ``document:sentence`` of the first document
    with the same sentence of five words or more. A sentence is marked
    for review where some probability lies within ``margin`` of its threshold on a scale stretched so that the
    threshold lies at one half (``communique.scoring.model.nearness``).
    """
    _check(model, margin)
    placed = ((Place(number), document) for number, document in enumerate(documents))
    with Register() as register:
        for rows, _ in chunks(read_all(placed, ReadingLog()), batch, register, log or ReadingLog()):
            yield scored(model, rows, margin, metadata, any_language)


def score_table(
    model: ScoringModel,
    inputs: Sequence[str | Path],
    out: str | Path,
    *,
    text_column: str = "text",
    id_column: str | None = None,
    margin: float = 0.1,
    any_language: bool = False,
    chunk: int = CHUNK,
    limits: Limits | None = None,
    progress: bool = True,
    force: bool = False,
    page: str | Path | None = None,
    workers: int = 1,
    skip_unreadable: bool = False,
) -> Summary:
    """Score files to ``out`` (``.csv``, ``.parquet``, ``.jsonl``, ``.xlsx``) with ``out.provenance.json`` beside it.

    All inputs are checked first (with ``skip_unreadable`` what cannot be read is left out and counted), then read one
    document at a time; every ``chunk`` sentences go to disk as a part
    (``communique.scoring.parts``) and are forgotten, so that memory does not grow with the corpus, only with the
    number of files (about a kilobyte each) and the largest one that is read whole. After a kill the same call goes
    on after the last part and ends with the same bytes; ``force`` begins anew. The table is put in place at the end,
    whole; an earlier one is untouched until then. ``page`` is a page that will be made of the table: the provenance
    names it, so that neither is taken for a document the next time. Much text is split and searched for holders by
    so many ``workers`` (processes; a script that asks for more than one must guard its ``__main__``); the table does
    not depend on it.

    Raises CommuniqueError for what cannot be read or written, Interrupted (a KeyboardInterrupt) at Ctrl-C or SIGTERM.
    """
    _check(model, margin)
    out, log = Path(out), ReadingLog()
    check_destination(out)
    own = earlier_outputs(provenance_path(out))
    columns = {"text_column": text_column, "id_column": id_column}
    with stoppable(lambda: "interrupted before anything was scored"), telling("looking at the inputs …", progress):
        options = {**columns, "limits": limits, "outputs": own, "skip_unreadable": skip_unreadable}
        sources = check_inputs(inputs, log=log, **options)  # type: ignore[arg-type]
        check_not_among(sources, out, *([Path(page)] if page else []))
        stamps, hashes = input_stamps(sources), input_hashes(sources)
    summary = Summary(out, {**columns, "margin": margin, "any_language": any_language, "chunk": chunk}, log)
    told = os.path.relpath(page, out.parent) if page else ""
    with Parts(out, job(model, summary.options, sources, hashes), force) as parts, stoppable(parts.kept):
        _score_parts(model, sources, summary, parts, progress, workers)
        check_unchanged(sources, stamps)
        with telling("writing the table …", progress):
            _publish(parts, summary, lambda table: provenance(summary, model, sources, hashes, table, told))
    return summary


def _score_parts(
    model: ScoringModel, sources: Sequence[Source], summary: Summary, parts: Parts, progress: bool, workers: int
) -> None:
    """Score what is not scored yet, part by part."""
    chunk, margin, any_language = (summary.options[name] for name in ("chunk", "margin", "any_language"))
    done = summary.resume(parts.state)
    log = ReadingLog()
    documents = () if summary.finished else _documents(sources, summary, parts, log, workers)
    names = _metadata_names(sources)
    with ScoringProgress(sources, progress, summary.resumed) as bar:
        for rows, cursor in chunks(documents, chunk, parts.register, summary.log, done):
            table = scored(model, rows, margin, names, any_language)
            check_cells(summary.out, table, summary.counts.sentences)
            summary.counts.add(table)
            parts.add(as_arrow(table), summary.state(cursor))
            bar.update(summary.counts)
    summary.log.add(log.take())  # what was left out after the last document
    if not summary.counts.sentences:
        raise CommuniqueError("no sentence was found in the inputs; check that they hold running text")
    parts.finish(summary.state(None))


def _documents(
    sources: Sequence[Source], summary: Summary, parts: Parts, log: ReadingLog, workers: int
) -> Iterator[ReadDocument]:
    """The documents that are not done, the one in work first; reading it again must not be noted again."""
    columns = Columns(summary.options["text_column"], summary.options["id_column"])
    start = Place(*parts.state.get("place", START))
    placed = placed_documents(sources, columns, log, parts.register, start)
    much = sum(source.size for source in sources) >= MUCH
    documents = read_all(placed, log, workers if much else 1)
    if (stored := parts.state.get("log")) is not None:
        summary.log.restore(stored)
        documents = itertools.chain(
            (again._replace(log=ReadingLog()) for again in itertools.islice(documents, 1)), documents
        )
    yield from documents


def _publish(parts: Parts, summary: Summary, told: Callable[[Path], dict[str, Any]]) -> None:
    """Join the parts, put table and provenance in their places, remove the parts."""
    table, beside = parts.folder / f"table{summary.out.suffix}", parts.folder / "provenance.json"
    join(parts.tables(), table, summary.out.suffix)
    beside.write_text(as_json(told(table)), encoding="utf-8")
    table.replace(summary.out)
    beside.replace(provenance_path(summary.out))
    parts.remove()


def _check(model: ScoringModel, margin: float) -> None:
    if not 0 <= margin <= 0.5:
        raise CommuniqueError(f"margin {margin}: give a number between 0 and 0.5")
    if model.thresholds is None:
        raise CommuniqueError(f"model {model.name} has no decision thresholds; train it, or set them, first")


def _metadata_names(sources: Sequence[Source]) -> list[str]:
    names = dict.fromkeys(name for source in sources for name in source.fields)
    coded = any(source.encoding != "utf-8-sig" for source in sources)
    return [*names, *(["encoding"] if coded and "encoding" not in names else [])]
