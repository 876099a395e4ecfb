"""Hyper-parameters that cannot be are refused in one sentence; what a fitted model weighs is counted."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from communique.data.dataset import Corpus
from communique.errors import CommuniqueError
from communique.models.base import Bounds, Size, StanceModel
from communique.models.embedding import EmbeddingModel
from communique.models.encoder import FrozenEncoder
from communique.models.ensemble import EnsembleModel
from communique.models.lexicon import LexiconModel
from communique.models.nli import NliModel
from communique.models.setfit import SetFitModel
from communique.models.static import StaticModel
from communique.models.tfidf import TfidfModel
from communique.models.transformer import TransformerModel
from communique.training.artifacts import model_facts


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (TfidfModel(c=-1), "tfidf: c=-1 must be a number above 0"),
        (TfidfModel(c="x"), "tfidf: c=x must be a number above 0"),  # type: ignore[arg-type]
        (TfidfModel(min_df=-1), "tfidf: The 'min_df' parameter of TfidfVectorizer must be"),
        (TfidfModel(class_weight="heavy"), "tfidf: The 'class_weight' parameter of LogisticRegression must be"),
        (TfidfModel(word_ngrams=(3, 1)), "tfidf: cannot be fitted so (Invalid value for ngram_range"),
        (TfidfModel(min_df=9999), "tfidf: cannot be fitted so ("),
        (EmbeddingModel(max_length=2), "embedding: max_length=2 must be a whole number at least 8, at most 512"),
        (TransformerModel(epochs=0), "transformer: epochs=0 must be a whole number at least 1"),
        (TransformerModel(learning_rate="abc"), "transformer: learning_rate=abc must be"),  # type: ignore[arg-type]
        (TransformerModel(dropout=2), "transformer: dropout=2 must be a number at least 0, at most 0.99"),
        (NliModel("folder", batch_size=0), "nli: batch_size=0 must be a whole number at least 1"),
        (StaticModel(batch_size=0), "static: batch_size=0 must be a whole number at least 1"),
        (StaticModel(batch_size=2.5), "static: batch_size=2.5 must be a whole number at least 1"),  # type: ignore[arg-type]
        (StaticModel(mix=1.5), "static: mix=1.5 must be a number at least 0, at most 1"),
        (SetFitModel(max_steps=0), "setfit: max_steps=0 must be a whole number at least 1"),
        (SetFitModel(c=0), "setfit: c=0 must be a number above 0"),
        (TransformerModel(batch_size=True), "transformer: batch_size=True must be a whole number at least 1"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_impossible_hyper_parameter_is_one_sentence(model: StanceModel, said: str, corpus: Corpus) -> None:
    with pytest.raises(CommuniqueError) as refusal:
        model.fit(corpus.texts, corpus.indicators)
    assert str(refusal.value).startswith(said)
    assert "\n" not in str(refusal.value)


def test_bounds_hold_their_ends_as_they_say() -> None:
    assert 0 in Bounds()
    assert 0 not in Bounds(open=True)
    assert 1 in Bounds(0, 1)
    assert float("nan") not in Bounds()


@pytest.mark.parametrize("missing", ["config.json", "tokenizer.json", "model.safetensors"])
def test_a_folder_that_holds_no_encoder_is_named_with_what_it_lacks(
    missing: str, corpus: Corpus, tiny_encoder: Path, tmp_path: Path
) -> None:
    for path in tiny_encoder.iterdir():
        if path.name not in (missing, "vocab.txt"):
            (tmp_path / path.name).write_bytes(path.read_bytes())
    what = {"tokenizer.json": "tokenizer.json or vocab.txt", "model.safetensors": r"weights \(.safetensors\)"}
    with pytest.raises(CommuniqueError, match=f"holds no {what.get(missing, missing)}; name the folder of a saved"):
        EmbeddingModel(str(tmp_path)).fit(corpus.texts, corpus.indicators)


@pytest.mark.parametrize("kind", [EmbeddingModel, TransformerModel])
def test_an_encoder_of_an_unknown_type_is_one_sentence(
    kind: Callable[[str], StanceModel], corpus: Corpus, tiny_encoder: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(tiny_encoder, tmp_path / "odd")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"model_type": "oddity"}))
    with pytest.raises(CommuniqueError, match=r"encoder .*odd: cannot be read \(.*oddity") as refusal:
        kind(str(folder)).fit(corpus.texts, corpus.indicators)
    assert "\n" not in str(refusal.value)


def test_the_weights_of_a_linear_model_are_its_features_times_its_labels(corpus: Corpus) -> None:
    model = TfidfModel().fit(corpus.texts, corpus.indicators)
    features = len(model.ngrams_.weights)
    assert model.size() == Size(total=4 * features + 3, trained=3 * features + 3)


def test_a_linear_model_without_document_frequencies_holds_none(corpus: Corpus) -> None:
    model = TfidfModel(idf=False).fit(corpus.texts, corpus.indicators)
    features = len(model.ngrams_.weights)
    assert model_facts(model)["size"] == {"total": 3 * features + 3, "trained": 3 * features + 3}


def test_frozen_weights_are_counted_and_not_as_learned(corpus: Corpus, tiny_encoder: Path) -> None:
    model = EmbeddingModel(str(tiny_encoder), max_length=32).fit(corpus.texts, corpus.indicators)
    assert isinstance(model.encoder_, FrozenEncoder)
    encoder = sum(p.numel() for p in model.encoder_.model.parameters())
    assert model.size() == Size(total=encoder + 3 * 33 + 2 * 32, trained=3 * 33 + 2 * 32)


def test_an_ensemble_weighs_what_its_members_weigh(corpus: Corpus, codebook_file: Path) -> None:
    lexicon = LexiconModel(str(codebook_file)).fit(corpus.texts, corpus.indicators)
    assert lexicon.size() == Size(15, 15)
    assert EnsembleModel.of([lexicon, lexicon]).size() == Size(30, 30)
