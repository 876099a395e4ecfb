"""Students: what they learn from, whose word they take, and encoders of fewer layers."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from communique.data.dataset import Corpus
from communique.errors import CommuniqueError
from communique.models import load_model
from communique.models.export import export_model
from communique.models.lineage import training_fingerprint
from communique.models.static import StaticModel
from communique.models.taught import TaughtModel
from communique.models.transformer import NETWORK, TransformerModel
from communique.training import fit_model

STUDENTS = pytest.mark.parametrize("kind", [StaticModel, TransformerModel])


@pytest.fixture(scope="module")
def shallow(parts: tuple[Corpus, Corpus], teacher: Path, tiny_encoder: Path) -> TransformerModel:
    """An encoder of one of two layers, which learns from n-grams."""
    model = TransformerModel(
        str(tiny_encoder), 8, 5e-3, 1e-2, layers=1, teacher=str(teacher), max_length=32, patience=8, precision="float32"
    )
    fit_model(model, *parts)
    return model


def ready(model: TaughtModel, train: Corpus) -> TaughtModel:
    """The model as ``fit`` has it when the lesson begins."""
    model.labels = tuple(train.codebook.names)
    model.provenance = {"trained_on": training_fingerprint(train.texts, train.indicators)}
    return model


@STUDENTS
def test_without_a_teacher_the_labels_are_the_lesson(kind: type[TaughtModel], parts: tuple[Corpus, Corpus]) -> None:
    train, gold = parts[0], parts[0].indicators.to_numpy()
    sentences, targets = ready(kind(), train)._lesson(train.texts, gold)
    assert sentences == train.texts
    np.testing.assert_array_equal(targets, gold)


@STUDENTS
def test_a_teacher_that_may_have_seen_the_test_is_refused(
    kind: type[TaughtModel], teacher: Path, corpus: Corpus
) -> None:
    other = corpus.where(lambda s: s.document >= "d008")
    with pytest.raises(
        CommuniqueError, match=r"teacher tfidf \(.*\): was fitted on other sentences than this training"
    ):
        kind(teacher=str(teacher)).fit(other.texts, other.indicators)


@STUDENTS
def test_a_student_of_a_teacher_adapted_to_an_archive_carries_its_fingerprint(
    kind: type[TaughtModel], parts: tuple[Corpus, Corpus], teacher: Path, tmp_path: Path
) -> None:
    adapted = load_model(teacher)
    adapted.provenance["archive"] = {"fingerprint": "f", "documents": 2, "sentences": 9}
    model = ready(kind(teacher=str(adapted.save(tmp_path / "adapted"))), parts[0])
    model._lesson(parts[0].texts, parts[0].indicators.to_numpy())
    assert model.provenance["archive"] == adapted.provenance["archive"]


@STUDENTS
@pytest.mark.parametrize("name", ["more.txt", "more.jsonl"])
def test_unlabelled_sentences_are_learned_from_through_the_teacher_alone(
    kind: type[TaughtModel], name: str, parts: tuple[Corpus, Corpus], teacher: Path, tmp_path: Path
) -> None:
    (tmp_path / "more.txt").write_text("\n".join(["", *parts[1].texts]) + "\n", encoding="utf-8")
    lines = [json.dumps({"id": "1", "text": text}) for text in parts[1].texts]
    (tmp_path / "more.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    train = parts[0]
    model = ready(kind(teacher=str(teacher), mix=0.25, unlabelled=str(tmp_path / name)), train)
    sentences, targets = model._lesson(train.texts, train.indicators.to_numpy())
    taught = load_model(teacher).predict_proba(sentences)
    assert sentences == [*train.texts, *parts[1].texts]
    np.testing.assert_allclose(targets[len(train) :], taught[len(train) :], atol=1e-6)
    mixed = 0.25 * taught[: len(train)] + 0.75 * train.indicators.to_numpy()
    np.testing.assert_allclose(targets[: len(train)], mixed, atol=1e-6)


@STUDENTS
def test_unlabelled_sentences_need_a_teacher(
    kind: type[TaughtModel], parts: tuple[Corpus, Corpus], tmp_path: Path
) -> None:
    (tmp_path / "more.txt").write_text("one sentence\n")
    with pytest.raises(CommuniqueError, match=f"{kind.kind}: unlabelled sentences need a teacher"):
        kind(unlabelled=str(tmp_path / "more.txt")).fit(parts[0].texts, parts[0].indicators)


def test_a_shallow_encoder_follows_its_teacher(
    shallow: TransformerModel, teacher: Path, parts: tuple[Corpus, Corpus]
) -> None:
    said, taught = shallow.raw_proba(parts[1].texts), load_model(teacher).predict_proba(parts[1].texts)
    for column in range(3):
        assert np.corrcoef(said[:, column], taught[:, column])[0, 1] > 0.7
    assert shallow.provenance["teacher_digest"] == load_model(teacher).fingerprint


def test_a_shallow_encoder_is_saved_scored_and_exported_like_any_other(
    shallow: TransformerModel, teacher: Path, parts: tuple[Corpus, Corpus], tmp_path: Path
) -> None:
    texts, folder = parts[1].texts, shallow.save(tmp_path / "shallow")
    assert shallow.size() == load_model(folder).size()
    stored = load_file(folder / NETWORK / "model.safetensors")
    assert {name.split(".")[3] for name in stored if ".layer." in name} == {"0"}
    assert str(teacher) not in (folder / "model.json").read_text()  # the teacher's folder is no setting
    np.testing.assert_array_equal(load_model(folder).predict_proba(texts), shallow.predict_proba(texts))
    np.testing.assert_allclose(export_model(folder).model.predict_proba(texts), shallow.predict_proba(texts), atol=1e-5)


def test_a_shallow_encoder_begins_from_the_lowest_layers(tiny_encoder: Path) -> None:
    model = TransformerModel(str(tiny_encoder), layers=1)
    model.labels = ("a", "b")
    network = model._network(tiny_encoder, model._config(tiny_encoder))
    begun, whole = network.bert.state_dict(), load_file(tiny_encoder / "model.safetensors")
    lowest = {name: array for name, array in whole.items() if ".layer.1." not in name and "pooler" not in name}
    assert len(lowest) < len(whole)
    for name, array in lowest.items():
        np.testing.assert_array_equal(begun[name].numpy(), array)


@pytest.mark.parametrize(
    ("layers", "frozen", "said"),
    [
        (3, 0, r"transformer: layers=3, but encoder .* has 2"),
        (1, 1, "freeze_layers=1 leaves none of layers=1 to learn"),
    ],
)
def test_layers_that_are_not_there_or_cannot_learn_are_one_sentence_before_the_teacher_is_asked(
    parts: tuple[Corpus, Corpus], tiny_encoder: Path, layers: int, frozen: int, said: str
) -> None:
    with pytest.raises(CommuniqueError, match=said):
        TransformerModel(str(tiny_encoder), layers=layers, freeze_layers=frozen, teacher="no folder").fit(
            parts[0].texts, parts[0].indicators
        )
