"""The command line: each command does what its help says, and a mistake is one sentence with exit code 2."""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import typer
from tests.conftest import make_corpus

from communique.cli import app, main
from communique.data.annotation import Design
from communique.data.codebook import Codebook
from communique.data.dataset import Corpus, Sentence, read_corpus
from communique.data.splits import Split
from communique.models.lexicon import LexiconModel
from communique.training import fit_model

WORDS = ["harbour", "envoy", "treaty", "river", "council", "winter", "border", "letter", "bridge", "island", "visit"]


@dataclass
class Said:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The one sentence of a refusal."""
        assert self.code == 2, self.out + self.err
        (line,) = self.err.splitlines()
        assert line.startswith("error: ")
        return line.removeprefix("error: ")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: Path) -> Callable[..., Said]:
    """``communique ARGUMENTS`` in a folder that holds ``data/`` and ``model/``."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "250")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)

    def call(*arguments: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["communique", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            main()
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return Said(int(stop.value.code or 0), out, err)

    return call


def varied(codebook: Codebook, corpus: Corpus) -> Corpus:
    """The tiny corpus with an opening of its own for every sentence, so that none nearly repeats another."""
    rng = np.random.default_rng(0)
    changed = []
    for s in corpus:
        text = " ".join([*rng.choice(WORDS, 30), s.text])
        changed.append(Sentence(s.id, s.document, text, s.labels, s.position, s.genre, year=s.year))
    return Corpus(tuple(changed), codebook)


@pytest.fixture(scope="module")
def model(corpus: Corpus, codebook_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fitted word-list model."""
    return fit_model(LexiconModel(str(codebook_file)), corpus).save(tmp_path_factory.mktemp("models") / "model")


@pytest.fixture
def folder(codebook: Codebook, codebook_file: Path, model: Path, tmp_path: Path) -> Path:
    """What lies in the folder where the commands run."""
    (tmp_path / "data").mkdir()
    varied(codebook, make_corpus(codebook)).to_jsonl(tmp_path / "data" / "sentences.jsonl")
    (tmp_path / "data" / "codebook.yaml").write_bytes(codebook_file.read_bytes())
    (tmp_path / "model").mkdir()
    for file in model.iterdir():
        (tmp_path / "model" / file.name).write_bytes(file.read_bytes())
    (tmp_path / "letter.txt").write_text("Title: A letter\n\nWe reject this. The embargo must be lifted now. Rain.\n")
    return tmp_path


def edited(path: Path, change: Callable[[list[dict[str, Any]]], None]) -> None:
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    change(lines)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def commands() -> Iterator[tuple[str, ...]]:
    root: Any = typer.main.get_command(app)
    for name, command in root.commands.items():
        yield from ((name, inner) for inner in getattr(command, "commands", {}))
        yield (name,)


@pytest.mark.parametrize("command", sorted(set(commands()) - {("train",)}), ids=" ".join)
def test_every_command_explains_itself_and_its_options(command: tuple[str, ...], run: Callable[..., Said]) -> None:
    said = run(*command, "--help")
    assert said.code == 0
    assert "Usage" in said.out
    assert not said.err


def test_the_program_alone_lists_its_commands(run: Callable[..., Said]) -> None:
    said = run()
    assert all(command[0] in said.out + said.err for command in commands())


# --- evaluate ---------------------------------------------------------------------------------------------------

KEYS = ["n", "documents", "macro_f1", "micro_f1", "none_f1", "subset_accuracy", "labels"]
FURTHER = ["macro_ap", "macro_brier", "macro_ece", "interval", "bins"]
FIGURES = ["precision", "recall", "f1", "f1_low", "f1_high", "ap", "brier", "ece", "threshold", "support"]


def test_evaluate_writes_the_metrics_under_the_documented_keys(run: Callable[..., Said], folder: Path) -> None:
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


def test_predictions_of_evaluate_are_what_compare_reads(run: Callable[..., Said], folder: Path) -> None:
    common = ("evaluate", "--data", "data/sentences.jsonl", "--model", "model", "--resamples", 50)
    for name in ("one[b].csv", "two.parquet"):
        assert run(*common, "--predictions", name).code == 0
    files = ("--predictions", "one[b].csv", "--predictions", "two.parquet")
    said = run("compare", *files, "--resamples", 50, "--out", "pages/board.html")
    assert said.code == 0
    assert "one[b]" in said.out
    assert len(pd.read_csv(folder / "pages" / "board.csv")) == 2


# --- score ------------------------------------------------------------------------------------------------------


def test_score_writes_table_provenance_and_page(run: Callable[..., Said], folder: Path) -> None:
    said = run("score", "letter.txt", "--model", "model", "--out", "new/scored.csv", "--report", "pages/page.html")
    assert said.code == 0
    assert "3 sentences of 1 documents" in said.out
    table = pd.read_csv(folder / "new" / "scored.csv", keep_default_na=False)
    assert list(table["labels"]) == ["rejects", "lifts", ""]
    provenance = json.loads((folder / "new" / "scored.csv.provenance.json").read_text())
    assert provenance["counts"]["sentences"] == 3
    assert "The embargo must be lifted now." in (folder / "pages" / "page.html").read_text(encoding="utf-8")
    assert len(list((folder / "new").iterdir())) == 2


# --- data and split ---------------------------------------------------------------------------------------------


def test_data_summarises_and_says_that_there_is_no_split_yet(run: Callable[..., Said], corpus: Corpus) -> None:
    said = run("data")
    assert said.code == 0
    assert " ".join(said.out.split()).count("240 30") == 1
    assert "speech" in said.out
    assert "fingerprint" in said.out
    assert "no split at data/splits.json" in said.out


def test_a_fresh_split_is_clean_and_the_seed_decides_it(run: Callable[..., Said], folder: Path) -> None:
    assert run("split").code == 0
    said = run("data")
    assert said.code == 0
    assert "0 documents, 0 pairs of near-duplicate sentences" in said.out
    first = (folder / "data" / "splits.json").read_bytes()
    assert run("split", "--out", "new/again.json").code == 0
    assert (folder / "new" / "again.json").read_bytes() == first
    assert run("split", "--seed", 1, "--out", "new/other.json").code == 0
    assert (folder / "new" / "other.json").read_bytes() != first


def test_a_sentence_repeated_across_the_split_is_shown_and_ends_with_1(run: Callable[..., Said], folder: Path) -> None:
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


# --- annotators -------------------------------------------------------------------------------------------------


def filled(sheet: Path, name: str, answers: dict[int, str]) -> Path:
    """An annotator's copy of a sheet: the label of each row, ``none`` where not given."""
    table = pd.read_csv(sheet, dtype=str, keep_default_na=False)
    for row in range(len(table)):
        table.loc[row, answers.get(row, "none")] = "yes"
    table.to_csv(sheet.with_name(f"{name}.csv"), index=False)
    return sheet.with_name(f"{name}.csv")


def test_sheets_go_out_and_come_back_as_labelled_sentences(
    run: Callable[..., Said], folder: Path, codebook: Codebook
) -> None:
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
    disputed = read_corpus(folder / "new" / "labelled.disputed.jsonl", codebook)
    assert {s.text for s in (*agreed, *disputed)} == set(pd.read_parquet(folder / "scored.parquet")["text"])
    assert [dict(s.annotations) for s in disputed] == [{"anna": ("joins",), "ben": ()}]
    assert Design.load(folder / "new" / "labelled.jsonl").random
    told = run("agreement", "new/labelled.jsonl", "--annotators", "anna", "ben", "--resamples", 20)
    assert told.code == 0
    assert "Agreement of anna and ben" in told.out


def test_agreement_reads_two_annotators_of_a_corpus(run: Callable[..., Said], folder: Path) -> None:
    def annotate(lines: list[dict[str, Any]]) -> None:
        for i, line in enumerate(lines[:60]):
            line["annotations"] = {"author": line["labels"], "second": line["labels"] if i % 5 else []}

    edited(folder / "data" / "sentences.jsonl", annotate)
    said = run("agreement", "data/sentences.jsonl", "--resamples", 20)
    assert said.code == 0
    assert "on 60 sentences" in said.out
    assert all(label in said.out for label in ("rejects", "joins", "lifts", "none"))


def test_uncertain_and_disputed_sentences_are_drawn_from_scored_tables(run: Callable[..., Said], folder: Path) -> None:
    run("score", "letter.txt", "--model", "model", "--out", "scored.csv")
    for extra in (
        ("scored.csv", "--query", "uncertainty", "--model", "model"),
        ("scored.csv",) * 2 + ("--query", "disagreement"),
    ):
        assert run("annotate", "export", *extra, "--out", "sheets/x.xlsx", "--number", 2).code == 0
        assert not Design.load(folder / "sheets" / "x.csv").random


# --- mistakes ---------------------------------------------------------------------------------------------------

EVALUATE = ("evaluate", "--data", "data/sentences.jsonl", "--model", "model", "--resamples", "20")
EXPORT = ("annotate", "export", "data/sentences.jsonl", "--out", "x.xlsx")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("evaluate", "--data", "no.jsonl", "--model", "model"), "no.jsonl: cannot be read"),
        (("evaluate", "--data", "no[/b].jsonl", "--model", "model"), "no[/b].jsonl: cannot be read"),
        (("evaluate", "--data", "data", "--model", "model"), "data: cannot be read"),
        (("evaluate", "--data", "data/sentences.jsonl", "--model", "ghost"), "model 'ghost': is no folder"),
        (("evaluate", "--data", "data/sentences.jsonl"), "model 'communique@champion': there is no MLflow store"),
        (("evaluate", "--data", "data/sentences.jsonl", "--model", "data"), "data: is not a model folder"),
        ((*EVALUATE, "--out", "data"), "data: "),
        ((*EVALUATE, "--out", "letter.txt/metrics.json"), "letter.txt"),
        ((*EVALUATE, "--predictions", "letter.txt/said.csv"), "letter.txt"),
        ((*EVALUATE, "--resamples", "0"), "0 resamples"),
        (("compare",), "give either --study or --predictions"),
        (("compare", "--study", "s", "--predictions", "p.csv"), "give either --study or --predictions"),
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
    arguments: tuple[str, ...], said: str, run: Callable[..., Said], folder: Path
) -> None:
    (folder / "empty.txt").touch()
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
@pytest.mark.parametrize("command", ["data", "split", "agreement", "evaluate"])
def test_a_planted_error_in_the_sentences_is_named_by_file_line_and_field(
    planted: str, command: str, run: Callable[..., Said], folder: Path
) -> None:
    change, said = PLANTED[planted]
    edited(folder / "data" / "sentences.jsonl", change)
    further = EVALUATE[1:] if command == "evaluate" else ()
    assert run(command, *further).error.startswith(f"data/sentences.jsonl, {said}")


def test_a_line_that_is_no_json_is_named_by_its_number(run: Callable[..., Said], folder: Path) -> None:
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
    change: Callable[[Any], None], said: str, run: Callable[..., Said], folder: Path
) -> None:
    run("split")
    path = folder / "data" / "splits.json"
    parts = json.loads(path.read_text())
    change(parts)
    path.write_text(json.dumps(parts))
    assert said in run("data").error


def test_a_model_with_a_flipped_byte_is_refused(run: Callable[..., Said], folder: Path) -> None:
    for path in (folder / "model").iterdir():
        whole = path.read_bytes()
        path.write_bytes(whole[:40] + bytes([whole[40] ^ 1]) + whole[41:])
        for arguments in (EVALUATE, ("score", "letter.txt", "--model", "model")):
            said = run(*arguments).error
            assert said.startswith(f"model/{path.name}: ")
            assert "changed" in said or "damaged" in said
        path.write_bytes(whole)
    assert run(*EVALUATE).code == 0


def test_an_unknown_option_and_an_impossible_number_end_with_2(run: Callable[..., Said]) -> None:
    assert run("data", "--nonsense").code == run("data", "--near", "2").code == run("evaluate").code == 2
