"""Shares corrected by a labelled sample: against the published library, by hand, and by simulation."""

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import beta, binom, gamma

from communique.errors import CommuniqueError
from communique.evaluation import prevalence as module
from communique.evaluation.prevalence import Draw, best_predictor, corrected_share, tune_power

CHECKS = Path(__file__).parents[2] / "experiments" / "checks"

# ppi-python 0.2.3, on the data of `unclustered`: y, f, u = gold[:120], predicted[:120], predicted[120:];
# ppi_mean_pointestimate(y, f, u, lam=lam), and half of ppi_mean_ci(y, f, u, alpha=0.05, lam=lam) over norm.ppf(0.975)
LIBRARY = {0.6: (0.27207849764781133, 0.03535657098815061), 1.0: (0.2645752738574634, 0.036902942508149274)}
TUNED_BY_LIBRARY = (0.2719116583391274, 0.03534171988861952)
N, LABELLED = 920, 120


def unclustered() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(7)
    gold = (rng.random(N) < 0.3).astype(float)
    return gold, np.clip(0.25 + 0.5 * gold + rng.normal(0, 0.35, N), 0, 1)


@pytest.fixture
def nothing_unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library adds nothing for errors that no sample shows."""
    monkeypatch.setattr(module, "UNSEEN", 0.0)


@pytest.mark.usefixtures("nothing_unseen")
@pytest.mark.parametrize("power", [0.6, 1.0])
def test_without_clusters_it_is_the_published_estimator(power: float) -> None:
    """The library's unlabelled part lacks the labelled rows, hence the factor between the two powers."""
    gold, predicted = unclustered()
    draw = Draw.simple(np.arange(LABELLED), N)
    ours = power * N / (N - LABELLED)
    found = corrected_share(gold[:LABELLED], predicted, np.arange(N), draw, ours, target="superpopulation")
    assert found is not None
    value, error = LIBRARY[power]
    assert found.interval.value == pytest.approx(value, abs=1e-12)
    assert found.standard_error * np.sqrt((LABELLED - 1) / LABELLED) == pytest.approx(error, rel=1e-4)


@pytest.mark.usefixtures("nothing_unseen")
def test_the_power_does_as_well_as_the_librarys() -> None:
    gold, predicted = unclustered()
    draw = Draw.simple(np.arange(LABELLED), N)
    power, left = tune_power(gold[:LABELLED], predicted[:LABELLED], draw)
    found = corrected_share(gold[:LABELLED], predicted, np.arange(N), draw, power, target="superpopulation")
    assert found is not None
    assert found.standard_error == pytest.approx(TUNED_BY_LIBRARY[1], rel=0.01)
    assert left == pytest.approx(1 - np.corrcoef(gold[:LABELLED], predicted[:LABELLED])[0, 1] ** 2)


@pytest.mark.usefixtures("nothing_unseen")
def test_labels_alone_give_the_textbook_mean_of_a_simple_random_sample() -> None:
    gold, predicted = unclustered()
    rows = np.arange(0, N, 8)
    found = corrected_share(gold[rows], predicted, np.arange(N), Draw.simple(rows, N), 0.0)
    assert found is not None
    sample, n = gold[rows], len(rows)
    assert found.interval.value == pytest.approx(sample.mean())
    assert found.standard_error == pytest.approx(np.sqrt((1 - n / N) * sample.var(ddof=1) / n))


@pytest.mark.usefixtures("nothing_unseen")
def test_whole_documents_give_the_textbook_cluster_variance() -> None:
    """40 of 100 documents of four sentences: variance (1 - m/M) s² / m of the document means."""
    rng = np.random.default_rng(1)
    gold = (rng.random((100, 4)) < rng.random((100, 1))).astype(float)
    documents = np.repeat(np.arange(100), 4)
    chosen = rng.choice(100, 40, replace=False)
    rows = np.flatnonzero(np.isin(documents, chosen))
    unit = np.unique(documents[rows], return_inverse=True)[1]
    draw = Draw.make(rows, unit, np.zeros(40, dtype=int), np.array([100]))
    found = corrected_share(gold.ravel()[rows], np.zeros(400), documents, draw, 0.0)
    means = gold[chosen].mean(axis=1)
    assert found is not None
    assert found.documents == 40
    assert found.interval.value == pytest.approx(means.mean())
    assert found.standard_error == pytest.approx(np.sqrt(0.6 * means.var(ddof=1) / 40))


@pytest.mark.usefixtures("nothing_unseen")
def test_strata_give_the_textbook_stratified_mean_and_variance() -> None:
    gold = np.concatenate([np.tile([1.0, 0.0], 100), np.tile([1.0, 0, 0, 0], 200)])
    rows = np.concatenate([np.arange(50), 200 + np.arange(40)])
    strata = np.repeat([0, 1], [50, 40])
    draw = Draw.make(rows, np.arange(90), strata, np.array([200, 800]))
    found = corrected_share(gold[rows], np.zeros(1000), np.arange(1000), draw, 0.0)
    by_hand = sum(
        share**2 * (1 - n / size) * p * (1 - p) / (n - 1)
        for share, n, size, p in ((0.2, 50, 200, 0.5), (0.8, 40, 800, 0.25))
    )
    assert found is not None
    assert found.interval.value == pytest.approx(0.2 * 0.5 + 0.8 * 0.25)
    assert found.standard_error == pytest.approx(np.sqrt(by_hand))


def test_an_archive_labelled_whole_has_no_uncertainty_and_needs_no_more() -> None:
    gold, predicted = unclustered()
    found = corrected_share(gold, predicted, np.arange(N), Draw.simple(np.arange(N), N), 0.7)
    assert found is not None
    assert found.interval.value == pytest.approx(gold.mean())
    assert found.interval.high - found.interval.low == pytest.approx(0)
    assert found.more == 0


def test_sentences_of_one_document_widen_the_interval_of_the_source_and_not_of_the_archive() -> None:
    rng = np.random.default_rng(3)
    gold = np.repeat((rng.random(100) < 0.4).astype(float), 10)
    rows = rng.choice(1000, 400, replace=False)
    draw, documents = Draw.simple(rows, 1000), np.repeat(np.arange(100), 10)
    error = {
        (target, who): corrected_share(gold[rows], np.zeros(1000), of, draw, 0.0, target=target).standard_error  # type: ignore[union-attr, arg-type]
        for target in module.TARGETS
        for who, of in (("clustered", documents), ("single", np.arange(1000)))
    }
    assert error["archive", "clustered"] == error["archive", "single"]
    assert error["superpopulation", "clustered"] > 1.5 * error["superpopulation", "single"]


def test_as_many_more_labels_as_it_says_halve_the_interval() -> None:
    """Labels of the same kind: the spread stays, so the width is known."""
    gold = np.tile([1.0, 0.0], 5000)
    widths = []
    number = 400
    for _ in range(2):
        rows = np.arange(number)
        found = corrected_share(gold[rows], np.zeros(10_000), np.arange(10_000), Draw.simple(rows, 10_000), 0.0)
        assert found is not None
        assert found.more is not None
        widths.append(found.standard_error)
        number += found.more
    assert widths[1] == pytest.approx(widths[0] / 2, rel=0.01)


def test_no_number_of_labels_makes_few_documents_stand_for_their_source() -> None:
    rng = np.random.default_rng(4)
    gold = np.repeat((rng.random(50) < 0.5).astype(float), 40)
    rows = rng.choice(2000, 1500, replace=False)
    draw, documents = Draw.simple(rows, 2000), np.repeat(np.arange(50), 40)
    found = corrected_share(gold[rows], np.zeros(2000), documents, draw, 0.0, target="superpopulation")
    assert found is not None
    assert found.more is None


def test_too_few_labelled_documents_give_no_share_at_all() -> None:
    gold, predicted = unclustered()
    draw = Draw.simple(np.arange(LABELLED), N)
    assert corrected_share(gold[:LABELLED], predicted, np.arange(N) // 5, draw, 1.0) is None
    assert corrected_share(gold[:LABELLED], predicted, np.arange(N) // 4, draw, 1.0) is not None


def test_a_label_hardly_seen_gets_the_exact_interval_of_the_labels() -> None:
    """None of 100: Clopper and Pearson's upper end is 1 - 0.025 ** (1 / 100), never a width of nought."""
    found = corrected_share(np.zeros(100), np.zeros(N), np.arange(N), Draw.simple(np.arange(100), N), 1.0)
    assert found is not None
    assert (found.interval.value, found.interval.low, found.power) == (0.0, 0.0, 0.0)
    assert found.interval.high == pytest.approx(1 - 0.025 ** (1 / 100))


@pytest.mark.parametrize(("labelled", "high", "more"), [(100, 0.03, 0), (90, 0.0943, 10)])
def test_of_a_rare_label_the_archive_holds_what_its_labels_leave_and_no_more_units_than_it_has(
    labelled: int, high: float, more: int
) -> None:
    """3 of 100 and of 90 labelled rows of 100: Clopper and Pearson know no finite population."""
    gold = (np.arange(labelled) < 3).astype(float)
    found = corrected_share(gold, np.zeros(100), np.arange(100), Draw.simple(np.arange(labelled), 100), 1.0)
    assert found is not None
    assert found.interval.low == pytest.approx(0.03)
    assert found.interval.high == pytest.approx(high, abs=1e-4)
    assert found.more == more


def test_a_rare_label_of_few_documents_is_as_uncertain_at_their_source_as_the_documents_are_few() -> None:
    """None of 600 sentences of 60 documents: at the source documents are what was drawn, ten labels each or one."""
    documents, nothing = np.repeat(np.arange(60), 50), np.zeros(3000)
    draw = Draw.simple(np.arange(0, 3000, 5), 3000)
    ends = {
        target: corrected_share(np.zeros(600), nothing, documents, draw, 0.0, target=target)  # type: ignore[arg-type]
        for target in module.TARGETS
    }
    assert ends["archive"].interval.high == pytest.approx(1 - 0.025 ** (1 / 600))  # type: ignore[union-attr]
    assert ends["superpopulation"].interval.high == pytest.approx(1 - 0.025 ** (1 / 60))  # type: ignore[union-attr]
    assert ends["archive"].more == 1800  # type: ignore[union-attr]
    assert ends["superpopulation"].more is None  # type: ignore[union-attr]


def test_the_interval_of_a_source_holds_the_rate_of_a_label_that_one_document_in_twenty_carries() -> None:
    """With sentences for the sample size it held the truth in 28% of the archives in which fewer than 5 were seen."""
    rng = np.random.default_rng(1)
    documents, held, seen = np.repeat(np.arange(60), 50), 0, 0
    for _ in range(150):
        gold = (rng.random(3000) < 0.3 * (rng.random(60) < 0.05)[documents]).astype(float)
        rows = rng.choice(3000, 600, replace=False)
        found = corrected_share(
            gold[rows], np.zeros(3000), documents, Draw.simple(rows, 3000), 0.0, target="superpopulation"
        )
        assert found is not None
        if gold[rows].sum() < 5:
            seen += 1
            held += found.interval.low <= 0.015 <= found.interval.high
    assert seen > 20
    assert held / seen > 0.9


def strata(drawn: tuple[int, ...], hits: tuple[int, ...], population: tuple[int, ...]) -> tuple[np.ndarray, Draw]:
    """Gold labels with so many hits a stratum, and how they were drawn; rows of the archive are numbered by stratum."""
    starts = np.cumsum([0, *population[:-1]])
    rows = np.concatenate([start + np.arange(n) for start, n in zip(starts, drawn, strict=True)])
    gold = np.concatenate([np.arange(n) < k for n, k in zip(drawn, hits, strict=True)]).astype(float)
    unit, stratum = np.arange(len(rows)), np.repeat(np.arange(len(drawn)), drawn)
    return gold, Draw.make(rows, unit, stratum, np.array(population))


def ends(drawn: tuple[int, ...], hits: tuple[int, ...], population: tuple[int, ...]) -> tuple[float, float]:
    """At the source, where nothing is certain because it was labelled; every row is a document of its own."""
    gold, draw = strata(drawn, hits, population)
    nothing = np.zeros(sum(population))
    found = corrected_share(gold, nothing, np.arange(len(nothing)), draw, 0.0, target="superpopulation")
    assert found is not None
    return found.interval.low, found.interval.high


@pytest.mark.parametrize("hits", [(0, 1), (2, 2), (50, 47), (49, 50)])
def test_strata_drawn_in_proportion_get_clopper_and_pearsons_interval(hits: tuple[int, int]) -> None:
    low, high = ends((50, 50), hits, (1000, 1000))
    k = sum(hits)
    assert low == pytest.approx(beta.ppf(0.025, k, 101 - k))
    assert high == pytest.approx(beta.ppf(0.975, k + 1, 100 - k))


@pytest.mark.parametrize("elsewhere", [0, 4, 9])
def test_hits_in_light_strata_do_not_hide_what_a_heavy_one_may_hold(elsewhere: int) -> None:
    """None of 10 labels of a stratum with nine tenths of the archive: that stratum alone may hold 31%."""
    low, high = ends((10, 290), (0, elsewhere), (9000, 1000))
    alone = 0.9 * (1 - 0.025 ** (1 / 10))
    assert low <= 0.1 * elsewhere / 290
    assert alone <= high <= alone + 0.1


def test_of_rare_labels_it_is_the_gamma_interval_of_weighted_poisson_counts() -> None:
    """Fay & Feuer (1997) by hand: shape y²/v and scale v/y, with the heaviest weight more for the upper end."""
    gold, draw = strata((2000, 4000), (1, 3), (30_000, 10_000))
    weight = draw.weight / draw.weight.sum()
    y, v, top = weight @ gold, weight**2 @ gold, weight.max()
    by_hand = (
        gamma.ppf(0.025, y**2 / v, scale=v / y),
        gamma.ppf(0.975, (y + top) ** 2 / (v + top**2), scale=(v + top**2) / (y + top)),
    )
    assert ends((2000, 4000), (1, 3), (30_000, 10_000)) == pytest.approx(by_hand, rel=0.005)


@pytest.mark.parametrize("rates", [(0.0, 0.005), (0.02, 0.0), (0.1, 0.02), (0.3, 0.0), (0.3, 0.05)])
def test_over_all_samples_of_two_unequal_strata_the_truth_is_held(rates: tuple[float, float]) -> None:
    """5 labels of three tenths of the archive, 100 of the rest; Kish's sample size alone would hold it in 80%."""
    true, held = 0.3 * rates[0] + 0.7 * rates[1], 0.0
    for a in range(6):
        for b in range(25):
            low, high = ends((5, 100), (a, b), (3000, 7000))
            chance = binom.pmf(a, 5, rates[0]) * binom.pmf(b, 100, rates[1])
            held += chance * (low <= true <= high)
    assert held > 0.945


def test_a_share_beyond_nought_and_one_is_cut_like_its_interval() -> None:
    """Predictions far too many in the labelled rows only: 0.1 + 0.05 - 0.2 would be less than nothing."""
    gold, predicted = np.repeat([1.0, 0.0], [10, 190]), np.repeat([0.2, 0.1 - 0.1 / 49], [200, 9800])
    for flip in (False, True):
        answers = (1 - gold, 1 - predicted) if flip else (gold, predicted)
        found = corrected_share(*answers, np.arange(10_000), Draw.simple(np.arange(200), 10_000), 1.0)
        assert found is not None
        assert found.interval.value == (1.0 if flip else 0.0)
        assert 0 <= found.interval.low <= found.interval.value <= found.interval.high <= 1
        assert found.interval.high - found.interval.low > found.standard_error


def test_a_classifier_never_seen_to_err_still_has_an_interval_near_the_rule_of_three() -> None:
    gold = np.tile([1.0, 0, 0, 0], 5000)
    rows = np.arange(200)
    found = corrected_share(gold[rows], gold, np.arange(20_000), Draw.simple(rows, 20_000), 1.0)
    assert found is not None
    assert 2 / 200 < found.interval.high - found.interval.low < 2 * 3 / 200


def test_the_better_predictor_is_chosen_and_a_useless_one_gets_no_power() -> None:
    gold, predicted = unclustered()
    noise = np.random.default_rng(0).random(N)
    draw = Draw.simple(np.arange(LABELLED), N)
    best, power = best_predictor(gold[:LABELLED], (noise, predicted), draw)
    assert best == 1
    assert power > 0.5
    assert abs(tune_power(gold[:LABELLED], noise[:LABELLED], draw)[0]) < 0.4
    assert tune_power(gold[:LABELLED], np.ones(LABELLED), draw) == (0.0, 1.0)


def test_a_stratum_with_one_labelled_unit_shows_no_variation_and_is_refused() -> None:
    with pytest.raises(CommuniqueError, match="stratum 2 has 1 labelled units"):
        Draw.make(np.arange(3), np.arange(3), np.array([0, 0, 1]), np.array([10, 10]))


def test_intervals_hold_the_true_share_as_often_as_they_say_and_raw_counts_do_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A short run of experiments/checks/prevalence_coverage.py; 93 to 97% is for the long one."""
    monkeypatch.syspath_prepend(str(CHECKS))
    from prevalence_coverage import coverage  # type: ignore[import-not-found]

    monkeypatch.setitem(sys.modules["prevalence_coverage"].__dict__, "SUPERPOPULATION_DOCUMENTS", 20_000)
    settings = (("sentences", 150, 250, "archive"), ("documents", 150, 1200, "superpopulation"))
    lines = [line for line in coverage(200, 0, settings) if line["archives"] > 150]
    assert {line["group"] for line in lines} >= {"all", "group of 50%"}
    for line in lines:
        assert 0.90 <= line["coverage"] <= 0.995
        assert line["raw_coverage"] < 0.5


def test_equally_many_labels_of_very_unequal_actors_do_not_make_too_certain(monkeypatch: pytest.MonkeyPatch) -> None:
    """A short run of the same: one actor with nine tenths of the archive, 10 labels for each of 30."""
    monkeypatch.syspath_prepend(str(CHECKS))
    from prevalence_coverage import coverage

    kinds = ("common label", "rare label", "label of the large one")
    settings = tuple((f"equal by actor, {kind}", 600, 300, "archive") for kind in kinds)
    lines = coverage(60, 0, settings)
    assert [line["group"] for line in lines] == ["all"] * len(kinds)
    assert min(line["coverage"] for line in lines) >= 0.93
