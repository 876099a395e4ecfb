"""The page that ``communique score --report`` writes, and what it is refused for."""

import json
from pathlib import Path

from tests.cli.conftest import Run

SCORE = ("score", "letter.txt", "--model", "model", "--out", "scored.csv", "--force")
LABELS = ("rejects", "joins", "lifts")


def shares(path: Path, labels: tuple[str, ...]) -> None:
    found = {"value": 0.3, "low": 0.2, "high": 0.4}
    rows = [{"label": n, "kind": "all", "name": "all", "rows": 3, "corrected": found, "raw": found} for n in labels]
    content = {"by": [], "unit": "sentence", "labelled": 90, "labelled_documents": 40, "notes": [], "shares": rows}
    path.write_text(json.dumps(content))


def test_the_page_explains_as_many_sentences_as_asked(run: Run, folder: Path) -> None:
    assert run(*SCORE, "--report", "page.html", "--explain", 1).code == 0
    assert "worked out for 1 of the 2 sentences" in (folder / "page.html").read_text("utf-8")
    assert run(*SCORE, "--report", "page.html").code == 0
    assert "worked out for" not in (folder / "page.html").read_text("utf-8")


def test_corrected_shares_are_shown_on_the_page(run: Run, folder: Path) -> None:
    shares(folder / "shares.json", LABELS)
    assert run(*SCORE, "--report", "page.html", "--prevalence", "shares.json").code == 0
    assert "corrected by 90 labelled sentences of 40 documents" in (folder / "page.html").read_text("utf-8")


def test_corrected_shares_that_cannot_be_shown_are_refused_before_anything_is_scored(run: Run, folder: Path) -> None:
    shares(folder / "shares.json", LABELS[:2])
    assert "shown on a page" in run(*SCORE, "--prevalence", "shares.json").error
    assert "other labels" in run(*SCORE, "--report", "page.html", "--prevalence", "shares.json").error
    assert "not readable" in run(*SCORE, "--report", "page.html", "--prevalence", "no.json").error
    assert not (folder / "scored.csv").exists()
