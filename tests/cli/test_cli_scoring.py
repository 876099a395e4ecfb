"""``communique score`` on a terminal: what it says of languages, reprints and interruptions, and its exit codes."""

import json
import signal
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from tests.cli.conftest import Run

from communique.models.lexicon import LexiconModel

FRENCH = "Le gouvernement rejette fermement toute ingérence dans ses affaires intérieures."


def interrupt_after(calls: int, how: object, monkeypatch: pytest.MonkeyPatch) -> None:
    original, made = LexiconModel.predict_proba, SimpleNamespace(calls=0)

    def failing(self, texts):
        made.calls += 1
        if made.calls > calls:
            how()  # type: ignore[operator]
        return original(self, texts)

    monkeypatch.setattr(LexiconModel, "predict_proba", failing)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_scoring_says_how_to_go_on_and_does(number, code, run: Run, folder: Path, monkeypatch):
    rows = [f"We reject item {i} of the long list." for i in range(1100)]
    (folder / "rows.csv").write_text("text\n" + "\n".join(rows) + "\n")
    arguments = ("score", "rows.csv", "--model", "model", "--out", "new/scored.csv")
    with monkeypatch.context() as patch:
        interrupt_after(1, lambda: signal.raise_signal(number), patch)
        said = run(*arguments)
    assert said.code == code
    assert said.err.strip().endswith("repeat the command to go on")
    assert "1,024 sentences" in said.err
    assert [path.name for path in (folder / "new").iterdir()] == [".scored.csv.parts"]
    again = run(*arguments)
    assert again.code == 0
    assert "1,024 of them were scored before an interruption" in again.out
    assert len(pd.read_csv(folder / "new" / "scored.csv")) == 1100
    known = json.loads((folder / "new" / "scored.csv.provenance.json").read_text())
    assert known["starts"] == 2


def test_an_interrupted_page_leaves_the_table_and_says_so(run: Run, folder: Path, monkeypatch):
    (folder / "a.txt").write_text("We reject this plan of theirs.\n")

    def interrupted(*arguments: object, **named: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("communique.reporting.document_page.write_document_page", interrupted)
    said = run("score", "a.txt", "--model", "model", "--out", "s.csv", "--report", "page.html")
    assert said.code == 130
    assert said.err.strip() == "interrupted: s.csv is whole, page.html was not made; the same command makes both"
    assert len(pd.read_csv(folder / "s.csv")) == 1


def test_what_cannot_be_read_is_refused_with_its_number_or_left_out_and_counted(run: Run, folder: Path):
    docs = folder / "docs"
    docs.mkdir()
    (docs / "a.txt").write_text("We reject this plan of theirs.\n")
    (docs / "b.txt").write_bytes(b"")
    (docs / "c.txt").write_bytes(b"abc\x00\x01")
    command = ("score", "docs", "--model", "model", "--out", "s.csv", "--report", "page.html")
    refused = run(*command)
    assert refused.code == 2
    assert refused.error.endswith("(2 of 3 files cannot be read; --skip-unreadable leaves them out)")
    assert not (folder / "s.csv").exists()
    said = run(*command, "--skip-unreadable")
    assert said.code == 0, said.err
    assert "dropped: files that cannot be read (2)" in said.out
    assert "docs/b.txt: is empty" in said.out
    assert (folder / "page.html").read_text(encoding="utf-8").count("<article") == 1
    known = json.loads((folder / "s.csv.provenance.json").read_text())
    assert known["counts"]["dropped"] == {"files that cannot be read": 2}
    (docs / "a.txt").unlink()
    assert "of 2 files" in run(*command, "--skip-unreadable").error


def test_languages_reprints_and_own_outputs_are_told(run: Run, folder: Path):
    docs = folder / "docs"
    docs.mkdir()
    (docs / "a.txt").write_text(f"We reject this plan of theirs.\n\n{FRENCH}\n", encoding="utf-8")
    (docs / "b.txt").write_text("We reject this plan of theirs. Rain fell.\n")
    for number in range(2):
        said = run("score", "docs", "--model", "model", "--out", "docs/scored.csv", "--report", "docs/page.html")
        assert said.code == 0
        assert "4 sentences of 2 documents" in said.out
        assert "1 are not in English and were not scored" in said.out
        assert "1 reprint a sentence of an earlier document" in said.out
        assert ("earlier outputs of scoring (3)" in said.out) == bool(number)
    page = (docs / "page.html").read_text(encoding="utf-8")
    assert page.count("<article") == 2
    assert FRENCH in page
    assert "are not in English" not in run("score", "docs", "--model", "model", "--any-language").out


def test_another_job_in_the_way_is_refused_and_force_begins_anew(run: Run, folder: Path, monkeypatch):
    (folder / "rows.csv").write_text("text\n" + "We reject it all the same.\n" * 1050)
    arguments = ("score", "rows.csv", "--model", "model")
    with monkeypatch.context() as patch:
        interrupt_after(1, lambda: signal.raise_signal(signal.SIGINT), patch)
        run(*arguments)
    refused = run(*arguments, "--margin", "0.2").error
    assert refused.startswith(".scored.csv.parts: holds a scoring that was begun with other options")
    assert run(*arguments, "--margin", "0.2", "--force").code == 0
    assert not (folder / ".scored.csv.parts").exists()
