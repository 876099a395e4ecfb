"""A run made again: equal to the last digit, and where anything is planted to differ, named."""

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.conftest import make_corpus

from communique import experiment, reproduction
from communique.cli import main
from communique.data.codebook import Codebook
from communique.data.splits import FreshSplit
from communique.errors import CommuniqueError
from communique.models.lexicon import LexiconModel
from communique.reproduction import Difference, changes, largest, metric_differences, prediction_differences
from communique.tracking.base import NullTracker, RunRecord
from communique.training import artifacts


class Kept(NullTracker):
    """Keeps a run's files in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def log_files(self, folder: Path) -> None:
        shutil.copytree(folder, self.folder)


@pytest.fixture
def recorded(
    codebook: Codebook, codebook_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[RunRecord, Path]:
    """A run of n-grams over two folds, on record, and the corpus it read."""
    monkeypatch.setattr(artifacts, "_plot", lambda folder, test: None)
    monkeypatch.setattr(experiment, "_set_threads", lambda threads: None)
    monkeypatch.chdir(tmp_path)
    corpus_file = tmp_path / "sentences.jsonl"
    make_corpus(codebook, 20, 6).to_jsonl(corpus_file)
    config = {
        "data": {"corpus": str(corpus_file), "codebook": str(codebook_file), "measure": {}},
        "model": {"_target_": "communique.models.tfidf.TfidfModel"},
        "split": {"_target_": "communique.data.protocols.LeaveOneGroupOut", "minimum": 5},
        "decision": {"_target_": "communique.training.DecisionRule"},
        "tracking": {"_target_": "communique.tracking.base.NullTracker"},
        "seed": 0, "threads": 1, "resamples": 30, "force": False, "limit": None, "study": "s", "name": "n",
    }  # fmt: skip
    corpus, identity = experiment.prepare(config)
    experiment.execute(config, corpus, Kept(tmp_path / "files"), identity)
    return RunRecord("abc", "n", {}, {}, {"communique.study": "s"}, tmp_path / "files"), corpus_file


def test_a_repeated_run_is_equal_to_the_last_digit_and_nothing_is_warned_of(recorded) -> None:
    warnings: list[str] = []
    done = reproduction.reproduce(recorded[0], warnings.append)
    assert done.differences == ()
    assert warnings == []
    assert done.compared > 1000


def test_a_planted_digit_in_metrics_groups_and_predictions_is_found(recorded) -> None:
    run, _ = recorded
    for name, change in (("metrics.test.json", "micro_f1"), ("metrics.groups.json", "speech")):
        content = json.loads((run.artifacts / name).read_text())
        node = content[change] if change == "micro_f1" else content[change]["macro_f1"]
        node["value"] = float(np.nextafter(node["value"], 2))
        (run.artifacts / name).write_text(json.dumps(content))
    table = pd.read_parquet(run.artifacts / "predictions.parquet").sample(frac=1, random_state=0)
    rows = np.arange(len(table))
    table["prob_joins"] = table["prob_joins"] + np.where(rows == 3, 0.25, 0.0)
    table["predicted"] = np.where(rows == 5, "planted", table["predicted"])
    table.to_parquet(run.artifacts / "predictions.parquet")
    done = reproduction.reproduce(run)
    found = {d.what: d.size for d in done.differences}
    assert set(found) == {
        "test.micro_f1.value", "groups.speech.macro_f1.value", f"predictions: prob_joins (1 of {len(table)})",
        f"predictions: predicted (1 of {len(table)})",
    }  # fmt: skip
    assert largest(done.differences) == pytest.approx(0.25)
    assert 0 < found["test.micro_f1.value"] < 1e-15


def test_changed_data_are_told_beforehand(recorded) -> None:
    run, corpus_file = recorded
    lines = corpus_file.read_text().splitlines()
    corpus_file.write_text("\n".join(lines[:-1]) + "\n")
    warnings: list[str] = []
    done = reproduction.reproduce(run, warnings.append)
    assert any(text.startswith("files that the configuration names differ: ") for text in warnings)
    assert any(text.startswith("the data differ: fingerprint ") for text in warnings)
    assert "predictions: which sentences" in {d.what for d in done.differences}


def test_what_differs_in_sources_packages_threads_and_processor_is_named() -> None:
    then = {
        "data": "a" * 64, "files": {}, "sources": {f"src/{i}.py": "1" for i in range(9)} | {"conf/a.yaml": "1"},
        "environment": {"numpy": "2.0", "threads": "2", "processor": "avx2"},
    }  # fmt: skip
    now = {**then, "sources": {"conf/a.yaml": "1"}, "environment": {"numpy": "2.1", "threads": "1", "processor": ""}}
    sources, environment = changes(then, now)
    assert sources == "source files differ: src/0.py, src/1.py, src/2.py, src/3.py, src/4.py and 4 more"
    told = "numpy 2.0 then, 2.1 now; processor avx2 then,  now; threads 2 then, 1 now"
    assert environment == f"environment differ: {told}"
    assert changes({}, now) == ["the run is of a version that kept no provenance: what has changed since is not known"]


def test_metrics_that_one_side_lacks_count_as_different_and_undefined_ones_are_equal() -> None:
    one, other = {"a": 1.0, "b": float("nan"), "c": None, "d": "x"}, {"a": 1.0, "b": float("nan"), "c": None, "e": 2}
    assert [d.what for d in metric_differences(one, other)] == ["d", "e"]


def test_predictions_of_runs_before_there_were_folds_can_be_compared() -> None:
    new = pd.DataFrame({"id": ["a", "b"], "part": "test", "repeat": 0, "fold": 0, "prob_x": [0.1, 0.2]})
    old = new.drop(columns=["repeat", "fold"]).iloc[::-1]
    assert prediction_differences(old, new) == []
    (lone,) = prediction_differences(old, new.assign(group="g"))
    assert lone.what == "predictions: column group"


def test_a_run_without_its_files_cannot_be_repeated(recorded) -> None:
    run, _ = recorded
    (run.artifacts / "config.json").unlink()
    with pytest.raises(CommuniqueError, match=r"run abc: has no readable config\.json"):
        reproduction.reproduce(run)


def test_a_member_that_a_name_no_longer_means_is_told_beforehand(
    recorded, codebook_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, _ = recorded
    config = json.loads((run.artifacts / "config.json").read_text())
    corpus = experiment.load_corpus(config)
    (fold,) = FreshSplit().folds(corpus, 0)

    def member(name: str) -> Path:
        model = LexiconModel(str(codebook_file)).fit(fold["train"].texts, fold["train"].indicators)
        model.provenance["run"] = name
        return model.save(tmp_path / name)

    behind = {"study:s/words": member("first")}
    monkeypatch.setattr(experiment, "_saved_model", lambda reference, uri: behind[reference])
    config["model"] = {"_target_": "communique.models.ensemble.EnsembleModel", "members": ["study:s/words"]}
    config["split"] = {"_target_": "communique.data.splits.FreshSplit"}
    experiment.execute(config, corpus, Kept(tmp_path / "both"), "identity")
    ensemble = replace(run, artifacts=tmp_path / "both")
    warnings: list[str] = []
    assert reproduction.reproduce(ensemble, warnings.append).differences == ()
    assert warnings == []
    behind["study:s/words"] = member("second")
    reproduction.reproduce(ensemble, warnings.append)
    assert warnings == ["files that the configuration names differ: study:s/words"]


def test_a_run_adapted_to_an_archive_is_refused_with_what_it_needs(recorded) -> None:
    run, _ = recorded
    config = json.loads((run.artifacts / "config.json").read_text()) | {"archive": {"fingerprint": "f"}}
    (run.artifacts / "config.json").write_text(json.dumps(config))
    with pytest.raises(CommuniqueError, match=r"run abc: learned from an archive, .*run communique adapt on that"):
        reproduction.reproduce(run)


def test_the_command_exits_with_1_where_anything_differs(
    recorded, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run, _ = recorded

    class Store(NullTracker):
        def get(self, run_id: str) -> RunRecord:
            return replace(run, id=run_id)

    monkeypatch.setattr("communique.cli.reproduction.open_tracker", lambda uri: Store())
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(sys, "argv", ["communique", "reproduce", "abc"])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code in (0, None)
    assert "figures are equal to the last digit" in capsys.readouterr().out
    planted = Difference("test.macro_f1.value", 0.5, 0.75, 0.25)
    monkeypatch.setattr(reproduction, "metric_differences", lambda one, other: [planted])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 1
    said = capsys.readouterr().out
    assert "test.macro_f1.value" in said
    assert "1 entries differ, the largest by 0.25" in said
