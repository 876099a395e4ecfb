"""Hard cases: verdicts by hand, order, limits; nothing is lost without being counted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from communique.errors import CommuniqueError
from communique.evaluation.hard_cases import Answers, hard_cases

LABELS = ("one", "two")
GOLD = np.array([[1, 0], [0, 0], [1, 1], [0, 0], [0, 1]])
P = np.array([[0.9, 0.1], [0.95, 0.1], [0.48, 0.1], [0.45, 0.1], [0.1, 0.9]])


def answers(p: np.ndarray, name: str = "m") -> Answers:
    thresholds = np.array([0.5, 0.5])
    return Answers(name, p, p >= thresholds, thresholds)


def test_verdicts_are_those_worked_out_by_hand() -> None:
    found = hard_cases(GOLD, [answers(P)], LABELS, margin=0.1)
    said = [(case.row, case.label, case.said[0].verdict) for case in found.cases]
    assert said == [
        (1, "one", "false positive"),  # 0.45 beyond the threshold
        (2, "two", "false negative"),  # 0.40
        (2, "one", "false negative"),  # 0.02
        (3, "one", "uncertain"),
    ]
    assert (found.wrong, found.uncertain, found.sentences, found.left_out) == (2, 1, 3, 0)


def test_a_case_of_one_model_shows_what_the_others_said() -> None:
    found = hard_cases(GOLD, [answers(P, "a"), answers(GOLD.astype(float), "b")], LABELS)
    (case, *_) = found.cases
    assert [(one.model, one.verdict) for one in case.said] == [("a", "false positive"), ("b", "right")]


def test_the_limit_keeps_two_thirds_for_mistakes_and_counts_the_rest() -> None:
    gold = np.zeros((40, 2), dtype=int)
    p = np.full((40, 2), 0.1)
    p[:20, 0], p[20:, 0] = np.linspace(0.6, 0.99, 20), np.linspace(0.41, 0.49, 20)
    found = hard_cases(gold, [answers(p)], LABELS, limit=9)
    rows = [case.row for case in found.cases]
    assert rows == [19, 18, 17, 16, 15, 14, 39, 38, 37]
    assert (found.wrong, found.uncertain, found.left_out) == (20, 20, 31)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 30), st.floats(0, 0.5))
def test_every_mistake_is_shown_or_counted(seed: int, limit: int, margin: float) -> None:
    rng = np.random.default_rng(seed)
    gold, said = rng.integers(0, 2, (20, 2)), [answers(rng.random((20, 2)), name) for name in "ab"]
    found = hard_cases(gold, said, LABELS, margin=margin, limit=limit)
    wrong = np.any([(one.decided != gold).any(axis=1) for one in said], axis=0)
    assert found.wrong == wrong.sum()
    assert found.sentences == len({case.row for case in found.cases}) <= limit
    assert found.sentences == min(limit, found.wrong + found.uncertain)
    assert [case.order for case in found.cases] == sorted(case.order for case in found.cases)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(CommuniqueError, match="at least one model"):
        hard_cases(GOLD, [], LABELS)
    with pytest.raises(CommuniqueError, match="m: answers of shape"):
        hard_cases(GOLD[:2], [answers(P)], LABELS)
    with pytest.raises(CommuniqueError, match=r"margin 0\.7"):
        hard_cases(GOLD, [answers(P)], LABELS, margin=0.7)
    with pytest.raises(CommuniqueError, match="limit 0"):
        hard_cases(GOLD, [answers(P)], LABELS, limit=0)
