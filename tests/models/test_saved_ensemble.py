"""An ensemble of saved models: averaged, self-contained, and refused where a member may have seen the test."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from communique.data.codebook import Codebook
from communique.data.dataset import Corpus
from communique.data.splits import FreshSplit
from communique.errors import CommuniqueError
from communique.evaluation.calibration import PlattCalibrator
from communique.models import StanceModel, load_model
from communique.models.cascade import CascadeModel
from communique.models.clock import spent
from communique.models.ensemble import Average, EnsembleModel
from communique.models.lexicon import LexiconModel
from communique.models.lineage import sentence_digests
from communique.models.tfidf import TfidfModel
from communique.training import DecisionRule, fit_model

Parts = dict[str, Corpus]


@pytest.fixture(scope="module")
def parts(corpus: Corpus) -> Parts:
    (cut,) = FreshSplit().folds(corpus, seed=0)
    return dict(cut)


def trained(model: StanceModel, parts: Parts, train: str = "train") -> StanceModel:
    return fit_model(model, parts[train], parts["validation"], DecisionRule(PlattCalibrator(2)))


@pytest.fixture(scope="module")
def saved(parts: Parts, codebook_file: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("members")
    members = {"words": LexiconModel(str(codebook_file)), "grams": TfidfModel()}
    return [str(trained(model, parts).save(folder / name)) for name, model in members.items()]


@pytest.mark.parametrize("weights", [None, [1.0, 3.0]])
def test_saved_members_are_averaged_as_they_are(saved: list[str], parts: Parts, weights: list[float] | None) -> None:
    texts = parts["test"].texts
    said = np.stack([load_model(folder).predict_proba(texts) for folder in saved])
    wanted_by: dict[Average, np.ndarray] = {
        "probability": np.average(said, axis=0, weights=weights),
        "logit": expit(np.average(logit(np.clip(said, 1e-6, 1 - 1e-6)), axis=0, weights=weights)),
    }
    for average, wanted in wanted_by.items():
        ensemble = trained(EnsembleModel(saved, weights, average), parts)
        np.testing.assert_allclose(ensemble.raw_proba(texts), wanted, atol=1e-12)


def test_what_fitting_the_members_took_counts(parts: Parts, codebook_file: Path, tmp_path: Path) -> None:
    member = trained(LexiconModel(str(codebook_file)), parts)
    member.provenance["seconds"] = 100.0
    folders = [str(member.save(tmp_path / name)) for name in ("one", "two")]
    started = spent()
    trained(EnsembleModel(folders), parts)
    assert 200 <= spent() - started < 250


def test_the_saved_ensemble_needs_its_members_no_more(saved: list[str], parts: Parts, tmp_path: Path) -> None:
    copies = [str(shutil.copytree(folder, tmp_path / Path(folder).name)) for folder in saved]
    ensemble = trained(EnsembleModel(copies, average="logit"), parts)
    said = ensemble.predict_proba(parts["test"].texts)
    folder = ensemble.save(tmp_path / "ensemble")
    for copy in copies:
        shutil.rmtree(copy)
    loaded = load_model(folder)
    np.testing.assert_array_equal(loaded.predict_proba(parts["test"].texts), said)
    digests = [load_model(member).fingerprint for member in saved]
    assert [member["digest"] for member in loaded.provenance["members"]] == digests


def test_what_is_put_together_of_fitted_models_knows_the_sentences_of_all(parts: Parts, codebook_file: Path) -> None:
    half = parts["train"].take(np.arange(len(parts["train"]) // 2))
    whole, less = (fit_model(LexiconModel(str(codebook_file)), part, half) for part in (parts["train"], half))
    for both in (EnsembleModel.of([less, whole]), CascadeModel.of(less, whole, 0.5, half.texts)):
        np.testing.assert_array_equal(both.learned, sentence_digests(parts["train"].texts))
    less.learned = None  # saved before models kept their sentences
    assert EnsembleModel.of([less, whole]).learned is None


def test_a_saved_member_may_stand_beside_one_that_is_fitted(saved: list[str], parts: Parts) -> None:
    ensemble = trained(EnsembleModel([saved[0], TfidfModel()]), parts)
    assert [model.kind for model in ensemble.fitted_] == ["lexicon", "tfidf"]


def refusal(model: EnsembleModel, parts: Parts) -> str:
    with pytest.raises(CommuniqueError) as refused:
        trained(model, parts)
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize("seen", ["test", "validation"])
def test_a_member_that_learned_from_other_sentences_is_refused(seen: str, parts: Parts, tmp_path: Path) -> None:
    folder = trained(TfidfModel(), parts, seen).save(tmp_path / "spoilt")
    assert "was fitted on other sentences than this training part" in refusal(EnsembleModel([str(folder)]), parts)


def test_one_relabelled_sentence_makes_another_training_part(parts: Parts, tmp_path: Path) -> None:
    values = parts["train"].indicators.to_numpy().copy()
    values[0, 0] = 1 - values[0, 0]
    labels = pd.DataFrame(values, columns=parts["train"].indicators.columns)
    folder = TfidfModel().fit(parts["train"].texts, labels).save(tmp_path / "other")
    assert "other sentences" in refusal(EnsembleModel([str(folder)]), parts)


def test_a_member_of_unknown_origin_and_one_of_other_labels_are_refused(
    saved: list[str], parts: Parts, tmp_path: Path
) -> None:
    model = load_model(saved[1])
    del model.provenance["trained_on"]
    folder = model.save(tmp_path / "old")
    assert "does not say which sentences it was fitted on" in refusal(EnsembleModel([str(folder)]), parts)
    fewer = TfidfModel().fit(parts["train"].texts, parts["train"].indicators[["joins", "lifts"]])
    said = refusal(EnsembleModel([str(fewer.save(tmp_path / "fewer"))]), parts)
    assert "knows the labels joins, lifts, not rejects, joins, lifts" in said


def test_members_of_two_codebooks_are_refused(saved: list[str], parts: Parts, tmp_path: Path) -> None:
    model = load_model(saved[1])
    model.codebook = Codebook.from_dict(parts["train"].codebook.to_dict() | {"version": "9"})
    folder = model.save(tmp_path / "other-book")
    assert "different codebooks" in refusal(EnsembleModel([saved[0], str(folder)]), parts)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"weights": [1.0]}, "weights [1.0] for 2 members"),
        ({"weights": [1.0, -1.0]}, "none below zero"),
        ({"weights": [0.0, 0.0]}, "none below zero"),
        ({"average": "median"}, "average 'median' must be one of probability, logit"),
    ],
)
def test_settings_that_make_no_average_are_refused(settings, said: str, saved: list[str], parts: Parts) -> None:
    assert said in refusal(EnsembleModel(saved, **settings), parts)


def test_what_a_model_was_trained_on_does_not_depend_on_the_order(parts: Parts) -> None:
    train = parts["train"]
    turned = train.take(range(len(train))[::-1])
    one, two = (TfidfModel().fit(part.texts, part.indicators) for part in (train, turned))
    assert one.provenance["trained_on"] == two.provenance["trained_on"]


def test_probabilities_as_labels_are_refused_by_a_kind_that_cannot_learn_from_them(parts: Parts) -> None:
    soft = parts["train"].indicators * 0.8
    with pytest.raises(CommuniqueError, match="tfidf: learns from labels 0 and 1"):
        TfidfModel().fit(parts["train"].texts, soft)
    with pytest.raises(CommuniqueError, match="neither 0, 1 nor a probability"):
        TfidfModel().fit(parts["train"].texts, soft * 2)
