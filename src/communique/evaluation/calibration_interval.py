"""Intervals of the calibration error, which a plain bootstrap gets wrong.

The error sums absolute gaps between probability and outcome, and chance alone opens such gaps: the figure is biased
upward, every resample is so once more, and the percentiles of resamples lie above the truth. So here the bootstrap of
documents only tells how far chance moves each bin's gap, and the interval holds those true errors under which the
observed figure would be no surprise (a test inverted), the true error being spread evenly over the bins.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np
from scipy.optimize import brentq

from communique.evaluation.figures import FitFigures
from communique.evaluation.metrics import Array
from communique.evaluation.resampling import Interval, replicate, widened_tails


def calibration_error_intervals(
    fits: Sequence[FitFigures], *, resamples: int = 2000, level: float = 0.95, seed: int = 0
) -> list[Interval]:
    """The mean error of the L labels, then each label's, as the mean over fits (seeds, repeats), with intervals.

    The lower end is 0 where chance alone would explain the figure; both ends may lie below a figure that is.
    """
    documents = len(fits[0].sizes)
    drawn = replicate(partial(_gaps, fits), documents, resamples=resamples, seed=seed)
    filled = np.stack([fit.filled for fit in fits])
    gaps = drawn.values.reshape(filled.shape)
    noise = (drawn.draws - drawn.values).reshape(-1, *filled.shape)
    labels = range(filled.shape[1])
    columns = [list(labels), *([label] for label in labels)]
    tails = widened_tails(level, documents) if documents > 1 else None
    return [_interval(gaps[:, c], noise[:, :, c], filled[:, c], tails) for c in columns]


def _gaps(fits: Sequence[FitFigures], weights: Array) -> Array:
    """The gap of each fit, label and bin in shares of all sentences, ``(B, K * L * bins)``."""
    return np.hstack([fit.bin_gaps(weights).reshape(len(weights), -1) for fit in fits])


def _interval(gaps: Array, noise: Array, filled: Array, tails: Array | None) -> Interval:
    """From gaps and filled bins ``(K, l, bins)`` of l labels and what chance adds to the gaps ``(B, K, l, bins)``."""
    sums = gaps.shape[0] * gaps.shape[1]
    observed = float(np.abs(gaps).sum() / sums)
    if tails is None:
        return Interval(observed, 0.0, 1.0)
    even = np.where(gaps < 0, -1, 1) * filled / filled.sum(axis=-1, keepdims=True)

    def excess(true_error: float, share: float) -> float:
        """How far a quantile of the figure, under a true error, exceeds the observed figure."""
        figures = np.abs(true_error * even + noise).sum(axis=(1, 2, 3)) / sums
        return float(np.quantile(figures, share)) - observed

    low, high = (_root(partial(excess, share=share)) for share in (tails[1], tails[0]))
    return Interval(observed, low, high)


def _root(excess: partial[float]) -> float:
    if excess(0.0) >= 0:
        return 0.0
    return float(brentq(excess, 0.0, 1.0, xtol=1e-6)) if excess(1.0) > 0 else 1.0
