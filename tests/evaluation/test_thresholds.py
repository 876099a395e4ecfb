"""Objectives of thresholds beside F1, and thresholds for texts in which labels are rarer or commoner."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.metrics import f1_score, fbeta_score

from communique.errors import CommuniqueError
from communique.evaluation.thresholds import PLATEAU, fit_thresholds


def shifted(seed: int, n: int, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Gold and probabilities ``(n, 1)``: what positives and negatives look like is fixed, only their share is not.

    Probabilities are right for a share of 0.3, as of a model calibrated on such a corpus.
    """
    rng = np.random.default_rng(seed)
    gold = (np.arange(n) < share * n).astype(int)[:, None]
    z = rng.normal(np.where(gold == 1, 1.0, -1.0), 1.0)
    return gold, expit(2 * z + np.log(0.3 / 0.7))


def best_f1(gold: np.ndarray, p: np.ndarray) -> float:
    return max(f1_score(gold, p >= cut) for cut in np.quantile(p, np.linspace(0, 1, 100)))


@pytest.mark.parametrize("share", [0.02, 0.05, 0.6])
def test_under_label_shift_thresholds_for_the_stated_share_are_near_the_best_and_beat_the_plain_ones(share) -> None:
    validation, fresh = shifted(0, 6000, 0.3), shifted(1, 20_000, share)
    plain = fit_thresholds(*validation).values
    aimed = fit_thresholds(*validation, target_prevalence=share).values
    scores = [f1_score(fresh[0], fresh[1] >= cut) for cut in (plain, aimed)]
    assert scores[1] > scores[0] + 0.01
    assert scores[1] > best_f1(*fresh) - 0.02
    assert (aimed > plain) == (share < 0.3)


def test_the_share_that_is_there_already_changes_no_threshold() -> None:
    gold, p = shifted(2, 1000, 0.3)
    plain = fit_thresholds(gold, p).values
    assert fit_thresholds(gold, p, target_prevalence=0.3).values == pytest.approx(plain)
    assert fit_thresholds(gold, p, target_prevalence=[np.nan]).values == plain


def test_each_label_has_its_own_share() -> None:
    gold, p = shifted(3, 1000, 0.3)
    both = fit_thresholds(np.hstack([gold, gold]), np.hstack([p, p]), target_prevalence=[np.nan, 0.02])
    alone = fit_thresholds(gold, p, target_prevalence=0.02)
    assert both.values[1] == alone.values[0] > both.values[0]


ROWS = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=2, max_size=30).filter(
    lambda rows: 0 < sum(gold for _, gold in rows) < len(rows)
)


def columns(rows) -> tuple[np.ndarray, np.ndarray]:
    return np.array([[int(gold)] for _, gold in rows]), np.array([[p] for p, _ in rows])


@settings(max_examples=25, deadline=None)
@given(ROWS, st.sampled_from([0.25, 0.5, 1.0, 2.0]))
def test_the_fbeta_cut_loses_at_most_the_plateau_of_what_scikit_learn_finds_best(rows, beta) -> None:
    gold, p = columns(rows)
    (cut,) = fit_thresholds(gold, p, objective="fbeta", beta=beta, minimum_positives=1).values
    best = max(fbeta_score(gold, p >= value, beta=beta) for value in p[:, 0])
    assert fbeta_score(gold, p >= cut, beta=beta) >= best - PLATEAU - 1e-9


@settings(max_examples=25, deadline=None)
@given(ROWS, st.floats(0.02, 0.98))
def test_a_stated_share_is_a_weight_a_sentence_as_scikit_learn_counts_them(rows, share) -> None:
    gold, p = columns(rows)
    (cut,) = fit_thresholds(gold, p, minimum_positives=1, target_prevalence=share).values
    weight = np.where(gold == 1, share / gold.mean(), (1 - share) / (1 - gold.mean()))[:, 0]
    best = max(f1_score(gold, p >= value, sample_weight=weight) for value in p[:, 0])
    assert f1_score(gold, p >= cut, sample_weight=weight) >= best - PLATEAU - 1e-9


def test_beta_below_one_cuts_higher_and_one_is_f1() -> None:
    gold, p = shifted(4, 2000, 0.3)
    careful, even, eager = (fit_thresholds(gold, p, objective="fbeta", beta=b).values for b in (0.25, 1, 4))
    assert careful > even > eager
    assert even == fit_thresholds(gold, p).values


def test_the_wanted_precision_is_reached_at_the_stated_share() -> None:
    gold, p = shifted(5, 20_000, 0.3)
    fresh, said = shifted(6, 200_000, 0.03)
    cut = fit_thresholds(gold, p, objective="precision", precision=0.5, target_prevalence=0.03).values
    chosen = said >= cut
    assert (fresh[chosen] == 1).mean() == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target_prevalence": 1.0}, "target_prevalence 1: must lie between"),
        ({"target_prevalence": [0.1, 0.2]}, "one for each of 1"),
        ({"objective": "fbeta", "beta": 0.0}, "beta 0.0: must be above 0"),
        ({"objective": "recall"}, "choose 'f1', 'fbeta' or 'precision'"),
    ],
)
def test_what_cannot_be_is_told_in_one_sentence(options, message) -> None:
    with pytest.raises(CommuniqueError, match=message):
        fit_thresholds(*shifted(0, 50, 0.3), **options)
