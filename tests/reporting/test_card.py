"""Cards say what the run's files say, of single runs and of folds, and never touch a model folder."""

import json
import re
import shutil
import sys
from pathlib import Path

import pytest

from communique.cli import main
from communique.data.codebook import Codebook
from communique.data.dataset import Corpus
from communique.data.protocols import LeaveOneGroupOut, RandomSplit
from communique.data.splits import FreshSplit
from communique.errors import CommuniqueError
from communique.evaluation.calibration import IsotonicCalibrator
from communique.models.lexicon import LexiconModel
from communique.reporting.card import MODEL_CARD, REPRODUCIBILITY, varied, write_cards
from communique.tracking.base import NullTracker, RunRecord
from communique.training import DecisionRule, artifacts, train_run


class Kept(NullTracker):
    """Keeps a run's files and model in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def log_files(self, folder: Path) -> None:
        shutil.copytree(folder, self.folder / "files")

    def log_model(self, folder: Path) -> None:
        shutil.copytree(folder, self.folder / "model")


def run(folder: Path, corpus: Corpus, codebook_file: Path, splitter) -> Path:
    config = {"seed": 3, "study": "s", "name": "words | lists", "decision": {"objective": "f1"}, "limit": None}
    settings = {"config": config, "study": "s", "name": "words", "identity": "i", "resamples": 30}
    model, rule = LexiconModel(str(codebook_file)), DecisionRule(IsotonicCalibrator(2), minimum_positives=99)
    train_run(model, corpus, splitter, Kept(folder), rule=rule, describe=write_cards, **settings)  # type: ignore[arg-type]
    return folder / "files"


@pytest.fixture(scope="module")
def files(corpus: Corpus, codebook_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(artifacts, "_plot", lambda folder, test: None)
        return run(tmp_path_factory.mktemp("run"), corpus, codebook_file, FreshSplit())


def test_a_run_carries_both_cards_with_its_own_figures(files: Path) -> None:
    card, checklist = (files / name for name in (MODEL_CARD, REPRODUCIBILITY))
    metrics = json.loads((files / "metrics.test.json").read_text())
    shown = f"{metrics['macro_f1']['value']:.3f} [{metrics['macro_f1']['low']:.3f}"
    for text in (card.read_text(), checklist.read_text()):
        assert shown in text
        assert "equal_mass_15" in text
        assert "too few to fit" in text  # the guard's note
        assert not re.search(r"\{\{|\{%|Undefined|None,", text)
    assert "Calibrated by: isotonic" in card.read_text()
    assert "**validation** (thresholds were chosen here, so this flatters)" in card.read_text()
    assert "| Joins (`joins`) | 0." in card.read_text()


def test_the_checklist_answers_all_seventeen_items(files: Path) -> None:
    text = (files / REPRODUCIBILITY).read_text()
    assert re.findall(r"^(\d+)\. \*\*", text, re.MULTILINE) == [str(i) for i in range(1, 18)]
    data = json.loads((files / "data.json").read_text())
    assert f"{data['sentences']} sentences of {data['documents']} documents" in text
    size = json.loads((files / "model.summary.json").read_text())["size"]
    assert f"**Number of parameters.** {size['total']}, of which {size['trained']} learned" in text
    assert "seed 3" in text


def test_tables_of_a_card_are_whole(files: Path) -> None:
    """Every line of a Markdown table has as many cells as its header."""
    for name in (MODEL_CARD, REPRODUCIBILITY):
        blocks = re.findall(r"(?:^\|.*\n)+", (files / name).read_text(), re.MULTILINE)
        assert blocks
        for block in blocks:
            assert len({len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}) == 1


def test_held_out_groups_and_leaks_stand_in_the_card(corpus: Corpus, codebook_file: Path, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(artifacts, "_plot", lambda folder, test: None)
        groups = run(tmp_path / "groups", corpus, codebook_file, LeaveOneGroupOut("genre", 5))
        leaking = run(tmp_path / "leaking", corpus, codebook_file, RandomSplit())
    assert "| speech | 120 |" in (groups / MODEL_CARD).read_text()
    assert "2 folds" in (groups / REPRODUCIBILITY).read_text()
    assert "these figures leak" in (leaking / MODEL_CARD).read_text()
    assert "these figures leak" in (leaking / REPRODUCIBILITY).read_text()


def test_of_a_study_the_runs_and_the_values_tried_are_counted(files: Path, tmp_path: Path) -> None:
    runs = [
        RunRecord(f"{c}", "n", {"model.c": c, "seed": "0", "tracking.uri": c}, {"test.macro_f1.value": 0.5}, {})
        for c in ("1", "4", "1")
    ]
    assert varied(runs) == {"model.c": ["1", "4"]}
    _, checklist = write_cards(files, tmp_path, runs)
    text = checklist.read_text()
    assert "3 finished runs" in text
    assert "`model.c`: 1, 4." in text
    assert text.count("| 0.500 |") == 3


def test_a_card_never_goes_into_a_model_folder(files: Path) -> None:
    model = files.parent / "model"
    before = sorted(model.iterdir())
    with pytest.raises(CommuniqueError, match="is a model folder"):
        write_cards(files, model)
    assert sorted(model.iterdir()) == before


def test_a_run_of_an_older_version_is_told_apart(files: Path, tmp_path: Path) -> None:
    old = tmp_path / "old"
    shutil.copytree(files, old)
    (old / "folds.json").unlink()
    with pytest.raises(CommuniqueError, match="wrote no cards: train it again"):
        write_cards(old)


def test_a_model_folder_gets_a_card_of_what_it_holds(
    files: Path, codebook: Codebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setattr(sys, "argv", ["communique", "card", str(files.parent / "model"), "--out", "cards"])
    with pytest.raises(SystemExit) as stop:
        main()
    assert not stop.value.code
    assert "tells no figures" in capsys.readouterr().out
    text = (tmp_path / "cards" / MODEL_CARD).read_text()
    assert "Calibrated by: isotonic" in text
    assert "No figures are kept in a model folder" in text
    assert all(label.definition in text for label in codebook.labels)
    assert [path.name for path in (tmp_path / "cards").iterdir()] == [MODEL_CARD]
