"""Where does a model fail? Its figures slice by slice: genre, forum, actor, decade, length, phenomenon.

Arrays and a frame of metadata in, one row a slice out; knows no model. Macro-F1 of a slice is the mean F1 of the
labels *present* in it, those with at least ``minimum_positives`` gold sentences there: a label that a slice hardly
holds would only add noise. Two slices may thus be judged on different labels; the difference of a slice from the rest
of the sentences takes the same labels on both sides. Micro-F1 counts every label, none-F1 the empty label set.
Figures of several fits (seeds) are their means, as on the leaderboard; a rival system may be measured beside.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from rich.progress import track

from communique.errors import CommuniqueError
from communique.evaluation.metrics import NONE, Array, cluster_counts, f1_of_counts, micro_f1
from communique.evaluation.resampling import (
    ENOUGH_CLUSTERS,
    Interval,
    bootstrap_interval,
    bootstrap_intervals,
    holm,
    interval_p,
    paired_difference,
)
from communique.evaluation.slice_fields import FIELDS, sliced_columns

NOT_GIVEN, OTHER = "not given", "other"
MINIMUM_DOCUMENTS, MINIMUM_POSITIVES = 10, 5
FIGURES = ("macro_f1", "micro_f1", "none_f1", "difference")


@dataclass(frozen=True)
class Slice:
    """One value of one field: what it holds, and how good the predicted labels are in it.

    ``values`` is how many small values were pooled in it, ``positives`` its sentences with a gold label, ``labels``
    those present. A figure is None where the slice cannot show it: too few documents, no label present, nothing
    else to differ from. ``p_adjusted`` is of ``difference``, Holm-corrected over all slices. ``rival`` is another
    system's macro-F1, ``ahead`` the paired difference from it, with ``ahead_p``, corrected likewise.
    """

    field: str
    value: str
    values: int
    sentences: int
    documents: int
    positives: int
    labels: tuple[str, ...] = ()
    macro_f1: Interval | None = None
    micro_f1: Interval | None = None
    none_f1: Interval | None = None
    difference: Interval | None = None
    p_adjusted: float | None = None
    rival: Interval | None = None
    ahead: Interval | None = None
    ahead_p: float | None = None

    @property
    def stands_out(self) -> bool:
        """True where the slice differs from the rest although so many slices were looked at (5%)."""
        return self.p_adjusted is not None and self.p_adjusted < 0.05

    @property
    def told_apart(self) -> bool:
        """True where the two systems differ in the slice although so many slices were looked at (5%)."""
        return self.ahead_p is not None and self.ahead_p < 0.05


@dataclass(frozen=True)
class SliceReport:
    """Slices from the worst macro-F1 up, those without one last; the whole sample, and what the reader must know."""

    whole: Slice
    slices: tuple[Slice, ...]
    labels: tuple[str, ...]
    note: str
    skipped: tuple[str, ...] = field(default=())

    def to_frame(self) -> pd.DataFrame:
        """One line a slice, plain columns, the whole sample first."""
        names = FIGURES if self.whole.rival is None else (*FIGURES, "rival", "ahead")
        return pd.DataFrame([_flat(one, names) for one in (self.whole, *self.slices)])


def measure_slices(
    gold: Array,
    predicted: Array,
    metadata: pd.DataFrame,
    labels: Sequence[str],
    *,
    rival: Array | None = None,
    fields: Sequence[str] = FIELDS,
    minimum_documents: int = MINIMUM_DOCUMENTS,
    minimum_positives: int = MINIMUM_POSITIVES,
    resamples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
    progress: bool = False,
) -> SliceReport:
    """Measure ``predicted`` against ``gold`` 0/1 ``(n, L)`` in every slice of ``metadata`` (n rows).

    ``predicted``, and ``rival`` where two systems are compared, hold one fit ``(n, L)`` or several ``(K, n, L)``.
    ``metadata`` has ``document`` and any of ``genre, forum, actor, year, text, phenomena`` (or other columns named
    in ``fields``); a field that nobody filled, or that
    falls into no two slices, is skipped and said. Values with fewer than ``minimum_documents``
    documents are pooled as "other"; where that is still too small, its figures stay blank.
    Raises CommuniqueError where rows do not match or no field can be sliced.
    """
    if len(metadata) != len(gold):
        raise CommuniqueError(f"slices: {len(metadata)} rows of metadata for {len(gold)} sentences; give one a row")
    documents = metadata["document"].astype(str).tolist()
    sample = _Sample(gold, predicted, rival, documents, tuple(labels), minimum_documents)
    columns = sliced_columns(metadata)
    filled = [name for name in fields if name in columns and columns[name].map(bool).any()]
    if not filled:
        raise CommuniqueError(f"slices: the sentences carry none of {', '.join(fields)}; give a file with metadata")
    settings = {"resamples": resamples, "level": level, "seed": seed}
    cut = {name: _parts(columns[name], sample, minimum_documents) for name in filled}
    telling = [name for name in filled if len(cut[name]) > 1]  # one part is the whole sample again
    parts = [(name, *part) for name in telling for part in cut[name]]
    shown = track(parts, "measuring slices", disable=not progress, transient=True)
    measured = [sample.measure(*part, minimum_positives, settings) for part in shown]
    adjusted = _adjusted(measured, [sample.smaller_side(rows) for *_, rows in parts], level)
    whole = sample.measure("all", "all sentences", 1, np.ones(len(gold), dtype=bool), minimum_positives, settings)
    note = _note(adjusted, minimum_documents, minimum_positives, resamples, level)
    ranked = sorted(adjusted, key=lambda one: one.macro_f1.value if one.macro_f1 else np.inf)
    return SliceReport(whole, tuple(ranked), tuple(labels), note, tuple(name for name in fields if name not in telling))


class _Sample:
    """The sentences' counts (``evaluation.metrics``) by fit, added up by document for any part of them."""

    def __init__(
        self,
        gold: Array,
        predicted: Array,
        rival: Array | None,
        documents: Sequence[str],
        labels: tuple[str, ...],
        least: int,
    ) -> None:
        # every sentence as a cluster of its own; names of one length keep the order
        rows = [f"{row:012d}" for row in range(len(gold))]
        own, other = _fits(predicted), [] if rival is None else _fits(rival)
        self.counts = np.stack([cluster_counts(gold, fit, rows) for fit in (*own, *other)], axis=1)
        self.own, self.compared = len(own), bool(other)
        self.gold, self.labels, self.least = np.asarray(gold).astype(bool), labels, least
        self.names, self.index = np.unique(documents, return_inverse=True)

    def documents(self, rows: Array) -> int:
        """How many documents the rows ``(n,)`` (booleans) stand in."""
        return len(np.unique(self.index[rows]))

    def smaller_side(self, rows: Array) -> int:
        """How many documents the rows, or all others, stand in, whichever are fewer: they bound a difference."""
        return min(self.documents(rows), self.documents(~rows))

    def totals(self, rows: Array) -> Array:
        """Counts of the rows by document, ``(G, K, L + 2, 3)``; zeros for documents without such a row.

        The K fits are the system's own, then the rival's.
        """
        summed = np.zeros((len(self.names), *self.counts.shape[1:]))
        np.add.at(summed, self.index[rows], self.counts[rows])
        return summed

    def measure(
        self, name: str, value: str, values: int, rows: Array, positives: int, settings: dict[str, Any]
    ) -> Slice:
        """The figures of one slice."""
        gold = self.gold[rows]
        size = (int(rows.sum()), self.documents(rows), int(gold.any(axis=1).sum()))
        if size[1] < self.least:
            return Slice(name, value, values, *size)
        present = gold.sum(axis=0) >= positives
        macro, micro, none = self._figures(rows, present, settings)
        difference = self._difference(rows, present & (self.gold[~rows].sum(axis=0) >= positives), settings)
        rival, ahead = self._against(rows, present, settings)
        kept = tuple(label for label, shown in zip(self.labels, present, strict=True) if shown)
        return Slice(name, value, values, *size, kept, macro, micro, none, difference, rival=rival, ahead=ahead)

    def _figures(self, rows: Array, present: Array, settings: dict[str, Any]) -> list[Interval | None]:
        totals = self.totals(rows)[np.unique(self.index[rows]), : self.own]
        shown = [present.any(), self.gold[rows].any(), (~self.gold[rows].any(axis=1)).any()]
        chosen = present if present.any() else np.ones_like(present)

        def figures(counts: Array) -> Array:
            none = f1_of_counts(counts)[..., NONE]
            return np.stack([_macro(counts, chosen), micro_f1(counts).mean(axis=-1), none.mean(axis=-1)], axis=-1)

        intervals = bootstrap_intervals(figures, totals, **settings)
        return [interval if kept else None for interval, kept in zip(intervals, shown, strict=True)]

    def _difference(self, rows: Array, shared: Array, settings: dict[str, Any]) -> Interval | None:
        if self.documents(~rows) < self.least or not shared.any():
            return None
        # documents may stand on both sides, so both are resampled together
        inside, outside = self.totals(rows)[:, : self.own], self.totals(~rows)[:, : self.own]
        fewer = self.smaller_side(rows)
        return paired_difference(inside, outside, lambda counts: _macro(counts, shared), informative=fewer, **settings)

    def _against(self, rows: Array, present: Array, settings: dict[str, Any]) -> tuple[Interval | None, ...]:
        """The rival's macro-F1, and by how much the system lies ahead of it."""
        if not self.compared or not present.any():
            return None, None
        totals = self.totals(rows)[np.unique(self.index[rows])]

        def other(counts: Array) -> Array:
            return _macro(counts[..., self.own :, :, :], present)

        def lead(counts: Array) -> Array:
            return _macro(counts[..., : self.own, :, :], present) - other(counts)

        rival = bootstrap_interval(other, totals, **settings)
        return rival, bootstrap_interval(lead, totals, bounds=(-1.0, 1.0), **settings)


def _fits(predicted: Array) -> list[Array]:
    """One ``(n, L)`` a fit."""
    return [predicted] if np.ndim(predicted) == 2 else list(predicted)


def _macro(counts: Array, chosen: Array) -> Array:
    """Mean F1 of the chosen labels and of all fits ``(...)`` from totals ``(..., K, L + 2, 3)``."""
    return np.asarray(f1_of_counts(counts[..., :NONE, :][..., chosen, :]).mean(axis=(-2, -1)))


def _parts(column: pd.Series, sample: _Sample, minimum: int) -> list[tuple[str, int, Array]]:
    """Value, how many values it stands for, and its rows ``(n,)``; small values are pooled."""
    lists = [values or [NOT_GIVEN] for values in column]
    rows = {value: np.array([value in values for values in lists]) for value in sorted({v for vs in lists for v in vs})}
    small = [value for value, mask in rows.items() if sample.documents(mask) < minimum]
    parts = [(value, 1, mask) for value, mask in rows.items() if value not in small]
    if len(small) == 1:
        parts.append((small[0], 1, rows[small[0]]))
    elif small:
        pooled = np.any([rows[value] for value in small], axis=0)
        parts.append((f"{OTHER} ({len(small)} values)", len(small), pooled))
    return parts


def _adjusted(slices: Sequence[Slice], smaller: Sequence[int], level: float) -> list[Slice]:
    """The slices with their p-values, from the widths of their differences' intervals, Holm-corrected.

    ``smaller`` counts the documents on the smaller side of each slice's difference from the rest.
    """
    of_rest = _corrected([one.difference for one in slices], smaller, level)
    of_rival = _corrected([one.ahead for one in slices], [one.documents for one in slices], level)
    return [
        replace(one, p_adjusted=rest, ahead_p=rival) for one, rest, rival in zip(slices, of_rest, of_rival, strict=True)
    ]


def _corrected(differences: Sequence[Interval | None], documents: Sequence[int], level: float) -> list[float | None]:
    given = [(interval, number) for interval, number in zip(differences, documents, strict=True) if interval]
    adjusted = iter(holm([interval_p(interval, number, level) for interval, number in given]).tolist())
    return [next(adjusted) if interval else None for interval in differences]


def _note(slices: Sequence[Slice], documents: int, positives: int, resamples: int, level: float) -> str:
    compared = [one for one in slices if one.difference]
    beyond = sum(one.difference.low > 0 or one.difference.high < 0 for one in compared if one.difference)
    return (
        f"Macro-F1 over the labels present in the slice (at least {positives} gold sentences there); difference: slice "
        f"minus all other sentences, over labels present on both sides. Intervals: {level:.0%}, percentile bootstrap "
        f"over documents, {resamples:,} resamples; below {ENOUGH_CLUSTERS} documents they are probably too narrow. "
        f"Values in fewer than {documents} documents are pooled; figures that a slice cannot show are blank. "
        f"{len(compared)} slices were compared, so about {(1 - level) * len(compared):.0f} of these intervals would "
        f"leave out zero by chance alone; {beyond} do, and {sum(one.stands_out for one in slices)} still stand out "
        "after Holm's correction over all of them (p from the interval's width, by t with one degree of freedom less "
        "than the documents inside the slice or outside it, whichever are fewer)."
    )


def _flat(one: Slice, names: Sequence[str]) -> dict[str, Any]:
    flat: dict[str, Any] = {"field": one.field, "value": one.value, "values": one.values}
    flat |= {"sentences": one.sentences, "documents": one.documents, "positives": one.positives}
    flat["labels_present"] = ";".join(one.labels)
    for name in names:
        interval: Interval | None = getattr(one, name)
        for end in ("value", "low", "high"):
            column = name if end == "value" else f"{name}_{end}"
            flat[column] = np.nan if interval is None else getattr(interval, end)
    flat["p_holm"] = np.nan if one.p_adjusted is None else one.p_adjusted
    return flat | ({"ahead_p_holm": np.nan if one.ahead_p is None else one.ahead_p} if "ahead" in names else {})
