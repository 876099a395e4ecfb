"""What an interrupted, failed or killed run leaves behind, and that a sweep goes on where it stopped."""

import os
import shutil
import signal
import sqlite3
import sys
import threading
from pathlib import Path

import pytest
from tests.conftest import make_corpus

from communique import experiment
from communique.cli import main
from communique.data.codebook import Codebook
from communique.errors import CommuniqueError
from communique.models.lexicon import LexiconModel
from communique.tracking.base import check_study
from communique.tracking.mlflow_tracker import MlflowTracker
from communique.tracking.references import resolve_model_folder
from communique.training import artifacts

CONF = Path(__file__).parents[1] / "conf"


@pytest.fixture
def sandbox(codebook_file: Path, codebook: Codebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder like the repository's root with a small corpus; nothing is drawn in it."""
    (tmp_path / "data").mkdir()
    shutil.copytree(CONF, tmp_path / "conf")
    shutil.copy(codebook_file, tmp_path / "data" / "codebook.yaml")
    make_corpus(codebook, 20, 5).to_jsonl(tmp_path / "data" / "sentences.jsonl")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(experiment, "_set_threads", lambda threads: None)
    monkeypatch.setattr(artifacts, "_plot", lambda folder, test: None)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("HYDRA_FULL_ERROR", raising=False)
    return tmp_path


def train(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["communique", "train", *arguments, "debug=tiny", "split=fresh"])
    with pytest.raises(SystemExit) as stop:
        main()
    return int(stop.value.code or 0)


def statuses(uri: str, study: str) -> list[str]:
    tracker = MlflowTracker(uri)
    return [run.info.status for run in tracker._search(f"tags.`communique.study` = '{study}'")]


def test_a_sweep_that_is_told_to_end_says_so_on_record_and_goes_on_where_it_stopped(
    sandbox: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], mlflow_store: tuple[str, str]
) -> None:
    uri, stored = mlflow_store
    store = ("tracking=mlflow", f"tracking.uri={uri}", f"tracking.artifacts={stored}")
    sweep = ("-m", "seed=0,1", "model=lexicon", "study=ended", *store)
    fit = LexiconModel._fit
    fits: list[int] = []

    def ended_in_the_second(self, *arguments):
        fits.append(1)
        if len(fits) == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        return fit(self, *arguments)

    monkeypatch.setattr(LexiconModel, "_fit", ended_in_the_second)
    before = signal.getsignal(signal.SIGTERM)
    assert train(monkeypatch, *sweep) == 128 + signal.SIGTERM
    assert "told to end; finished runs of a sweep are on record" in capsys.readouterr().err
    assert signal.getsignal(signal.SIGTERM) == before
    assert statuses(uri, "ended") == ["FINISHED", "KILLED"]

    assert train(monkeypatch, *sweep) == 0
    assert capsys.readouterr().out.count("on record as run") == 1
    assert statuses(uri, "ended") == ["FINISHED", "KILLED", "FINISHED"]


def test_a_run_that_another_process_is_making_is_waited_for(sandbox: Path, capsys: pytest.CaptureFixture[str]) -> None:
    entered: list[str] = []

    def second() -> None:
        with experiment._alone("one identity", "lexicon, seed 0"):
            entered.append("second")

    waiting = threading.Thread(target=second)
    with experiment._alone("one identity", "lexicon, seed 0"), experiment._alone("another", "tfidf, seed 0"):
        waiting.start()
        waiting.join(0.5)
        assert entered == []
    waiting.join(20)
    assert entered == ["second"]
    assert capsys.readouterr().out.count("lexicon, seed 0: another process is making this very run") == 1


def test_a_signal_that_is_ignored_outside_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as under nohup
    try:
        with experiment._ended_by_signals():
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_run_killed_outright_is_not_finished_and_is_marked_by_the_next(mlflow_store: tuple[str, str]) -> None:
    tracker = MlflowTracker(*mlflow_store)
    for process in (f"{os.uname().nodename}:999999999", f"{os.uname().nodename}:{os.getpid()}", "elsewhere:1"):
        tags = {"communique.study": "stale", "communique.identity": "one", "communique.process": process}
        tracker.client.create_run(tracker.experiment, tags=tags)
    assert tracker.finished("stale", "one") is None
    with tracker.run("next", "stale", {"communique.identity": "two"}):
        assert statuses(tracker.uri, "stale") == ["KILLED", "RUNNING", "RUNNING", "RUNNING"]
    assert statuses(tracker.uri, "stale") == ["KILLED", "RUNNING", "RUNNING", "FINISHED"]


def test_one_wrong_run_does_not_end_a_sweep(
    sandbox: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(monkeypatch, "-m", "model=tfidf", "model.min_df=-1,1", "threads=1") == 2
    said = capsys.readouterr()
    assert said.out.count("test         macro-F1") == 1
    assert said.err.count("error: ") == 1
    assert "a run of the sweep failed (model=tfidf model.min_df=-1" in said.err
    assert "Traceback" not in said.err


def test_folders_of_two_sweeps_begun_in_one_second_differ() -> None:
    text = (CONF / "train.yaml").read_text()
    assert text.count("%H-%M-%S.%f") == 2


def test_validation_is_marked_where_thresholds_were_chosen_on_it_and_guards_are_told(
    sandbox: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(monkeypatch, "model=lexicon", "decision.minimum_positives=99") == 0
    said = capsys.readouterr().out
    (validation,) = [line for line in said.splitlines() if "validation" in line]
    assert validation.endswith("(decided here)")
    assert "note: threshold, joins: " in said
    assert train(monkeypatch, "model=lexicon", "decision.fitted_on=inner_folds") == 0
    assert "decided here" not in capsys.readouterr().out


@pytest.mark.parametrize("name", ["it's", 'say "x"', "a/b", "a\\b", "`a`", "", " a", "a" * 101, None, "a\nb"])
def test_a_study_that_queries_or_files_cannot_name_is_refused(name: object) -> None:
    with pytest.raises(CommuniqueError, match="a study or run is named by"):
        check_study(name)


@pytest.mark.parametrize("name", ["headline", "a b", "a", "corpus-size", "étude 2", 2026])
def test_an_ordinary_name_is_let_through(name: object) -> None:
    assert check_study(name) == str(name)


def test_registering_says_nothing_and_a_moved_store_says_what_to_do(
    sandbox: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], mlflow_store: tuple[str, str]
) -> None:
    uri, stored = mlflow_store
    store = ("tracking=mlflow", f"tracking.uri={uri}", f"tracking.artifacts={stored}", "study=moved", "seed=9")
    assert train(monkeypatch, "model=lexicon", *store) == 0
    assert capfd.readouterr().err == ""
    tracker = MlflowTracker(uri, stored)
    (run,) = tracker.runs("moved")
    tracker.register(run.id, "mover", "champion")
    tracker.register(run.id, "mover", "champion")
    said = capfd.readouterr()
    assert said.out + said.err == ""
    assert (resolve_model_folder("mover@champion", uri) / "model.json").is_file()
    assert tracker.get(run.id[:8]).id == run.id

    copied = sandbox / "copied.db"
    shutil.copy(uri.removeprefix("sqlite:///"), copied)
    with sqlite3.connect(copied) as database:
        for place in ("runs.artifact_uri", "logged_models.artifact_location", "model_versions.storage_location"):
            table, column = place.split(".")
            database.execute(f"update {table} set {column} = replace({column}, '{stored}', '{sandbox}/gone')")
    for reference in ("mover@champion", f"runs:/{run.id}/model"):
        with pytest.raises(CommuniqueError, match="move the artifact folder"):
            resolve_model_folder(reference, f"sqlite:///{copied}")
    with pytest.raises(CommuniqueError, match="no run begins so"):
        tracker.get("ffffffffffff")


def test_a_store_that_is_no_store_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "garbage.db").write_bytes(b"nonsense" * 1000)
    with pytest.raises(CommuniqueError, match="is no MLflow store") as refusal:
        resolve_model_folder("communique@champion", f"sqlite:///{tmp_path}/garbage.db")
    assert "\n" not in str(refusal.value)
