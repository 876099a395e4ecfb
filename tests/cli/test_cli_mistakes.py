"""A mistake on the command line is one sentence that says where, exit code 2, and nothing left behind."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Run, edited

from communique.data.annotation import Design

EVALUATE = ("evaluate", "--data", "data/sentences.jsonl", "--model", "model", "--resamples", "20")
EXPORT = ("annotate", "export", "data/sentences.jsonl", "--out", "x.xlsx")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("evaluate", "--data", "no.jsonl", "--model", "model"), "no.jsonl: cannot be read"),
        (("evaluate", "--data", "no[/b].jsonl", "--model", "model"), "no[/b].jsonl: cannot be read"),
        (("evaluate", "--data", "data", "--model", "model"), "data: cannot be read"),
        (("evaluate", "--data", "data/sentences.jsonl", "--model", "ghost"), "model 'ghost': is no folder"),
        (("evaluate", "--data", "data/sentences.jsonl", "--model", "a@b"), "model 'a@b': there is no MLflow store"),
        (("evaluate", "--data", "data/sentences.jsonl", "--model", "data"), "data: is not a model folder"),
        ((*EVALUATE, "--out", "data"), "data: "),
        ((*EVALUATE, "--out", "letter.txt/metrics.json"), "letter.txt"),
        ((*EVALUATE, "--predictions", "letter.txt/said.csv"), "letter.txt"),
        ((*EVALUATE, "--predictions", "said.xlsx"), "said.xlsx: predictions are written as .csv or .parquet"),
        ((*EVALUATE, "--resamples", "0"), "0 resamples"),
        (("compare",), "give --study or --predictions"),
        (("compare", "--predictions", "p.csv", "--interval", "wide"), "--interval wide: choose percentile or bca"),
        (("compare", "--predictions", "p.csv", "--out", "page.pdf"), "page.pdf: a page ends in .html"),
        (("compare", "--predictions", "no.csv"), "no.csv: cannot be read"),
        (("compare", "--study", "s"), "there is no MLflow store at sqlite:///mlruns.db"),
        (("champion", "--study", "s"), "there is no MLflow store at sqlite:///mlruns.db"),
        (("score", "no.txt", "--model", "model"), "no.txt: cannot be read"),
        (("score", "empty.txt", "--model", "model"), "empty.txt: is empty"),
        (("score", "letter.txt", "--model", "model", "--out", "out.txt"), "a table ends in"),
        (("score", "letter.txt", "--model", "model", "--margin", "2"), "margin 2"),
        (("score", "letter.txt", "--model", "model", "--report", "letter.txt/page.html"), "letter.txt"),
        (("data", "--data", "no.jsonl"), "no.jsonl: cannot be read"),
        (("data", "--codebook", "no.yaml"), "no.yaml: cannot be read"),
        (("data", "--split", "data"), "data: cannot be read (Is a directory); run 'communique split'"),
        (("data", "--beside", "no.jsonl"), "no.jsonl: cannot be read"),
        (("data", "--beside", "few.jsonl"), "few.jsonl: holds 1 sentences; give at least 240"),
        (("split", "--out", "data"), "data: "),
        (("split", "--data", "headers.csv", "--out", "s.json"), "headers.csv: holds no sentence; give one a line"),
        (("data", "--data", "broken.xlsx"), "broken.xlsx, line 1: is not valid JSON"),
        (("export", "--model", "model", "--out", "data"), "data: holds something that is no model"),
        (("export", "--model", "model", "--out", "x"), "model: has no encoder, so there is nothing to export"),
        (("distil", "--teacher", "model", "--out", "letter.txt"), "letter.txt: holds something that is no model"),
        (("adapt", "--corpus", "letter.txt", "--out", "x", "--model", "model", "--measure", "y"), "must be NAME=FILE"),
        (("agreement",), "0 sentences are labelled by both author and second"),
        (("annotate", "export", "no.csv", "--out", "x.xlsx"), "no.csv: is not a readable table"),
        (("annotate", "export", "few.jsonl", "--out", "x.xlsx", "--number", "1"), "few.jsonl: has no column 'labels'"),
        ((*EXPORT, "--query", "all"), "query 'all'"),
        ((*EXPORT, "--number", "999"), "draw 999"),
        ((*EXPORT, "--query", "uncertainty", "--model", "model"), "column 'prob_rejects' is missing"),
        (("annotate", "import", "no.csv", "--out", "x.jsonl"), "no.design.json: is missing"),
        (("annotate", "import", "anna.csv", "data/anna.csv", "--out", "x.jsonl"), "two sheets have one name"),
        (("annotate", "import", "broken.xlsx", "--out", "x.jsonl"), "broken.xlsx: cannot be read as a sheet"),
    ],
    ids=lambda value: " ".join(value)[:60] if isinstance(value, tuple) else "",
)  # fmt: skip
def test_a_mistake_is_one_sentence_and_leaves_nothing_behind(
    arguments: tuple[str, ...], said: str, run: Run, folder: Path
) -> None:
    (folder / "empty.txt").touch()
    (folder / "headers.csv").write_text("id,document,text,labels\n")
    (folder / "few.jsonl").write_text('{"text": "one", "document": "d"}\n')
    (folder / "broken.xlsx").write_bytes(b"PK\x03\x04 and then nothing")
    Design("random", "sentence", 1, 1, 0, "x").save(folder / "broken.xlsx")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert said in run(*arguments).error
    after = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert {path.name for path in after.keys() - before.keys()} <= {"scored.csv", "scored.csv.provenance.json"}
    assert {path: after[path] for path in before} == before


PLANTED: dict[str, tuple[Callable[[list[dict[str, Any]]], None], str]] = {
    "unknown label": (lambda lines: lines[4].update(labels=["lift"]), "line 5, field 'labels': unknown label 'lift'"),
    "id twice": (lambda lines: lines[4].update(id=lines[2]["id"]), "line 5, field 'id': 'd000-02' already stands"),
    "empty text": (lambda lines: lines[4].update(text=" "), "line 5, field 'text': must be a text that is not empty"),
    "no document": (lambda lines: lines[4].pop("document"), "line 5: field 'document' is missing"),
    "a word for a year": (lambda lines: lines[4].update(year="soon"), "line 5, field 'year': must be a whole number"),
}  # fmt: skip


@pytest.mark.parametrize("planted", PLANTED)
@pytest.mark.parametrize("command", ["data", "evaluate"])
def test_a_planted_error_in_the_sentences_is_named_by_file_line_and_field(
    planted: str, command: str, run: Run, folder: Path
) -> None:
    change, said = PLANTED[planted]
    edited(folder / "data" / "sentences.jsonl", change)
    further = EVALUATE[1:] if command == "evaluate" else ()
    assert run(command, *further).error.startswith(f"data/sentences.jsonl, {said}")


def test_a_line_that_is_no_json_is_named_by_its_number(run: Run, folder: Path) -> None:
    path = folder / "data" / "sentences.jsonl"
    first, rest = path.read_text(encoding="utf-8").split("\n", 1)
    path.write_text(f"{first}\n{first[:-9]}\n{rest}", encoding="utf-8")
    assert run("data").error.startswith("data/sentences.jsonl, line 2: is not valid JSON")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda parts: parts["test"].append(parts["train"][0]), "is in train and in test; keep it in one part"),
        (lambda parts: parts["test"].pop(), "is in no part"),
        (lambda parts: parts["test"].append("ghost"), "'ghost' is not in the corpus"),
        (lambda parts: parts.update(test=3), "must be a JSON object of document lists"),
        (lambda parts: parts.update(test=[["ghost"]]), "is not in the corpus"),
    ],
)
def test_a_split_that_does_not_fit_the_corpus_is_refused(
    change: Callable[[Any], None], said: str, run: Run, folder: Path
) -> None:
    run("split")
    path = folder / "data" / "splits.json"
    parts = json.loads(path.read_text())
    change(parts)
    path.write_text(json.dumps(parts))
    assert said in run("data").error


def test_a_model_with_a_flipped_byte_is_refused(run: Run, folder: Path) -> None:
    for path in (folder / "model").iterdir():
        whole = path.read_bytes()
        path.write_bytes(whole[:40] + bytes([whole[40] ^ 1]) + whole[41:])
        for arguments in (EVALUATE, ("score", "letter.txt", "--model", "model")):
            said = run(*arguments).error
            assert said.startswith(f"model/{path.name}: ")
            assert "changed" in said or "damaged" in said
        path.write_bytes(whole)
    assert run(*EVALUATE).code == 0


def test_an_unknown_option_and_an_impossible_number_end_with_2(run: Run) -> None:
    assert run("data", "--nonsense").code == run("data", "--near", "2").code == run("evaluate").code == 2


def test_a_filled_sheet_is_written_over_by_nothing(run: Run, folder: Path) -> None:
    assert run("score", "letter.txt", "--model", "model", "--out", "scored.csv").code == 0
    export = ("annotate", "export", "scored.csv", "--out", "ann.csv", "--number", 2)
    assert run(*export).code == 0
    sheet = (folder / "ann.csv").read_text()
    (folder / "ann.csv").write_text(sheet.replace(",,", ",yes,", 1))
    filled = (folder / "ann.csv").read_bytes()
    assert "ann.csv: is there already, perhaps filled in" in run(*export).error
    assert "written as .jsonl" in run("annotate", "import", "ann.csv", "--out", "ann.csv").error
    assert (folder / "ann.csv").read_bytes() == filled
    assert run(*export, "--force").code == 0


def test_rows_deleted_from_a_sheet_are_counted(run: Run, folder: Path) -> None:
    run("score", "letter.txt", "--model", "model", "--out", "scored.csv")
    run("annotate", "export", "scored.csv", "--out", "ann.csv", "--number", 2)
    header, row, _ = (folder / "ann.csv").read_text().splitlines()
    (folder / "ann.csv").write_text(f"{header}\n{row.removesuffix(',,')},yes,\n")
    said = run("annotate", "import", "ann.csv", "--out", "labelled.jsonl")
    assert "ann: 1 rows labelled, 0 left empty, 1 of 2 drawn are not in it" in said.out


def test_the_design_of_another_sheet_is_written_over_by_nothing(run: Run, folder: Path) -> None:
    run("score", "letter.txt", "--model", "model", "--out", "scored.csv")
    for number, name in enumerate(("ann", "other"), 1):
        assert run("annotate", "export", "scored.csv", "--out", f"{name}.csv", "--number", number).code == 0
    header, row = (folder / "ann.csv").read_text().splitlines()
    (folder / "ann.csv").write_text(f"{header}\n{row.removesuffix(',,')},yes,\n")
    assert (
        "other.design.json: is the design of another"
        in run("annotate", "import", "ann.csv", "--out", "other.jsonl").error
    )
    assert Design.load(folder / "other.csv").drawn == 2
    assert run("annotate", "import", "ann.csv", "--out", "ann.jsonl").code == 0


def test_a_split_that_would_leave_a_part_empty_is_refused(run: Run, folder: Path) -> None:
    line = (folder / "data" / "sentences.jsonl").read_text().splitlines()[0]
    (folder / "few.jsonl").write_text(line + "\n")
    said = run("split", "--data", "few.jsonl", "--out", "s.json").error
    assert "1 documents leave the part 'validation' without one" in said
    assert not (folder / "s.json").exists()


def test_labels_separated_by_commas_are_told_the_separator(run: Run, folder: Path) -> None:
    (folder / "commas.csv").write_text('id,document,text,labels\na,d,x,"rejects,joins"\n')
    assert "labels are separated by ;" in run("data", "--data", "commas.csv").error


def test_reprints_in_a_sheet_are_counted(run: Run, folder: Path) -> None:
    (folder / "again.csv").write_text("text\nWe reject it all today.\nWe reject it all today.\n")
    run("score", "again.csv", "--model", "model", "--out", "scored.csv")
    assert "1 of them reprint" in run("annotate", "export", "scored.csv", "--out", "ann.csv", "--number", 2).out
