from itertools import combinations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from communique.errors import CommuniqueError
from communique.evaluation.grouping import indistinguishable_groups
from communique.evaluation.metrics import cluster_counts, macro_f1
from communique.evaluation.resampling import (
    Interval,
    approximate_randomisation,
    bootstrap_interval,
    few_clusters_warning,
    holm,
    interval_p,
    paired_difference,
    replicate,
    widened_tails,
)


def share(counts):
    """Correct sentences over all sentences, from (correct, all)."""
    return counts[..., 0] / counts[..., 1]


def planted(rng, clusters, size=8, *, of=1):
    """Counts (correct, all) of ``of`` exchangeable systems whose accuracy differs between documents."""
    correct = rng.binomial(size, rng.beta(4, 2, size=(clusters, of)))
    return [np.stack([column, np.full(clusters, size)], axis=-1) for column in correct.T]


def test_two_documents_worked_by_hand():
    # One document all wrong, one all right: resamples give 0, 1/2, 1 with chances 1/4, 1/2, 1/4. At level 0.2 the
    # t quantile of one degree of freedom is 0.325, times sqrt(2) 0.460, which is the normal's percentile 67.7.
    counts = np.array([[0, 5], [5, 5]])
    assert widened_tails(0.2, 2) == pytest.approx([0.323, 0.677], abs=5e-4)
    assert bootstrap_interval(share, counts) == Interval(0.5, 0, 1)
    assert bootstrap_interval(share, counts, level=0.2) == Interval(0.5, 0.5, 0.5)


@pytest.mark.parametrize("clusters", [5, 20, 150])
def test_the_interval_of_a_mean_has_the_width_of_students(clusters):
    values = np.random.default_rng(0).normal(size=clusters)
    counts = np.stack([values, np.ones(clusters)], axis=-1)
    ours = bootstrap_interval(share, counts, resamples=20_000)
    low, high = stats.t.interval(0.95, clusters - 1, values.mean(), stats.sem(values))
    assert ours.high - ours.low == pytest.approx(high - low, rel=0.05 if clusters > 5 else 0.15)


def test_tails_approach_the_nominal_ones_with_the_number_of_clusters():
    low = [widened_tails(0.95, clusters)[0] for clusters in (10, 60, 500, 100_000)]
    assert low == sorted(low)
    assert low[-1] == pytest.approx(0.025, abs=1e-5)


@pytest.mark.parametrize(("method", "theirs"), [("percentile", "percentile"), ("bca", "BCa")])
def test_intervals_agree_with_scipys_over_cluster_indices(method, theirs):
    (counts,) = planted(np.random.default_rng(5), 40)
    ours = bootstrap_interval(share, counts, method=method, resamples=20_000)
    low, high = widened_tails(0.95, 40)
    scipys = stats.bootstrap(
        (np.arange(40),),
        lambda index, axis: share(counts[index.astype(int)].sum(axis=-2)),
        n_resamples=20_000,
        confidence_level=high - low,
        method=theirs,
        rng=np.random.default_rng(0),
    ).confidence_interval
    assert (ours.low, ours.high) == pytest.approx((scipys.low, scipys.high), abs=0.004)


@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_ninety_five_percent_intervals_hold_the_truth_about_as_often(method):
    rng, truth = np.random.default_rng(11), 4 / 6
    intervals = [
        bootstrap_interval(share, planted(rng, 60)[0], method=method, resamples=400, seed=s) for s in range(400)
    ]
    assert 0.91 <= np.mean([i.low <= truth <= i.high for i in intervals]) <= 0.985


def test_p_values_are_uniform_where_the_systems_are_exchangeable():
    rng = np.random.default_rng(7)
    pairs = [planted(rng, 60, 30, of=2) for _ in range(300)]
    p = [approximate_randomisation(a, b, share, rounds=400, seed=s) for s, (a, b) in enumerate(pairs)]
    assert stats.kstest(p, "uniform").pvalue > 0.05


def test_p_value_of_few_clusters_approaches_that_of_every_swap():
    a, b = planted(np.random.default_rng(2), 7, 30, of=2)
    swaps = np.array(np.meshgrid(*[[0, 1]] * 7)).reshape(7, -1).T
    moved = np.tensordot(swaps, b - a, (1, 0))
    differences = np.abs(share(a.sum(0) + moved) - share(b.sum(0) - moved))
    exact = np.mean(differences >= abs(share(a.sum(0)) - share(b.sum(0))) - 1e-12)
    assert approximate_randomisation(a, b, share, rounds=20_000) == pytest.approx(exact, abs=0.015)


def test_a_system_does_not_differ_from_itself():
    rng = np.random.default_rng(0)
    gold, predicted = (rng.integers(0, 2, (200, 3)) for _ in range(2))
    counts = cluster_counts(gold, predicted, [str(i % 35) for i in range(200)])
    for method in ("percentile", "bca"):
        assert paired_difference(counts, counts, macro_f1, method=method) == Interval(0, 0, 0)
    assert approximate_randomisation(counts, counts, macro_f1, rounds=500) == 1


def test_a_planted_difference_is_found_and_turns_with_the_order():
    rng = np.random.default_rng(4)
    gold = rng.integers(0, 2, (600, 2))
    names = [str(i // 12) for i in range(600)]
    a, b = (cluster_counts(gold, gold ^ (rng.random(gold.shape) < error), names) for error in (0.1, 0.25))
    ab, ba = paired_difference(a, b, macro_f1), paired_difference(b, a, macro_f1)
    assert ab.low > 0.05
    assert (ab.value, ab.low, ab.high) == pytest.approx((-ba.value, -ba.high, -ba.low))
    assert ab.value == pytest.approx(macro_f1(a.sum(axis=0)) - macro_f1(b.sum(axis=0)))
    assert approximate_randomisation(a, b, macro_f1, rounds=999) == 1 / 1000


def test_pairing_narrows_the_interval_of_systems_that_err_together():
    rng = np.random.default_rng(6)
    (a,) = planted(rng, 50)
    b = a - np.stack([rng.binomial(1, 0.3, 50) * (a[:, 0] > 0), np.zeros(50, dtype=int)], axis=-1)
    paired = paired_difference(a, b, share)
    unpaired = paired_difference(a, rng.permutation(b), share)
    assert paired.high - paired.low < 0.5 * (unpaired.high - unpaired.low)


@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_replicates_subtracted_are_the_paired_bootstrap(method):
    a, b = planted(np.random.default_rng(3), 50, of=2)

    def drawn(counts):
        return replicate(lambda w: share(w @ counts)[:, None], 50, resamples=300, seed=4, leave_out=True)

    one, other = drawn(a), drawn(b)
    (ours,) = (one - other).intervals(method=method)
    assert ours == paired_difference(a, b, share, method=method, resamples=300, seed=4)


def test_replicates_of_other_documents_are_not_paired():
    made = [replicate(lambda w: w[:, :1], clusters, resamples=5) for clusters in (3, 4)]
    with pytest.raises(CommuniqueError, match="same documents"):
        made[0] - made[1]
    with pytest.raises(CommuniqueError, match="leave_out"):
        made[0].intervals(method="bca")


def test_memory_blocks_change_no_digit(monkeypatch):
    a, b = planted(np.random.default_rng(8), 40, of=2)

    def everything():
        return bootstrap_interval(share, a, resamples=700), approximate_randomisation(a, b, share, rounds=700)

    before = everything()
    monkeypatch.setattr("communique.evaluation.resampling.BLOCK", 64)
    assert everything() == before


def test_p_from_a_t_interval_is_that_of_the_t_test():
    sample = np.random.default_rng(0).normal(0.4, 1, 12)
    reach = stats.t.ppf(0.95, 11) * sample.std(ddof=1) / np.sqrt(12)
    interval = Interval(sample.mean(), sample.mean() - reach, sample.mean() + reach)
    assert interval_p(interval, 12, 0.9) == pytest.approx(stats.ttest_1samp(sample, 0).pvalue)
    assert interval_p(interval, 1) == interval_p(Interval(0.0, 0.0, 0.0), 12) == 1
    assert interval_p(Interval(0.1, 0.1, 0.1), 12) == 0


def test_p_from_the_bootstrap_of_a_mean_of_few_clusters_is_nearly_that_of_the_t_test():
    """The tails were widened by the factor by which p takes the width back."""
    sample = np.random.default_rng(1).normal(0.5, 1, 10)
    counts = np.stack([sample, np.ones(10)], axis=1)
    interval = bootstrap_interval(lambda c: c[..., 0] / c[..., 1], counts, resamples=20_000, bounds=(-9, 9))
    assert interval_p(interval, 10) == pytest.approx(stats.ttest_1samp(sample, 0).pvalue, rel=0.15)


@given(st.floats(-1, 1), st.floats(0.001, 1), st.integers(2, 200), st.floats(0.5, 0.99))
def test_p_is_below_one_less_the_level_just_where_the_interval_leaves_out_nought(value, reach, clusters, level):
    assume(abs(abs(value) - reach) > 1e-9)
    p = interval_p(Interval(value, value - reach, value + reach), clusters, level)
    assert (p < 1 - level) == (abs(value) > reach)


def test_holm_worked_by_hand():
    # Sorted .005 .01 .03 .04 times 4 3 2 1 is .02 .03 .06 .04; the last may not fall below the one before.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.7]) == pytest.approx([1, 1])
    assert len(holm([])) == 0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_keeps_order_and_lies_between_raw_and_bonferroni(p):
    p, adjusted = np.array(p), holm(p)
    assert (adjusted >= p).all()
    assert (adjusted <= np.minimum(p * len(p), 1) + 1e-12).all()
    assert (np.diff(adjusted[np.argsort(p, kind="stable")]) >= 0).all()


def test_letters_show_overlapping_groups_best_first():
    # Neighbours cannot be told apart, the ends can.
    adjusted = {("low", "middle"): 0.4, ("middle", "top"): 0.2, ("low", "top"): 0.01}
    letters = indistinguishable_groups(["low", "middle", "top"], [0.5, 0.6, 0.7], adjusted)
    assert letters == {"top": "a", "middle": "ab", "low": "b"}
    assert list(letters) == ["top", "middle", "low"]


@settings(max_examples=60)
@given(st.data())
def test_names_share_a_letter_exactly_when_not_told_apart(data):
    names = [f"s{i}" for i in range(data.draw(st.integers(1, 6)))]
    adjusted = {pair: data.draw(st.sampled_from([0.01, 0.05, 0.5])) for pair in combinations(names, 2)}
    letters = indistinguishable_groups(names, data.draw(st.permutations(range(len(names)))), adjusted)
    assert set(letters) == set(names)
    assert all(letters.values())
    for (one, other), p in adjusted.items():
        assert bool(set(letters[one]) & set(letters[other])) == (p >= 0.05)


def test_few_clusters_are_warned_of():
    assert few_clusters_warning(60) is None
    assert "59 documents" in str(few_clusters_warning(59))
    assert "one document" in str(few_clusters_warning(1))


def test_one_cluster_gives_the_whole_range():
    assert bootstrap_interval(share, np.array([[3, 4]])) == Interval(0.75, 0, 1)
    assert paired_difference(np.array([[3, 4]]), np.array([[1, 4]]), share) == Interval(0.5, -1, 1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: bootstrap_interval(share, np.empty((0, 2))), "no cluster"),
        (lambda: bootstrap_interval(share, np.ones((3, 2)), level=95), "confidence level"),
        (lambda: bootstrap_interval(share, np.ones((3, 2)), method="magic"), "interval method"),  # type: ignore[arg-type]
        (lambda: bootstrap_interval(share, np.ones((3, 2)), resamples=0), "resamples"),
        (lambda: paired_difference(np.ones((3, 2)), np.ones((4, 2)), share), "same documents"),
        (lambda: approximate_randomisation(np.ones((3, 2)), np.ones((3, 2)), share, rounds=0), "rounds"),
        (lambda: holm([0.1, float("nan")]), "p-values"),
        (lambda: indistinguishable_groups(["a", "b"], [1, 2], {}), "every pair"),
    ],
)
def test_what_cannot_be_is_told_in_one_sentence(call, message):
    with pytest.raises(CommuniqueError, match=message):
        call()
