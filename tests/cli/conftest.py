"""``communique`` called as from a terminal, in a folder that holds a small corpus and a fitted model."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.conftest import make_corpus

from communique.cli import main
from communique.data.codebook import Codebook
from communique.data.dataset import Corpus, Sentence
from communique.models.lexicon import LexiconModel
from communique.training import fit_model

WORDS = ["harbour", "envoy", "treaty", "river", "council", "winter", "border", "letter", "bridge", "island", "visit"]


@dataclass
class Said:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The one sentence of a refusal."""
        assert self.code == 2, self.out + self.err
        (line,) = self.err.splitlines()
        assert line.startswith("error: ")
        return line.removeprefix("error: ")


Run = Callable[..., Said]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: Path) -> Run:
    """``communique ARGUMENTS`` in a folder that holds ``data/`` and ``model/``."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "250")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)

    def call(*arguments: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["communique", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            main()
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return Said(int(stop.value.code or 0), out, err)

    return call


def varied(codebook: Codebook, corpus: Corpus) -> Corpus:
    """The tiny corpus with an opening of its own for every sentence, so that none nearly repeats another."""
    rng = np.random.default_rng(0)
    changed = []
    for s in corpus:
        text = " ".join([*rng.choice(WORDS, 30), s.text])
        changed.append(Sentence(s.id, s.document, text, s.labels, s.position, s.genre, year=s.year))
    return Corpus(tuple(changed), codebook)


@pytest.fixture(scope="module")
def model(corpus: Corpus, codebook_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fitted word-list model."""
    return fit_model(LexiconModel(str(codebook_file)), corpus).save(tmp_path_factory.mktemp("models") / "model")


@pytest.fixture
def folder(codebook: Codebook, codebook_file: Path, model: Path, tmp_path: Path) -> Path:
    """What lies in the folder where the commands run."""
    (tmp_path / "data").mkdir()
    varied(codebook, make_corpus(codebook)).to_jsonl(tmp_path / "data" / "sentences.jsonl")
    (tmp_path / "data" / "codebook.yaml").write_bytes(codebook_file.read_bytes())
    (tmp_path / "model").mkdir()
    for file in model.iterdir():
        (tmp_path / "model" / file.name).write_bytes(file.read_bytes())
    (tmp_path / "letter.txt").write_text("Title: A letter\n\nWe reject this. The embargo must be lifted now. Rain.\n")
    return tmp_path


def edited(path: Path, change: Callable[[list[dict[str, Any]]], None]) -> None:
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    change(lines)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
