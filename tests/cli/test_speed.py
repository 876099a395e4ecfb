"""Export and distil from the command line, what scores when no champion is there, and which runtime does."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.cli.conftest import Run

from communique.cli import speed
from communique.data.codebook import Codebook
from communique.data.dataset import Corpus, read_corpus
from communique.data.splits import Split
from communique.models import load_model
from communique.models.cascade import CascadeModel
from communique.models.lexicon import LexiconModel
from communique.models.runtime import OnnxModel
from communique.models.static import StaticModel
from communique.models.transformer import TransformerModel
from communique.training import fit_model


@pytest.fixture(scope="module")
def encoder_model(corpus: Corpus, tiny_encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fitted encoder."""
    model = TransformerModel(str(tiny_encoder), 1, 5e-3, 1e-2, max_length=32, precision="float32")
    train, held_out = corpus.where(lambda s: s.document < "d022"), corpus.where(lambda s: s.document >= "d022")
    return fit_model(model, train, held_out).save(tmp_path_factory.mktemp("encoder-model") / "model")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def provenance(folder: Path) -> dict[str, str]:
    content = json.loads((folder / "scored.csv.provenance.json").read_text())["model"]
    assert isinstance(content, dict)
    return content


def test_without_a_champion_the_packaged_model_scores_and_is_named(run: Run, folder: Path) -> None:
    said = run("score", "letter.txt")
    assert said.code == 0
    assert "no champion is registered" in said.out
    assert len(pd.read_csv(folder / "scored.csv")) == 3
    assert not (folder / "mlruns.db").exists()
    assert run("score", "letter.txt", "--model", "packaged").out.count("no champion") == 0
    assert "there is no MLflow store" in run("distil", "--out", "student").error
    assert "there is no MLflow store" in run("export", "--out", "fast").error


def test_a_store_without_a_champion_leaves_the_packaged_model_too(run: Run, mlflow_store: tuple[str, str]) -> None:
    from communique.tracking.mlflow_tracker import MlflowTracker

    MlflowTracker(*mlflow_store)
    said = run("score", "letter.txt", "--tracking-uri", mlflow_store[0])
    assert said.code == 0
    assert "no champion is registered" in said.out
    said = run("score", "letter.txt", "--model", "other@champion", "--tracking-uri", mlflow_store[0])
    assert "model 'other@champion': not found" in said.error


def test_export_writes_a_model_that_scores_like_its_source(run: Run, folder: Path, encoder_model: Path) -> None:
    said = run("export", "--model", encoder_model, "--out", "fast", "--precision", "float32")
    assert said.code == 0
    assert "float32" in said.out
    assert "agrees with torch within" in said.out
    texts = ["We reject meddling.", "Rain."]
    exported = load_model(folder / "fast")
    assert isinstance(exported, OnnxModel)
    np.testing.assert_allclose(exported.predict_proba(texts), load_model(encoder_model).predict_proba(texts), atol=1e-5)


def test_int8_is_judged_on_files_of_ones_own(run: Run, folder: Path, encoder_model: Path) -> None:
    files = ("--validation", "data/sentences.jsonl", "--calibration", "data/sentences.jsonl")
    said = run("export", "--model", encoder_model, "--out", "fast", *files)
    assert said.code == 0
    assert "validation macro-F1" in said.out
    assert "in int8" in said.out
    assert load_model(folder / "fast").kind == "onnx"


def test_export_with_a_budget_makes_a_cascade(run: Run, folder: Path, encoder_model: Path) -> None:
    arguments = ("--model", encoder_model, "--out", "fast", "--precision", "float32", "--cheap", "model")
    said = run("export", *arguments, "--budget", 0.4, "--validation", "data/sentences.jsonl")
    assert said.code == 0
    cascade = load_model(folder / "fast")
    assert isinstance(cascade, CascadeModel)
    assert cascade.sent_up(read_corpus(folder / "data" / "sentences.jsonl", _book(folder)).texts).mean() <= 0.4


def test_export_refuses_a_model_without_an_encoder(run: Run, folder: Path) -> None:
    said = run("export", "--model", "model", "--out", "fast", "--precision", "float32")
    assert "has no encoder" in said.error
    assert not (folder / "fast").exists()


def test_distil_writes_a_student(run: Run, folder: Path, tiny_encoder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("split")
    defaults = (None, str(tiny_encoder), 0.5, None, 16, 8, 3, 1)
    monkeypatch.setattr(StaticModel.__init__, "__defaults__", (*defaults, *StaticModel.__init__.__defaults__[8:]))  # type: ignore[index]
    assert (
        "teacher lexicon (model): was fitted on other sentences"
        in run("distil", "--teacher", "model", "--out", "student").error
    )
    corpus = read_corpus(folder / "data" / "sentences.jsonl", _book(folder))
    parts = Split.load(folder / "data" / "splits.json").apply(corpus)
    fit_model(LexiconModel("data/codebook.yaml"), parts["train"], parts["validation"]).save(folder / "teacher")
    said = run("distil", "--teacher", "teacher", "--out", "student")
    assert said.code == 0
    assert "its teacher's" in said.out
    student = load_model(folder / "student")
    assert student.kind == "static"
    assert student.thresholds is not None
    assert student.codebook == _book(folder)


def test_distil_with_layers_writes_a_shallow_encoder(
    run: Run, folder: Path, tiny_encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("split")
    monkeypatch.setattr("communique.models.transformer.locate", lambda encoder: tiny_encoder)
    corpus = read_corpus(folder / "data" / "sentences.jsonl", _book(folder))
    parts = Split.load(folder / "data" / "splits.json").apply(corpus)
    fit_model(LexiconModel("data/codebook.yaml"), parts["train"], parts["validation"]).save(folder / "teacher")
    said = run("distil", "--teacher", "teacher", "--out", "student", "--layers", 1)
    assert said.code == 0
    student = load_model(folder / "student")
    assert isinstance(student, TransformerModel)
    assert student.layers == 1
    assert student.provenance["teacher"] == "lexicon"
    assert "transformer: layers=7" in run("distil", "--teacher", "teacher", "--out", "other", "--layers", 7).error
    assert not (folder / "other").exists()


def test_a_large_input_goes_to_onnx_once_prepared_and_a_small_one_to_torch(
    run: Run, folder: Path, encoder_model: Path, monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    said = run("score", "letter.txt", "--model", encoder_model)
    assert "(torch)" in said.out
    assert provenance(folder)["runtime"] == "torch"
    small = pd.read_csv(folder / "scored.csv")
    monkeypatch.setattr(speed, "LARGE", 10)
    said = run("score", "letter.txt", "--model", encoder_model)
    assert "preparing the model for ONNX Runtime, once" in said.out
    assert provenance(folder)["runtime"] == "ONNX Runtime, float32"
    first = (folder / "scored.csv").read_bytes()
    columns = [column for column in small if str(column).startswith("prob_")]
    np.testing.assert_allclose(pd.read_csv(folder / "scored.csv")[columns], small[columns], atol=1e-5)
    said = run("score", "letter.txt", "--model", encoder_model)
    assert "preparing" not in said.out
    assert (folder / "scored.csv").read_bytes() == first
    assert "(torch)" in run("score", "letter.txt", "--model", encoder_model, "--runtime", "torch").out


def _book(folder: Path) -> Codebook:
    return Codebook.load(folder / "data" / "codebook.yaml")
