"""Self-training: what the student learns from, what is kept of it, and what is refused."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.conftest import make_corpus

from communique.adaptation import student as student_module
from communique.adaptation.archive import Archive, HeldOut
from communique.adaptation.student import Adaptation, AdaptedModel, adapt
from communique.data.codebook import Codebook
from communique.data.dataset import Corpus
from communique.data.splits import Split
from communique.errors import CommuniqueError
from communique.models import load_model
from communique.models.base import StanceModel
from communique.models.lexicon import LexiconModel
from communique.models.lineage import known_sentences, sentence_digests
from communique.reporting.card import write_cards
from communique.tracking.base import NullTracker
from communique.tracking.mlflow_tracker import MlflowTracker
from communique.training import fit_model

SECRETS = [
    "the council said that the embargo must be lifted before the winter",
    "we reject meddling by the envoys and by those who sent them",
    "the garden behind the old tower was closed for the whole winter",
    "both delegations agreed to work together on the bridge and on the harbour road",
]
Made = tuple[StanceModel, Corpus, Path]


@pytest.fixture(scope="module")
def made(codebook: Codebook, codebook_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A teacher fitted on the training part of a corpus with a committed split."""
    corpus = make_corpus(codebook, documents=20, size=5)
    path = tmp_path_factory.mktemp("split") / "splits.json"
    split = Split.make(corpus)
    split.save(path)
    parts = split.apply(corpus)
    teacher = fit_model(LexiconModel(str(codebook_file)), parts["train"], parts["validation"])
    teacher.save(path.parent / "teacher")
    return teacher, corpus, path


def archive() -> Archive:
    owners = tuple(f"mine-{i % 2}.txt" for i in range(len(SECRETS)))
    return Archive(tuple(SECRETS), owners, {name: frozenset({name}) for name in owners})


def student(encoder: Path) -> AdaptedModel:
    return AdaptedModel(str(encoder), epochs=1, learning_rate=5e-3, max_length=32, precision="float32")


def adapted(made: Made, encoder: Path, tracker=None, **options) -> Adaptation:
    return adapt(*(made[0], archive(), *made[1:]), student(encoder), tracker or NullTracker(), resamples=20, **options)


@pytest.fixture(scope="module")
def tracker(tmp_path_factory: pytest.TempPathFactory) -> MlflowTracker:
    folder = tmp_path_factory.mktemp("mlflow")
    return MlflowTracker(f"sqlite:///{folder}/runs.db", str(folder / "artifacts"))


@pytest.fixture(scope="module")
def done(made: Made, tiny_encoder: Path, tracker: MlflowTracker) -> Adaptation:
    measure = {"outside": make_corpus(made[1].codebook, 3, seed=5)}
    return adapted(made, tiny_encoder, tracker, measure=measure, data={"corpus": "mine.jsonl"}, describe=write_cards)


def test_it_learns_our_labels_and_the_teachers_probabilities(made: Made, tiny_encoder: Path, monkeypatch) -> None:
    teacher, corpus, path = made
    seen: list[tuple[list[str], np.ndarray]] = []
    fit = AdaptedModel._fit

    def spy(self, texts, labels, validation):
        seen.append((texts, labels))
        fit(self, texts, labels, validation)

    monkeypatch.setattr(AdaptedModel, "_fit", spy)
    adapted(made, tiny_encoder)
    ((texts, labels),) = seen
    train = Split.load(path).apply(corpus)["train"]
    assert texts[: len(train)] == train.texts
    np.testing.assert_array_equal(labels[: len(train)], train.indicators)
    assert sorted(texts[len(train) :]) == sorted(SECRETS)
    np.testing.assert_allclose(labels[len(train) :], teacher.predict_proba(texts[len(train) :]), atol=1e-6)


def test_the_teacher_is_measured_on_the_same_parts(done: Adaptation, made: Made) -> None:
    assert set(done.teacher) == set(done.result.metrics) == {"validation", "test", "outside"}
    table = done.result.predictions
    for part, said in done.teacher.items():
        assert [s.id for s in said.corpus] == table[table["part"] == part]["id"].tolist()


def test_the_run_keeps_the_archives_fingerprint_and_never_its_text(
    done: Adaptation, made: Made, tracker: MlflowTracker, tmp_path: Path
) -> None:
    (record,) = tracker.runs("adapt")
    assert record.params["archive.fingerprint"] == archive().fingerprint
    assert (record.params["archive.documents"], record.params["archive.sentences"]) == ("2", "4")
    assert record.params["teacher.kind"] == "lexicon"
    done.result.model.save(tmp_path / "adapted")
    store = Path(tracker.uri.removeprefix("sqlite:///")).parent
    for path in [p for folder in (store, tmp_path) for p in folder.rglob("*") if p.is_file()]:
        content = path.read_bytes()
        assert not [text for text in SECRETS if text.encode() in content], path
    assert known_sentences(done.result.model, SECRETS) == 0
    (train, validation) = (Split.load(made[2]).apply(made[1])[part].texts for part in ("train", "validation"))
    np.testing.assert_array_equal(done.result.model.learned, sentence_digests([*train, *validation]))


def test_its_cards_tell_archive_and_teacher_and_claim_no_repetition(
    done: Adaptation, tracker: MlflowTracker, tmp_path: Path
) -> None:
    (record,) = tracker.runs("adapt")
    card, checklist = (path.read_text() for path in write_cards(record.artifacts, tmp_path))
    for told in ("4 unlabelled sentences of 2 documents", archive().fingerprint):
        assert told in card
        assert told in checklist
    assert "| teacher | lexicon" in card
    assert "communique reproduce" not in card
    assert "`communique.data.splits.FixedSplit`" in checklist
    assert "`mine.jsonl`" in checklist
    assert (record.artifacts / "MODEL_CARD.md").is_file()


def test_saved_it_is_a_transformer_like_any_other(done: Adaptation, tmp_path: Path) -> None:
    loaded = load_model(done.result.model.save(tmp_path / "adapted"))
    assert (loaded.kind, loaded.name) == ("transformer", "adapted")
    np.testing.assert_array_equal(loaded.predict_proba(SECRETS), done.result.model.predict_proba(SECRETS))
    assert loaded.provenance["archive"]["sentences"] == 4
    assert loaded.provenance["teacher"]["kind"] == "lexicon"


def test_the_same_adaptation_is_not_run_twice_unless_asked(
    done: Adaptation, made: Made, tiny_encoder: Path, tracker: MlflowTracker
) -> None:
    measure = {"outside": make_corpus(made[1].codebook, 3, seed=5)}
    with pytest.raises(CommuniqueError, match=f"on record as run {done.result.run_id}"):
        adapted(made, tiny_encoder, tracker, measure=measure, data={"corpus": "mine.jsonl"})


def test_thresholds_are_made_for_text_in_which_a_stance_is_rarer(made: Made, tiny_encoder: Path, monkeypatch) -> None:
    seen: list[dict] = []
    monkeypatch.setattr(student_module, "train_run", lambda *_, **options: seen.append(options))
    adapted(made, tiny_encoder)
    adapted(made, tiny_encoder, target_prevalence=0.05)
    usual, rarer = seen
    assert (usual["rule"].target_prevalence, rarer["rule"].target_prevalence) == (None, 0.05)
    assert usual["identity"] != rarer["identity"]


def test_an_archive_that_shares_documents_is_refused_or_cut(made: Made, tiny_encoder: Path) -> None:
    exclude = [HeldOut("old", frozenset({"mine-1.txt"}), ())]
    with pytest.raises(CommuniqueError, match=r"1 of 2 documents .* mine-1\.txt \(in old\)"):
        adapted(made, tiny_encoder, exclude=exclude)
    every = [HeldOut("old", frozenset({"mine-1.txt", "mine-0.txt"}), ())]
    with pytest.raises(CommuniqueError, match="no usable sentence is left"):
        adapted(made, tiny_encoder, exclude=every, leave_out=True)


def test_a_teacher_that_saw_the_test_is_refused(made: Made, tiny_encoder: Path, codebook_file: Path) -> None:
    spoilt = fit_model(LexiconModel(str(codebook_file)), made[1], None)
    with pytest.raises(CommuniqueError, match="model lexicon: was fitted on other sentences"):
        adapted((spoilt, *made[1:]), tiny_encoder)


def test_soft_labels_move_the_network_as_their_values_say(tiny_encoder: Path, corpus: Corpus) -> None:
    """Fitted on one probability for every sentence, the network comes to say that probability."""
    model = student(tiny_encoder).set_params(epochs=10, head_learning_rate=3e-2)
    texts = corpus.texts[:64]
    table = pd.DataFrame(np.tile([0.2, 0.5, 0.8], (64, 1)), columns=list(corpus.codebook.names))
    plain = model.taught(Archive((), (), {}), table[:0], {})
    said = plain.fit(texts, table).raw_proba(texts)
    np.testing.assert_allclose(said.mean(axis=0), [0.2, 0.5, 0.8], atol=0.06)
