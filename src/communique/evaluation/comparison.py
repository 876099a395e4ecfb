"""Several systems on the same sentences: one leaderboard, paired differences, and who cannot be told apart.

A system with several fits (seeds, repeats of k-fold) is measured by the mean of its fits' figures. Documents are
resampled once for all of them: everything said of a document, by whichever fit or system, is one cluster. Intervals
and tests thus speak of these fits on other documents; how much another seed would change is told by the spread.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb, lcm
from typing import Any

import numpy as np
import pandas as pd

from communique.errors import CommuniqueError
from communique.evaluation.calibration_interval import calibration_error_intervals
from communique.evaluation.figures import PER_LABEL, SUMMARY, FitFigures, figure_names, mean_figures
from communique.evaluation.grouping import indistinguishable_groups
from communique.evaluation.metrics import Array, cautions, macro_f1
from communique.evaluation.predictions import Aligned, Fit, System, align
from communique.evaluation.reliability import EQUAL_MASS
from communique.evaluation.resampling import (
    Interval,
    Method,
    Replicates,
    approximate_randomisation,
    holm,
    replicate,
)

PRIMARY = "macro-F1"
ALPHA = 0.05
DIFFERENCES = tuple(name for name in SUMMARY if name != "ece")  # the bias of two calibration errors does not cancel


@dataclass(frozen=True)
class Contrast:
    """A system less the reference: paired ``differences`` by figure; p of the primary one, raw and Holm-corrected."""

    differences: Mapping[str, Interval]
    p_value: float
    p_adjusted: float

    @property
    def macro_f1(self) -> Interval:
        """The difference in the primary metric."""
        return self.differences["macro_f1"]


@dataclass(frozen=True)
class Row:
    """A line of the leaderboard: means over fits with intervals, every fit's value, the contrast with the reference.

    ``summary`` holds ``SUMMARY`` by name, ``labels`` each label's ``PER_LABEL`` by name; ``fits`` names the fits and
    ``values`` holds each one's figures by (figure, label), ``("macro_f1", "")`` among them. The reference's own row
    has no ``contrast``.
    """

    name: str
    summary: Mapping[str, Interval]
    labels: Mapping[str, Mapping[str, Interval]]
    thresholds: Mapping[str, float]
    fits: tuple[str, ...]
    values: Mapping[tuple[str, str], tuple[float, ...]]
    facts: Mapping[str, float]
    group: str
    remark: str = ""
    contrast: Contrast | None = None

    @property
    def macro_f1(self) -> Interval:
        """The primary metric."""
        return self.summary["macro_f1"]

    @property
    def seeds(self) -> tuple[float, ...]:
        """Macro-F1 of every fit."""
        return self.values["macro_f1", ""]

    @property
    def spread(self) -> float | None:
        """Standard deviation of macro-F1 over fits; None for a single one."""
        return float(np.std(self.seeds, ddof=1)) if len(self.seeds) > 1 else None


@dataclass(frozen=True)
class Leaderboard:
    """Rows from the best macro-F1 down; contrasts are against ``reference``, Holm-corrected.

    They are corrected over themselves, or over all pairs where the reference was not named but is the best observed.
    ``support`` counts each label's gold sentences, ``answers`` are the predictions that were compared, ``note`` says
    how everything was made.
    """

    rows: tuple[Row, ...]
    reference: str
    labels: tuple[str, ...]
    support: Mapping[str, int]
    note: str
    answers: Aligned

    def to_frame(self) -> pd.DataFrame:
        """One line a system, plain columns: every figure with its interval."""
        return pd.DataFrame([_flat_row(row) for row in self.rows])

    def fits_frame(self) -> pd.DataFrame:
        """Every value of every fit: ``model, fit, figure, label, value``; ``label`` is empty for summaries."""
        lines = [
            {"model": row.name, "fit": fit, "figure": figure, "label": label, "value": value}
            for row in self.rows
            for (figure, label), values in row.values.items()
            for fit, value in zip(row.fits, values, strict=True)
        ]
        return pd.DataFrame(lines)


def compare(
    systems: Sequence[System],
    reference: str | None = None,
    *,
    resamples: int = 2000,
    rounds: int = 10_000,
    method: Method = "percentile",
    seed: int = 0,
    tell: Callable[[str], None] = lambda text: None,
) -> Leaderboard:
    """Compare systems that scored the same sentences; the reference is the best one unless named.

    Intervals are bootstraps over documents; p-values come from approximate randomisation over documents. ``tell``
    hears of each step. Raises CommuniqueError where sentences, documents, labels or gold differ.
    """
    answers = align(systems)
    names = [system.name for system in systems]
    if reference is not None and reference not in names:
        raise CommuniqueError(f"reference '{reference}': is not among {', '.join(names)}")
    measured = {}
    for name in names:
        tell(f"resampling {name}")
        measured[name] = _measure(answers, name, resamples, method, seed)
    scores = [float(measured[name].drawn.values[0]) for name in names]
    chosen = reference or names[int(np.argmax(scores))]
    p = _pairwise(measured, rounds, seed, tell)
    groups = indistinguishable_groups(names, scores, _adjusted(p), ALPHA)
    # the best was picked by looking at all systems, so all pairs were looked at
    family = _adjusted(p if reference is None else {pair: value for pair, value in p.items() if chosen in pair})
    rows = []
    for system in systems:
        contrast = _contrast(measured, system.name, chosen, p, family, method)
        rows.append(_row(system, answers, measured[system.name], groups[system.name], method, contrast))
    support = dict(zip(answers.labels, answers.gold.sum(axis=0).tolist(), strict=True))
    ranked = tuple(sorted(rows, key=lambda row: -row.macro_f1.value))
    note = _note(answers, chosen, _family(reference, chosen, len(names)), resamples, rounds, method)
    return Leaderboard(ranked, chosen, answers.labels, support, note, answers)


@dataclass(frozen=True)
class _Measured:
    """One system: figures of its fits ``(K, F)``, replicates of their mean, intervals of its calibration errors,
    counts ``(G, K, L + 2, 3)``."""

    values: Array
    drawn: Replicates
    ece: list[Interval]
    counts: Array


def _measure(answers: Aligned, name: str, resamples: int, method: Method, seed: int) -> _Measured:
    documents = answers.documents
    fits = [FitFigures(answers.gold, fit.probabilities, fit.predicted, documents) for fit in answers.fits[name]]
    number = len(fits[0].sizes)
    values = np.concatenate([fit(np.ones((1, number))) for fit in fits])
    drawn = replicate(mean_figures(fits), number, resamples=resamples, seed=seed, leave_out=method == "bca")
    ece = calibration_error_intervals(fits, resamples=resamples, seed=seed)
    return _Measured(values, drawn, ece, np.stack([fit.counts for fit in fits], axis=1))


def mean_macro_f1(totals: Array) -> Array:
    """Macro-F1 of each fit, averaged: ``(...)`` from summed counts ``(..., K, L + 2, 3)``."""
    return np.asarray(macro_f1(totals).mean(axis=-1))


def randomisation_p(counts_a: Array, counts_b: Array, rounds: int, seed: int) -> float:
    """Approximate randomisation of two systems' counts ``(G, K, L + 2, 3)``, whole documents with all their fits.

    Where the numbers of fits differ, both are repeated up to their least common multiple, which leaves means alone.
    """
    fits = lcm(counts_a.shape[1], counts_b.shape[1])
    a, b = (np.tile(counts, (1, fits // counts.shape[1], 1, 1)) for counts in (counts_a, counts_b))
    return approximate_randomisation(a, b, mean_macro_f1, rounds=rounds, seed=seed)


def _pairwise(
    measured: Mapping[str, _Measured], rounds: int, seed: int, tell: Callable[[str], None]
) -> dict[tuple[str, str], float]:
    p = {}
    for one, other in combinations(measured, 2):
        tell(f"testing {one} against {other}")
        p[one, other] = randomisation_p(measured[one].counts, measured[other].counts, rounds, seed)
    return p


def _adjusted(p: Mapping[tuple[str, str], float]) -> dict[tuple[str, str], float]:
    return dict(zip(p, holm(list(p.values())).tolist(), strict=True))


def _contrast(
    measured: Mapping[str, _Measured],
    name: str,
    reference: str,
    p: Mapping[tuple[str, str], float],
    family: Mapping[tuple[str, str], float],
    method: Method,
) -> Contrast | None:
    if name == reference:
        return None
    pair = (name, reference) if (name, reference) in p else (reference, name)
    intervals = (measured[name].drawn - measured[reference].drawn).intervals(method=method, bounds=(-1.0, 1.0))
    summary = dict(zip(SUMMARY, intervals, strict=False))  # the labels' figures follow
    return Contrast({figure: summary[figure] for figure in DIFFERENCES}, p[pair], family[pair])


def _row(
    system: System, answers: Aligned, measured: _Measured, group: str, method: Method, contrast: Contrast | None
) -> Row:
    columns = figure_names(answers.labels)
    intervals = dict(zip(columns, measured.drawn.intervals(method=method), strict=True))
    for label, interval in zip(("", *answers.labels), measured.ece, strict=True):
        intervals["ece", label] = interval
    fits = answers.fits[system.name]
    return Row(
        name=system.name,
        summary={figure: intervals[figure, ""] for figure in SUMMARY},
        labels={label: {figure: intervals[figure, label] for figure in PER_LABEL} for label in answers.labels},
        thresholds=_mean_thresholds(fits, answers.labels),
        fits=tuple(fit.name for fit in fits),
        values={column: tuple(measured.values[:, i].tolist()) for i, column in enumerate(columns)},
        facts=system.facts,
        group=group,
        remark=system.remark,
        contrast=contrast,
    )


def _mean_thresholds(fits: Sequence[Fit], labels: Sequence[str]) -> dict[str, float]:
    return dict(zip(labels, np.mean([fit.thresholds for fit in fits], axis=0).tolist(), strict=True))


def _family(named: str | None, reference: str, systems: int) -> str:
    """The contrasts that Holm's correction is over, in words; nothing for one system."""
    if systems < 3:
        return f"the one contrast of {PRIMARY} against {reference}" if systems == 2 else ""
    if named is None:
        return f"all {comb(systems, 2)} pairs in {PRIMARY}, because {reference} was not named but is the best of them"
    return f"the {systems - 1} contrasts of {PRIMARY} against {reference}"


def _note(answers: Aligned, reference: str, family: str, resamples: int, rounds: int, method: Method) -> str:
    documents = len(set(answers.documents))
    how = "BCa" if method == "bca" else "percentile"
    said = [
        f"{len(answers.ids):,} sentences of {documents:,} documents.",
        f"Intervals: 95%, {how} bootstrap over documents, {resamples:,} resamples, tails widened for {documents:,} "
        "documents (Hesterberg 2015); a document's seeds and repeats are one cluster.",
        f"ECE: {EQUAL_MASS.count} bins of equal mass; it is biased upward, so its interval is that of an inverted test "
        "and may lie below the figure.",
    ]
    if family:
        said += [
            f"Differences: paired against {reference}; p by approximate randomisation of whole documents ({rounds:,} "
            f"rounds), Holm-corrected over the family of {family}.",
            f"Systems that share a letter are not distinguishable in {PRIMARY} (all pairs, Holm, {ALPHA:.0%}).",
        ]
    if answers.cut_at_half:
        said.append(f"Without thresholds or decisions in its file, so cut at 0.5: {', '.join(answers.cut_at_half)}.")
    said += [f"Caution: {text}." for text in cautions(documents, answers.gold, answers.labels)]
    return " ".join(said)


def _flat_row(row: Row) -> dict[str, Any]:
    flat: dict[str, Any] = {"model": row.name, "group": row.group}
    for figure, interval in row.summary.items():
        flat |= _flat(figure, interval)
    flat |= {"fits": len(row.fits), "macro_f1_sd": row.spread, "macro_f1_fits": " ".join(f"{v:.4f}" for v in row.seeds)}
    for label, figures in row.labels.items():
        for figure, interval in figures.items():
            flat |= _flat(f"{label}_{figure}", interval)
        flat[f"{label}_threshold"] = row.thresholds[label]
    if row.contrast:
        for figure, interval in row.contrast.differences.items():
            flat |= _flat(f"{figure}_difference", interval)
        flat |= {"p": row.contrast.p_value, "p_holm": row.contrast.p_adjusted}
    return flat | dict(row.facts) | {"remark": row.remark}


def _flat(name: str, interval: Interval) -> dict[str, float]:
    return {name: interval.value, f"{name}_low": interval.low, f"{name}_high": interval.high}
