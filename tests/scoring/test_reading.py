"""Reading by several processes: nothing but the time it takes depends on it."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import pytest
from tests.scoring.conftest import CueModel
from tests.scoring.test_streaming import corpus, stop_after

from communique.errors import CommuniqueError
from communique.scoring import reading, scorer
from communique.scoring.documents import Document, Place
from communique.scoring.inputs import ReadingLog
from communique.scoring.interruption import Interrupted
from communique.scoring.parts import parts_folder
from communique.scoring.reading import read_all
from communique.scoring.scorer import score_table


@pytest.fixture(autouse=True)
def _any_size_is_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scorer, "MUCH", 0)


def test_many_processes_and_an_interruption_give_the_table_and_the_log_of_one(tmp_path, monkeypatch):
    inputs, out = corpus(tmp_path / "in"), tmp_path / "out.csv"
    options: dict[str, Any] = {"id_column": "id", "chunk": 13, "progress": False}
    alone = score_table(CueModel(), [inputs], tmp_path / "alone.csv", **options)
    stop_after(model := CueModel(), 2, KeyboardInterrupt, monkeypatch)
    with pytest.raises(Interrupted, match="26 sentences are scored and kept"):
        score_table(model, [inputs], out, workers=2, **options)
    together = score_table(CueModel(), [inputs], out, workers=2, **options)
    assert together.resumed == 26
    assert out.read_bytes() == alone.out.read_bytes()
    assert together.counts == alone.counts
    assert (together.dropped, together.notes) == (alone.dropped, alone.notes)
    assert alone.notes
    assert alone.dropped


RUN = """
import sys, time
sys.path.insert(0, {root!r})
from tests.scoring.conftest import CueModel
from communique.scoring import scorer
class Slow(CueModel):
    def predict_proba(self, texts):
        time.sleep(0.05)
        return super().predict_proba(texts)
scorer.MUCH = 0
scorer.score_table(Slow(), [{inputs!r}], {out!r}, chunk=13, progress=False, workers=2)
"""


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="children are found in /proc")
def test_processes_end_with_a_parent_that_was_killed_and_another_start_goes_on(tmp_path):
    inputs, out = corpus(tmp_path / "in"), tmp_path / "out.csv"
    whole = score_table(CueModel(), [inputs], tmp_path / "whole.csv", chunk=13, progress=False)
    code = RUN.format(root=str(Path(__file__).parents[2]), inputs=str(inputs), out=str(out))
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    process = subprocess.Popen([sys.executable, "-c", code], env=environment)
    while not (parts_folder(out) / "0000002.parquet").exists() and process.poll() is None:
        time.sleep(0.005)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert len(children) >= 2
    left = time.monotonic() + 20
    while any(Path(f"/proc/{child}/cmdline").exists() and _runs(child) for child in children):
        assert time.monotonic() < left, "a reading process outlives its parent"
        time.sleep(0.02)
    assert score_table(CueModel(), [inputs], out, chunk=13, progress=False).resumed >= 26
    assert out.read_bytes() == whole.out.read_bytes()


def _runs(child: str) -> bool:
    """Whether a process is more than an entry that waits to be collected."""
    try:
        return Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_process_that_is_killed_is_told_in_one_sentence(monkeypatch):
    class Broken:
        def __init__(self, *given):
            pass

        def submit(self, *given):
            raise BrokenProcessPool

        def shutdown(self, **given):
            pass

    monkeypatch.setattr(reading, "ProcessPoolExecutor", Broken)
    documents = [(Place(), Document("a", "They met.", {}, Path("a.txt")))]
    with pytest.raises(CommuniqueError, match="repeat the command to go on"):
        list(read_all(documents, ReadingLog(), workers=2))
