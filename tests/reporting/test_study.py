"""The study page and its tables: nothing fetched, nothing let through unescaped, every seed and part as recorded."""

import io
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from communique.data.codebook import Codebook
from communique.data.dataset import Corpus
from communique.data.splits import GroupedKFold
from communique.errors import CommuniqueError
from communique.evaluation.comparison import Leaderboard, System, compare
from communique.models.tfidf import TfidfModel
from communique.reporting.study import systems_of_files, systems_of_study, write_study
from communique.reporting.tables import (
    corpus_table,
    field_table,
    latex,
    leaderboard_cells,
    leaderboard_table,
    markdown,
    metrics_table,
    per_label_frame,
    show,
)
from communique.tracking.mlflow_tracker import MlflowTracker
from communique.training import train_run

EVIL = "<script>alert(1)</script> & 50%_{x}^~# $\\frac$ | [/b]"
FAST: dict[str, Any] = {"resamples": 50, "rounds": 50}


def predictions(seed: int = 0, documents: int = 12) -> pd.DataFrame:
    """Twelve documents of four sentences, two labels, a fifth of the decisions wrong."""
    rng = np.random.default_rng(seed)
    ids = [f"d{i // 4:02d}-{i % 4}" for i in range(4 * documents)]
    table = pd.DataFrame({"id": ids, "document": [name[:3] for name in ids]})
    gold = np.random.default_rng(7).random((len(ids), 2)) < 0.5
    said = gold ^ (rng.random(gold.shape) < 0.2)
    for column, matrix in (("labels", gold), ("predicted", said)):
        table[column] = [";".join(np.array(["red", "green"])[row]) for row in matrix]
    return table.assign(prob_red=np.where(said[:, 0], 0.8, 0.2), prob_green=np.where(said[:, 1], 0.8, 0.2))


@pytest.fixture(scope="module")
def board() -> Leaderboard:
    named = System(EVIL, (predictions(1), predictions(2)), {"size": "<b>9 MB</b>"})
    return compare([System("plain", (predictions(),), {}), named], **FAST)


@pytest.fixture(scope="module")
def folder(board: Leaderboard, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("study")
    write_study(board, out / "new" / "board.html", f"Study {EVIL}")
    return out / "new"


def shown(table: Any, width: int = 200) -> str:
    console = Console(file=io.StringIO(), width=width, markup=False)
    console.print(table)
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_the_page_stands_alone(folder: Path) -> None:
    page = (folder / "board.html").read_text(encoding="utf-8")
    assert not re.search(r"https?://", page)
    sources = re.findall(r"(?:src|href|srcset)\s*=\s*[\"']?([^\"'\s>]*)", page)
    assert len(sources) == 2
    assert all(source.startswith("data:image/svg+xml;base64,") for source in sources)
    assert "@import" not in page
    assert "url(" not in page


def test_planted_markup_comes_through_as_text_only(folder: Path) -> None:
    parser = pytest.importorskip("lxml.html")
    root = parser.fromstring((folder / "board.html").read_text(encoding="utf-8"))
    assert not root.findall(".//script")
    assert not root.findall(".//td/b")
    assert root.xpath("string(//h1)") == f"Study {EVIL}"
    assert EVIL in root.xpath("//td/text()")


def test_the_table_lies_beside_the_page_in_three_formats(folder: Path, board: Leaderboard) -> None:
    assert {path.name for path in folder.iterdir()} == {f"board.{suffix}" for suffix in ("html", "csv", "md", "tex")}
    assert set(pd.read_csv(folder / "board.csv")["model"]) == {"plain", EVIL}
    header, _, *rows = (folder / "board.md").read_text(encoding="utf-8").split("\n\n")[0].splitlines()
    assert len(rows) == 2
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in (header, *rows)} == {len(leaderboard_cells(board)[0]) + 1}


def test_latex_is_a_whole_table_with_nothing_left_to_be_taken_for_a_command(board: Leaderboard) -> None:
    text = latex(board, f"Board {EVIL}")
    for name in ("table", "tabular"):
        assert text.count(rf"\begin{{{name}}}") == text.count(rf"\end{{{name}}}") == 1
    assert [text.count(rule) for rule in (r"\toprule", r"\midrule", r"\bottomrule")] == [1, 1, 1]
    bare = re.sub(r"\\[&%$#_{}]", "", text)
    assert bare.count("{") == bare.count("}")
    assert not re.search(r"[%$#_^~<>±]", bare)
    lines = [line for line in bare.splitlines() if line.endswith(r"\\")]
    columns = len(leaderboard_cells(board)[0])
    assert [line.count("&") for line in lines] == [columns - 1] * 3
    known = {"begin", "end", "caption", "toprule", "midrule", "bottomrule", "ensuremath", "pm"}
    assert set(re.findall(r"\\([a-z]+)", bare)) - known <= {f"text{n}" for n in ("backslash", "less", "greater")} | {
        "textasciitilde",
        "textasciicircum",
    }


def test_a_narrow_terminal_shows_the_primary_metric_whole(board: Leaderboard) -> None:
    wide, narrow = (shown(leaderboard_table(board, "Board", width), width) for width in (300, 80))
    assert "…" not in narrow
    assert "[/b]" in wide
    assert "micro-F1" in wide
    assert "micro-F1" not in narrow
    for row in board.rows:
        assert show(row.metrics.macro_f1) in narrow


def test_the_cells_tell_the_reference_and_the_spread_of_the_seeds(board: Leaderboard) -> None:
    header, rows = leaderboard_cells(board)
    cells = {row[0]: dict(zip(header, row, strict=True)) for row in rows}
    contrast = f"vs {board.reference}"
    assert [row[contrast] == "reference" for row in cells.values()] == [name == board.reference for name in cells]
    assert (cells["plain"]["seeds"], cells["plain"]["size"]) == ("1", "")
    assert re.fullmatch(r"2: 0\.\d{3} ± 0\.\d{3}", cells[EVIL]["seeds"])


def test_markdown_escapes_its_own_separator() -> None:
    assert markdown(["a"], [["x|y"]]).splitlines() == ["| a |", "| --- |", "| x\\|y |"]


def test_every_label_of_every_system_has_a_line(board: Leaderboard) -> None:
    frame = per_label_frame(board, {"red": "Against red"})
    assert len(frame) == 4
    assert set(frame["label"]) == {"Against red", "green"}


def test_summaries_count_what_is_there(corpus: Corpus, codebook: Codebook, board: Leaderboard) -> None:
    counted = " ".join(shown(corpus_table({"all": corpus})).split())
    sums = corpus.indicators.sum()
    none, several = (corpus.indicators.sum(axis=1) == 0).sum(), (corpus.indicators.sum(axis=1) > 1).sum()
    assert counted.endswith(f"all 240 30 {sums['rejects']} {sums['joins']} {sums['lifts']} {none} {several}")
    by_genre = " ".join(shown(field_table(corpus, "genre")).split())
    assert "speech 120 15" in by_genre
    assert "wire 120 15" in by_genre
    doubled = Corpus(tuple(replace(s, phenomena=("negation", "question")) for s in corpus), codebook)
    assert shown(field_table(doubled, "phenomena")).count(" 240 ") == 2
    row = board.rows[0]
    text = shown(metrics_table(row.metrics, {"red": "Against red"}, "x"))
    assert f"{row.metrics.macro_f1.value:.3f}" in text
    assert "Against red" in text
    assert "48 sentences of 12 documents" in text


def test_a_page_under_another_suffix_is_refused_before_anything_is_written(board: Leaderboard, tmp_path: Path) -> None:
    for name in ("board.csv", "board.md", "board"):
        with pytest.raises(CommuniqueError, match=r"a page ends in \.html"):
            write_study(board, tmp_path / name, "x")
    assert not list(tmp_path.iterdir())


def test_prediction_files_of_both_formats_say_the_same(tmp_path: Path) -> None:
    table = predictions().assign(id=range(48))
    table.to_csv(tmp_path / "one.csv", index=False)
    table.to_parquet(tmp_path / "two.parquet", index=False)
    systems = systems_of_files([tmp_path / "one.csv", tmp_path / "two.parquet"])
    assert [system.name for system in systems] == ["one", "two"]
    first, second = compare(systems, **FAST).rows
    assert first.metrics == second.metrics


def test_files_that_hold_no_predictions_are_refused_by_path_and_column(tmp_path: Path) -> None:
    for column in ("id", "document", "labels", "predicted"):
        predictions().drop(columns=column).to_csv(tmp_path / "lacking.csv", index=False)
        with pytest.raises(CommuniqueError, match=rf"lacking\.csv: column '{column}' is missing"):
            systems_of_files([tmp_path / "lacking.csv"])
    predictions().drop(columns=["prob_red", "prob_green"]).to_parquet(tmp_path / "bare.parquet")
    (tmp_path / "ragged.csv").write_text("id,document\na,b\na,b,c\n")
    (tmp_path / "garbage.parquet").write_bytes(b"no parquet")
    (tmp_path / "empty.csv").touch()
    said = {"bare.parquet": "no column 'prob_", "ragged.csv": "line 3"}
    for name, reason in (said | dict.fromkeys(["garbage.parquet", "empty.csv", "none.csv"], "cannot be read")).items():
        with pytest.raises(CommuniqueError, match=rf"{re.escape(name)}: .*{reason}") as refusal:
            systems_of_files([tmp_path / name])
        assert "\n" not in str(refusal.value)


@pytest.fixture(scope="module")
def tracker(corpus: Corpus, mlflow_store: tuple[str, str]) -> MlflowTracker:
    """A study of two names: ``strong`` with seeds 10 and 2, and ``weak`` with one."""
    made = MlflowTracker(*mlflow_store)
    for name, seed in (("strong", 10), ("weak", 2), ("strong", 2)):
        model = TfidfModel(c=1e-4 if name == "weak" else 4.0)
        parts = (model, corpus, GroupedKFold(k=2), made)  # of several folds no model is kept, which is quick
        train_run(*parts, config={"seed": seed}, study="s", name=name, identity=f"{name}{seed}", resamples=20)
    return made


def test_the_systems_of_a_study_are_its_names_with_all_their_seeds_in_order(tracker: MlflowTracker) -> None:
    systems = systems_of_study("s", "validation", tracker)
    assert {system.name: len(system.tables) for system in systems} == {"strong": 2, "weak": 1}
    assert all(set(table["part"]) == {"validation"} for system in systems for table in system.tables)
    assert all("fit (s)" in system.facts for system in systems)
    runs = {run.params["seed"]: run for run in tracker.runs("s") if run.name == "strong"}
    board = compare(systems, **FAST)
    strong = next(row for row in board.rows if row.name == "strong")
    recorded = [runs[seed].metrics["validation.macro_f1.value"] for seed in ("2", "10")]
    assert list(strong.seeds) == pytest.approx(recorded)


def test_seeds_are_ordered_as_numbers(tracker: MlflowTracker) -> None:
    from communique.reporting import study

    runs = [run for run in tracker.runs("s") if run.name == "strong"]
    assert [run.params["seed"] for run in study._latest_by_seed(runs)] == ["2", "10"]
    again = [*runs, replace(runs[0], id="later")]
    assert [run.id for run in study._latest_by_seed(again)] == [runs[1].id, "later"]


def test_an_unknown_part_and_an_unknown_study_are_one_sentence(tracker: MlflowTracker) -> None:
    with pytest.raises(CommuniqueError, match="has no part 'nope'; it has validation, test"):
        systems_of_study("s", "nope", tracker)
    with pytest.raises(CommuniqueError, match="study 'ghost': has no finished run"):
        systems_of_study("ghost", "test", tracker)


def test_runs_whose_files_are_gone_are_one_sentence(tracker: MlflowTracker) -> None:
    artifacts = Path(tracker.artifacts)
    hidden = artifacts.rename(artifacts.with_name("hidden"))
    try:
        with pytest.raises(CommuniqueError, match="its files are gone") as refusal:
            systems_of_study("s", "test", tracker)
    finally:
        hidden.rename(artifacts)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("named", ["text.db", "folder/none/text.db"])
def test_a_store_that_cannot_be_opened_is_one_sentence(named: str, tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("a letter, no database")
    (tmp_path / "folder").write_text("a file, no folder")
    with pytest.raises(CommuniqueError, match="cannot be opened") as refusal:
        MlflowTracker(f"sqlite:///{tmp_path / named}")
    assert "\n" not in str(refusal.value)
