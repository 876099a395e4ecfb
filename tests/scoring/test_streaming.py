"""Streaming: a run that is stopped goes on and ends with the same bytes; memory does not grow with the corpus."""

import json
import os
import signal
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import pandas as pd
import pytest
from tests.scoring.conftest import CueModel

from communique.errors import CommuniqueError
from communique.scoring.documents import read_documents
from communique.scoring.interruption import Interrupted
from communique.scoring.parts import parts_folder
from communique.scoring.scorer import score, score_table
from communique.scoring.table import SUFFIXES, first_documents, read_batches, read_table

PLACES = ["Oland", "Marenia", "Tarn", "Velden"]


def corpus(folder: Path, documents: int = 14) -> Path:
    """Files of three formats: reprints across them, texts in French, an id that comes twice, rows without text."""
    folder.mkdir()
    for i in range(documents):
        lines = [
            f"The envoy of {PLACES[(i + j) % 4]} spoke of sanctions on day {j} of round {i // 5}." for j in range(7)
        ]
        (folder / f"{i:03d}.txt").write_text(" ".join(lines), encoding="utf-8")
    rows = [
        {"id": f"r{i % 9}", "text": "" if i % 4 == 0 else f"Will they cooperate in round {i}? No."} for i in range(20)
    ]
    rows += [{"id": "fr", "text": "Le gouvernement rejette fermement toute ingérence dans ses affaires intérieures."}]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (folder / "page.html").write_text("<html><body><p>The committee met and agreed to cooperate.</p></body></html>")
    return folder


def stop_after(model: CueModel, calls: int, error: type[BaseException], monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the model fail at a later call."""
    made = 0
    original = CueModel.predict_proba

    def failing(texts):
        nonlocal made
        made += 1
        if made > calls:
            raise error
        return original(model, texts)

    monkeypatch.setattr(model, "predict_proba", failing)


@pytest.mark.parametrize(
    ("suffix", "error"),
    [*((suffix, KeyboardInterrupt) for suffix in SUFFIXES), (".csv", CommuniqueError), (".parquet", MemoryError)],
)
def test_a_run_that_fails_goes_on_and_ends_with_the_same_bytes(suffix, error, tmp_path, monkeypatch):
    inputs, out = corpus(tmp_path / "in"), tmp_path / f"out{suffix}"
    whole = score_table(CueModel(), [inputs], tmp_path / f"whole{suffix}", id_column="id", chunk=13, progress=False)
    out.write_text("an earlier table")
    for calls in (2, 1, 3):
        model = CueModel()
        stop_after(model, calls, error, monkeypatch)
        with pytest.raises(Interrupted if error is KeyboardInterrupt else error):
            score_table(model, [inputs], out, id_column="id", chunk=13, progress=False)
        assert out.read_text() == "an earlier table"
    model = CueModel()
    resumed = score_table(model, [inputs], out, id_column="id", chunk=13, progress=False)
    assert out.read_bytes() == whole.out.read_bytes()
    assert resumed.resumed == 6 * 13
    assert resumed.counts == whole.counts
    assert (resumed.dropped, resumed.notes) == (whole.dropped, whole.notes)
    assert len(model.seen) == whole.counts.sentences - whole.counts.not_english - resumed.resumed
    assert {path.name for path in tmp_path.iterdir()} == {
        "in", out.name, f"{out.name}.provenance.json", whole.out.name, f"{whole.out.name}.provenance.json",
    }  # fmt: skip


RUN = """
import sys, time
sys.path.insert(0, {root!r})
from tests.scoring.conftest import CueModel
from communique.scoring.scorer import score_table
class Slow(CueModel):
    def predict_proba(self, texts):
        time.sleep({pause})
        return super().predict_proba(texts)
score_table(Slow(), [{inputs!r}], {out!r}, chunk=13, progress=False)
"""


def started(inputs: Path, out: Path, pause: float) -> subprocess.Popen[str]:
    code = RUN.format(root=str(Path(__file__).parents[2]), inputs=str(inputs), out=str(out), pause=pause)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.Popen([sys.executable, "-c", code], env=environment, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_process_killed_in_the_middle_goes_on_and_ends_with_the_same_bytes(number, tmp_path):
    inputs, out = corpus(tmp_path / "in"), tmp_path / "out.csv"
    whole = score_table(CueModel(), [inputs], tmp_path / "whole.csv", chunk=13, progress=False)
    process = started(inputs, out, pause=0.05)
    part = parts_folder(out) / "0000002.parquet"
    while not part.exists() and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(number)
    _, said = process.communicate()
    assert process.returncode != 0
    if number == signal.SIGTERM:
        assert "repeat the command to go on" in said
    assert not out.exists()
    resumed = score_table(CueModel(), [inputs], out, chunk=13, progress=False)
    assert resumed.resumed >= 2 * 13
    assert out.read_bytes() == whole.out.read_bytes()
    assert not parts_folder(out).exists()


def test_a_kill_between_a_part_and_its_commit_or_while_joining_changes_nothing(tmp_path, monkeypatch):
    inputs, out = corpus(tmp_path / "in"), tmp_path / "out.csv"
    whole = score_table(CueModel(), [inputs], tmp_path / "whole.csv", chunk=13, progress=False)
    for target in ("communique.scoring.register.Register.commit", "communique.scoring.scorer.join"):
        with monkeypatch.context() as patch:
            patch.setattr(target, lambda *given: (_ for _ in ()).throw(MemoryError))
            stop_after(model := CueModel(), 2, MemoryError, patch)
            with pytest.raises(MemoryError):
                score_table(model if "commit" in target else CueModel(), [inputs], out, chunk=13, progress=False)
    (done := CueModel()).predict_proba = None  # type: ignore[assignment, method-assign]
    score_table(done, [inputs], out, chunk=13, progress=False)
    assert out.read_bytes() == whole.out.read_bytes()


def interrupted(inputs: Path, out: Path, monkeypatch: pytest.MonkeyPatch, **options: object) -> None:
    model = CueModel()
    stop_after(model, 2, KeyboardInterrupt, monkeypatch)
    with pytest.raises(Interrupted, match="26 sentences are scored and kept"):
        score_table(model, [inputs], out, chunk=13, progress=False, **options)  # type: ignore[arg-type]


def test_parts_of_another_job_are_refused_until_told_to_begin_anew(tmp_path, monkeypatch):
    inputs, out = corpus(tmp_path / "in"), tmp_path / "out.csv"
    interrupted(inputs, out, monkeypatch)
    other = CueModel()
    other.fingerprint = "e" * 64
    with pytest.raises(CommuniqueError, match="another model; repeat that command to go on with it, or give --force"):
        score_table(other, [inputs], out, chunk=13, progress=False)
    with pytest.raises(CommuniqueError, match="other options"):
        score_table(CueModel(), [inputs], out, chunk=13, margin=0.2, progress=False)
    (inputs / "000.txt").write_text("Another text altogether.")
    with pytest.raises(CommuniqueError, match="other inputs"):
        score_table(CueModel(), [inputs], out, chunk=13, progress=False)
    anew = score_table(CueModel(), [inputs], out, chunk=13, progress=False, force=True)
    assert anew.resumed == 0
    assert "Another text altogether." in out.read_text()


def test_two_at_once_and_a_damaged_part_are_refused(tmp_path, monkeypatch):
    inputs, out = corpus(tmp_path / "in"), tmp_path / "out.csv"

    def nested(texts):
        with pytest.raises(CommuniqueError, match="another communique is scoring to it now"):
            score_table(CueModel(), [inputs], out, chunk=13, progress=False)
        raise KeyboardInterrupt

    model = CueModel()
    monkeypatch.setattr(model, "predict_proba", nested)
    with pytest.raises(Interrupted, match="nothing is left behind"):
        score_table(model, [inputs], out, chunk=13, progress=False)
    assert not parts_folder(out).exists()
    interrupted(inputs, out, monkeypatch)
    (parts_folder(out) / "0000001.parquet").write_bytes(b"PAR1")
    with pytest.raises(CommuniqueError, match=r"0000001\.parquet: is missing or damaged .*--force"):
        score_table(CueModel(), [inputs], out, chunk=13, progress=False)


def test_an_input_that_changes_while_it_is_scored_is_refused(tmp_path, monkeypatch):
    inputs = corpus(tmp_path / "in")
    model = CueModel()
    original = model.predict_proba

    def touching(texts):
        (inputs / "rows.jsonl").touch()
        return original(texts)

    monkeypatch.setattr(model, "predict_proba", touching)
    with pytest.raises(CommuniqueError, match=r"rows\.jsonl: has changed while it was scored"):
        score_table(model, [inputs], tmp_path / "out.csv", progress=False)


@pytest.mark.parametrize("chunk", [7, 1000])
def test_streamed_and_unstreamed_scoring_give_the_same_table(chunk, tmp_path):
    inputs = corpus(tmp_path / "in", documents=6)
    written = score_table(CueModel(), [inputs], tmp_path / "out.parquet", chunk=chunk, progress=False)
    names = ["title", "date", "url", "site", "id"]
    expected = pd.concat(score(CueModel(), read_documents([inputs]), metadata=names), ignore_index=True)
    found = read_table(written.out)
    pd.testing.assert_frame_equal(found[expected.columns], expected, check_dtype=False)
    assert sorted(found.columns) == sorted(expected.columns)


def test_memory_does_not_grow_with_the_corpus(tmp_path):
    peaks = []
    score_table(CueModel(), [corpus(tmp_path / "in", 2)], tmp_path / "first.csv", progress=False)
    for number in (100, 1_000):
        path = tmp_path / f"{number}.csv"
        path.write_text("text\n" + "".join(f"Talks on item {i} of the long agenda go on.\n" for i in range(number)))
        tracemalloc.start()
        model = CueModel()
        model.seen = type("Nothing", (list,), {"__iadd__": lambda self, other: self})()
        score_table(model, [path], tmp_path / "out.csv", chunk=50, progress=False)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 400_000  # the rows that are added would take three times as much


def test_a_table_is_read_back_in_pieces(tmp_path):
    inputs = corpus(tmp_path / "in", documents=5)
    for suffix in SUFFIXES:
        out = score_table(CueModel(), [inputs], tmp_path / f"out{suffix}", progress=False).out
        sizes = [len(table) for table in read_batches(out, size=10)]
        assert sum(sizes) == len(read_table(out)) > 35
        assert max(sizes) <= 10 or suffix == ".xlsx"
        table, left = first_documents(out, 3)
        assert list(dict.fromkeys(table["document"])) == ["000.txt", "001.txt", "002.txt"]
        assert left == read_table(out)["document"].nunique() - 3


def test_more_than_excel_holds_is_refused_and_another_format_goes_on(tmp_path, monkeypatch):
    inputs = corpus(tmp_path / "in")
    monkeypatch.setattr("communique.scoring.table.MOST_ROWS", 60)
    with pytest.raises(CommuniqueError, match=r"ends at 60 sentences.*rename \.out\.xlsx\.parts to \.out\.csv\.parts"):
        score_table(CueModel(), [inputs], tmp_path / "out.xlsx", chunk=13, progress=False)
    (tmp_path / ".out.xlsx.parts").rename(tmp_path / ".out.csv.parts")
    assert score_table(CueModel(), [inputs], tmp_path / "out.csv", chunk=13, progress=False).resumed == 52
    monkeypatch.setattr("communique.scoring.table.MOST_CHARACTERS", 30)
    with pytest.raises(CommuniqueError, match="text of more than 30 characters"):
        score_table(CueModel(), [inputs], tmp_path / "out.xlsx", chunk=13, progress=False)
