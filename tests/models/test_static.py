"""The static student: numpy's numbers are torch's, it follows its teacher, and it needs no torch to score."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from communique.data.dataset import Corpus
from communique.data.texts import read_texts
from communique.errors import CommuniqueError
from communique.models import PACKAGED_MODEL, load_model
from communique.models.static import StaticModel, deep_scores
from communique.training import fit_model


@pytest.fixture(scope="module")
def student(parts: tuple[Corpus, Corpus], teacher: Path, tiny_encoder: Path) -> StaticModel:
    model = StaticModel(str(teacher), str(tiny_encoder), epochs=4, learning_rate=1e-2, channels=8, span=3)
    fit_model(model, *parts)
    return model


@pytest.mark.parametrize("span", [1, 3, 5])
def test_numpy_computes_the_deep_part_as_torch_does(span: int) -> None:
    import torch

    from communique.models.distillation import Student

    torch.manual_seed(0)
    model = StaticModel(channels=7, span=span)
    model.labels = ("a", "b")
    network = Student(model, np.random.default_rng(0).normal(size=(50, 6)).astype(np.float32), 0).eval()
    arrays = network.arrays()
    vectors = arrays["vectors"] * arrays["scales"][:, None].astype(np.float32)
    network.vectors.weight.data = torch.tensor(vectors)
    rows = [[4], [7, 9, 11, 3], list(range(20)), [5, 5]]
    lengths = np.array([len(row) for row in rows])
    mask = (np.arange(20) < lengths[:, None]).astype(np.float32)
    padded = np.array([row + [0] * (20 - len(row)) for row in rows])
    with torch.inference_mode():
        wanted = network(torch.tensor(padded), torch.tensor(mask)).numpy()
    found = deep_scores(arrays, np.concatenate([np.array(row) for row in rows]), lengths)
    np.testing.assert_allclose(found, wanted, atol=5e-3)  # the rest is kept in 16 bits


def test_regression_on_soft_labels_is_that_of_scikit_learn_where_labels_are_hard() -> None:
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import LogisticRegression

    from communique.models.distillation import soft_logistic

    rng = np.random.default_rng(0)
    features = rng.normal(size=(300, 5))
    gold = (features @ rng.normal(size=(5, 2)) + rng.normal(size=(300, 2)) > 0.7).astype(float)
    weights, intercepts = soft_logistic(csr_matrix(features), gold, 2.0)
    for column in range(2):
        theirs = LogisticRegression(C=2.0, class_weight="balanced", tol=1e-8).fit(features, gold[:, column])
        np.testing.assert_allclose(weights[:, column], theirs.coef_[0], atol=1e-3)
        np.testing.assert_allclose(intercepts[column], theirs.intercept_[0], atol=1e-3)


def test_the_student_follows_its_teacher(student: StaticModel, teacher: Path, parts: tuple[Corpus, Corpus]) -> None:
    said, taught = student.raw_proba(parts[1].texts), load_model(teacher).predict_proba(parts[1].texts)
    for column in range(3):
        assert np.corrcoef(said[:, column], taught[:, column])[0, 1] > 0.9
    assert student.provenance["teacher_digest"] == load_model(teacher).fingerprint


def test_mistakes_are_one_sentence(tmp_path: Path, parts: tuple[Corpus, Corpus]) -> None:
    (tmp_path / "empty.txt").write_text("\n\n")
    (tmp_path / "bad.jsonl").write_text('{"text": "a"}\n{"words": "b"}\n')
    with pytest.raises(CommuniqueError, match="holds no sentence"):
        read_texts(tmp_path / "empty.txt")
    with pytest.raises(CommuniqueError, match=r"bad\.jsonl, line 2: must be a JSON object with a 'text'"):
        read_texts(tmp_path / "bad.jsonl")
    with pytest.raises(CommuniqueError, match=r"none\.txt: cannot be read"):
        read_texts(tmp_path / "none.txt")
    with pytest.raises(CommuniqueError, match="span 4 must be odd"):
        StaticModel(span=4).fit(parts[0].texts, parts[0].indicators)


def test_an_encoder_without_word_vectors_is_one_sentence(
    tmp_path: Path, parts: tuple[Corpus, Corpus], tiny_encoder: Path
) -> None:
    from safetensors.numpy import save_file

    folder = shutil.copytree(tiny_encoder, tmp_path / "odd")
    save_file({"other.weight": np.zeros((3, 2), dtype=np.float32)}, folder / "model.safetensors")
    with pytest.raises(CommuniqueError, match=r"odd: model\.safetensors holds no 'word_embeddings\.weight'"):
        StaticModel(encoder=str(folder)).fit(parts[0].texts, parts[0].indicators)
    (folder / "tokenizer.json").rename(folder / "vocab.txt")
    with pytest.raises(CommuniqueError, match=r"odd: holds no tokenizer\.json"):
        StaticModel(encoder=str(folder)).fit(parts[0].texts, parts[0].indicators)


WITHOUT_TORCH = """
import json, sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] in ('torch', 'transformers', 'onnx', 'onnxruntime', 'mlflow'):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
from communique.models import load_model
print(json.dumps(load_model(sys.argv[1]).predict_proba(json.loads(sys.stdin.read())).tolist()))
"""


def test_a_saved_student_needs_no_torch(student: StaticModel, tmp_path: Path) -> None:
    texts = ["we reject meddling", "", "rain " * 200]
    folder = student.save(tmp_path / "student")
    assert {path.suffix for path in folder.iterdir()} == {".json", ".safetensors"}
    command = [sys.executable, "-c", WITHOUT_TORCH, str(folder)]
    done = subprocess.run(command, input=json.dumps(texts), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    np.testing.assert_array_equal(json.loads(done.stdout), student.predict_proba(texts))


def test_the_packaged_model_is_small_safe_and_whole() -> None:
    model = load_model(PACKAGED_MODEL)
    assert model.kind == "static"
    assert model.thresholds is not None
    assert model.codebook is not None
    assert model.labels == tuple(model.codebook.names)
    files = list(PACKAGED_MODEL.iterdir())
    assert {path.suffix for path in files} == {".json", ".safetensors"}
    assert sum(path.stat().st_size for path in files) < 12_000_000
