"""Every figure of a leaderboard as a function of the documents' weights, so that thousands of resamples cost seconds.

A resample counts each document so many times; F1 and its kin, the Brier score and the calibration error are ratios of
sums over documents, and average precision needs each label sorted only once. Arrays are ``(n, L)``: sentences in
rows, labels in columns; weights are ``(B, G)``: resamples in rows, documents in columns.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np
from scipy.sparse import csr_matrix

from communique.evaluation.metrics import (
    EXACT,
    GOLD,
    NONE,
    PREDICTED,
    TRUE_POSITIVE,
    Array,
    cluster_counts,
    f1_of_counts,
    macro_f1,
    micro_f1,
    ratio,
)
from communique.evaluation.reliability import EQUAL_MASS, Bins, check_indicators, check_probabilities
from communique.evaluation.resampling import Weighted

SUMMARY = ("macro_f1", "micro_f1", "none_f1", "subset_accuracy", "ap", "brier", "ece")
PER_LABEL = ("precision", "recall", "f1", "ap", "brier", "ece")


def figure_names(labels: Sequence[str]) -> list[tuple[str, str]]:
    """The columns of a fit's figures as (figure, label): ``SUMMARY`` with label ``""``, then ``PER_LABEL`` by label."""
    return [(name, "") for name in SUMMARY] + [(name, label) for name in PER_LABEL for label in labels]


class FitFigures:
    """The figures of one fit's answers, columns as in ``figure_names``; ``documents`` names each row's document.

    Documents are those of ``cluster_counts``: distinct names in sorted order. The bins of the calibration error are
    those of the whole sample, held fixed while documents are reweighted; ``filled (L, bins)`` tells which hold any.
    """

    def __init__(
        self, gold: Array, probabilities: Array, predicted: Array, documents: Sequence[str], bins: Bins = EQUAL_MASS
    ) -> None:
        p = check_probabilities(probabilities)
        y = check_indicators(gold, p.shape)
        self.counts = cluster_counts(y, predicted, documents)
        rows = np.unique(list(documents), return_inverse=True)[1]
        self.sizes = np.bincount(rows).astype(float)
        self.squares = _sums(rows, (p - y) ** 2)
        index = np.stack([bins.assign(column) for column in p.T], axis=1)[..., None] == np.arange(bins.count)
        self.filled = index.any(axis=0)
        self.gaps = _sums(rows, index * (p - y)[..., None])
        self.ranks = [_Ranks(y[:, c], p[:, c], rows) for c in range(p.shape[1])]

    def __call__(self, weights: Array) -> Array:
        """Figures ``(B, 7 + 6 L)`` under weights ``(B, G)``."""
        counts = np.tensordot(weights, self.counts, (1, 0))
        labels = counts[:, :NONE]
        precision = ratio(labels[..., TRUE_POSITIVE], labels[..., PREDICTED])
        recall = ratio(labels[..., TRUE_POSITIVE], labels[..., GOLD])
        f1, ap, brier = f1_of_counts(counts), self._average_precision(weights), self._brier(weights)
        ece = np.abs(self.bin_gaps(weights)).sum(axis=-1)
        means = [figure.mean(axis=1) for figure in (ap, brier, ece)]
        summary = [macro_f1(counts), micro_f1(counts), f1[:, NONE], f1[:, EXACT], *means]
        return np.hstack([np.stack(summary, axis=1), precision, recall, f1[:, :NONE], ap, brier, ece])

    def bin_gaps(self, weights: Array) -> Array:
        """Sum of probability minus outcome in each bin, over all sentences: ``(B, L, bins)``."""
        return np.tensordot(weights, self.gaps, (1, 0)) / (weights @ self.sizes)[:, None, None]

    def _brier(self, weights: Array) -> Array:
        return np.asarray(weights @ self.squares / (weights @ self.sizes)[:, None])

    def _average_precision(self, weights: Array) -> Array:
        columns = np.ascontiguousarray(weights.T)
        return np.stack([ranks.average_precision(columns) for ranks in self.ranks], axis=1)


def mean_figures(fits: Sequence[FitFigures]) -> Weighted:
    """The mean over fits (seeds, repeats) of their figures: all of a document's answers weigh together."""
    return partial(_mean, fits)


def _mean(fits: Sequence[FitFigures], weights: Array) -> Array:
    return np.asarray(sum(fit(weights) for fit in fits) / len(fits))


class _Ranks:
    """One label's sentences from the highest probability down, cut after every run of ties that holds a gold one.

    Average precision changes only there, so its steps are the S such places; equal to scikit-learn's.
    """

    def __init__(self, gold: Array, p: Array, rows: Array) -> None:
        tie = np.unique(-p, return_inverse=True)[1]
        holds = np.bincount(tie, gold) > 0
        step: Array = (np.cumsum(holds) - holds)[tie]
        shape = (int(holds.sum()), int(rows.max()) + 1)
        before: Array = step < shape[0]  # what ranks below the last gold sentence changes nothing
        place = (step[before], rows[before])
        self.predicted = csr_matrix((np.ones(before.sum()), place), shape=shape)
        self.hits = csr_matrix((gold[before].astype(float), place), shape=shape)

    def average_precision(self, columns: Array) -> Array:
        """``(B,)`` under weights given by columns ``(G, B)``; 0 where no gold sentence has weight."""
        if not self.hits.shape[0]:
            return np.zeros(columns.shape[1])
        hits = self.hits @ columns
        found = hits.cumsum(axis=0)
        precision = ratio(found, (self.predicted @ columns).cumsum(axis=0))
        return ratio((hits * precision).sum(axis=0), found[-1])


def _sums(rows: Array, values: Array) -> Array:
    """Sums ``(G, ...)`` by document of values ``(n, ...)``."""
    sums = np.zeros((int(rows.max()) + 1, *values.shape[1:]))
    np.add.at(sums, rows, values)
    return sums
