"""`communique prevalence` from drawing the sheet to the plot, as a user runs it."""

import json
from pathlib import Path

import pandas as pd
import pytest
from tests.cli.conftest import Run


@pytest.fixture
def archive(folder: Path) -> Path:
    """60 short documents of two actors."""
    (folder / "archive").mkdir()
    said = ("We reject this meddling.", "Rain fell on the harbour.", "The sides agreed to work together.")
    records = [
        {
            "id": f"n{i}",
            "text": " ".join((*said[i % 2 :], "Delegates arrived late.")),
            "actor": ("North", "South")[i % 3 > 0],
        }
        for i in range(60)
    ]
    lines = "".join(json.dumps(record) + "\n" for record in records)
    (folder / "archive" / "speeches.jsonl").write_text(lines)
    return folder


def test_from_scores_to_a_sheet_to_shares_and_a_plot(run: Run, archive: Path) -> None:
    run("score", "archive/speeches.jsonl", "--model", "model", "--out", "scored.parquet")
    drawn = run("annotate", "export", "scored.parquet", "--out", "mine", "--number", 120, "--by", "actor")
    assert "120 sentences, random of" in drawn.out
    sheet = pd.read_csv(archive / "mine.csv", dtype=str, keep_default_na=False)
    sheet["rejects"] = ["yes" if "reject" in text else "no" for text in sheet["text"]]
    sheet["joins"], sheet["lifts"] = "no", "no"
    sheet.to_csv(archive / "mine.csv", index=False)
    outputs = ("--out", "shares.json", "--plot", "shares.svg")
    said = run("prevalence", "scored.parquet", "--labelled", "mine.csv", "--by", "actor", *outputs)
    assert said.code == 0, said.err
    assert "NOT VALID" in said.out
    assert "report the share" in said.out
    content = json.loads((archive / "shares.json").read_text())
    assert {row["label"] for row in content["shares"]} == {"rejects", "joins", "lifts"}
    assert (archive / "shares.svg").read_text().startswith("<?xml")
    run("prevalence", "scored.parquet", "--labelled", "mine.csv", "--out", "shares.csv")
    assert len(pd.read_csv(archive / "shares.csv")) == 3


def test_a_mistake_is_one_sentence_and_leaves_no_file(run: Run, archive: Path) -> None:
    run("score", "archive/speeches.jsonl", "--model", "model", "--out", "scored.parquet")
    run(
        "annotate",
        "export",
        "scored.parquet",
        "--out",
        "mine",
        "--number",
        50,
        "--query",
        "uncertainty",
        "--model",
        "model",
    )
    command = ("prevalence", "scored.parquet", "--labelled", "mine.csv", "--out", "shares.json")
    assert "drawn by uncertainty" in run(*command).error
    assert "choose one of sentences, documents" in run(*command, "--of", "words").error
    assert "a plot ends in" in run(*command, "--plot", "shares.txt").error
    assert "is read from; write to another place" in run(*command[:-1], "mine.design.json").error
    assert "is read from" in run("prevalence", "s.parquet", "--labelled", "mine.csv", "--out", "./mine.csv").error
    assert "by 'labels'" in run(*command, "--by", "labels").error
    assert "choose one of archive, superpopulation" in run(*command, "--target", "all").error
    assert not (archive / "shares.json").exists()
    draw = ("annotate", "export", "scored.parquet", "--out", "again", "--number", 50)
    assert "no such column" in run(*draw, "--by", "planet").error
    assert "only single sentences are drawn by a column" in run(*draw, "--query", "documents", "--by", "actor").error
