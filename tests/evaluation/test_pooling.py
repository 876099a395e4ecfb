"""The mean of several parts' figures, against scikit-learn and the bootstrap of the house."""

import numpy as np
import pytest
from sklearn.metrics import f1_score

from communique.errors import CommuniqueError
from communique.evaluation.metrics import cluster_counts, macro_f1
from communique.evaluation.pooling import by_part
from communique.evaluation.resampling import bootstrap_interval


@pytest.fixture(scope="module")
def parts() -> list[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(0)
    made = []
    for size, rate in ((60, 0.2), (200, 0.5), (90, 0.8)):
        gold = (rng.random((size, 2)) < rate).astype(int)
        made.append((gold, np.where(rng.random((size, 2)) < 0.75, gold, 1 - gold)))
    return made


def counted(gold: np.ndarray, *fits: np.ndarray) -> np.ndarray:
    documents = [str(i // 2) for i in range(len(gold))]
    return np.stack([cluster_counts(gold, predicted, documents) for predicted in fits], axis=1)


def test_each_part_and_their_mean_are_those_of_scikit_learn(parts: list[tuple[np.ndarray, np.ndarray]]) -> None:
    found = by_part({str(i): counted(*part) for i, part in enumerate(parts)}, resamples=200)
    each = [f1_score(*part, average="macro") for part in parts]
    assert [one.value for one in found.parts.values()] == pytest.approx(each)
    assert found.mean.value == pytest.approx(np.mean(each))
    assert found.mean.low < found.mean.value < found.mean.high


def test_figures_of_several_fits_are_means(parts: list[tuple[np.ndarray, np.ndarray]]) -> None:
    gold, predicted = parts[0]
    found = by_part({"one": counted(gold, predicted, gold)}, resamples=20)
    assert found.mean.value == pytest.approx((f1_score(gold, predicted, average="macro") + 1) / 2)


def test_one_part_is_its_own_mean_with_the_interval_of_the_house(parts: list[tuple[np.ndarray, np.ndarray]]) -> None:
    counts = counted(*parts[1])
    found = by_part({"one": counts}, resamples=500, seed=3)
    assert found.mean == found.parts["one"] == bootstrap_interval(macro_f1, counts[:, 0], resamples=500, seed=3)


def test_documents_that_stand_in_every_part_are_drawn_for_all_parts_at_once(
    parts: list[tuple[np.ndarray, np.ndarray]],
) -> None:
    """The same part four times over tells no more than once; drawn apart, the mean's interval would be half as wide."""
    counts = counted(*parts[1])
    names = sorted(str(i) for i in range(len(counts)))
    shared = by_part(dict.fromkeys("abcd", counts), dict.fromkeys("abcd", names), resamples=500, seed=3)
    assert shared.mean.value == pytest.approx(shared.parts["a"].value)
    assert shared.mean.low == pytest.approx(shared.parts["a"].low)
    assert shared.mean.high == pytest.approx(shared.parts["a"].high)
    apart = {part: [part + name for name in names] for part in "abcd"}
    found = by_part(dict.fromkeys("abcd", counts), apart, resamples=500, seed=3)
    assert found == by_part(dict.fromkeys("abcd", counts), resamples=500, seed=3)
    assert found.mean.high - found.mean.low < 0.6 * (shared.mean.high - shared.mean.low)


def test_a_part_that_a_draw_never_met_is_not_a_part_where_all_was_wrong() -> None:
    """Two documents of fifty are a part of their own: every seventh draw has neither, and nobody was ever wrong."""
    gold = np.tile(np.eye(2, dtype=int), (50, 1))
    counts = counted(gold, gold)
    names = sorted(str(i) for i in range(len(counts)))
    found = by_part({"all": counts, "few": counts[:2]}, {"all": names, "few": names[:2]}, resamples=200)
    assert (found.mean.low, found.mean.high) == (1.0, 1.0)


def test_parts_of_other_labels_are_refused(parts: list[tuple[np.ndarray, np.ndarray]]) -> None:
    gold, predicted = parts[0]
    with pytest.raises(CommuniqueError, match="same labels"):
        by_part({"one": counted(gold, predicted), "two": counted(gold[:, :1], predicted[:, :1])})
    with pytest.raises(CommuniqueError, match="at least one part"):
        by_part({})
