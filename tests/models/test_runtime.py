"""Exports: the same numbers as torch, for every sentence alone, from a folder that needs no torch."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.metrics import f1_score

from communique.data.dataset import Corpus
from communique.errors import CommuniqueError
from communique.evaluation.calibration import PlattCalibrator
from communique.models import load_model
from communique.models.base import StanceModel
from communique.models.embedding import EmbeddingModel
from communique.models.ensemble import EnsembleModel
from communique.models.export import TOLERANCE, export_model, has_encoder
from communique.models.export_cache import cached_export, cached_path, check_agreement
from communique.models.runtime import OnnxModel, feed
from communique.models.tfidf import TfidfModel
from communique.models.transformer import TransformerModel
from communique.training import DecisionRule, fit_model


@pytest.fixture(scope="module")
def saved(parts: tuple[Corpus, Corpus], tiny_encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An ensemble of every kind that matters: n-grams, frozen and fine-tuned encoders; long sentences in windows."""
    tuned = TransformerModel(str(tiny_encoder), 2, 5e-3, 1e-2, max_length=16, precision="float32")
    members = [TfidfModel(), EmbeddingModel(str(tiny_encoder), max_length=16), tuned]
    rule = DecisionRule(PlattCalibrator())
    return fit_model(EnsembleModel(members), *parts, rule).save(tmp_path_factory.mktemp("saved") / "ensemble")


@pytest.fixture(scope="module")
def texts(corpus: Corpus) -> list[str]:
    odd = ["", "  ", "…", "Ω ≠ ß", "line\nbreak\x00", "word " * 90]
    return [*corpus.texts[:40], " ".join(corpus.texts[:9]), *odd]


def judged(part: Corpus) -> tuple[list[str], np.ndarray]:
    return part.texts, part.indicators.to_numpy()


def test_a_float_export_gives_torchs_probabilities_for_any_text(saved: Path, texts: list[str]) -> None:
    export = export_model(saved)
    assert export.precision == "float32"
    np.testing.assert_allclose(export.model.predict_proba(texts), load_model(saved).predict_proba(texts), atol=1e-5)
    np.testing.assert_array_equal(export.model.windows(texts), load_model(saved).windows(texts))
    assert check_agreement(saved, export.model) < 1e-5


def test_an_export_decides_by_the_sources_thresholds_calibrator_and_codebook(saved: Path) -> None:
    source, exported = load_model(saved), export_model(saved).model
    np.testing.assert_array_equal(exported.thresholds, source.thresholds)
    assert exported.calibrator is not None
    assert source.calibrator is not None
    assert exported.calibrator.to_dict() == source.calibrator.to_dict()
    assert exported.codebook == source.codebook
    assert exported.provenance["exported_from"] == source.fingerprint


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_what_a_sentence_gets_does_not_depend_on_its_batch(
    saved: Path, texts: list[str], parts: tuple[Corpus, Corpus], precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("communique.models.export.TOLERANCE", 1.0)  # int8 whatever it costs
    export = export_model(saved, precision, parts[0].texts, judged(parts[1]))
    assert export.precision == precision
    together = export.model.predict_proba(texts)
    alone = np.vstack([export.model.predict_proba([text]) for text in texts])
    shuffled = np.random.default_rng(0).permutation(len(texts))
    mixed = np.empty_like(together)
    mixed[shuffled] = export.model.predict_proba([texts[row] for row in shuffled])
    np.testing.assert_allclose(alone, together, atol=1e-5)
    np.testing.assert_allclose(mixed, together, atol=1e-5)


def test_digits_do_not_depend_on_the_number_of_cores(
    saved: Path, texts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = export_model(saved).model
    said = {}
    for cores in ("1", "3"):
        monkeypatch.setenv("OMP_NUM_THREADS", cores)
        said[cores] = model.predict_proba(texts)
    np.testing.assert_array_equal(said["1"], said["3"])


def test_an_interrupted_scoring_leaves_the_batches_that_were_planned(
    saved: Path, parts: tuple[Corpus, Corpus], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Slow:
        begun = 0

        def get_outputs(self) -> list[SimpleNamespace]:
            return [SimpleNamespace(shape=("b", 3))]

        def run(self, _: object, fed: dict[str, np.ndarray]) -> list[np.ndarray]:
            self.begun += 1
            time.sleep(0.001)
            return [np.zeros((len(fed["input_ids"]), 3))]

    def interrupted(outputs: Iterator[np.ndarray], *_: object, **__: object) -> Iterator[np.ndarray]:
        yield next(outputs)
        raise KeyboardInterrupt  # as it comes, between two batches in the main thread

    tuned = export_model(next(path for path in sorted(saved.iterdir()) if (path / "network").is_dir())).model
    assert isinstance(tuned, OnnxModel)
    session = Slow()
    monkeypatch.setattr(tuned.network_, "_session", session)
    monkeypatch.setattr("communique.models.runtime.track", interrupted)
    with pytest.raises(KeyboardInterrupt):
        tuned.network_.run([[2, 5, 3]] * 8 * 1000)
    assert session.begun < 500


def test_int8_is_kept_where_validation_holds_and_both_figures_are_said(
    saved: Path, parts: tuple[Corpus, Corpus]
) -> None:
    texts, gold = judged(parts[1])
    export = export_model(saved, "int8", parts[0].texts, (texts, gold))
    plain = export_model(saved).model
    assert export.float_f1 == pytest.approx(f1_score(gold, plain.predict(texts), average="macro"))
    assert export.int8_f1 is not None
    assert export.float_f1 is not None
    assert (export.precision == "int8") == (export.int8_f1 >= export.float_f1 - TOLERANCE)
    assert f"{export.float_f1:.4f} in float, {export.int8_f1:.4f} in int8" in str(export)


def test_int8_that_costs_too_much_stays_float_and_says_so(
    saved: Path, parts: tuple[Corpus, Corpus], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("communique.models.export.TOLERANCE", -1.0)  # nothing is good enough
    export = export_model(saved, "int8", parts[0].texts, judged(parts[1]))
    assert export.precision == "float32"
    assert "stays float" in str(export)
    texts = parts[1].texts[:5]
    np.testing.assert_allclose(export.model.predict_proba(texts), load_model(saved).predict_proba(texts), atol=1e-5)


def test_a_saved_export_is_scored_without_torch(saved: Path, texts: list[str], tmp_path: Path) -> None:
    model = export_model(saved).model
    folder = model.save(tmp_path / "export")
    suffixes = {path.suffix for path in folder.rglob("*") if path.is_file()}
    assert suffixes == {".json", ".onnx", ".safetensors"}
    code = (
        "import json, sys\n"
        "class Absent:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in ('torch', 'transformers', 'onnx'):\n"
        "            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Absent())\n"
        "from communique.models import load_model\n"
        "model = load_model(sys.argv[1])\n"
        "print(json.dumps([model.runtime, model.predict_proba(json.loads(sys.stdin.read())).tolist()]))"
    )
    command = [sys.executable, "-c", code, str(folder)]
    done = subprocess.run(command, input=json.dumps(texts), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    runtime, found = json.loads(done.stdout)
    assert runtime == "ONNX Runtime; ONNX Runtime, float32"
    np.testing.assert_array_equal(found, model.predict_proba(texts))


def test_a_model_without_an_encoder_is_not_exported(parts: tuple[Corpus, Corpus], tmp_path: Path) -> None:
    folder = fit_model(TfidfModel(), *parts).save(tmp_path / "tfidf")
    assert not has_encoder(folder)
    with pytest.raises(CommuniqueError, match="nothing to export"):
        export_model(folder)


def test_int8_without_the_sentences_it_needs_is_refused(saved: Path) -> None:
    with pytest.raises(CommuniqueError, match="calibration sentences and a labelled validation"):
        export_model(saved, "int8")


def test_another_architecture_is_refused_by_name(tiny_encoder: Path, tmp_path: Path) -> None:
    from communique.models.bert_graph import bert_graph

    config = json.loads((tiny_encoder / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"hidden_act": "relu"}))
    with pytest.raises(CommuniqueError, match="hidden_act is 'relu'"):
        bert_graph(tmp_path)


def test_an_export_in_the_cache_is_made_once_and_again_where_it_is_damaged(
    saved: Path, texts: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first, made = cached_export(saved)
    assert made
    second, made = cached_export(saved)
    assert not made
    assert second.fingerprint == first.fingerprint
    graph = next(cached_path(saved).rglob("encoder.onnx"))
    graph.write_bytes(graph.read_bytes()[:-9])
    third, made = cached_export(saved)
    assert made
    np.testing.assert_array_equal(third.predict_proba(texts), first.predict_proba(texts))


def test_padding_marks_exactly_the_tokens_of_each_row() -> None:
    fed = feed([[5, 6, 7], [8], [9, 9]])
    assert fed["input_ids"].tolist() == [[5, 6, 7], [8, 0, 0], [9, 9, 0]]
    assert fed["attention_mask"].tolist() == [[1, 1, 1], [1, 0, 0], [1, 1, 0]]


def test_export_leaves_no_scratch_behind(saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    model: StanceModel | None = export_model(saved).model
    assert list(tmp_path.iterdir())
    del model
    assert not list(tmp_path.iterdir())
