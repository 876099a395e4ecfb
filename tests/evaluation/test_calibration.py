import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from communique.errors import CommuniqueError
from communique.evaluation.calibration import (
    KINDS,
    PLATEAU,
    IsotonicCalibrator,
    PlattCalibrator,
    TemperatureCalibrator,
    Thresholds,
    calibrator_from_dict,
    fit_thresholds,
)
from communique.evaluation.reliability import (
    Bins,
    brier_score,
    expected_calibration_error,
    reliability_curves,
)

ALL = sorted(KINDS)
FITTING = [kind for kind in ALL if kind != "identity"]


def planted(seed, n=4000, slope=0.5, shift=-1.0, labels=2):
    """Over-confident probabilities: the true log-odds are ``slope * z + shift``."""
    rng = np.random.default_rng(seed)
    z = rng.normal(0, 2.5, size=(n, labels))
    return expit(z), (rng.random((n, labels)) < expit(slope * z + shift)).astype(int)


# Reliability


def test_ece_worked_by_hand():
    p, gold = np.array([[0.1], [0.3], [0.6], [1.0]]), np.array([[0], [1], [1], [1]])
    # Two bins {.1 .3} and {.6 1}: gaps |.2 - .5| and |.8 - 1|, each over half the sentences.
    for scheme in ("equal_mass", "equal_width"):
        assert expected_calibration_error(gold, p, Bins(scheme, 2)) == pytest.approx([0.25])
    (curve,) = reliability_curves(gold, p, Bins("equal_width", 2))
    assert curve.mean_probability == pytest.approx((0.2, 0.8))
    assert curve.observed == (0.5, 1)
    assert curve.count == (2, 2)
    assert json.loads(json.dumps(curve.to_dict()))["count"] == [2, 2]


def test_equal_mass_bins_hold_equally_many_sentences():
    p = np.random.default_rng(0).random((450, 1)) ** 3
    (curve,) = reliability_curves(p > 0.5, p)
    assert curve.count == (30,) * 15


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]), st.integers(0, 1)), min_size=1),
    st.randoms(),
)
def test_no_figure_depends_on_the_order_of_rows_even_with_ties(rows, random):
    shuffled = random.sample(rows, len(rows))
    for scheme in ("equal_mass", "equal_width"):
        one, other = (
            expected_calibration_error(np.array([[y] for _, y in case]), np.array([[p] for p, _ in case]), Bins(scheme))
            for case in (rows, shuffled)
        )
        assert one == pytest.approx(other)
        assert 0 <= one[0] <= 1


def test_true_probabilities_have_a_small_error_and_certainty_a_zero_brier():
    p, gold = planted(0, n=20_000, slope=1, shift=0)
    assert (expected_calibration_error(gold, p) < 0.015).all()
    assert (brier_score(gold, gold) == 0).all()


def test_unknown_bins_are_refused():
    with pytest.raises(CommuniqueError, match="equal_mass"):
        Bins("even", 10)  # type: ignore[arg-type]


# Calibrators


@pytest.mark.parametrize("kind", ALL)
def test_calibration_never_turns_the_order_round(kind):
    p, gold = planted(1)
    for target in (gold, 1 - gold):  # also where the probabilities rank the wrong way
        calibrated = KINDS[kind]().fit(p, target).transform(p)
        assert calibrated.shape == p.shape
        for column, order in zip(calibrated.T, np.argsort(p, axis=0).T, strict=True):
            assert (np.diff(column[order]) >= 0).all()


@pytest.mark.parametrize("kind", FITTING)
def test_planted_miscalibration_is_repaired_on_fresh_data(kind):
    shift = 0 if kind == "temperature" else -1
    calibrator = KINDS[kind]().fit(*planted(2, shift=shift))
    p, gold = planted(3, shift=shift)
    after = calibrator.transform(p)
    assert log_loss(gold[:, 0], after[:, 0]) < log_loss(gold[:, 0], p[:, 0]) - 0.02
    assert (expected_calibration_error(gold, after) < 0.5 * expected_calibration_error(gold, p)).all()


@pytest.mark.parametrize("kind", ALL)
def test_json_brings_back_the_same_calibrator_to_the_last_digit(kind):
    p, gold = planted(4, n=500)
    gold[:, 1] = 0
    calibrator = KINDS[kind]().fit(p, gold)
    copy = calibrator_from_dict(json.loads(json.dumps(calibrator.to_dict(), allow_nan=False)))
    assert (copy.transform(p) == calibrator.transform(p)).all()
    assert copy.to_dict() == calibrator.to_dict()
    assert copy.notes == calibrator.notes


@pytest.mark.parametrize("temperature", [0.4, 1.0, 2.5])
def test_a_planted_temperature_is_recovered(temperature):
    calibrator = TemperatureCalibrator().fit(*planted(5, n=20_000, slope=1 / temperature, shift=0, labels=1))
    assert calibrator.to_dict()["parameters"][0]["temperature"] == pytest.approx(temperature, rel=0.05)
    assert calibrator.notes == ("",)


def test_platt_is_the_logistic_regression_of_gold_on_log_odds():
    p, gold = planted(6, n=5000, labels=1)
    fitted = PlattCalibrator().fit(p, gold).to_dict()["parameters"][0]
    reference = LogisticRegression(C=1e10).fit(logit(p), gold[:, 0])
    assert fitted["slope"] == pytest.approx(reference.coef_[0, 0], rel=0.01)
    assert fitted["intercept"] == pytest.approx(reference.intercept_[0], rel=0.01)


@pytest.mark.parametrize("kind", ALL)
def test_certain_and_separable_probabilities_stay_finite(kind):
    gold = np.repeat([[0], [1]], 50, axis=0)
    calibrator = KINDS[kind]().fit(gold.astype(float), gold)
    low, high = calibrator.transform(np.array([[0.0], [1.0]]))[:, 0]
    assert 0 <= low < 0.05 < 0.95 < high <= 1
    if kind == "isotonic":
        assert low == pytest.approx(1 / 102)


@pytest.mark.parametrize("kind", FITTING)
def test_a_label_with_too_few_positives_is_left_as_it_is_and_named(kind):
    p, gold = planted(7, n=400, labels=3)
    gold[:, 1] = np.arange(400) < 9
    gold[:, 2] = np.arange(400) >= 9
    calibrator = KINDS[kind]().fit(p, gold)
    assert calibrator.notes[0] == ""
    assert calibrator.notes[1].startswith("9 positive sentences, fewer than 10")
    assert calibrator.notes[2].startswith("9 negative sentences")
    after = calibrator.transform(p)
    assert (after[:, 1:] == p[:, 1:]).all()
    assert (after[:, 0] != p[:, 0]).any()


def test_probabilities_that_rank_backwards_are_noted():
    p, gold = planted(8)
    assert "do not rise" in PlattCalibrator().fit(p, 1 - gold).notes[0]
    assert "at its limit" in TemperatureCalibrator().fit(p, 1 - gold).notes[0]


def test_fitting_and_transforming_leave_the_input_alone_and_take_an_empty_batch():
    p, gold = planted(9, n=200)
    before = p.copy()
    calibrator = IsotonicCalibrator().fit(p, gold)
    calibrator.transform(p)
    assert (p == before).all()
    assert calibrator.transform(np.empty((0, 2))).shape == (0, 2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: PlattCalibrator().transform(np.ones((2, 2))), "not fitted"),
        (lambda: PlattCalibrator().fit(*planted(0, n=50)).transform(np.ones((2, 3))), "3 labels given"),
        (lambda: PlattCalibrator().fit(np.full((2, 1), np.nan), np.ones((2, 1))), "nan"),
        (lambda: calibrator_from_dict({"kind": "astrology"}), "astrology"),
        (lambda: calibrator_from_dict({"kind": "platt"}), "field 'minimum_positives'"),
        (lambda: fit_thresholds(np.ones((2, 1)), np.ones((2, 1)), objective="recall"), "objective"),  # type: ignore[arg-type]
        (
            lambda: fit_thresholds(np.ones((2, 1)), np.ones((2, 1)), objective="precision", precision=80),
            "0 to 1",
        ),
    ],
)
def test_what_cannot_be_is_told_in_one_sentence(call, message):
    with pytest.raises(CommuniqueError, match=message):
        call()


# Thresholds

SCORED = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40).filter(
    lambda rows: any(gold for _, gold in rows)
)


def columns(rows):
    return np.array([row[1] for row in rows], dtype=int)[:, None], np.array([row[0] for row in rows])[:, None]


def decided(gold, p, cut):
    """F1, precision and size of what a cut decides."""
    chosen = p >= cut
    hits = (chosen & (gold == 1)).sum()
    return 2 * hits / (chosen.sum() + gold.sum()), hits / chosen.sum(), chosen.sum()


@settings(max_examples=200, deadline=None)
@given(SCORED)
def test_f1_threshold_loses_at_most_the_plateau_against_every_cut(rows):
    gold, p = columns(rows)
    (cut,) = fit_thresholds(gold, p, minimum_positives=1).values
    best = max(decided(gold, p, value)[0] for value in p)
    assert decided(gold, p, cut)[0] >= best - PLATEAU - 1e-9


@settings(max_examples=200, deadline=None)
@given(SCORED, st.sampled_from([0.3, 0.5, 0.8, 1.0]))
def test_precision_threshold_is_the_lowest_that_satisfies(rows, wanted):
    gold, p = columns(rows)
    found = fit_thresholds(gold, p, objective="precision", precision=wanted, minimum_positives=1)
    _, precision, size = decided(gold, p, found.values[0])
    others = [decided(gold, p, value)[1:] for value in p]
    if found.notes[0]:
        assert precision == max(others)[0] < wanted
    else:
        assert precision >= wanted
        assert all(other <= size for reached, other in others if reached >= wanted)


def test_a_clear_gap_is_cut_in_its_middle():
    p = np.concatenate([np.linspace(0.05, 0.3, 50), np.linspace(0.7, 0.9, 50)])[:, None]
    gold = np.repeat([[0], [1]], 50, axis=0)
    # Perfect in (.3, .7]; two wrong either way still lie within the plateau, and the middle stays near .5.
    assert fit_thresholds(gold, p).values == pytest.approx([0.5], abs=0.01)


def test_the_plateau_beats_the_best_single_cut_on_fresh_data():
    def draw(seed, n):
        rng = np.random.default_rng(seed)
        gold = (rng.random((n, 1)) < 0.25).astype(int)
        return gold, expit(rng.normal(1.5 * gold - 1.5, 1))

    fresh_gold, fresh_p = draw(0, 20_000)
    smooth: list[float] = []
    sharp: list[float] = []
    for seed in range(1, 61):
        gold, p = draw(seed, 200)
        best = max(np.unique(p), key=lambda value: decided(gold, p, value)[0])
        for cuts, cut in ((smooth, fit_thresholds(gold, p).values[0]), (sharp, best)):
            cuts.append(decided(fresh_gold, fresh_p, cut)[0])
    assert np.mean(smooth) > np.mean(sharp)


def test_a_label_with_too_few_positives_takes_the_median_of_the_others():
    p, gold = planted(10, n=600, labels=4)
    gold[:, 3] = np.arange(600) < 5
    found = fit_thresholds(gold, p)
    assert found.values[3] == np.median(found.values[:3])
    assert "5 positive sentences" in found.notes[3]
    assert "median" in found.notes[3]
    assert found.notes[:3] == ("", "", "")
    alone = fit_thresholds(gold[:, 3:], p[:, 3:])
    assert alone.values == [0.5]
    assert "default" in alone.notes[0]


def test_thresholds_come_back_from_json_equal():
    found = fit_thresholds(*reversed(planted(11, n=300)))
    copy = Thresholds.from_dict(json.loads(json.dumps(found.to_dict())))
    assert (copy.values == found.values).all()
    assert copy.notes == found.notes
