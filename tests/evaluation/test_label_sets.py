"""Confusion of label sets: counted by hand, nothing lost in the pool."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from communique.evaluation.label_sets import common_sets, set_confusion

LABELS = ("a", "b", "c")


def test_worked_by_hand() -> None:
    gold = np.array([[0, 0, 0], [0, 0, 0], [1, 0, 0], [1, 1, 0]])
    said = np.array([[0, 0, 0], [1, 0, 0], [1, 0, 0], [0, 0, 1]])
    sets = common_sets(gold, LABELS, most=2)
    assert sets == ((), ("a",))
    found = set_confusion(gold, [said], LABELS, sets)
    assert found.counts.tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 1]]
    assert found.pooled == 2  # a with b, and c alone


@given(st.integers(0, 1000), st.integers(1, 3), st.integers(0, 8))
def test_every_sentence_is_counted_once_however_many_fits_and_sets(seed: int, fits: int, most: int) -> None:
    rng = np.random.default_rng(seed)
    gold, *said = rng.integers(0, 2, (fits + 1, 40, 3))
    found = set_confusion(gold, said, LABELS, common_sets(gold, LABELS, most))
    assert found.counts.sum() == pytest.approx(40)
    assert found.counts.shape == (len(found.sets) + 1,) * 2
