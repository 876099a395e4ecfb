"""Test parts of several models (one a target, say) as one system's: each part's own macro-F1, and their mean.

SemEval-2016 Task 6 pools the tweets of all targets before it averages the F1 of favour and against; that is the
macro-F1 of a leaderboard of pooled systems. The mean of the targets' own figures, in which a target with a rare label
weighs as much as any, can lie ten points lower on the same predictions: each is compared with its own kind only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from communique.errors import CommuniqueError
from communique.evaluation.metrics import cluster_counts, macro_f1
from communique.evaluation.predictions import Aligned, Fit
from communique.evaluation.resampling import Interval, bootstrap_interval, widened_tails

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class ByPart:
    """One system's macro-F1 in each part, by its value, and the mean of the parts, which all weigh the same."""

    parts: Mapping[str, Interval]
    mean: Interval


@dataclass(frozen=True)
class Pooling:
    """Systems that were pooled over a setting ``over`` of their runs, by name."""

    over: str
    systems: Mapping[str, ByPart]

    @property
    def field(self) -> str:
        """The setting's last name: ``target`` of ``data.where.target``."""
        return self.over.split(".")[-1]

    def to_frame(self) -> pd.DataFrame:
        """One line a system: ``model``, the mean of the parts and each part's figure, with intervals."""
        lines = []
        for name, found in self.systems.items():
            figures = {"mean": found.mean, **found.parts}
            columns = {f"macro_f1_{self.field}_{value}{end}": number
                       for value, interval in figures.items()
                       for end, number in zip(("", "_low", "_high"), vars(interval).values(), strict=True)}  # fmt: skip
            lines.append({"model": name, **columns})
        return pd.DataFrame(lines)


def measure_parts(
    answers: Aligned, value_of: Mapping[str, str], over: str, *, resamples: int = 2000, seed: int = 0
) -> Pooling:
    """Every system's figures by part, ``value_of`` telling each sentence's; figures of several fits are means."""
    values = np.array([value_of[one] for one in answers.ids])
    rows = {value: np.flatnonzero(values == value) for value in sorted(set(values.tolist()))}
    documents = {value: sorted({answers.documents[row] for row in chosen}) for value, chosen in rows.items()}
    found = {}
    for name, fits in answers.fits.items():
        counts = {value: _counts(answers, fits, chosen) for value, chosen in rows.items()}
        found[name] = by_part(counts, documents, resamples=resamples, seed=seed)
    return Pooling(over, found)


def by_part(
    counts: Mapping[str, Array],
    documents: Mapping[str, Sequence[str]] | None = None,
    *,
    resamples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> ByPart:
    """Each part's macro-F1 and their mean from cluster counts ``(G, K, L + 2, 3)`` of the same K fits.

    Intervals are percentiles of a bootstrap that draws each part's own documents with replacement, since which parts
    there are is fixed. ``documents`` names each part's clusters (default: none stands in two parts); where some stand
    in several parts, whose figures then vary together, the documents of all parts are drawn at once.
    Raises CommuniqueError where there is no part, or a part of other labels.
    """
    if not counts or len({part.shape[1:] for part in counts.values()}) > 1:
        raise CommuniqueError("pool: give at least one part, all with the same labels")
    settings: dict[str, Any] = {"resamples": resamples, "level": level, "seed": seed}
    alone = {value: bootstrap_interval(_over_fits, part, **settings) for value, part in counts.items()}
    if len(alone) == 1:
        return ByPart(alone, next(iter(alone.values())))
    rng = np.random.default_rng(seed)
    weights, clusters = _drawn(counts, documents, resamples, rng)
    totals = (np.tensordot(weights[value], part.astype(float), (1, 0)) for value, part in counts.items())
    drawn = np.mean([_over_fits(total) for total in totals], axis=0)
    tails = widened_tails(level, clusters)
    low, high = (float(end) for end in np.quantile(drawn, tails))
    return ByPart(alone, Interval(float(np.mean([one.value for one in alone.values()])), low, high))


def _over_fits(totals: Array) -> Array:
    """Mean macro-F1 ``(...)`` of the fits from totals ``(..., K, L + 2, 3)``."""
    return np.asarray(macro_f1(totals).mean(axis=-1))


def _counts(answers: Aligned, fits: Sequence[Fit], rows: Array) -> Array:
    documents = [answers.documents[row] for row in rows]
    return np.stack([cluster_counts(answers.gold[rows], fit.predicted[rows], documents) for fit in fits], axis=1)


def _drawn(
    counts: Mapping[str, Array], documents: Mapping[str, Sequence[str]] | None, resamples: int, rng: np.random.Generator
) -> tuple[dict[str, Array], int]:
    """The weights ``(B, G)`` of each part's clusters in every resample, and how many different documents there are."""
    every = sum(map(len, counts.values()))
    names = sorted(set().union(*documents.values())) if documents else []
    if documents is None or len(names) == every:
        return {value: _weights(len(part), resamples, rng) for value, part in counts.items()}, every
    weights, place = _weights(len(names), resamples, rng), {name: i for i, name in enumerate(names)}
    drawn = {value: weights[:, [place[name] for name in documents[value]]] for value in counts}
    for part in drawn.values():
        part[~part.any(axis=1)] = 1.0  # a part that no draw met has no figure, which is not 0: it stands as it is
    return drawn, len(names)


def _weights(size: int, resamples: int, rng: np.random.Generator) -> Array:
    return rng.multinomial(size, np.full(size, 1 / size), size=resamples).astype(float)
