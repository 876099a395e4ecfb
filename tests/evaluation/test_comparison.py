"""The leaderboard: same contrasts as the tests called by hand, seeds averaged, ties called ties."""

import numpy as np
import pandas as pd
import pytest
from tests.evaluation.planted import FAST, LABELS, system, table

from communique.errors import CommuniqueError
from communique.evaluation.comparison import Contrast, Leaderboard, Row, compare, mean_macro_f1, randomisation_p
from communique.evaluation.metrics import cluster_counts, macro_f1
from communique.evaluation.predictions import indicator_matrix
from communique.evaluation.resampling import approximate_randomisation, bootstrap_interval, holm, paired_difference


def counts(predictions: pd.DataFrame) -> np.ndarray:
    gold, said = (indicator_matrix(predictions[column], LABELS) for column in ("labels", "predicted"))
    return cluster_counts(gold, said, predictions["document"].tolist())


def contrast(row: Row) -> Contrast:
    assert row.contrast is not None
    return row.contrast


SYSTEMS = [system("poor", table(0.4, 1)), system("good", table(0.05, 2)), system("fair", table(0.15, 3))]


@pytest.fixture(scope="module")
def board() -> Leaderboard:
    return compare(SYSTEMS, "fair", **FAST)


def test_the_best_stands_first_and_is_the_reference_unless_another_is_named(board: Leaderboard) -> None:
    assert [row.name for row in board.rows] == ["good", "fair", "poor"]
    assert board.reference == "fair"
    assert compare(SYSTEMS, **FAST).reference == "good"
    with pytest.raises(CommuniqueError, match="reference 'nobody': is not among poor, good, fair"):
        compare(SYSTEMS, "nobody", **FAST)


@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_contrasts_are_those_of_the_resampling_functions_corrected_over_them_all(method) -> None:
    rows = {row.name: row for row in compare(SYSTEMS, "fair", method=method, **FAST).rows}
    base = counts(SYSTEMS[2].tables[0])
    others = [counts(SYSTEMS[0].tables[0]), counts(SYSTEMS[1].tables[0])]
    p = [approximate_randomisation(c, base, macro_f1, rounds=300) for c in others]
    for name, c, raw, adjusted in zip(("poor", "good"), others, p, holm(p), strict=True):
        found = contrast(rows[name])
        by_hand = paired_difference(c, base, macro_f1, resamples=100, method=method)
        ours = found.macro_f1
        assert (ours.value, ours.low, ours.high) == pytest.approx((by_hand.value, by_hand.low, by_hand.high))
        assert (found.p_value, found.p_adjusted) == (raw, adjusted)
    assert rows["fair"].contrast is None


def test_against_the_best_observed_p_is_corrected_over_all_pairs_since_all_were_looked_at() -> None:
    by_name = {one.name: counts(one.tables[0]) for one in SYSTEMS}
    pairs = [("good", "poor"), ("good", "fair"), ("poor", "fair")]
    p = [approximate_randomisation(by_name[a], by_name[b], macro_f1, rounds=300) for a, b in pairs]
    unnamed, named = compare(SYSTEMS, **FAST), compare(SYSTEMS, "good", **FAST)
    for board, family in ((unnamed, holm(p)), (named, holm(p[:2]))):
        found = {row.name: contrast(row).p_adjusted for row in board.rows if row.contrast}
        assert found == pytest.approx({"poor": family[0], "fair": family[1]})
    assert holm(p)[0] > holm(p[:2])[0]
    assert "over the family of all 3 pairs in macro-F1, because good was not named" in unnamed.note
    assert "over the family of the 2 contrasts of macro-F1 against good" in named.note
    assert [row.group for row in unnamed.rows] == [row.group for row in named.rows]


def test_a_clearly_better_system_is_told_apart(board: Leaderboard) -> None:
    good, _, poor = board.rows
    assert contrast(good).macro_f1.low > 0
    assert contrast(poor).p_adjusted < 0.05
    assert not set(good.group) & set(poor.group)


def test_identical_systems_are_tied_whatever_the_order_of_their_rows() -> None:
    one = table(0.1)
    first, second = compare([system("a", one), system("b", one.sample(frac=1, random_state=1))], **FAST).rows
    difference = contrast(second).macro_f1
    assert (difference.value, difference.low, difference.high) == (0, 0, 0)
    assert contrast(second).p_value == contrast(second).p_adjusted == 1
    assert first.group == second.group
    assert first.summary == second.summary


def test_several_seeds_are_measured_by_their_mean_and_every_value_is_kept() -> None:
    seeds = [table(0.1, seed) for seed in range(3)]
    row = next(row for row in compare([system("many", *seeds), SYSTEMS[0]], **FAST).rows if row.name == "many")
    each = [float(macro_f1(counts(seed).sum(axis=0))) for seed in seeds]
    assert row.seeds == pytest.approx(each)
    assert row.macro_f1.value == pytest.approx(np.mean(each))
    assert row.spread == pytest.approx(np.std(each, ddof=1))
    together = np.stack([counts(seed) for seed in seeds], axis=1)
    by_hand = bootstrap_interval(mean_macro_f1, together, resamples=100)
    assert (row.macro_f1.low, row.macro_f1.high) == pytest.approx((by_hand.low, by_hand.high))


def test_the_same_seed_several_times_changes_nothing() -> None:
    once = compare([system("a", table(0.1)), system("b", table(0.2, 1))], **FAST)
    often = compare([system("a", *[table(0.1)] * 3), system("b", *[table(0.2, 1)] * 2)], **FAST)
    for one, other in zip(once.rows, often.rows, strict=True):
        for figure, interval in one.summary.items():
            same = other.summary[figure]
            assert (same.value, same.low, same.high) == pytest.approx((interval.value, interval.low, interval.high))
    assert contrast(often.rows[1]).p_value == contrast(once.rows[1]).p_value


def test_systems_of_unlike_numbers_of_seeds_are_tested_on_their_means() -> None:
    a, b = (np.stack([counts(table(0.2, seed)) for seed in seeds], axis=1) for seeds in ((0, 1), (2, 3, 4)))
    thrice, twice = a[:, [0, 1, 0, 1, 0, 1]], b[:, [0, 1, 2, 0, 1, 2]]
    assert randomisation_p(a, b, 200, 0) == approximate_randomisation(thrice, twice, mean_macro_f1, rounds=200)


def test_one_system_alone_is_a_leaderboard_without_contrasts() -> None:
    (row,) = (alone := compare([SYSTEMS[0]], **FAST)).rows
    assert row.contrast is None
    assert row.group
    assert "Holm" not in alone.note


def test_the_frame_has_every_figure_with_its_interval_the_contrast_and_the_facts() -> None:
    made = compare([system("x", table(0.1), table(0.1, 5), model_bytes=9e6), *SYSTEMS], "fair", **FAST)
    by_name = made.to_frame().set_index("model")
    assert set(by_name.index) == {"fair", "good", "poor", "x"}
    assert by_name.loc["x", "model_bytes"] == 9e6
    assert by_name["macro_f1_difference"].notna().to_dict() == {"x": True, "good": True, "fair": False, "poor": True}
    for figure in ("macro_f1", "micro_f1", "none_f1", "ap", "brier", "ece", "red_precision", "green_recall", "red_ap"):
        ends = by_name[[f"{figure}_low", figure, f"{figure}_high"]]
        assert ends.notna().all(axis=None)
        if not figure.endswith("ece"):
            assert (ends.diff(axis=1).iloc[:, 1:] >= -1e-12).all(axis=None)
    assert by_name["fits"].to_dict() == {"x": 2, "good": 1, "fair": 1, "poor": 1}
    assert len(str(by_name.loc["x", "macro_f1_fits"]).split()) == 2


def test_the_values_of_every_fit_average_to_the_figures_shown() -> None:
    made = compare([system("x", table(0.1), table(0.1, 5)), SYSTEMS[0]], **FAST)
    means = made.fits_frame().groupby(["model", "figure", "label"])["value"].mean()
    for row in made.rows:
        assert means[row.name, "brier", ""] == pytest.approx(row.summary["brier"].value)
        assert means[row.name, "f1", "green"] == pytest.approx(row.labels["green"]["f1"].value)


def test_the_note_names_intervals_bins_family_and_cut_and_warns_of_few_documents() -> None:
    bare = table(0.3).drop(columns="predicted")
    note = compare([*SYSTEMS, system("bare", bare)], "fair", method="bca", **FAST).note
    assert "200 sentences of 40 documents" in note
    assert "BCa bootstrap over documents, 100 resamples" in note
    assert "15 bins of equal mass" in note
    assert "the family of the 3 contrasts of macro-F1 against fair" in note
    assert "cut at 0.5: bare" in note
    assert "Caution: 40 documents, fewer than 60" in note
    many = compare([system("a", table(0.1, documents=60))], **FAST).note
    assert "percentile" in many
    assert "Caution" not in many


def test_a_label_without_gold_is_said() -> None:
    blank = table(0.1).assign(labels="red", prob_blue=0.1)
    assert "no gold sentence for green, blue" in compare([system("a", blank)], **FAST).note
