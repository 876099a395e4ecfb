"""Learning curves: macro-F1 against how much was learned from, and what better thresholds alone would give.

The oracle's thresholds are chosen on the measured part itself: no model may do that, and the gap to it is what is
lost by where the probabilities are cut rather than by how they rank.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from communique.errors import CommuniqueError
from communique.evaluation.calibration import fit_thresholds
from communique.evaluation.comparison import mean_macro_f1
from communique.evaluation.metrics import Array, cluster_counts
from communique.evaluation.predictions import Aligned, System, align
from communique.evaluation.resampling import Interval, Method, bootstrap_interval


@dataclass(frozen=True)
class CurvePoint:
    """One share of the training documents: the mean number of sentences, macro-F1 as mean over fits and of each.

    ``oracle`` is the mean macro-F1 with thresholds chosen on the measured part, ``oracle_fits`` that of each fit.
    """

    share: float
    sentences: float
    macro_f1: Interval
    fits: tuple[float, ...]
    oracle: float
    oracle_fits: tuple[float, ...]


@dataclass(frozen=True)
class LearningCurve:
    """The points of one recipe, from the smallest share up."""

    name: str
    points: tuple[CurvePoint, ...]

    def to_frame(self) -> pd.DataFrame:
        """One line a point."""
        return pd.DataFrame([_flat(self.name, point) for point in self.points])


def learning_curve(
    name: str, systems: Sequence[System], *, resamples: int = 2000, method: Method = "percentile", seed: int = 0
) -> LearningCurve:
    """The curve of one recipe from its systems, one a share, measured on the same sentences.

    Intervals resample documents, every fit of a share together. Raises CommuniqueError where the systems do not
    fit together, or where there is no share or one twice.
    """
    shares = [system.share for system in systems]
    if twice := [share for i, share in enumerate(shares) if share in shares[:i]]:
        raise CommuniqueError(f"learning curve of {name}: share {twice[0]:g} stands twice; give each share one system")
    answers = align(systems)
    interval = partial(bootstrap_interval, mean_macro_f1, resamples=resamples, method=method, seed=seed)
    points = []
    for system in sorted(systems, key=lambda system: system.share):
        fits, oracles = _counts(answers, system.name, oracle=False), _counts(answers, system.name, oracle=True)
        values, best = _each(fits), _each(oracles)
        mean = float(np.mean(best))
        points.append(CurvePoint(system.share, system.sentences, interval(fits), values, mean, best))
    return LearningCurve(name, tuple(points))


def _counts(answers: Aligned, name: str, *, oracle: bool) -> Array:
    """Counts by document of every fit, ``(G, K, L + 2, 3)``, decided by the fit or by thresholds chosen here."""
    decided = []
    for fit in answers.fits[name]:
        said = fit.predicted
        if oracle:  # the best cut of all, not the middle of the good ones: nothing may lie above an oracle
            cuts = fit_thresholds(answers.gold, fit.probabilities, minimum_positives=1, plateau=0.0).values
            said = (fit.probabilities >= cuts).astype(int)
        decided.append(said)
    return np.stack([cluster_counts(answers.gold, said, answers.documents) for said in decided], axis=1)


def _each(counts: Array) -> tuple[float, ...]:
    return tuple(float(mean_macro_f1(total[None])) for total in counts.sum(axis=0))


def _flat(name: str, point: CurvePoint) -> dict[str, object]:
    f1 = point.macro_f1
    return {
        "model": name,
        "share": point.share,
        "sentences": point.sentences,
        "macro_f1": f1.value,
        "macro_f1_low": f1.low,
        "macro_f1_high": f1.high,
        "macro_f1_fits": " ".join(f"{value:.4f}" for value in point.fits),
        "oracle": point.oracle,
        "oracle_fits": " ".join(f"{value:.4f}" for value in point.oracle_fits),
    }
