"""Shares of sentences (or documents) by label and group that are valid: corrected by a random labelled sample.

Classify-and-count, which adds up decisions, inherits every error of the classifier; it stands beside each corrected
share for comparison only. The estimator, and what its interval covers, is told in ``evaluation.prevalence``.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from communique.errors import CommuniqueError
from communique.evaluation.prevalence import ENOUGH_DOCUMENTS, Share, Target, best_predictor, corrected_share
from communique.evaluation.resampling import Interval
from communique.scoring.labelled import Scored, by_document, label_names, match, read_labelled
from communique.scoring.periods import date_column, year
from communique.scoring.table import read_table

Array = np.ndarray[Any, Any]
Kind = Literal["all", "group", "pooled"]

# Columns that the scorer works out from the text, so that a group of them is itself a guess.
PREDICTED = ("holder", "holder_source", "speaker", "language", "labels", "review", "review_reason")
Z = 1.959964  # of the naive interval


@dataclass(frozen=True)
class GroupShare:
    """One label in one group: the raw count of decisions, and the corrected share, None where too little is labelled.

    ``kind`` is ``all`` (the whole table), ``group``, or ``pooled`` (all groups with too few labelled documents).
    """

    label: str
    kind: Kind
    group: tuple[str, ...]
    rows: int
    raw: Interval
    corrected: Share | None

    @property
    def name(self) -> str:
        """The group in words."""
        if self.kind == "all":
            return "all"
        return ", ".join(self.group) if self.kind == "group" else f"{self.group[0]} small groups together"


@dataclass(frozen=True)
class Prevalence:
    """All shares of a table, what they are shares of, and what a reader must know of them."""

    shares: tuple[GroupShare, ...]
    by: tuple[str, ...]
    unit: str
    target: Target
    labelled: int
    labelled_documents: int
    predicted_columns: tuple[str, ...]
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as the JSON holds it; the raw figures are marked as not valid."""
        head = asdict(self) | {"level": 0.95}
        rows = [_plain(share, self.by) for share in self.shares]
        return {key: value for key, value in head.items() if key != "shares"} | {"shares": rows}

    def to_frame(self) -> pd.DataFrame:
        """One row a label and group, for a CSV."""
        return pd.DataFrame([_flat(share, self.by) for share in self.shares])


def _plain(share: GroupShare, by: tuple[str, ...]) -> dict[str, Any]:
    values = dict(zip(by, share.group, strict=True)) if share.kind == "group" else {}
    corrected = share.corrected
    found = None
    if corrected is not None:
        rest = {key: value for key, value in asdict(corrected).items() if key != "interval"}
        found = corrected.interval.to_dict() | rest | {"method": _method(corrected)}
    raw = share.raw.to_dict() | {"valid": False}
    head = {"label": share.label, "kind": share.kind, "name": share.name, "group": values, "rows": share.rows}
    return head | {"corrected": found, "raw": raw}


def _method(share: Share) -> str:
    return "prediction-powered" if share.power else "labels alone"


def _flat(share: GroupShare, by: tuple[str, ...]) -> dict[str, Any]:
    plain = _plain(share, by)
    corrected, raw = plain["corrected"] or {}, plain["raw"]
    keys = ("value", "low", "high", "standard_error", "labelled", "documents", "power", "method", "more")
    return (
        {"label": share.label, "kind": share.kind, **{name: plain["group"].get(name, "") for name in by}}
        | {"rows": share.rows}
        | {("share" if key == "value" else key): corrected.get(key) for key in keys}
        | {"raw_not_valid": raw["value"], "raw_low_not_valid": raw["low"], "raw_high_not_valid": raw["high"]}
    )


def prevalence(
    scored: str | Path,
    labelled: str | Path,
    *,
    by: Sequence[str] = (),
    of: Literal["sentences", "documents"] = "sentences",
    target: Target = "archive",
    once: bool = True,
    predicted: Sequence[str] = (),
) -> Prevalence:
    """Corrected shares of a scored table, by a labelled random sample of it with its design beside.

    ``by`` names columns whose combinations are the groups, ``year`` also where only a date tells it; ``once``
    counts a reprinted sentence once; ``predicted`` names further columns that are themselves guesses. Raises
    CommuniqueError for a sample that is not random, that is of another table, or that cannot show what is asked.
    """
    if "labels" in by:
        raise CommuniqueError("by 'labels': the shares are those of labels already; group by another column")
    table, dated = _with_year(read_table(scored), by)
    labels = label_names(table, Path(scored))
    sample, design = read_labelled(Path(labelled), labels)
    rows = match(table, labels, sample, design, once)
    if of == "documents":
        _check_constant(table, by)
        rows = by_document(rows, design)
    return measure(replace(rows, notes=(*dated, *rows.notes)), by, target, predicted)


def _with_year(table: pd.DataFrame, by: Sequence[str]) -> tuple[pd.DataFrame, list[str]]:
    """The table with a column ``year`` where one is asked for and only a date is there, and what to say of it."""
    dated = date_column(table.columns)
    if "year" not in by or "year" in table or not dated:
        return table, []
    years = table[dated].astype(str).map(year)
    return table.assign(year=years), [f"year: taken from column {dated}; {(years == '').sum():,} sentences have none"]


def measure(
    scored: Scored, by: Sequence[str] = (), target: Target = "archive", guessed: Sequence[str] = ()
) -> Prevalence:
    """Every share of matched rows; groups with too few labelled documents are also pooled."""
    if unknown := [name for name in by if name not in scored.columns]:
        known = ", ".join(str(name) for name in scored.columns)
        raise CommuniqueError(f"by '{unknown[0]}': the scored table has no such column; it has {known}")
    groups = list(_groups(scored, by))
    shares = tuple(
        GroupShare(label, kind, name, int(inside.sum()), _raw(scored.decided[inside, column]), share)
        for column, label in enumerate(scored.labels)
        for kind, name, inside, share in _shares(scored, column, groups, target)
    )
    held = scored.draw.rows[scored.counted[scored.draw.rows]]
    marked = tuple(name for name in by if name in (*PREDICTED, *guessed))
    documents = len(np.unique(scored.documents[held]))
    return Prevalence(
        shares, tuple(by), scored.unit, target, len(held), documents, marked, _notes(scored, groups, marked)
    )


Group = tuple[Kind, tuple[str, ...], Array]


def _groups(scored: Scored, by: Sequence[str]) -> Iterator[Group]:
    """The whole table, every group, and those with too few labelled documents as one."""
    yield "all", (), scored.counted
    if not by:
        return
    values = [scored.columns[name].map(lambda v: "" if pd.isna(v) else str(v)).to_numpy(dtype=object) for name in by]
    number, names = pd.MultiIndex.from_arrays(values).factorize()
    small = np.zeros(len(scored.counted), dtype=bool)
    pooled = 0
    tuples = [tuple(str(part) for part in name) for name in names]
    for i in sorted(range(len(tuples)), key=tuples.__getitem__):
        inside = (number == i) & scored.counted
        if not inside.any():
            continue
        yield "group", tuples[i], inside
        if _labelled_documents(scored, inside) < ENOUGH_DOCUMENTS:
            small, pooled = small | inside, pooled + 1
    if pooled > 1:
        yield "pooled", (str(pooled),), small


def _labelled_documents(scored: Scored, inside: Array) -> int:
    return len(np.unique(scored.documents[scored.draw.rows[inside[scored.draw.rows]]]))


def _shares(
    scored: Scored, column: int, groups: Sequence[Group], target: Target
) -> Iterator[tuple[Kind, tuple[str, ...], Array, Share | None]]:
    """The corrected share of one label in every group, all by the predictor and power that suit the whole sample."""
    gold = scored.gold[:, column]
    candidates = (scored.probability[:, column], scored.decided[:, column])
    best, power = best_predictor(gold, candidates, scored.draw)
    for kind, name, inside in groups:
        share = corrected_share(
            gold, candidates[best], scored.documents, scored.draw, power, group=inside, target=target
        )
        yield kind, name, inside, share


def _raw(decided: Array) -> Interval:
    """The share of decisions, with the interval that takes every decision for the truth: not valid."""
    value = float(decided.mean())
    reach = Z * float(np.sqrt(value * (1 - value) / len(decided)))
    return Interval(value, max(value - reach, 0.0), min(value + reach, 1.0))


def _check_constant(table: pd.DataFrame, by: Sequence[str]) -> None:
    for name in by:
        if name not in table:
            continue  # `measure` names it
        kinds = table.groupby("document")[name].nunique(dropna=False)
        if (kinds > 1).any():
            raise CommuniqueError(
                f"by '{name}': document '{kinds.idxmax()}' has {kinds.max()} values of it; shares of documents are "
                "grouped by what a document has one value of"
            )


def _notes(scored: Scored, groups: Sequence[Group], marked: Sequence[str]) -> tuple[str, ...]:
    notes = list(scored.notes)
    single = [(name, inside) for kind, name, inside in groups if kind != "pooled"]
    few = [name for name, inside in single if _labelled_documents(scored, inside) < ENOUGH_DOCUMENTS]
    if () in few:
        notes.append(f"fewer than {ENOUGH_DOCUMENTS} documents are labelled: no share can be corrected; label more")
    elif few:
        notes.append(
            f"{len(few)} groups have fewer than {ENOUGH_DOCUMENTS} labelled documents: left blank; draw with "
            "'communique annotate export --query random --by COLUMN' to label equally many in each"
        )
    notes += [
        f"'{name}' is itself predicted: a group holds the {scored.unit}s that were put into it, rightly or wrongly"
        for name in marked
    ]
    return tuple(notes)
