"""How far annotators agree: Krippendorff's alpha and Cohen's kappa a label, intervals over documents."""

from collections.abc import Sequence
from dataclasses import dataclass

import krippendorff
import numpy as np

from communique.data.dataset import Corpus
from communique.errors import CommuniqueError


@dataclass(frozen=True)
class Agreement:
    """One label's agreement before adjudication, with percentile intervals over documents.

    One document shows no variation between documents: its intervals are the whole range, -1 to 1.
    """

    label: str
    alpha: tuple[float, float, float]  # value, low, high
    kappa: tuple[float, float, float]
    observed: float
    sentences: int


def agreement(
    corpus: Corpus, annotators: Sequence[str], resamples: int = 1000, level: float = 0.95, seed: int = 0
) -> list[Agreement]:
    """Agreement of two annotators on every sentence that both labelled; the last row is the empty label set.

    Raises CommuniqueError where fewer than two sentences were labelled by both.
    """
    first, second = annotators
    both = corpus.where(lambda s: first in s.annotations and second in s.annotations)
    if len(both) < 2:
        raise CommuniqueError(f"agreement: {len(both)} sentences are labelled by both {first} and {second}")
    a, b = (_matrix(both, annotator) for annotator in annotators)
    names, index = np.unique(both.documents.astype(str), return_inverse=True)
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=resamples)
    labels = [*corpus.codebook.names, "none"]
    return [_agreement(name, a[:, i], b[:, i], index, weights, level) for i, name in enumerate(labels)]


def _matrix(corpus: Corpus, annotator: str) -> np.ndarray:
    """0/1 of shape ``(n, L + 1)``, the last column for the empty set."""
    table = corpus.codebook.encode([s.annotations[annotator] for s in corpus]).to_numpy()
    return np.hstack([table, table.sum(axis=1, keepdims=True) == 0]).astype(int)


def _agreement(
    label: str, a: np.ndarray, b: np.ndarray, index: np.ndarray, weights: np.ndarray, level: float
) -> Agreement:
    cells = np.zeros((index.max() + 1, 4))  # both no, only second, only first, both yes, by document
    np.add.at(cells, (index, 2 * a + b), 1)
    resampled = weights @ cells
    total = cells.sum(axis=0)
    tails = [(1 - level) / 2, (1 + level) / 2]
    votes = np.stack([a, b])
    varied = len(np.unique(votes)) > 1  # undefined where nobody ever said otherwise
    alpha = krippendorff.alpha(reliability_data=votes, level_of_measurement="nominal") if varied else np.nan
    low, high = _ends(_alpha(resampled), tails, len(cells))
    kappa_low, kappa_high = _ends(_kappa(resampled), tails, len(cells))
    observed = float((total[0] + total[3]) / total.sum())
    kappa = float(_kappa(total[None])[0])
    return Agreement(label, (float(alpha), low, high), (kappa, kappa_low, kappa_high), observed, len(a))


def _ends(values: np.ndarray, tails: Sequence[float], documents: int) -> tuple[float, float]:
    """Quantiles of the resamples in which the coefficient is defined."""
    defined = values[~np.isnan(values)]
    if not len(defined):
        return np.nan, np.nan
    low, high = np.quantile(defined, tails) if documents > 1 else (-1, 1)
    return float(low), float(high)


def _alpha(cells: np.ndarray) -> np.ndarray:
    """Krippendorff's nominal alpha of two annotators from 2x2 counts ``(..., 4)``."""
    n = cells.sum(axis=-1)
    disagreed = (cells[..., 1] + cells[..., 2]) / n
    share = (2 * cells[..., 3] + cells[..., 1] + cells[..., 2]) / (2 * n)
    expected = 2 * share * (1 - share) * (2 * n) / (2 * n - 1)
    return 1 - np.divide(disagreed, expected, out=np.full_like(expected, np.nan), where=expected > 0)


def _kappa(cells: np.ndarray) -> np.ndarray:
    """Cohen's kappa from 2x2 counts ``(..., 4)``."""
    n = cells.sum(axis=-1)
    first = (cells[..., 2] + cells[..., 3]) / n
    second = (cells[..., 1] + cells[..., 3]) / n
    observed = (cells[..., 0] + cells[..., 3]) / n
    expected = first * second + (1 - first) * (1 - second)
    return np.divide(observed - expected, 1 - expected, out=np.full_like(expected, np.nan), where=expected < 1)
