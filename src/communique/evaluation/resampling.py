"""Uncertainty with the document as its unit: bootstrap intervals, paired tests, corrections for many tests.

Everything works on counts a cluster, an array ``(clusters, ...)`` that may simply be added up: a resample is
a weighting of the clusters, never a copy of the sentences. A ``Statistic`` turns totals ``(..., *shape of one
cluster)`` into values ``(...)``. This module knows neither labels nor models.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from string import ascii_letters
from typing import Any, Literal

import numpy as np
from scipy.stats import norm

from communique.errors import CommuniqueError

Array = np.ndarray[Any, Any]
Statistic = Callable[[Array], Array]
Method = Literal["percentile", "bca"]

ENOUGH_CLUSTERS = 30
BLOCK = 500  # resamples drawn at a time: bounds the memory without changing a digit
SAME = 1e-12  # differences closer than rounding are the same difference


@dataclass(frozen=True)
class Interval:
    """A value with the lower and upper end of its confidence interval."""

    value: float
    low: float
    high: float

    def to_dict(self) -> dict[str, float]:
        """Plain data: value, low, high."""
        return asdict(self)


def few_clusters_warning(clusters: int, unit: str = "document", enough: int = ENOUGH_CLUSTERS) -> str | None:
    """A sentence for the reader where the intervals rest on too few clusters, else None."""
    if clusters >= enough:
        return None
    if clusters < 2:
        return f"one {unit} shows no variation between {unit}s: the intervals are left wide open"
    return f"{clusters} {unit}s, fewer than {enough}: the intervals are probably too narrow"


def bootstrap_interval(
    statistic: Statistic,
    clusters: Array,
    *,
    resamples: int = 2000,
    level: float = 0.95,
    method: Method = "percentile",
    seed: int = 0,
    bounds: tuple[float, float] = (0.0, 1.0),
) -> Interval:
    """The statistic of all clusters ``(G, ...)`` with its bootstrap interval; see ``bootstrap_intervals``."""
    (interval,) = bootstrap_intervals(
        lambda totals: statistic(totals)[..., None],
        clusters,
        resamples=resamples,
        level=level,
        method=method,
        seed=seed,
        bounds=bounds,
    )
    return interval


def bootstrap_intervals(
    statistic: Statistic,
    clusters: Array,
    *,
    resamples: int = 2000,
    level: float = 0.95,
    method: Method = "percentile",
    seed: int = 0,
    bounds: tuple[float, float] = (0.0, 1.0),
) -> list[Interval]:
    """One interval for each of the K values that ``statistic`` gives ``(..., K)``, from the same resamples.

    Clusters are drawn with replacement (Efron 1979; Field & Welsh 2007 for clusters); ``bca`` corrects bias
    and skew (Efron 1987), its acceleration from leaving one cluster out. A single cluster says nothing of the
    variation between clusters, so its interval is the statistic's whole range, ``bounds``.
    Raises CommuniqueError for no cluster or an impossible setting.
    """
    clusters = np.asarray(clusters, dtype=float)
    _check(clusters, resamples, level, method)
    values = statistic(clusters.sum(axis=0))
    if len(clusters) == 1:
        return [Interval(float(value), *bounds) for value in values]
    replicates = statistic(_resampled_totals(clusters, resamples, seed))
    tails = np.tile([(1 - level) / 2, (1 + level) / 2], (len(values), 1))
    if method == "bca":
        tails = _bca_tails(statistic, clusters, values, replicates, tails)
    ends = [np.quantile(column, pair) for column, pair in zip(replicates.T, tails, strict=True)]
    return [Interval(float(v), float(low), float(high)) for v, (low, high) in zip(values, ends, strict=True)]


def paired_difference(
    counts_a: Array,
    counts_b: Array,
    statistic: Statistic,
    *,
    resamples: int = 2000,
    level: float = 0.95,
    method: Method = "percentile",
    seed: int = 0,
    bounds: tuple[float, float] = (-1.0, 1.0),
) -> Interval:
    """``statistic(a) - statistic(b)`` with an interval from resampling the same clusters for both systems.

    ``counts_a`` and ``counts_b`` have one shape ``(G, ...)`` and the same clusters in the same order.
    """
    pairs = np.stack(_paired(counts_a, counts_b), axis=1)
    axis = -(pairs.ndim - 1)  # the system axis, seen from the end of the totals

    def difference(totals: Array) -> Array:
        return statistic(totals.take(0, axis)) - statistic(totals.take(1, axis))

    return bootstrap_interval(
        difference, pairs, resamples=resamples, level=level, method=method, seed=seed, bounds=bounds
    )


def approximate_randomisation(
    counts_a: Array, counts_b: Array, statistic: Statistic, *, rounds: int = 10_000, seed: int = 0
) -> float:
    """Two-sided p-value for "the systems are exchangeable", swapping whole clusters between them.

    p = (1 + k) / (rounds + 1), with k the rounds whose absolute difference reaches the observed one
    (Noreen 1989; Yeh 2000). Needs counts paired as in ``paired_difference``; the smallest possible p is
    about ``2 / 2**G``, so fewer than six clusters cannot reach 0.05.
    """
    a, b = _paired(counts_a, counts_b)
    if rounds < 1:
        raise CommuniqueError(f"{rounds} rounds of randomisation: ask for at least 1")
    total_a, total_b = a.sum(axis=0), b.sum(axis=0)
    observed = abs(statistic(total_a) - statistic(total_b))
    rng, reached = np.random.default_rng(seed), 0
    for size in _blocks(rounds):
        swaps = rng.integers(0, 2, size=(size, len(a))).astype(float)
        moved = np.tensordot(swaps, b - a, (1, 0))
        difference = np.abs(statistic(total_a + moved) - statistic(total_b - moved))
        reached += int(np.count_nonzero(difference >= observed - SAME))
    return (1 + reached) / (rounds + 1)


def holm(p_values: Sequence[float] | Array) -> Array:
    """Adjusted p-values ``(m,)`` in the order given: step-down control of any false rejection (Holm 1979)."""
    p = np.asarray(p_values, dtype=float)
    if p.ndim != 1 or not ((p >= 0) & (p <= 1)).all():
        raise CommuniqueError("p-values to adjust must be a flat list of numbers between 0 and 1")
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def indistinguishable_groups(
    names: Sequence[str],
    values: Sequence[float] | Array,
    adjusted: Mapping[tuple[str, str], float],
    alpha: float = 0.05,
) -> dict[str, str]:
    """Compact letter display: names from the best value down, each with the letters of its groups.

    Two names share a letter exactly when their adjusted p is at least ``alpha``; ``adjusted`` holds every
    pair once, in either order. Groups come from insertion and absorption (Piepho 2004).
    Raises CommuniqueError where a pair is missing or the letters run out.
    """
    ranked = [name for _, name in sorted(zip(values, names, strict=True), key=lambda pair: -pair[0])]
    groups = [frozenset(ranked)]
    for first, second in _distinct_pairs(ranked, adjusted, alpha):
        split = {part for group in groups for part in _without_both(group, first, second)}
        groups = [group for group in split if not any(group < other for other in split)]
    if len(groups) > len(ascii_letters):
        raise CommuniqueError(f"{len(groups)} overlapping groups outrun the alphabet: compare fewer systems")
    groups.sort(key=lambda group: sorted(map(ranked.index, group)))
    lettered = list(zip(ascii_letters, groups, strict=False))
    return {name: "".join(letter for letter, group in lettered if name in group) for name in ranked}


def _check(clusters: Array, resamples: int, level: float, method: str) -> None:
    if clusters.ndim == 0 or not len(clusters):
        raise CommuniqueError("no cluster to resample: give at least one document")
    if resamples < 1:
        raise CommuniqueError(f"{resamples} resamples: ask for at least 1 (2000 is usual)")
    if not 0 < level < 1:
        raise CommuniqueError(f"confidence level {level}: must lie between 0 and 1, as in 0.95")
    if method not in ("percentile", "bca"):
        raise CommuniqueError(f"interval method '{method}': choose 'percentile' or 'bca'")


def _blocks(number: int) -> Iterator[int]:
    yield from (min(BLOCK, number - start) for start in range(0, number, BLOCK))


def _resampled_totals(clusters: Array, resamples: int, seed: int) -> Array:
    """Totals ``(resamples, ...)``: sums weighted by how often each cluster is drawn, which is multinomial."""
    rng, size = np.random.default_rng(seed), len(clusters)
    draws = (rng.multinomial(size, np.full(size, 1 / size), size=block) for block in _blocks(resamples))
    return np.concatenate([np.tensordot(weights.astype(float), clusters, (1, 0)) for weights in draws])


def _bca_tails(statistic: Statistic, clusters: Array, values: Array, replicates: Array, tails: Array) -> Array:
    """The percentiles ``(K, 2)`` that BCa reads off instead of the nominal ``tails``."""
    below = ((replicates < values).mean(axis=0) + (replicates <= values).mean(axis=0)) / 2
    edge = 0.5 / len(replicates)  # a share of exactly 0 or 1 would send the bias to infinity
    bias = norm.ppf(np.clip(below, edge, 1 - edge))[:, None]
    left_out = statistic(clusters.sum(axis=0) - clusters)
    influence = left_out.mean(axis=0) - left_out
    spread = (influence**2).sum(axis=0)
    flat = spread <= SAME**2  # no cluster moves the statistic: nothing to accelerate
    acceleration = np.where(flat, 0.0, (influence**3).sum(axis=0) / (6 * np.where(flat, 1.0, spread) ** 1.5))
    shifted = bias + norm.ppf(tails)
    return np.asarray(norm.cdf(bias + shifted / (1 - acceleration[:, None] * shifted)))


def _paired(counts_a: Array, counts_b: Array) -> tuple[Array, Array]:
    a, b = np.asarray(counts_a, dtype=float), np.asarray(counts_b, dtype=float)
    if a.shape != b.shape or a.ndim == 0 or not len(a):
        raise CommuniqueError(
            f"paired counts of shapes {a.shape} and {b.shape}: both need the same documents in the same order"
        )
    return a, b


def _distinct_pairs(
    ranked: Sequence[str], adjusted: Mapping[tuple[str, str], float], alpha: float
) -> Iterator[tuple[str, str]]:
    for i, first in enumerate(ranked):
        for second in ranked[i + 1 :]:
            p = adjusted.get((first, second), adjusted.get((second, first)))
            if p is None:
                raise CommuniqueError(f"no p-value for the pair '{first}', '{second}': compare every pair")
            if p < alpha:
                yield first, second


def _without_both(group: frozenset[str], first: str, second: str) -> Iterator[frozenset[str]]:
    together = first in group and second in group
    yield from (group - {first}, group - {second}) if together else (group,)
