"""``communique behave`` tries a saved model, and ``communique data`` checks what it is tried on."""

import json
from pathlib import Path

import pandas as pd
from tests.cli.conftest import Run
from tests.data.test_contrast import case_lines, pair_lines, write

from communique.behaviour import BehaviourReport


def material(folder: Path) -> None:
    write(folder / "data" / "contrast.jsonl", pair_lines())
    write(folder / "data" / "behaviour.jsonl", case_lines())


def test_behave_prints_the_rates_and_writes_page_json_and_tables(run: Run, folder: Path) -> None:
    material(folder)
    said = run("behave", "--model", "model", "--sample", "20", "--out", "new/page.html")
    assert said.code == 0, said.err
    assert "no split at" in said.out
    report = BehaviourReport.from_dict(json.loads((folder / "new" / "page.json").read_text()))
    assert report.row("negation", "MFT").n == 2
    assert report.row("negation", "DIR").n == 1
    assert report.row("source tag", "INV").n == 20
    table = pd.read_csv(folder / "new" / "page.csv")
    assert len(table) == len(report.rows)
    names = sorted(path.name for path in (folder / "new").iterdir())
    assert names == ["page.actors.csv", "page.changes.csv", "page.csv", "page.html", "page.json"]
    assert "Behaviour of" in (folder / "new" / "page.html").read_text()


def test_files_that_nobody_named_may_be_absent_and_that_is_said(run: Run, folder: Path) -> None:
    said = run("behave", "--model", "model", "--sample", "5")
    assert said.code == 0
    assert "no minimal pairs at" in said.out
    assert "no plain cases at" in said.out


def test_a_suite_of_another_codebook_is_left_out_and_that_is_said(run: Run, folder: Path) -> None:
    material(folder)
    (folder / "data" / "codebook.yaml").write_text("labels: [{name: other}]")
    said = run("behave", "--model", "model", "--sample", "5")
    assert said.code == 0, said.err
    told = " ".join(said.out.split())
    assert "minimal pairs at data/contrast.jsonl are labelled by data/codebook.yaml, whose labels are not" in told
    assert "plain cases at data/behaviour.jsonl are labelled by" in told


def test_sentences_that_nobody_named_and_that_have_other_labels_are_told_the_option(run: Run, folder: Path) -> None:
    path = folder / "data" / "sentences.jsonl"
    path.write_text(path.read_text().replace('"rejects"', '"refuses"'))
    said = run("behave", "--model", "model", "--sample", "5").error
    assert "unknown label 'refuses'" in said
    assert "name sentences with this model's labels by --data" in said


def test_mistakes_are_one_sentence_and_leave_nothing_behind(run: Run, folder: Path) -> None:
    before = set(folder.rglob("*"))
    assert "no.jsonl: cannot be read" in run("behave", "--model", "model", "--contrast", "no.jsonl").error
    assert "a page ends in .html" in run("behave", "--model", "model", "--out", "x.json").error
    (folder / "cut.json").write_text(json.dumps({"train": [f"d{number:03d}" for number in range(30)]}))
    before.add(folder / "cut.json")
    assert "cut.json: has no part 'test'" in run("behave", "--model", "model", "--split", "cut.json").error
    assert "margin 2" in run("behave", "--model", "model", "--margin", "2").error
    assert set(folder.rglob("*")) == before


def test_data_counts_the_pairs_and_cases_beside_the_corpus_and_refuses_broken_ones(run: Run, folder: Path) -> None:
    material(folder)
    said = run("data")
    assert "2 minimal pairs of 2 kinds, 1 of which move no label" in said.out
    assert "2 plain cases of 1 capabilities" in said.out
    broken = pair_lines()
    broken[1]["labels"] = ["rejects"]
    write(folder / "data" / "contrast.jsonl", broken)
    assert "contrast.jsonl, line 2, field 'edit.moves'" in run("data").error
