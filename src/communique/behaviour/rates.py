"""Pass rates with intervals that know which tests belong together."""

from collections.abc import Sequence

import numpy as np
from scipy.stats import norm
from scipy.stats import t as student

from communique.errors import CommuniqueError
from communique.evaluation.resampling import Interval


def pass_rate(passed: Sequence[bool] | np.ndarray, clusters: Sequence[str] | np.ndarray) -> Interval:
    """Share of tests passed, with its 95% Wilson interval on the effective number of tests.

    Tests of one cluster (the sentences of a document) are not independent: the number of tests is divided by
    the design effect, estimated between clusters (Korn & Graubard 1998, with Wilson's interval as in Dean &
    Pagano 2015). Where each test is its own cluster that is Wilson's interval (1927) itself. Where all pass or all
    fail the effect cannot be estimated, and clusters are counted instead of tests. Raises CommuniqueError for no test.
    """
    results, names = np.asarray(passed, dtype=float), np.asarray(clusters, dtype=object)
    if not len(results) or len(results) != len(names):
        raise CommuniqueError(f"a pass rate of {len(results)} tests in {len(names)} clusters: give each test one")
    return wilson(float(results.mean()), effective_number(results, names))


def effective_number(results: np.ndarray, clusters: np.ndarray) -> float:
    """How many independent tests tell as much as these ``(n,)``; never more than ``n``."""
    n, rate = len(results), results.mean()
    _, index = np.unique(clusters.astype(str), return_inverse=True)
    groups = int(index.max()) + 1
    if groups == n:
        return float(n)
    if rate in (0, 1) or groups == 1:
        return float(groups)
    residuals = np.bincount(index, results - rate)
    variance = groups / (groups - 1) * (residuals**2).sum() / n**2
    if variance <= 0:
        return float(n)
    few = (norm.ppf(0.975) / student.ppf(0.975, groups - 1)) ** 2  # the variance is itself estimated (Korn & Graubard)
    return float(min(n, few * rate * (1 - rate) / variance))


def wilson(rate: float, n: float, level: float = 0.95) -> Interval:
    """Wilson's score interval (1927) of a share ``rate`` of ``n`` tests; ``n`` may be an effective number."""
    z2 = float(norm.ppf((1 + level) / 2)) ** 2
    centre = (rate + z2 / (2 * n)) / (1 + z2 / n)
    half = np.sqrt(z2 * (rate * (1 - rate) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    return Interval(rate, max(0.0, min(rate, float(centre - half))), min(1.0, max(rate, float(centre + half))))
