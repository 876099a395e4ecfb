"""``communique slices`` and ``communique errors`` as called from a terminal."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.cli.conftest import Run, edited
from tests.conftest import make_corpus

from communique.cli import analysis
from communique.data.codebook import Codebook
from communique.data.dataset import Corpus, read_corpus
from communique.data.splits import FreshSplit
from communique.errors import CommuniqueError
from communique.models import load_model
from communique.models.lineage import sentence_digests
from communique.models.tfidf import TfidfModel
from communique.tracking.base import NullTracker, RunRecord
from communique.tracking.mlflow_tracker import MlflowTracker
from communique.training import train_run

openpyxl = pytest.importorskip("openpyxl")


def _without_labels(lines: list[dict[str, Any]]) -> None:
    for line in lines[:30]:
        line["labels"] = []


EVALUATE = ("evaluate", "--data", "data/sentences.jsonl", "--model", "model", "--resamples", 20)


def test_slices_of_a_prediction_file_are_told_and_written(run: Run, folder: Path) -> None:
    assert run(*EVALUATE, "--predictions", "said.csv").code == 0
    said = run("slices", "--predictions", "said.csv", "--out", "new/slices.html", "--resamples", 50)
    assert said.code == 0
    table = pd.read_csv(folder / "new" / "slices.csv")
    assert set(table["field"]) == {"all", "genre", "decade", "length"}
    assert "forum, actor, phenomenon" in " ".join(said.out.split())
    fragment = (folder / "new" / "slices.html").read_text(encoding="utf-8")
    assert all(value in fragment for value in table["value"])


@pytest.mark.parametrize("kept", ["probabilities", "seeds"])
def test_slices_read_every_file_that_compare_reads(run: Run, folder: Path, kept: str) -> None:
    assert run(*EVALUATE, "--predictions", "said.csv").code == 0
    table = pd.read_csv(folder / "said.csv", keep_default_na=False)
    if kept == "probabilities":
        table = table[["id", "document", "labels", *(name for name in map(str, table) if name.startswith("prob_"))]]
    else:
        table = pd.concat([table.assign(seed=seed) for seed in (0, 1)])
    table.to_csv(folder / "theirs.csv", index=False)
    said = run("slices", "--predictions", "theirs.csv", "--resamples", 20)
    assert said.code == 0, said.err
    told = {"probabilities": "every label is cut at 0.5", "seeds": "mean of 2 fits"}[kept]
    assert told in " ".join(said.out.split())


def test_errors_of_models_are_a_page_and_a_sheet(run: Run, folder: Path) -> None:
    edited(folder / "data" / "sentences.jsonl", _without_labels)
    models = ("--model", "model", "--model", "model")
    said = run("errors", *models, "--data", "data/sentences.jsonl", "--out", "new/errors.html", "--limit", 10)
    assert said.code == 0
    assert "the limit left out" in said.out
    table = pd.read_csv(folder / "new" / "errors.csv", keep_default_na=False)
    assert set(table["model"]) == {"lexicon", "lexicon (2)"}
    assert table["id"].nunique() == 10
    assert (table["explained"] == "exact").all()
    assert table.loc[table["verdict"] == "false positive", "for"].str.len().min() > 0
    page = (folder / "new" / "errors.html").read_text(encoding="utf-8")
    assert page.count("<article") == 10
    assert '<mark class="up"' in page
    assert openpyxl.load_workbook(folder / "new" / "errors.xlsx").sheetnames == ["sentences", "about"]


def test_the_runs_of_a_study_that_are_looked_into_learned_from_the_whole_training_part(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runs = [
        RunRecord("1", "linear", {"split.train_share": "1.0"}, {}, {}),
        RunRecord("2", "linear", {}, {}, {}),
        RunRecord("3", "linear", {"split.train_share": "0.5"}, {}, {}),
        RunRecord("4", "words", {"split.train_share": "0.25"}, {}, {}),
    ]

    class Store(NullTracker):
        def runs(self, study: str) -> list[RunRecord]:
            return runs

    monkeypatch.setattr(analysis, "open_tracker", lambda uri: Store())
    assert {name: one.id for name, one in analysis._runs("s", None, "").items()} == {"linear": "2"}
    with pytest.raises(CommuniqueError, match="has no run 'words'; it has linear"):
        analysis._runs("s", ["words"], "")
    del runs[:3]
    with pytest.raises(CommuniqueError, match="every run learned from a share of the training part"):
        analysis._runs("s", None, "")


def recorded_run(folder: Path, store: tuple[str, str], file: str, name: str, study: str) -> None:
    """A run on a file of sentences that lies in the folder."""
    book = "data/codebook.yaml"
    train_run(
        TfidfModel(min_df=1),
        read_corpus(folder / file, Codebook.load(folder / book)),
        FreshSplit(),
        MlflowTracker(*store),
        config={"seed": 0, "data": {"corpus": file, "codebook": book}},
        study=study,
        name=name,
        identity=f"{study} {name}",
        resamples=10,
    )


def test_a_study_is_looked_into_with_its_own_models(run: Run, folder: Path, mlflow_store: tuple[str, str]) -> None:
    (folder / "data" / "sentences.jsonl").rename(folder / "mine.jsonl")  # what the run was made of is found there
    recorded_run(folder, mlflow_store, "mine.jsonl", "linear", "look")
    common = ("--study", "look", "--tracking-uri", mlflow_store[0])
    said = run("errors", *common, "--out", "errors.xlsx", "--margin", 0.4)
    assert said.code == 0, said.err
    table = pd.read_csv(folder / "errors.csv", keep_default_na=False)
    assert set(table["model"]) == {"linear"}
    assert set(table["explained"]) == {"exact"}
    assert run("slices", *common, "--minimum", 2, "--resamples", 20).code == 0
    (folder / "mine.jsonl").rename(folder / "moved.jsonl")
    assert "mine.jsonl: the run was measured by this file, which is not here" in run("slices", *common).error
    assert run("slices", *common, "--data", "moved.jsonl", "--resamples", 20).code == 0
    assert "no.jsonl: cannot be read" in run("slices", *common, "--data", "no.jsonl").error
    assert "has no run 'x'; it has linear" in run("slices", *common, "--run", "x").error
    assert "has no part 'real'" in run("errors", *common, "--part", "real", "--out", "e.html").error


def test_runs_of_one_study_may_be_made_of_different_files(
    run: Run, folder: Path, codebook: Codebook, mlflow_store: tuple[str, str]
) -> None:
    make_corpus(codebook, documents=20, seed=7).to_jsonl(folder / "other.jsonl")
    for file in ("data/sentences.jsonl", "other.jsonl"):
        recorded_run(folder, mlflow_store, file, Path(file).stem, "two")
    options = ("--study", "two", "--tracking-uri", mlflow_store[0], "--resamples", 20, "--out", "slices.csv")
    said = run("slices", *options)
    assert said.code == 0, said.err
    assert set(pd.read_csv(folder / "slices.csv")["model"]) == {"sentences", "other"}


def test_errors_and_figures_on_what_a_model_learned_from_come_with_a_caution(
    run: Run, folder: Path, model: Path, corpus: Corpus
) -> None:
    fitted = load_model(model)
    known = corpus.take(np.arange(30))
    fitted.learned = sentence_digests(known.texts)
    fitted.save(folder / "fitted")
    corpus.to_jsonl(folder / "whole.jsonl")
    corpus.take(np.array([i for i, text in enumerate(corpus.texts) if text not in known.texts])).to_jsonl(
        folder / "other.jsonl"
    )
    count = sum(text in known.texts for text in corpus.texts)
    commands = (
        ("evaluate", "--resamples", 20, "--out", "metrics.json"),
        ("errors", "--out", "errors.xlsx", "--margin", 0.4),
    )
    for command in commands:
        said = run(*command, "--data", "whole.jsonl", "--model", "fitted")
        assert f"Caution: {count} of {len(corpus)} sentences are among those that lexicon learned from" in " ".join(
            said.out.split()
        )
        assert "learned from or" not in run(*command, "--data", "other.jsonl", "--model", "fitted").out
    assert json.loads((folder / "metrics.json").read_text())["known_sentences"] == 0


def test_a_model_saved_without_its_sentences_is_known_by_its_corpus(
    run: Run, folder: Path, model: Path, corpus: Corpus
) -> None:
    fitted = load_model(model)
    fitted.learned, fitted.provenance["data"] = None, corpus.fingerprint
    fitted.save(folder / "older")
    corpus.to_jsonl(folder / "whole.jsonl")
    said = run("evaluate", "--resamples", 20, "--data", "whole.jsonl", "--model", "older", "--out", "metrics.json")
    assert f"Caution: {len(corpus)} of {len(corpus)} sentences" in said.out
    assert json.loads((folder / "metrics.json").read_text())["known_sentences"] is None


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("slices",), "give either --study or --predictions"),
        (("slices", "--predictions", "a.csv"), "a.csv: cannot be read"),
        (("slices", "--predictions", "a.csv", "--out", "a.pdf"), "a.pdf: slices are written as"),
        (("errors", "--out", "e.html"), "give either --model"),
        (("errors", "--model", "model", "--out", "e.txt"), "e.txt: errors are written as"),
        (("errors", "--model", "model", "--out", "e.html", "--limit", 0), "limit 0"),
        (("errors", "--model", "model", "--out", "e.html", "--codebook", "x"), "--codebook goes with --study"),
        (("errors", "--study", "s", "--out", "e.html", "--tracking-uri", "sqlite:///no.db"), "no MLflow store"),
    ],
)
def test_a_mistake_is_one_sentence_and_leaves_no_file(
    run: Run, folder: Path, arguments: tuple[object, ...], told: str
) -> None:
    before = sorted(folder.iterdir())
    assert told in run(*arguments).error
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize(
    ("arguments", "gone"),
    [
        (("evaluate", "--data", "mine.csv", "--predictions", "mine.csv"), "mine.csv"),
        (("errors", "--data", "mine.csv", "--out", "mine.html"), "mine.csv"),
        (("behave", "--data", "mine.csv", "--out", "mine.html"), "mine.csv"),
        (("slices", "--predictions", "mine.csv", "--out", "linked.csv"), "linked.csv"),
        (("compare", "--predictions", "mine.csv", "--out", "mine.html"), "mine.csv"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_what_is_read_is_never_written_over(run: Run, folder: Path, arguments: tuple[str, ...], gone: str) -> None:
    assert run(*EVALUATE, "--predictions", "mine.csv").code == 0
    (folder / "linked.csv").symlink_to(folder / "mine.csv")
    before = (folder / "mine.csv").read_bytes()
    model = ("--model", "model") if arguments[0] in ("evaluate", "errors", "behave") else ()
    assert f"{gone}: would replace the file that is read" in run(*arguments, *model).error
    assert (folder / "mine.csv").read_bytes() == before
