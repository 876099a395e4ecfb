"""One contract over all model kinds: what any of them promises, each of them is held to."""

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone

from communique.data.dataset import Corpus
from communique.errors import CommuniqueError
from communique.models import KINDS, StanceModel, load_model
from communique.models.cascade import CascadeModel
from communique.models.embedding import EmbeddingModel
from communique.models.ensemble import EnsembleModel
from communique.models.lexicon import LexiconModel
from communique.models.lineage import known_sentences
from communique.models.nli import NliModel
from communique.models.runtime import OnnxModel
from communique.models.setfit import SetFitModel
from communique.models.static import StaticModel
from communique.models.tfidf import TfidfModel
from communique.models.transformer import TransformerModel
from communique.training import fit_model


def unfitted(kind: str, codebook_file: Path, encoder: Path, nli: Path) -> StanceModel:
    made: dict[str, StanceModel] = {
        "lexicon": LexiconModel(str(codebook_file)),
        "tfidf": TfidfModel(),
        "embedding": EmbeddingModel(str(encoder), max_length=32),
        "transformer": TransformerModel(
            str(encoder), epochs=3, learning_rate=5e-3, head_learning_rate=1e-2, max_length=32, precision="float32"
        ),
        "setfit": SetFitModel(
            str(encoder), max_steps=12, batch_size=8, learning_rate=1e-3, max_length=32, precision="float32"
        ),
        "nli": NliModel(str(nli), str(codebook_file)),
        "ensemble": EnsembleModel([LexiconModel(str(codebook_file)), TfidfModel()]),
        "static": StaticModel(encoder=str(encoder), epochs=3, learning_rate=1e-2, channels=16, span=3),
        "cascade": CascadeModel(LexiconModel(str(codebook_file)), TfidfModel(), budget=0.5),
    }
    made["onnx"] = OnnxModel(made["transformer"])
    return made[kind]


@pytest.fixture(scope="module", params=sorted(KINDS))
def model(request: pytest.FixtureRequest, codebook_file: Path, tiny_encoder: Path, tiny_nli: Path) -> StanceModel:
    if request.param == "setfit":
        pytest.importorskip("setfit")
    return unfitted(request.param, codebook_file, tiny_encoder, tiny_nli)


@pytest.fixture(scope="module")
def fitted(model: StanceModel, parts: tuple[Corpus, Corpus]) -> StanceModel:
    return fit_model(clone(model), *parts)


@pytest.fixture(scope="module")
def folder(fitted: StanceModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fitted.save(tmp_path_factory.mktemp("models") / fitted.kind)


def test_constructor_keeps_its_arguments_untouched(model: StanceModel) -> None:
    kept = clone(model).get_params(deep=False)
    assert kept.keys() == model.get_params(deep=False).keys()
    assert repr(model).startswith(type(model).__name__)


def test_predicting_before_fitting_is_one_sentence(model: StanceModel) -> None:
    with pytest.raises(CommuniqueError, match="not fitted"):
        clone(model).predict_proba(["a sentence"])


def test_texts_and_labels_of_unequal_number_are_refused(model: StanceModel, corpus: Corpus) -> None:
    with pytest.raises(CommuniqueError, match="rows of labels"):
        clone(model).fit(corpus.texts[:-1], corpus.indicators)


def test_probabilities_have_one_column_a_label_and_lie_in_the_unit_interval(
    fitted: StanceModel, corpus: Corpus
) -> None:
    p = fitted.predict_proba(corpus.texts)
    assert p.shape == (len(corpus), 3)
    assert ((p >= 0) & (p <= 1)).all()


def test_an_announced_label_is_ranked_above_the_rest(fitted: StanceModel, parts: tuple[Corpus, Corpus]) -> None:
    if fitted.kind == "nli":
        pytest.skip("learns nothing, and its random network knows no English")
    p, gold = fitted.predict_proba(parts[1].texts), parts[1].indicators.to_numpy()
    for i in range(3):
        assert p[gold[:, i] == 1, i].mean() > p[gold[:, i] == 0, i].mean()


def test_a_sentence_is_scored_alike_whatever_stands_beside_it(fitted: StanceModel, corpus: Corpus) -> None:
    texts = corpus.texts[:40]
    together = fitted.predict_proba(texts)
    apart = np.vstack([fitted.predict_proba([text]) for text in texts])
    backwards = fitted.predict_proba(texts[::-1])[::-1]
    np.testing.assert_allclose(together, apart, atol=1e-5)
    np.testing.assert_allclose(together, backwards, atol=1e-5)


def test_decisions_are_the_probabilities_cut_at_the_stored_thresholds(fitted: StanceModel, corpus: Corpus) -> None:
    assert fitted.thresholds is not None
    cut = fitted.predict_proba(corpus.texts) >= fitted.thresholds
    np.testing.assert_array_equal(fitted.predict(corpus.texts), cut)


def test_without_fitted_thresholds_nothing_is_decided(model: StanceModel, corpus: Corpus) -> None:
    bare = clone(model).fit(corpus.texts[:80], corpus.indicators[:80])
    with pytest.raises(CommuniqueError, match="threshold"):
        bare.predict(corpus.texts[:2])


def test_no_sentences_give_no_rows(fitted: StanceModel) -> None:
    assert fitted.predict_proba([]).shape == (0, 3)


def test_odd_texts_are_scored_like_any_other(fitted: StanceModel) -> None:
    odd = ["", "   ", "…", "word " * 300, "Ω ≠ ß", "line\nbreak\x00"]
    p = fitted.predict_proba(odd)
    assert np.isfinite(p).all()
    assert (fitted.windows(odd) >= 1).all()


def test_a_single_text_in_place_of_a_list_is_refused(fitted: StanceModel) -> None:
    with pytest.raises(CommuniqueError, match="list of sentences"):
        fitted.predict_proba("one sentence")


def test_saving_and_loading_changes_no_digit(fitted: StanceModel, folder: Path, corpus: Corpus) -> None:
    loaded = load_model(folder)
    np.testing.assert_array_equal(loaded.predict_proba(corpus.texts), fitted.predict_proba(corpus.texts))
    np.testing.assert_array_equal(loaded.thresholds, fitted.thresholds)
    assert loaded.labels == fitted.labels
    assert loaded.codebook == fitted.codebook
    assert loaded.fingerprint == fitted.fingerprint
    np.testing.assert_array_equal(loaded.learned, fitted.learned)


def test_a_sentence_it_learned_from_is_known_again_in_any_dress(folder: Path, parts: tuple[Corpus, Corpus]) -> None:
    loaded, (train, validation) = load_model(folder), parts
    for text in (train.texts[0], validation.texts[-1]):
        dressed = f"  “{text.upper().replace(' ', '  ')}” "
        assert known_sentences(loaded, [dressed, "Nobody wrote this sentence before.", text]) == 2


def test_the_folder_holds_only_safe_files(folder: Path) -> None:
    suffixes = {path.suffix for path in folder.rglob("*") if path.is_file()}
    assert suffixes <= {".json", ".safetensors", ".txt", ".jinja", ".onnx"}


def test_a_flipped_byte_anywhere_is_refused_in_one_sentence(folder: Path) -> None:
    for path in [p for p in folder.rglob("*") if p.is_file()]:
        original = path.read_bytes()
        middle = len(original) // 2
        path.write_bytes(original[:middle] + bytes([original[middle] ^ 1]) + original[middle + 1 :])
        with pytest.raises(CommuniqueError, match=r"changed|damaged") as refusal:
            load_model(folder)
        assert "\n" not in str(refusal.value)
        path.write_bytes(original)
    load_model(folder)


def test_a_missing_file_and_a_foreign_folder_are_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(CommuniqueError, match="not a model folder"):
        load_model(tmp_path)
    named = sorted(json.loads((folder / "model.json").read_text())["files"])[0]
    hidden = (folder / named).rename(tmp_path / "hidden")
    with pytest.raises(CommuniqueError, match="is missing"):
        load_model(folder)
    hidden.rename(folder / named)


def test_a_file_added_to_the_folder_is_refused(folder: Path) -> None:
    planted = folder / "planted.txt"
    planted.write_text("not saved with the model")
    with pytest.raises(CommuniqueError, match="was not saved with the model"):
        load_model(folder)
    planted.unlink()
    load_model(folder)


def test_saving_never_replaces_what_is_no_model(fitted: StanceModel, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(CommuniqueError, match="holds something that is no model"):
        fitted.save(tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"
    assert load_model(fitted.save(fitted.save(tmp_path / "model"))).labels == fitted.labels


def test_fitting_twice_gives_the_same_probabilities(model: StanceModel, parts: tuple[Corpus, Corpus]) -> None:
    train, held_out = parts
    first, second = (clone(model).fit(train.texts, train.indicators).raw_proba(held_out.texts) for _ in range(2))
    np.testing.assert_array_equal(first, second)
