import numpy as np
import pytest
from sklearn.metrics import f1_score

from communique.errors import CommuniqueError
from communique.evaluation.metrics import cluster_counts
from communique.evaluation.pooling import pool


@pytest.fixture(scope="module")
def parts() -> list[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(0)
    made = []
    for size, rate in ((60, 0.2), (200, 0.5), (90, 0.8)):
        gold = (rng.random((size, 2)) < rate).astype(int)
        made.append((gold, np.where(rng.random((size, 2)) < 0.75, gold, 1 - gold)))
    return made


def counted(gold: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    return cluster_counts(gold, predicted, [str(i // 2) for i in range(len(gold))])


def test_both_averages_are_those_of_scikit_learn(parts: list[tuple[np.ndarray, np.ndarray]]) -> None:
    found = pool([counted(*part) for part in parts], resamples=200)
    gold, predicted = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    assert found.f_avg_pooled.value == pytest.approx(f1_score(gold, predicted, average="macro"))
    each = [f1_score(*part, average="macro") for part in parts]
    assert found.f_avg_per_target.value == pytest.approx(np.mean(each))
    for interval in (found.f_avg_pooled, found.f_avg_per_target):
        assert interval.low < interval.value < interval.high


def test_one_part_has_one_average_and_its_interval_is_the_bootstrap_of_the_house(
    parts: list[tuple[np.ndarray, np.ndarray]],
) -> None:
    from communique.evaluation.metrics import macro_f1
    from communique.evaluation.resampling import bootstrap_interval

    counts = counted(*parts[1])
    found = pool([counts], resamples=500, seed=3)
    assert found.f_avg_pooled == found.f_avg_per_target
    assert found.f_avg_pooled == bootstrap_interval(macro_f1, counts, resamples=500, seed=3)


def test_parts_of_other_labels_are_refused(parts: list[tuple[np.ndarray, np.ndarray]]) -> None:
    gold, predicted = parts[0]
    with pytest.raises(CommuniqueError, match="same labels"):
        pool([counted(gold, predicted), counted(gold[:, :1], predicted[:, :1])])
    with pytest.raises(CommuniqueError, match="at least one part"):
        pool([])
