"""A scored table and the user's labelled sample of it, matched row by row: what an estimate of shares starts from.

Only a sample whose recorded design is random can stand for the whole, and only for the table it was drawn from.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from communique.data.annotation import Design, is_scored, same_words, sentence_ids, stratum_of
from communique.data.codebook import Codebook
from communique.data.dataset import Sentence, read_corpus
from communique.data.sheets import read_sheet
from communique.errors import CommuniqueError
from communique.evaluation.predictions import probability_labels
from communique.evaluation.prevalence import Draw

Array = np.ndarray[Any, Any]
SUFFIXES = (".jsonl", ".csv", ".xlsx")


@dataclass(frozen=True, eq=False)
class Scored:
    """An archive of N rows (sentences, or documents) with L labels, of which ``draw`` names the n labelled ones.

    ``decided (N, L)``, ``probability (N, L)``, ``gold (n, L)``; ``documents (N,)`` numbers each row's document,
    ``counted (N,)`` is False for what the shares leave out (reprints); ``columns`` holds what rows can be grouped by.
    """

    labels: tuple[str, ...]
    decided: Array
    probability: Array
    gold: Array
    documents: Array
    counted: Array
    columns: pd.DataFrame
    draw: Draw
    unit: str
    notes: tuple[str, ...]


def label_names(table: pd.DataFrame, path: Path) -> tuple[str, ...]:
    """The labels of a table of scores, in codebook order; CommuniqueError where it has none."""
    names = [name for name in probability_labels(table) if "@" not in name]
    if not names or "document" not in table or "text" not in table:
        raise CommuniqueError(f"{path}: has no scores of sentences; name a table that communique score wrote")
    return tuple(names)


def read_labelled(path: Path, labels: tuple[str, ...]) -> tuple[dict[str, Sentence], Design]:
    """Labelled sentences by id, and their design, from a filled sheet or what ``annotate import`` wrote.

    Raises CommuniqueError where the file cannot be read, or where its recorded design is not a random one.
    """
    if path.suffix not in SUFFIXES:
        raise CommuniqueError(f"{path}: labelled sentences are in a file that ends in {', '.join(SUFFIXES)}")
    design = Design.load(path)
    if not design.random:
        raise CommuniqueError(
            f"{path}: was drawn by {design.query}, which favours the unusual and stands for no archive; "
            "draw another with 'communique annotate export --query random' (or documents) and label that"
        )
    book = Codebook.of_names(labels, str(path))
    if path.suffix == ".jsonl" or _has_label_sets(path):
        return {sentence.id: sentence for sentence in read_corpus(path, book)}, design
    sentences, _ = read_sheet(path, book)
    return sentences, design


def _has_label_sets(path: Path) -> bool:
    """True for a CSV of the corpus format, with one column ``labels``, rather than a sheet with a column a label."""
    if path.suffix != ".csv":
        return False
    try:
        return "labels" in pd.read_csv(path, nrows=0).columns
    except (OSError, ValueError) as error:
        raise CommuniqueError(f"{path}: cannot be read as a sheet ({' '.join(str(error).split())})") from error


def match(
    table: pd.DataFrame, labels: tuple[str, ...], labelled: Mapping[str, Sentence], design: Design, once: bool = True
) -> Scored:
    """Find every labelled sentence in the table and work out with which weight it stands for the rest.

    ``once`` leaves rows with a ``reprint_of`` out of the shares. Raises CommuniqueError where the design speaks of
    another table, or a labelled sentence is not in it or reads otherwise there.
    """
    ids = sentence_ids(table)
    if twice := ids[ids.duplicated()].tolist():
        raise CommuniqueError(f"scored table: id '{twice[0]}' stands twice; score the documents again")
    table, labelled, design, left_out = _of_scored(table, ids, labelled, design)
    ids = ids[table.index]
    table = table.reset_index(drop=True)
    rows = _rows(table, ids, labelled)
    documents, names = pd.factorize(table["document"].astype(str))
    _check_population(design, len(table), len(names))
    draw, notes = _draw(table, design, rows, documents)
    notes = [*left_out, *notes]
    reprints = _reprints(table) if once else np.zeros(len(table), dtype=bool)
    if reprints.any():
        notes = [*notes, f"{reprints.sum():,} reprinted sentences are left out: each is counted where it first stands"]
    chosen = table["labels"].map(set)
    decided = np.array([[name in found for name in labels] for found in chosen], dtype=float)
    # a sentence that was not scored (not English) is predicted to carry nothing: right for any predictor
    probability = table[[f"prob_{name}" for name in labels]].fillna(0.0).to_numpy(dtype=float)
    held = [sentence.labels for key, sentence in labelled.items()]
    gold = np.array([[name in found for name in labels] for found in held], dtype=float)
    return Scored(labels, decided, probability, gold, documents, ~reprints, table, draw, "sentence", tuple(notes))


def _of_scored(
    table: pd.DataFrame, ids: pd.Series, labelled: Mapping[str, Sentence], design: Design
) -> tuple[pd.DataFrame, Mapping[str, Sentence], Design, list[str]]:
    """Table, sample and design without the sentences that were not scored, and a note that counts them.

    ``annotate export`` draws from the scored sentences alone. A design that counts all the table's units was drawn
    otherwise; its sample of the scored ones is a random sample of them too, so it is cut down to these.
    """
    read = is_scored(table)
    if read.all():
        return table, labelled, design, []
    kept, note = table[read], f"{int((~read).sum()):,} sentences were not scored: the shares are of the others"
    unit = "document" if design.unit == "document" else None
    whole, fewer = (len(part) if unit is None else part["document"].nunique() for part in (table, kept))
    foreign = set(ids[~read]) & set(labelled)
    if design.population != whole or (whole == fewer and not foreign):
        return kept, labelled, design, [note]
    inside = {key: sentence for key, sentence in labelled.items() if key not in foreign}
    lost = len(foreign) if unit is None else len(_documents(labelled) - _documents(inside))
    strata = stratum_of(kept, design.by).value_counts().to_dict() if design.by in table else {}
    drawn = {name: (int(strata.get(name, 0)), number) for name, (_, number) in design.strata.items()}
    cut = replace(design, population=fewer, drawn=design.drawn - lost, strata={n: d for n, d in drawn.items() if d[0]})
    return kept, inside, cut, [note]


def _documents(labelled: Mapping[str, Sentence]) -> set[str]:
    return {sentence.document for sentence in labelled.values()}


def _rows(table: pd.DataFrame, ids: pd.Series, labelled: Mapping[str, Sentence]) -> Array:
    if not labelled:
        raise CommuniqueError("labelled: no row is filled in; say yes under a label, or under 'none'")
    place = pd.Series(np.arange(len(ids)), index=ids)
    if missing := [key for key in labelled if key not in place.index]:
        raise CommuniqueError(
            f"labelled: sentence '{missing[0]}' is not in the scored table; name the table it was drawn from"
        )
    rows = place[list(labelled)].to_numpy()
    for row, sentence in zip(rows, labelled.values(), strict=True):
        if not same_words(str(table["text"].iloc[row]), sentence.text):
            raise CommuniqueError(
                f"labelled: sentence '{sentence.id}' reads otherwise in the scored table; name the one it came from"
            )
    return rows


def _check_population(design: Design, sentences: int, documents: int) -> None:
    here = documents if design.unit == "document" else sentences
    if design.population != here:
        raise CommuniqueError(
            f"design: the sample was drawn from {design.population:,} {design.unit}s ({design.source or 'no name'}), "
            f"but the scored table has {here:,}; name the table it was drawn from"
        )


def _draw(table: pd.DataFrame, design: Design, rows: Array, documents: Array) -> tuple[Draw, list[str]]:
    notes = []
    if design.unit == "document":
        held, unit = np.unique(documents[rows], return_inverse=True)
        whole = np.bincount(documents)[held]
        complete = np.bincount(unit) / whole
        draw = Draw.make(rows, unit, np.zeros(len(held), int), np.array([design.population]), complete[unit])
        if broken := int((complete < 1).sum()):
            notes.append(f"{broken:,} drawn documents are labelled in part: the rest of each is taken to be like it")
    else:
        stratum, population = _strata(table, design, rows)
        draw = Draw.make(rows, np.arange(len(rows)), stratum, population)
    labelled = len(draw.stratum)
    if labelled > design.drawn:
        raise CommuniqueError(
            f"labelled: holds {labelled:,} {design.unit}s, its design drew {design.drawn:,}; label only what was drawn"
        )
    if missing := design.drawn - labelled:
        share = missing / design.drawn
        notes.append(
            f"{missing:,} of {design.drawn:,} drawn {design.unit}s ({share:.0%}) have no agreed label: the shares are "
            "valid only if these are like the others; label or adjudicate them"
        )
    return draw, notes


def _strata(table: pd.DataFrame, design: Design, rows: Array) -> tuple[Array, Array]:
    """The stratum of each labelled row, and how many sentences each stratum has."""
    if not design.by:
        return np.zeros(len(rows), dtype=int), np.array([design.population])
    if design.by not in table:
        raise CommuniqueError(f"design: drawn by column '{design.by}', which the scored table lacks; keep the column")
    values = stratum_of(table, design.by)
    sizes = values.value_counts()
    names = list(design.strata)
    for name in names:
        if int(sizes.get(name, 0)) != design.strata[name][0]:
            raise CommuniqueError(
                f"design: '{design.by}' had {design.strata[name][0]:,} sentences of '{name}', the scored table has "
                f"{int(sizes.get(name, 0)):,}; name the table it was drawn from"
            )
    number = {name: i for i, name in enumerate(names)}
    return values.iloc[rows].map(number).to_numpy(dtype=int), np.array([design.strata[name][0] for name in names])


def _reprints(table: pd.DataFrame) -> Array:
    if "reprint_of" not in table:
        return np.zeros(len(table), dtype=bool)
    return table["reprint_of"].map(lambda value: not pd.isna(value) and str(value) != "").to_numpy(dtype=bool)


def by_document(scored: Scored, design: Design) -> Scored:
    """The same with documents for rows: a document has a label where one of its sentences has it.

    Raises CommuniqueError where single sentences were drawn: they cannot show which labels a document lacks.
    """
    if design.unit != "document":
        raise CommuniqueError(
            "shares of documents need whole documents labelled, and single sentences were drawn; "
            "draw with 'communique annotate export --query documents'"
        )
    sizes, drawn = np.bincount(scored.documents), scored.documents[scored.draw.rows]
    found = np.bincount(drawn, minlength=len(sizes))
    whole = np.flatnonzero(found == sizes)
    dropped = int(((found > 0) & (found < sizes)).sum())
    if len(whole) < 2:
        raise CommuniqueError(f"shares of documents: {len(whole)} documents are labelled whole; label at least 2")
    counted = np.bincount(scored.documents, scored.counted) > 0
    each = np.where(scored.counted[:, None], 1.0, 0.0)
    gold = _most(scored.gold * each[scored.draw.rows], drawn, len(sizes))[whole]
    draw = Draw.make(whole, np.arange(len(whole)), np.zeros(len(whole), int), np.array([len(sizes)]))
    notes = [note for note in scored.notes if "labelled in part" not in note]
    if dropped:
        notes.append(f"{dropped:,} drawn documents are labelled in part and left out: valid only if like the others")
    return replace(
        scored,
        decided=_most(scored.decided * each, scored.documents, len(sizes)),
        probability=_most(scored.probability * each, scored.documents, len(sizes)),
        gold=gold,
        documents=np.arange(len(sizes)),
        counted=counted,
        columns=scored.columns.groupby(scored.documents).first(),
        draw=draw,
        unit="document",
        notes=tuple(notes),
    )


def _most(values: Array, groups: Array, number: int) -> Array:
    """The largest of each group's rows, shape ``(number, L)``; 0 where it has none."""
    result = np.zeros((number, values.shape[1]))
    np.maximum.at(result, groups, values)
    return result
