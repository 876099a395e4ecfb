"""Linear heads as arrays: scikit-learn's numbers, before and after a round trip."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from communique.errors import CommuniqueError
from communique.models.linear import LinearHeads, linear_size, read_arrays

RNG = np.random.default_rng(0)
FEATURES = RNG.normal(3, 2, (80, 6))
LABELS = (FEATURES[:, :3] + RNG.normal(0, 1, (80, 3)) > 3).astype(int)


@pytest.mark.parametrize("labels", [1, 3])
def test_probabilities_are_those_of_scikit_learn_and_survive_saving(labels: int, tmp_path: Path) -> None:
    gold, new = LABELS[:, :labels], RNG.normal(3, 2, (50, 6))
    pipeline = make_pipeline(StandardScaler(), OneVsRestClassifier(LogisticRegression())).fit(FEATURES, gold)
    heads = LinearHeads.of(*(step for _, step in pipeline.steps))
    said = heads.probabilities(new)
    np.testing.assert_allclose(said, pipeline.predict_proba(new)[:, -labels:], atol=1e-12)
    heads.save(tmp_path / "linear.safetensors")
    np.testing.assert_array_equal(LinearHeads.load(tmp_path / "linear.safetensors").probabilities(new), said)


@pytest.mark.parametrize("value", [0, 1])
def test_a_label_that_was_constant_is_certain_and_has_learned_nothing(value: int) -> None:
    gold = np.column_stack([LABELS[:, 0], np.full(80, value)])
    scaler = StandardScaler().fit(FEATURES)
    with pytest.warns(UserWarning, match="present in all"):
        fitted = OneVsRestClassifier(LogisticRegression()).fit(scaler.transform(FEATURES), gold)
    heads = LinearHeads.of(scaler, fitted)
    assert (heads.probabilities(FEATURES)[:, 1] == value).all()
    assert linear_size(heads.weights, heads.intercepts) == 6 + 1


def test_a_folder_of_another_version_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CommuniqueError, match=r"holds no linear\.safetensors; another version saved this model"):
        read_arrays(tmp_path / "linear.safetensors")
