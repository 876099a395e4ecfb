"""One figure from several test parts: the F1 of all decisions together, or the mean of the parts' own.

SemEval-2016 Task 6 pools the tweets of all targets before it averages the F1 of favour and against. The mean of the
targets' own figures, in which a target with a rare label weighs as much as any, can lie ten points lower on the same
predictions: each is compared with its own kind only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from communique.errors import CommuniqueError
from communique.evaluation.metrics import macro_f1
from communique.evaluation.resampling import Interval, widened_tails

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Pooled:
    """Macro-F1 over the labels, of all parts' decisions together and averaged over the parts."""

    f_avg_pooled: Interval
    f_avg_per_target: Interval


def pool(counts: Sequence[Array], *, resamples: int = 2000, level: float = 0.95, seed: int = 0) -> Pooled:
    """Both averages of several parts' cluster counts ``(G, L + 2, 3)`` (``metrics.cluster_counts``).

    Intervals are percentiles of a bootstrap that draws each part's own documents with replacement, since which parts
    there are is fixed. Raises CommuniqueError where there is no part, or a part of other labels.
    """
    if not counts or len({part.shape[1:] for part in counts}) > 1:
        raise CommuniqueError("pool: give at least one part, all with the same labels")
    rng = np.random.default_rng(seed)
    drawn = np.stack([_resampled(part, resamples, rng) for part in counts])
    whole = np.stack([part.sum(axis=0, dtype=float) for part in counts])[:, None]
    tails = widened_tails(level, sum(map(len, counts)))
    values = [(_together(totals), _averaged(totals)) for totals in (whole, drawn)]
    intervals = [
        Interval(float(value[0]), *(float(end) for end in np.quantile(replicates, tails)))
        for value, replicates in zip(*values, strict=True)
    ]
    return Pooled(*intervals)


def _together(totals: Array) -> Array:
    """From totals ``(parts, resamples, L + 2, 3)`` to ``(resamples,)``."""
    return macro_f1(totals.sum(axis=0))


def _averaged(totals: Array) -> Array:
    return np.asarray(macro_f1(totals).mean(axis=0))


def _resampled(counts: Array, resamples: int, rng: np.random.Generator) -> Array:
    size = len(counts)
    weights = rng.multinomial(size, np.full(size, 1 / size), size=resamples)
    return np.tensordot(weights.astype(float), counts.astype(float), (1, 0))
