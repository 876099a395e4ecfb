"""Explanations of a scored table: only what is worth one, within the budget, the rest counted."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from communique.errors import CommuniqueError
from communique.scoring.explanations import explain_table


class Ship:
    """A model of one label that a single word carries."""

    labels = ("ship",)

    def __init__(self) -> None:
        self.asked: list[str] = []

    def predict_proba(self, texts: Sequence[str]) -> np.ndarray:
        self.asked += list(texts)
        return np.array([[0.9 if "ship" in text.split() else 0.1] for text in texts])


@pytest.fixture
def table() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "text": ["a ship left", "fog", "one ship more", "no vessel", "the ship"],
            "labels": [["ship"], [], ["ship"], [], ["ship"]],
            "review": [False, False, False, True, True],
        },
        index=[10, 11, 12, 13, 14],
    )


def test_rows_with_a_label_or_a_mark_are_explained_and_no_others(table: pd.DataFrame) -> None:
    model = Ship()
    found = explain_table(model, table)
    assert sorted(found.by_row) == [0, 2, 3, 4]
    assert found.left_out == 0
    assert "fog" not in model.asked
    assert [word.word for word, _ in found.by_row[0].strongest("ship")] == ["ship"]


def test_within_a_budget_the_marked_rows_go_first(table: pd.DataFrame) -> None:
    found = explain_table(Ship(), table, budget=3)
    assert sorted(found.by_row) == [0, 3, 4]
    assert found.left_out == 1


def test_no_budget_is_no_explanation_and_a_negative_one_is_refused(table: pd.DataFrame) -> None:
    assert explain_table(Ship(), table, budget=0).by_row == {}
    with pytest.raises(CommuniqueError, match="budget -1"):
        explain_table(Ship(), table, budget=-1)
