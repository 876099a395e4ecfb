"""The command line: each command does what its help says."""

import json
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import typer
from tests.cli.conftest import Run, edited

from communique.cli import app
from communique.data.annotation import Design
from communique.data.codebook import Codebook
from communique.data.dataset import Corpus, read_corpus
from communique.data.splits import Split
from communique.errors import CommuniqueError


def commands() -> Iterator[tuple[str, ...]]:
    root: Any = typer.main.get_command(app)
    for name, command in root.commands.items():
        yield from ((name, inner) for inner in getattr(command, "commands", {}))
        yield (name,)


@pytest.mark.parametrize("command", sorted(set(commands()) - {("train",)}), ids=" ".join)
def test_every_command_explains_itself_and_its_options(command: tuple[str, ...], run: Run) -> None:
    said = run(*command, "--help")
    assert said.code == 0
    assert "Usage" in said.out
    assert not said.err


def test_the_program_alone_lists_its_commands(run: Run) -> None:
    said = run()
    assert all(command[0] in said.out + said.err for command in commands())


def test_the_version_told_is_that_of_the_package_and_of_the_citation(run: Run) -> None:
    root = Path(__file__).parents[2]
    said = run("--version")
    assert (said.code, said.out) == (0, f"communique {version('communique')}\n")
    assert f"\nversion: {version('communique')}\n" in (root / "CITATION.cff").read_text(encoding="utf-8")


KEYS = ["n", "documents", "macro_f1", "micro_f1", "none_f1", "subset_accuracy", "labels"]
FURTHER = ["macro_ap", "macro_brier", "macro_ece", "interval", "bins", "known_sentences"]
FIGURES = ["precision", "recall", "f1", "f1_low", "f1_high", "ap", "brier", "ece", "threshold", "support"]


def test_evaluate_writes_the_metrics_under_the_documented_keys(run: Run, folder: Path) -> None:
    arguments = ("--data", "data/sentences.jsonl", "--model", "model", "--out", "new/metrics.json", "--resamples", 50)
    said = run("evaluate", *arguments, "--predictions", "new/said.csv")
    assert said.code == 0
    metrics = json.loads((folder / "new" / "metrics.json").read_text())
    assert sorted(metrics) == sorted(KEYS + FURTHER)
    for name in ("macro_f1", "micro_f1", "none_f1", "subset_accuracy"):
        assert sorted(metrics[name]) == ["high", "low", "value"]
        assert 0 <= metrics[name]["low"] <= metrics[name]["value"] <= metrics[name]["high"] <= 1
    assert list(metrics["labels"]) == ["rejects", "joins", "lifts"]
    assert all(sorted(figures) == sorted(FIGURES) for figures in metrics["labels"].values())
    assert (metrics["n"], metrics["documents"]) == (240, 30)
    assert f"{metrics['macro_f1']['value']:.3f}" in said.out
    assert sorted(path.name for path in (folder / "new").iterdir()) == ["metrics.json", "said.csv"]


def test_predictions_of_evaluate_are_what_compare_reads(run: Run, folder: Path) -> None:
    common = ("evaluate", "--data", "data/sentences.jsonl", "--model", "model", "--resamples", 50)
    for name in ("one[b].csv", "two.parquet"):
        assert run(*common, "--predictions", name).code == 0
    files = ("--predictions", "one[b].csv", "--predictions", "two.parquet")
    said = run("compare", *files, "--resamples", 50, "--interval", "bca", "--out", "pages/board.html")
    assert said.code == 0
    assert "one[b]" in said.out
    assert "BCa bootstrap" in said.out
    assert len(pd.read_csv(folder / "pages" / "board.csv")) == 2


def test_compare_fits_eighty_columns_and_says_where_it_cut(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    made = pd.DataFrame({"id": range(60), "document": [f"d{i // 6}" for i in range(60)], "labels": ["red", ""] * 30})
    made.assign(prob_red=[0.9, 0.2, 0.4, 0.1] * 15).to_csv(folder / "anyones_predictions_of_a_long_name.csv")
    made.assign(prob_red=0.3, predicted="red").to_csv(folder / "other.csv")
    files = ("--predictions", "anyones_predictions_of_a_long_name.csv", "--predictions", "other.csv")
    said = run("compare", *files, "--resamples", 50, "--reference", "other")
    assert said.code == 0
    assert max(map(len, said.out.splitlines())) <= 80
    assert "cut at 0.5: anyones_predictions_of_a_long_name." in " ".join(said.out.split())
    assert "fewer than 60" in " ".join(said.out.split())
    assert run("compare", *files, "--reference", "ghost").error.startswith("reference 'ghost': is not among")


def test_score_writes_table_provenance_and_page(run: Run, folder: Path) -> None:
    said = run("score", "letter.txt", "--model", "model", "--out", "new/scored.csv", "--report", "pages/page.html")
    assert said.code == 0
    assert "3 sentences of 1 documents" in said.out
    table = pd.read_csv(folder / "new" / "scored.csv", keep_default_na=False)
    assert list(table["labels"]) == ["rejects", "lifts", ""]
    provenance = json.loads((folder / "new" / "scored.csv.provenance.json").read_text())
    assert provenance["counts"]["sentences"] == 3
    assert "The embargo must be lifted now." in (folder / "pages" / "page.html").read_text(encoding="utf-8")
    assert len(list((folder / "new").iterdir())) == 2


def test_data_summarises_and_says_that_there_is_no_split_yet(run: Run, corpus: Corpus) -> None:
    said = run("data")
    assert said.code == 0
    assert " ".join(said.out.split()).count("240 30") == 1
    assert "speech" in said.out
    assert "By forum" not in said.out  # which this corpus does not tell
    assert "fingerprint" in said.out
    assert "no split at data/splits.json" in said.out


def test_the_shipped_split_is_not_held_against_sentences_of_ones_own(run: Run, folder: Path, corpus: Corpus) -> None:
    assert run("split").code == 0
    corpus.where(lambda s: s.document != "d000").to_jsonl(folder / "mine.jsonl")
    said = run("data", "--data", "mine.jsonl")
    assert said.code == 0, said.err
    assert "data/splits.json cuts data/sentences.jsonl, not mine.jsonl: no split" in " ".join(said.out.split())
    assert (
        "'d000' is not in the corpus; name the split of this corpus"
        in run("data", "--data", "mine.jsonl", "--split", folder / "data" / "splits.json").error
    )


def test_a_fresh_split_is_clean_and_the_seed_decides_it(run: Run, folder: Path) -> None:
    assert run("split").code == 0
    said = run("data")
    assert said.code == 0
    assert "0 documents, 0 pairs of near-duplicate sentences" in said.out
    first = (folder / "data" / "splits.json").read_bytes()
    assert run("split", "--out", "new/again.json").code == 0
    assert (folder / "new" / "again.json").read_bytes() == first
    assert run("split", "--seed", 1, "--out", "new/other.json").code == 0
    assert (folder / "new" / "other.json").read_bytes() != first


def test_a_sentence_repeated_across_the_split_is_shown_and_ends_with_1(run: Run, folder: Path) -> None:
    run("split")
    parts = Split.load(folder / "data" / "splits.json").parts
    train, test = parts["train"][0], parts["test"][0]

    def repeat(lines: list[dict[str, Any]]) -> None:
        first = next(line for line in lines if line["document"] == train)
        next(line for line in lines if line["document"] == test)["text"] = first["text"].upper()

    edited(folder / "data" / "sentences.jsonl", repeat)
    said = run("data")
    assert said.code == 1
    assert "1 pairs of near-duplicate sentences" in said.out
    assert f"1.00  train {train}-00 ~ test {test}-00" in said.out


def filled(sheet: Path, name: str, answers: dict[int, str]) -> Path:
    """An annotator's copy of a sheet: the label of each row, ``none`` where not given."""
    table = pd.read_csv(sheet, dtype=str, keep_default_na=False)
    for row in range(len(table)):
        table.loc[row, answers.get(row, "none")] = "yes"
    table.to_csv(sheet.with_name(f"{name}.csv"), index=False)
    return sheet.with_name(f"{name}.csv")


def test_sheets_go_out_and_come_back_as_labelled_sentences(run: Run, folder: Path, codebook: Codebook) -> None:
    (folder / "letter.txt").write_text("'Tis agreed.\n\nRain fell.\n\nWe reject it.\n\n=SUM(1) is odd.\n")
    assert run("score", "letter.txt", "--model", "model", "--out", "scored.parquet").code == 0
    said = run("annotate", "export", "scored.parquet", "--out", "sheets/anna.xlsx", "--number", 4)
    assert "4 sentences, random of 4 sentences" in said.out
    names = {path.name for path in (folder / "sheets").iterdir()}
    assert names == {"anna.xlsx", "anna.csv", "anna.design.json"}
    blank = folder / "sheets" / "anna.csv"
    ben = filled(blank, "ben", {0: "lifts"})
    anna = filled(blank, "anna", {0: "lifts", 1: "joins"})

    said = run("annotate", "import", anna, ben, "--out", "new/labelled.jsonl")
    assert said.code == 0
    assert "anna: 4 rows labelled, 0 left empty" in said.out
    agreed = read_corpus(folder / "new" / "labelled.jsonl", codebook)
    (disputed,) = map(json.loads, (folder / "new" / "labelled.disputed.jsonl").read_text().splitlines())
    assert {*agreed.texts, disputed["text"]} == set(pd.read_parquet(folder / "scored.parquet")["text"])
    assert disputed["annotations"] == {"anna": ["joins"], "ben": []}
    with pytest.raises(CommuniqueError, match="line 1, field 'labels'"):  # it is not for reading before it is judged
        read_corpus(folder / "new" / "labelled.disputed.jsonl", codebook)
    assert Design.load(folder / "new" / "labelled.jsonl").random
    told = run("agreement", "new/labelled.jsonl", "--annotators", "anna", "ben", "--resamples", 20)
    assert told.code == 0
    assert "Agreement of anna and ben" in told.out


def test_labelled_sentences_are_not_written_over_and_settled_disputes_do_not_stay(run: Run, folder: Path) -> None:
    run("score", "letter.txt", "--model", "model", "--out", "scored.parquet")
    run("annotate", "export", "scored.parquet", "--out", "sheet", "--number", 3)
    anna, ben = filled(folder / "sheet.csv", "anna", {0: "lifts"}), filled(folder / "sheet.csv", "ben", {})
    again = ("annotate", "import", anna, ben, "--exported", "sheet.csv", "--out", "mine.jsonl")
    assert run(*again).code == 0
    assert (folder / "mine.disputed.jsonl").exists()
    assert "mine.jsonl: is there already, perhaps adjudicated" in run(*again).error
    filled(folder / "sheet.csv", "ben", {0: "lifts"})
    assert run(*again, "--force").code == 0
    assert not (folder / "mine.disputed.jsonl").exists()


def test_agreement_reads_two_annotators_of_a_corpus(run: Run, folder: Path) -> None:
    def annotate(lines: list[dict[str, Any]]) -> None:
        for i, line in enumerate(lines[:60]):
            line["annotations"] = {"author": line["labels"], "second": line["labels"] if i % 5 else []}

    edited(folder / "data" / "sentences.jsonl", annotate)
    said = run("agreement", "data/sentences.jsonl", "--resamples", 20)
    assert said.code == 0
    assert "on 60 sentences" in said.out
    assert all(label in said.out for label in ("rejects", "joins", "lifts", "none"))


def test_uncertain_and_disputed_sentences_are_drawn_from_scored_tables(run: Run, folder: Path) -> None:
    run("score", "letter.txt", "--model", "model", "--out", "scored.csv")
    for extra in (
        ("scored.csv", "--query", "uncertainty", "--model", "model"),
        ("scored.csv",) * 2 + ("--query", "disagreement"),
    ):
        assert run("annotate", "export", *extra, "--out", "sheets/x.xlsx", "--number", 2, "--force").code == 0
        assert not Design.load(folder / "sheets" / "x.csv").random
