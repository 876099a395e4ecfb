"""Uncertainty with the document as its unit: bootstrap intervals, paired tests, corrections for many tests.

A resample is a weighting of the clusters, never a copy of the sentences: a ``Weighted`` statistic turns weights
``(B, clusters)`` into values ``(B, K)``. Most statistics need only counts a cluster, an array ``(clusters, ...)``
that may simply be added up: a ``Statistic`` turns totals ``(..., *shape of one cluster)`` into values ``(...)``.
This module knows neither labels nor models.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypedDict, Unpack

import numpy as np
from scipy.stats import norm, t

from communique.errors import CommuniqueError

Array = np.ndarray[Any, Any]
Statistic = Callable[[Array], Array]
Weighted = Callable[[Array], Array]
Method = Literal["percentile", "bca"]

ENOUGH_CLUSTERS = 60  # from here up the intervals hold the truth as often as they say (experiments/checks)
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


class Options(TypedDict, total=False):
    """How an interval is made; ``bootstrap_intervals`` says what each is where it is not given."""

    resamples: int
    level: float
    method: Method
    seed: int
    bounds: tuple[float, float]
    informative: int | None


def bootstrap_interval(statistic: Statistic, clusters: Array, **options: Unpack[Options]) -> Interval:
    """The statistic of all clusters ``(G, ...)`` with its bootstrap interval; see ``bootstrap_intervals``."""
    (interval,) = bootstrap_intervals(lambda totals: statistic(totals)[..., None], clusters, **options)
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
    informative: int | None = None,
) -> list[Interval]:
    """One interval for each of the K values that ``statistic`` gives ``(..., K)``, from the same resamples.

    See ``Replicates.intervals``; raises CommuniqueError for no cluster or an impossible setting.
    """
    clusters = np.asarray(clusters, dtype=float)
    if clusters.ndim == 0:
        raise CommuniqueError("no cluster to resample: give at least one document")

    def weighted(weights: Array) -> Array:
        return statistic(np.tensordot(weights, clusters, (1, 0)))

    drawn = replicate(weighted, len(clusters), resamples=resamples, seed=seed, leave_out=method == "bca")
    return drawn.intervals(level, method, bounds, informative)


@dataclass(frozen=True, eq=False)
class Replicates:
    """K statistics of all clusters ``values (K,)``, of every resample ``draws (B, K)``, and for BCa without each
    of the G clusters ``left_out (G, K)``, else None.

    Drawn with one seed over the same clusters they are paired: their difference is that of the paired bootstrap.
    """

    clusters: int
    values: Array
    draws: Array
    left_out: Array | None = None

    def __sub__(self, other: "Replicates") -> "Replicates":
        if self.draws.shape != other.draws.shape or self.clusters != other.clusters:
            raise CommuniqueError("paired replicates: both need the same documents, resamples and statistics")
        both = self.left_out is not None and other.left_out is not None
        left_out = self.left_out - other.left_out if both else None  # type: ignore[operator]
        return Replicates(self.clusters, self.values - other.values, self.draws - other.draws, left_out)

    def intervals(
        self,
        level: float = 0.95,
        method: Method = "percentile",
        bounds: tuple[float, float] = (0.0, 1.0),
        informative: int | None = None,
    ) -> list[Interval]:
        """One interval a statistic, percentile (Efron 1979; Field & Welsh 2007 for clusters) or ``bca``.

        BCa corrects bias and skew (Efron 1987), its acceleration from leaving one cluster out. A single cluster
        says nothing of the variation between clusters, so its interval is the statistic's whole range, ``bounds``.
        The tails of both are ``widened_tails`` of all clusters, or of the fewer that are ``informative``.
        """
        _check_interval(level, method)
        clusters = self.clusters if informative is None else informative
        if clusters == 1:
            return [Interval(float(value), *bounds) for value in self.values]
        tails = np.tile(widened_tails(level, clusters), (len(self.values), 1))
        if method == "bca":
            tails = _bca_tails(self, tails)
        ends = [np.quantile(column, pair) for column, pair in zip(self.draws.T, tails, strict=True)]
        return [Interval(float(v), float(low), float(high)) for v, (low, high) in zip(self.values, ends, strict=True)]


def widened_tails(level: float, clusters: int) -> Array:
    """The two percentiles to read off for a level, wider than nominal where clusters are few (Hesterberg 2015).

    A bootstrap of G clusters is too narrow by the factor sqrt((G - 1) / G) and by normal in place of t quantiles.
    """
    z = t.ppf([(1 - level) / 2, (1 + level) / 2], clusters - 1) * np.sqrt(clusters / (clusters - 1))
    return np.asarray(norm.cdf(z))


def interval_p(interval: Interval, clusters: int, level: float = 0.95) -> float:
    """Two-sided p-value for a true value of nought, from the width of an interval whose tails were widened.

    ``widened_tails`` makes half the width a t quantile with clusters - 1 degrees of freedom times the standard error,
    so p falls below 1 - level just where the value lies farther from nought than half the width.
    """
    if clusters < 2:
        return 1.0
    error = (interval.high - interval.low) / (2 * t.ppf((1 + level) / 2, clusters - 1))
    if error == 0:
        return float(interval.value == 0)
    return float(2 * t.sf(abs(interval.value) / error, clusters - 1))


def replicate(
    statistic: Weighted, clusters: int, *, resamples: int = 2000, seed: int = 0, leave_out: bool = False
) -> Replicates:
    """Evaluate ``statistic``, a function of the clusters' weights, on ``resamples`` multinomial draws of them.

    ``leave_out`` also evaluates it without each cluster, which BCa needs. Raises CommuniqueError for no cluster
    or no resample.
    """
    if not clusters:
        raise CommuniqueError("no cluster to resample: give at least one document")
    if resamples < 1:
        raise CommuniqueError(f"{resamples} resamples: ask for at least 1 (2000 is usual)")
    rng = np.random.default_rng(seed)
    drawn = (rng.multinomial(clusters, np.full(clusters, 1 / clusters), size=n) for n in _blocks(resamples))
    draws = np.concatenate([statistic(weights.astype(float)) for weights in drawn])
    left_out = _without_each(statistic, clusters) if leave_out and clusters > 1 else None
    return Replicates(clusters, statistic(np.ones((1, clusters)))[0], draws, left_out)


def _without_each(statistic: Weighted, clusters: int) -> Array:
    starts = range(0, clusters, BLOCK)
    rows = (np.arange(start, min(start + BLOCK, clusters)) for start in starts)
    return np.concatenate([statistic((np.arange(clusters) != row[:, None]).astype(float)) for row in rows])


def paired_difference(counts_a: Array, counts_b: Array, statistic: Statistic, **options: Unpack[Options]) -> Interval:
    """``statistic(a) - statistic(b)`` with an interval from resampling the same clusters for both systems.

    ``counts_a`` and ``counts_b`` have one shape ``(G, ...)`` and the same clusters in the same order; of the options
    of ``bootstrap_intervals``, ``bounds`` are -1 and 1 here, and ``informative`` is how many clusters either has
    counts in, where that is fewer.
    """
    pairs = np.stack(_paired(counts_a, counts_b), axis=1)
    axis = -(pairs.ndim - 1)  # the system axis, seen from the end of the totals

    def difference(totals: Array) -> Array:
        return statistic(totals.take(0, axis)) - statistic(totals.take(1, axis))

    options.setdefault("bounds", (-1.0, 1.0))
    return bootstrap_interval(difference, pairs, **options)


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


def _check_interval(level: float, method: str) -> None:
    if not 0 < level < 1:
        raise CommuniqueError(f"confidence level {level}: must lie between 0 and 1, as in 0.95")
    if method not in ("percentile", "bca"):
        raise CommuniqueError(f"interval method '{method}': choose 'percentile' or 'bca'")


def _blocks(number: int) -> Iterator[int]:
    yield from (min(BLOCK, number - start) for start in range(0, number, BLOCK))


def _bca_tails(drawn: Replicates, tails: Array) -> Array:
    """The percentiles ``(K, 2)`` that BCa reads off instead of the nominal ``tails``."""
    if drawn.left_out is None:
        raise CommuniqueError("BCa intervals: need the statistics without each document; replicate with leave_out")
    below = ((drawn.draws < drawn.values).mean(axis=0) + (drawn.draws <= drawn.values).mean(axis=0)) / 2
    edge = 0.5 / len(drawn.draws)  # a share of exactly 0 or 1 would send the bias to infinity
    bias = norm.ppf(np.clip(below, edge, 1 - edge))[:, None]
    influence = drawn.left_out.mean(axis=0) - drawn.left_out
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
