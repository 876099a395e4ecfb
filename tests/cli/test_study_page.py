"""``compare`` writes a whole study: slices, errors and behaviour stand on its page, or the page says why not."""

import re
from pathlib import Path

import pandas as pd
import pytest
from tests.cli.conftest import Run
from tests.cli.test_behave_command import material

from communique.data.codebook import Codebook
from communique.data.dataset import read_corpus
from communique.data.splits import FreshSplit
from communique.models.base import StanceModel
from communique.models.lexicon import LexiconModel
from communique.models.tfidf import TfidfModel
from communique.tracking.mlflow_tracker import MlflowTracker
from communique.training import train_run

FAST = ("--resamples", 20, "--sample", 5)


@pytest.fixture
def uri(folder: Path, mlflow_store: tuple[str, str]) -> str:
    """A study of two models on the corpus in the folder."""
    corpus = read_corpus(folder / "data/sentences.jsonl", Codebook.load(folder / "data/codebook.yaml"))
    tracker = MlflowTracker(*mlflow_store)
    runs: dict[str, StanceModel] = {
        "words": LexiconModel(str(folder / "data/codebook.yaml")),
        "linear": TfidfModel(char_ngrams=(2, 3)),
    }
    where = {"corpus": str(folder / "data/sentences.jsonl"), "codebook": str(folder / "data/codebook.yaml")}
    study = f"page {folder.name}"
    for name, model in runs.items():
        config = {"seed": 0, "data": where}
        train_run(
            model,
            corpus,
            FreshSplit(),
            tracker,
            config=config,
            study=study,
            name=name,
            identity=f"{study} {name}",
            resamples=10,
        )
    return tracker.uri


def page_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def test_the_page_of_a_study_has_slices_errors_and_the_behaviour_of_every_model(
    run: Run, folder: Path, uri: str
) -> None:
    material(folder)
    compare = ("compare", "--study", f"page {folder.name}", "--tracking-uri", uri, "--out", "new/page.html", *FAST)
    said = run(*compare)
    assert said.code == 0, said.err
    page = page_of(folder / "new/page.html")
    best = pd.read_csv(folder / "new/page.csv")["model"][0]
    titles = re.findall(r"<h2>(.*?)</h2>", page)
    assert titles.index("Intervals") < titles.index(f"Slices of {best}") < titles.index("Further figures")
    assert {f"Errors of {best}", "Behaviour"} <= set(titles)
    behaviour = page[page.index("<h2>Behaviour</h2>") :]
    assert re.findall(r"<summary>(.*?)</summary>", behaviour) == list(pd.read_csv(folder / "new/page.csv")["model"])
    assert "negation" in behaviour
    assert "Left out" not in page
    assert "Rejects" in page  # labels by their titles, from the codebook of the runs
    assert not re.search(r"https?:|<script", page)
    assert run(*compare, "--no-behave").code == 0
    assert "Left out: the page was made with --no-behave." in page_of(folder / "new/page.html")
    assert "has no setting 'data.tongue'" in run(*compare, "--pool", "data.tongue").error


def foreign(folder: Path) -> None:
    made = pd.DataFrame({"id": range(60), "document": [f"d{i // 6}" for i in range(60)], "labels": ["red", ""] * 30})
    made.assign(prob_red=[0.9, 0.2, 0.4, 0.1] * 15).to_csv(folder / "theirs.csv")


def test_files_of_others_leave_the_sections_out_and_the_page_says_why(run: Run, folder: Path) -> None:
    foreign(folder)
    compare = ("compare", "--predictions", "theirs.csv", "--out", "page.html", *FAST)
    assert run(*compare).code == 0
    page = page_of(folder / "page.html")
    assert "Left out: the predictions have the labels red, the labelled sentences rejects, joins, lifts." in page
    assert "theirs was not tried: a prediction file comes without its model." in page
    assert "the predictions have the labels red" in run(*compare, "--data", "data/sentences.jsonl").error
    before = (folder / "theirs.csv").read_bytes()
    assert "theirs.csv: would replace the file that is read" in run(*compare[:-6], "--out", "theirs.html").error
    assert (folder / "theirs.csv").read_bytes() == before
    assert "--pool: pools the runs of a study" in run(*compare, "--pool", "x").error


def test_a_file_of_known_sentences_gets_slices_and_errors(run: Run, folder: Path) -> None:
    evaluate = ("evaluate", "--data", "data/sentences.jsonl", "--model", "model", "--resamples", 20)
    assert run(*evaluate, "--predictions", "ours.csv").code == 0
    assert run("compare", "--predictions", "ours.csv", "--out", "page.html", *FAST).code == 0
    page = page_of(folder / "page.html")
    assert "<h2>Slices of ours</h2>" in page
    assert "<h2>Errors of ours</h2>" in page
