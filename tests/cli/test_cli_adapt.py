"""``communique adapt`` and saved ensembles, called as from a terminal."""

from pathlib import Path

import pytest
from tests.cli.conftest import Run, varied
from tests.conftest import make_corpus

from communique.cli import adaptation
from communique.data.codebook import Codebook
from communique.data.splits import Split
from communique.models import load_model
from communique.models.lexicon import LexiconModel
from communique.training import fit_model

MINE = [
    "Title: Notes\n\nThe ministers said that they reject meddling in their own affairs. Nobody came to the garden.",
    "The old embargo must be lifted now, said the envoy who had come from the island. The rain fell all day.",
]


@pytest.fixture
def archive(folder: Path, codebook: Codebook, codebook_file: Path, tiny_encoder: Path) -> Path:
    """Two documents of the user's, and a teacher fitted on the training part of the committed split."""
    corpus = varied(codebook, make_corpus(codebook))
    split = Split.make(corpus)
    split.save(folder / "data" / "splits.json")
    parts = split.apply(corpus)
    fit_model(LexiconModel(str(codebook_file)), parts["train"], parts["validation"]).save(folder / "teacher")
    (folder / "mine").mkdir()
    for number, text in enumerate(MINE):
        (folder / "mine" / f"note-{number}.txt").write_text(text)
    return folder / "mine"


def test_adapting_writes_a_model_and_reports_it_beside_its_teacher(
    run: Run, archive: Path, folder: Path, tiny_encoder: Path, mlflow_store: tuple[str, str], monkeypatch
) -> None:
    uri, artifacts = mlflow_store
    monkeypatch.setattr(adaptation, "ARTIFACTS", artifacts)
    settings = ("--encoder", tiny_encoder, "--epochs", 1, "--resamples", 20, "--tracking-uri", uri)
    where = ("--model", "teacher", "--corpus", "mine/note-0.txt", "mine/note-1.txt", "--out", "adapted")
    said = run("adapt", *where, *settings, "--measure", "letters=data/sentences.jsonl", "--study", "mine")
    assert said.code == 0, said.err
    assert "archive: 4 sentences of 2 documents" in said.out
    assert all(said.out.count(word) >= 3 for word in ("teacher", "adapted"))  # validation, test, letters
    assert load_model(folder / "adapted").name == "adapted"
    crowned = run("champion", "--study", "mine", "--tracking-uri", uri)
    assert "no run was measured on the fixed validation" in crowned.error


def test_what_cannot_be_adapted_is_one_sentence(run: Run, archive: Path, folder: Path, codebook: Codebook) -> None:
    where = ("--model", "teacher", "--tracking-uri", f"sqlite:///{folder}/new.db")
    said = run("adapt", "--corpus", "mine", "--out", "mine", *where)
    assert said.error == "mine: holds something that is no model; name a new folder"
    said = run("adapt", "--corpus", "nowhere.txt", "--out", "adapted", *where)
    assert said.error.startswith("nowhere.txt: ")
    said = run("adapt", "--corpus", "mine", "--out", "adapted", *where, "--measure", "letters")
    assert said.error == "--measure letters: must be NAME=FILE"
    held = [s.text for s in Split.load("data/splits.json").apply(varied(codebook, make_corpus(codebook)))["test"]]
    (folder / "mine" / "taken.txt").write_text(held[0])
    said = run("adapt", "--corpus", "mine", "--out", "adapted", *where)
    assert "archive: 1 of 3 documents are in the evaluation" in said.error
    assert "taken.txt (in test)" in said.error
    said = run("adapt", "--corpus", "mine", "--out", "adapted", *where, "--exclude", "mine/note-1.txt")
    assert "2 of 3 documents" in said.error
    assert "note-1.txt (in mine/note-1.txt)" in said.error
    assert not (folder / "adapted").exists()
