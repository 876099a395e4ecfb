"""Pass rates: Wilson's interval where tests are independent, wider where they come in clusters."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, norm
from scipy.stats import t as student

from communique.behaviour.rates import effective_number, pass_rate
from communique.errors import CommuniqueError


@given(st.integers(1, 80), st.data())
def test_of_independent_tests_it_is_wilsons_interval(n: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(0, n))
    ours = pass_rate([True] * k + [False] * (n - k), [str(i) for i in range(n)])
    theirs = binomtest(k, n).proportion_ci(method="wilson")
    assert (ours.value, ours.low, ours.high) == pytest.approx((k / n, theirs.low, theirs.high), abs=1e-12)


def test_clusters_that_pass_or_fail_as_one_count_as_one_test_each() -> None:
    results, clusters = np.repeat([1.0, 0.0] * 20, 10), np.repeat(np.arange(40), 10)
    few = (norm.ppf(0.975) / student.ppf(0.975, 39)) ** 2
    assert effective_number(results, clusters) == pytest.approx(39 * few)  # 40 but for what few clusters cost


def test_clusters_that_are_all_alike_leave_the_tests_independent() -> None:
    results, clusters = np.tile([1.0, 0.0], 50), np.repeat(np.arange(50), 2)
    assert effective_number(results, clusters) == 100


def test_where_all_pass_the_clusters_are_counted() -> None:
    rate = pass_rate([True] * 100, ["a"] * 50 + ["b"] * 50)
    assert rate.low == pytest.approx(binomtest(2, 2).proportion_ci(method="wilson").low)
    assert rate.high == 1


def test_no_test_has_no_rate() -> None:
    with pytest.raises(CommuniqueError, match="0 tests"):
        pass_rate([], [])


def test_the_interval_covers_the_truth_when_tests_come_in_documents() -> None:
    rng, covered, plain = np.random.default_rng(0), 0, 0
    for _ in range(400):
        rates = rng.beta(4, 1, 60)  # mean 0.8, alike within a document
        results, clusters = rng.random((60, 8)) < rates[:, None], np.repeat(np.arange(60), 8)
        ours = pass_rate(results.ravel(), clusters)
        naive = pass_rate(results.ravel(), np.arange(480))
        covered += ours.low <= 0.8 <= ours.high
        plain += naive.low <= 0.8 <= naive.high
    assert 0.92 <= covered / 400 <= 0.98
    assert plain / 400 < 0.88
