"""How good are the predicted labels? One evaluation, with intervals from resampling documents.

Arrays in, results out; no model, no file. Arrays are ``(n, L)``: sentences in rows, labels in columns.

Every F1 here is a ratio of counts, ``2 tp / (predicted + gold)``, so counts a document are all that
resampling needs. A label with neither gold nor prediction has F1 = 0, in the data as in every resample:
the rule of scikit-learn's ``zero_division=0``.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score

from communique.errors import CommuniqueError
from communique.evaluation.reliability import (
    EQUAL_MASS,
    brier_score,
    check_indicators,
    check_probabilities,
    expected_calibration_error,
)
from communique.evaluation.resampling import Interval, Method, bootstrap_intervals, few_clusters_warning

Array = np.ndarray[Any, Any]

TRUE_POSITIVE, PREDICTED, GOLD = range(3)
NONE, EXACT = -2, -1  # rows of the counts that follow the labels' rows


@dataclass(frozen=True)
class LabelMetrics:
    """The figures of one label, the interval of its F1, and ``support``, its number of gold sentences."""

    precision: float
    recall: float
    f1: float
    f1_low: float
    f1_high: float
    ap: float
    brier: float
    ece: float
    threshold: float
    support: int


@dataclass(frozen=True)
class IntervalMethod:
    """How the intervals were made, and a warning where something weakens the figures."""

    method: str
    level: float
    resamples: int
    unit: str
    clusters: int
    warning: str | None


@dataclass(frozen=True)
class Metrics:
    """One evaluation of ``n`` sentences; ``none_f1`` is the F1 of the empty label set."""

    n: int
    documents: int
    macro_f1: Interval
    micro_f1: Interval
    none_f1: Interval
    subset_accuracy: Interval
    macro_ap: float
    macro_brier: float
    macro_ece: float
    labels: dict[str, LabelMetrics]
    interval: IntervalMethod
    bins: str

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as ``metrics.json`` holds it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> "Metrics":
        """The metrics that ``to_dict`` wrote down; CommuniqueError for a missing or unknown field."""
        try:
            intervals = {
                name: Interval(**content[name]) for name in ("macro_f1", "micro_f1", "none_f1", "subset_accuracy")
            }
            labels = {name: LabelMetrics(**figures) for name, figures in content["labels"].items()}
            interval = IntervalMethod(**content["interval"])
            return cls(**{**content, **intervals, "labels": labels, "interval": interval})
        except (KeyError, TypeError) as error:
            raise CommuniqueError(f"metrics: {error}; write them again with 'communique evaluate'") from error


def evaluate(
    gold: Array,
    probabilities: Array,
    predicted: Array,
    documents: Sequence[str],
    labels: Sequence[str],
    thresholds: Sequence[float] | Array,
    *,
    resamples: int = 2000,
    level: float = 0.95,
    method: Method = "percentile",
    seed: int = 0,
) -> Metrics:
    """Compare gold, probabilities and predicted, all ``(n, L)``, with document-clustered intervals.

    ``documents`` names each sentence's document, ``labels`` each column; ``thresholds (L,)`` are those that
    made ``predicted`` and are only reported. Raises CommuniqueError for shapes or values that do not fit.
    """
    p = check_probabilities(probabilities)
    y, predicted = check_indicators(gold, p.shape), check_indicators(predicted, p.shape, "predicted")
    thresholds = _check_columns(labels, thresholds, p.shape[1])
    counts = cluster_counts(y, predicted, documents)
    macro, micro, none, exact, *f1 = bootstrap_intervals(
        _every_f1, counts, resamples=resamples, level=level, method=method, seed=seed
    )
    figures = _label_metrics(y, p, counts.sum(axis=0), f1, thresholds)
    return Metrics(
        n=len(p),
        documents=len(counts),
        macro_f1=macro,
        micro_f1=micro,
        none_f1=none,
        subset_accuracy=exact,
        macro_ap=float(np.mean([label.ap for label in figures])),
        macro_brier=float(np.mean([label.brier for label in figures])),
        macro_ece=float(np.mean([label.ece for label in figures])),
        labels=dict(zip(labels, figures, strict=True)),
        interval=IntervalMethod(method, level, resamples, "document", len(counts), _warning(len(counts), y, labels)),
        bins=EQUAL_MASS.name,
    )


def cluster_counts(gold: Array, predicted: Array, documents: Sequence[str]) -> Array:
    """Counts ``(G, L + 2, 3)`` of G documents in sorted order: true positives, predicted, gold.

    The rows are the labels, then the empty label set as one more label, then the exact matches,
    ``(exact, n, n)``, whose F1 is the subset accuracy. Every test in ``resampling`` takes such counts.
    """
    gold = check_indicators(gold, np.shape(predicted))
    predicted = check_indicators(predicted, gold.shape, "predicted")
    if len(documents) != len(gold):
        raise CommuniqueError(f"{len(documents)} document names for {len(gold)} sentences: give one a sentence")
    if nameless := [row for row, name in enumerate(documents) if not isinstance(name, str)]:
        raise CommuniqueError(f"document in row {nameless[0]} is not a string: name every sentence's document")
    names, index = np.unique(list(documents), return_inverse=True)
    every = np.ones((len(gold), 1), dtype=gold.dtype)
    exact = (gold == predicted).all(axis=1, keepdims=True)
    g = np.hstack([gold, ~gold.any(axis=1, keepdims=True), every])
    q = np.hstack([predicted, ~predicted.any(axis=1, keepdims=True), every])
    hits = np.hstack([(g & q)[:, :EXACT], exact])
    counts = np.zeros((len(names), g.shape[1], 3), dtype=np.int64)
    np.add.at(counts, index, np.stack([hits, q, g], axis=-1))
    return counts


def f1_of_counts(counts: Array) -> Array:
    """F1 ``(...)`` of counts ``(..., 3)``; 0 where there is neither gold nor prediction."""
    return ratio(2 * counts[..., TRUE_POSITIVE], counts[..., PREDICTED] + counts[..., GOLD])


def macro_f1(counts: Array) -> Array:
    """Mean F1 of the labels ``(...)`` from summed cluster counts ``(..., L + 2, 3)``."""
    return np.asarray(f1_of_counts(counts[..., :NONE, :]).mean(axis=-1))


def micro_f1(counts: Array) -> Array:
    """F1 of all labels' decisions together ``(...)`` from summed cluster counts ``(..., L + 2, 3)``."""
    return f1_of_counts(counts[..., :NONE, :].sum(axis=-2))


def _every_f1(counts: Array) -> Array:
    """Macro, micro, none, subset accuracy, then each label: ``(..., L + 4)``."""
    f1 = f1_of_counts(counts)
    summary = [macro_f1(counts), micro_f1(counts), f1[..., NONE], f1[..., EXACT]]
    return np.concatenate([np.stack(summary, axis=-1), f1[..., :NONE]], axis=-1)


def ratio(part: Array, whole: Array) -> Array:
    """``part / whole``, elementwise; 0 where the whole is 0."""
    return np.divide(part, whole, out=np.zeros(whole.shape), where=whole > 0)


def _label_metrics(gold: Array, p: Array, totals: Array, f1: list[Interval], thresholds: Array) -> list[LabelMetrics]:
    hits, predicted, support = totals[:NONE].T
    precision, recall = ratio(hits, predicted), ratio(hits, support)
    brier, ece = brier_score(gold, p), expected_calibration_error(gold, p)
    return [
        LabelMetrics(
            precision=float(precision[c]),
            recall=float(recall[c]),
            f1=f1[c].value,
            f1_low=f1[c].low,
            f1_high=f1[c].high,
            ap=_average_precision(gold[:, c], p[:, c]),
            brier=float(brier[c]),
            ece=float(ece[c]),
            threshold=float(thresholds[c]),
            support=int(support[c]),
        )
        for c in range(len(f1))
    ]


def _average_precision(gold: Array, p: Array) -> float:
    return float(average_precision_score(gold, p)) if gold.any() else 0.0


def _check_columns(labels: Sequence[str], thresholds: Sequence[float] | Array, columns: int) -> Array:
    values = np.asarray(thresholds, dtype=float)
    if len(labels) != columns or len(set(labels)) != columns:
        raise CommuniqueError(f"{len(labels)} label names for {columns} columns: give each column one name")
    if values.shape != (columns,) or not np.isfinite(values).all():
        raise CommuniqueError(f"thresholds of shape {values.shape} for {columns} labels: give each one number")
    return values


def _warning(clusters: int, gold: Array, labels: Sequence[str]) -> str | None:
    return "; ".join(cautions(clusters, gold, labels)) or None


def cautions(clusters: int, gold: Array, labels: Sequence[str]) -> list[str]:
    """What weakens figures of gold ``(n, L)``: too few documents, and labels that no sentence carries."""
    absent = [name for c, name in enumerate(labels) if not gold[:, c].any()]
    unmeasured = f"no gold sentence for {', '.join(absent)}: recall, F1 and AP count as 0 there and in the means"
    return list(filter(None, [few_clusters_warning(clusters), unmeasured if absent else None]))
