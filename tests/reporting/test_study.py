"""The study page and its tables: nothing fetched, nothing let through unescaped, every seed and part as recorded."""

import io
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from communique.data.codebook import Codebook
from communique.data.dataset import Corpus
from communique.errors import CommuniqueError
from communique.evaluation.comparison import Leaderboard, compare
from communique.evaluation.learning_curve import learning_curve
from communique.evaluation.metrics import evaluate
from communique.evaluation.predictions import System
from communique.reporting.latex import document, escape
from communique.reporting.leaderboard import (
    Block,
    Estimate,
    blocks,
    every_fit,
    label_titles,
    markdown,
    plain_markdown,
    ranking,
)
from communique.reporting.study import Section, verdict, write_study
from communique.reporting.tables import corpus_table, field_table, metrics_table
from communique.reporting.terminal import terminal

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


SYSTEMS: Sequence[System] = (
    System("plain", (predictions(),)),
    System(EVIL, (predictions(1), predictions(2)), {"model_bytes": 9e6, "fit_seconds": 12.5}, remark=f"R {EVIL}"),
)


@pytest.fixture(scope="module")
def board() -> Leaderboard:
    return compare(SYSTEMS, **FAST)


@pytest.fixture(scope="module")
def folder(board: Leaderboard, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("study")
    shares = [replace(system, name=f"{i}", share=1 / (i + 1)) for i, system in enumerate(SYSTEMS)]
    curves = [learning_curve(EVIL, shares, resamples=20)]
    sections = [Section(f"More {EVIL}", "<p id='more'>as <b>given</b></p>")]
    write_study(board, out / "new" / "board.html", f"Study {EVIL}", curves=curves, sections=sections)
    return out / "new"


def shown(table: Any, width: int = 200) -> str:
    console = Console(file=io.StringIO(), width=width, markup=False)
    console.print(table)
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_the_page_stands_alone(folder: Path) -> None:
    page = (folder / "board.html").read_text(encoding="utf-8")
    assert not re.search(r"https?:", page)
    assert not re.search(r"<(script|link|iframe|img)", page.replace("&lt;script", ""))
    targets = re.findall(r"(?:href=|src=|url\()[\"']?([^\"')\s>]*)", page)
    assert targets
    assert all(target.startswith("#") for target in targets)
    assert "@import" not in page


def test_every_picture_is_there_with_ids_of_its_own_and_every_reference_leads_somewhere(folder: Path) -> None:
    page = (folder / "board.html").read_text(encoding="utf-8")
    pictures = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(pictures) == 6
    known: set[str] = set()
    for picture in pictures:
        ids = re.findall(r'\bid="([^"]*)"', picture)
        assert not set(ids) & known
        assert set(re.findall(r'(?:href="|url\()#([^")]*)', picture)) <= set(ids)
        known |= set(ids)
        assert "currentColor" in picture


def test_planted_markup_comes_through_as_text_only(folder: Path) -> None:
    parser = pytest.importorskip("lxml.html")
    root = parser.fromstring((folder / "board.html").read_text(encoding="utf-8"))
    assert not root.findall(".//script")
    assert root.xpath("string(//h1)") == f"Study {EVIL}"
    assert EVIL in root.xpath("//tbody//th/text()")
    assert any(f"R {EVIL}" in text for text in root.xpath("//p/text()"))
    assert f"More {EVIL}" in root.xpath("//h2/text()")
    assert root.xpath("string(//p[@id='more']/b)") == "given"


def test_the_tables_lie_beside_the_page(folder: Path, board: Leaderboard) -> None:
    suffixes = ("html", "csv", "fits.csv", "md", "tex")
    assert {path.name for path in folder.iterdir()} == {f"board.{suffix}" for suffix in suffixes}
    assert set(pd.read_csv(folder / "board.csv")["model"]) == {"plain", EVIL}
    fits = pd.read_csv(folder / "board.fits.csv")
    assert len(fits[(fits["figure"] == "macro_f1") & (fits["model"] == EVIL)]) == 2
    text = (folder / "board.md").read_text(encoding="utf-8")
    assert plain_markdown(board.note) in text
    assert EVIL not in text
    assert "<script" not in text
    for block in blocks(board, label_titles(board)):
        assert f"## {plain_markdown(block.title)}" in text


def test_latex_is_whole_tables_with_nothing_left_to_be_taken_for_a_command(board: Leaderboard) -> None:
    found = blocks(board, {"red": EVIL, "green": "green"})
    text = document(found, f"Board {EVIL}", board.note)
    for name in ("table", "tabular"):
        assert text.count(rf"\begin{{{name}}}") == text.count(rf"\end{{{name}}}") == len(found)
    assert [text.count(rule) for rule in (r"\toprule", r"\midrule", r"\bottomrule")] == [len(found)] * 3
    bare = re.sub(r"\\[&%$#_{}]|\$-\$|^%.*", "", text, flags=re.MULTILINE)
    assert bare.count("{") == bare.count("}")
    assert not re.search(r"[%$#_^~<>±]", bare)
    known = {"begin", "end", "caption", "toprule", "midrule", "bottomrule", "centering", "footnotesize", "scriptsize"}
    known |= {"setlength", "tabcolsep"} | {f"text{n}" for n in ("backslash", "less", "greater", "bar")}
    assert set(re.findall(r"\\([a-z]+)", bare)) <= known | {"textasciitilde", "textasciicircum"}
    lines = [line for line in bare.splitlines() if re.search(r"\\\\(\[2pt\])?$", line)]
    widths = [len(block.header) - 1 for block in found for _ in range(_latex_lines(block))]
    assert [line.count("&") for line in lines] == widths


def _latex_lines(block: Block) -> int:
    return 1 + sum(1 + any(isinstance(cell, Estimate) for cell in row) for row in block.rows)


@pytest.mark.parametrize("width", [60, *range(72, 96, 2), 120, 400])
def test_the_terminal_table_fits_any_width_with_every_figure_whole(board: Leaderboard, width: int) -> None:
    text = shown(terminal(board, "Board", width), width)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    for row in board.rows:
        for interval in (*row.summary.values(), *(figures["f1"] for figures in row.labels.values())):
            assert f"{interval.value:.3f} [{interval.low:.3f}, {interval.high:.3f}]" in text
    assert f"R {EVIL}" in " ".join(text.split())


@pytest.mark.parametrize("length", range(1, 23))
def test_no_cell_is_cut_whatever_the_length_of_the_names(length: int) -> None:
    systems = [System(name * length, (predictions(seed),)) for seed, name in enumerate("ab")]
    board = compare(systems, **FAST)
    text = shown(terminal(board, "Board", 80), 80)
    assert max(map(len, text.splitlines())) <= 80
    assert all(text.count(str(cell)) > 0 for cells in ranking(board).rows for cell in cells)


def test_a_wide_terminal_has_one_table(board: Leaderboard) -> None:
    assert shown(terminal(board, "Board", 400), 400).count("model") == 1


def test_the_cells_tell_the_reference_and_the_spread_of_the_seeds(board: Leaderboard) -> None:
    block = ranking(board)
    cells = {row[0]: dict(zip(block.header, row, strict=True)) for row in block.rows}
    contrast = f"vs {board.reference}"
    assert [row[contrast] == "reference" for row in cells.values()] == [name == board.reference for name in cells]
    assert cells["plain"]["SD (fits)"] == "– (1)"
    assert re.fullmatch(r"0\.\d{3} \(2\)", str(cells[EVIL]["SD (fits)"]))
    values = next(row for row in every_fit(board).rows if row[0] == EVIL)
    assert [cell for cell in values[3:] if cell] == [
        f"{i}: {v:.3f}" for i, v in enumerate(next(r.seeds for r in board.rows if r.name == EVIL), 1)
    ]


def test_costs_are_shown_in_their_units_and_unknown_ones_as_unknown(board: Leaderboard) -> None:
    block = next(block for block in blocks(board, {}) if block.title == "Cost")
    assert block.header == ("model", "training (s)", "size (MB, packaged encoder apart)")
    assert {row[0]: row[1:] for row in block.rows} == {"plain": ("–", "–"), EVIL: ("12", "9")}


def test_the_verdict_names_the_best_and_those_that_are_not_told_apart(board: Leaderboard) -> None:
    told = verdict(board)
    best, other = board.rows
    assert told.startswith(f"{best.name} has the highest macro-F1, {best.macro_f1.value:.3f} [")
    assert (f"cannot be told apart from {other.name}." in told) == bool(set(best.group) & set(other.group))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("tfidf, seed_0 [0.1, 0.2]", "tfidf, seed_0 [0.1, 0.2]"),
        ("<script>x</script> & `a*b*`", "&lt;script>x&lt;/script> &amp; \\`a\\*b\\*\\`"),
        ("_so_ [here](there)", "\\_so\\_ [here]\\(there)"),
        ("<0.001", "<0.001"),
        ("a|b\\", "a\\|b\\\\"),
    ],
)
def test_no_name_is_markup_in_markdown(name: str, expected: str) -> None:
    assert plain_markdown(name) == expected


@pytest.mark.parametrize("name", ["[red]q", "*bold", "[2pt]"])
def test_no_name_is_an_argument_of_the_command_before_it_in_latex(name: str) -> None:
    assert escape(name) == "{}" + name


def test_markdown_escapes_its_own_separator() -> None:
    assert markdown(Block("t", ("a",), (("x|y",),))).splitlines()[2:] == ["| a |", "| --- |", "| x\\|y |"]


def test_every_label_of_every_system_has_a_line(board: Leaderboard) -> None:
    block = next(block for block in blocks(board, {"red": "Against red"}) if block.title == "By label")
    assert len(block.rows) == 4
    assert {row[1] for row in block.rows} == {"Against red", "green"}


def test_summaries_count_what_is_there(corpus: Corpus, codebook: Codebook) -> None:
    counted = " ".join(shown(corpus_table({"all": corpus})).split())
    sums = corpus.indicators.sum()
    none, several = (corpus.indicators.sum(axis=1) == 0).sum(), (corpus.indicators.sum(axis=1) > 1).sum()
    assert counted.endswith(f"all 240 30 {sums['rejects']} {sums['joins']} {sums['lifts']} {none} {several}")
    by_genre = " ".join(shown(field_table(corpus, "genre")).split())
    assert "speech 120 15" in by_genre
    assert "wire 120 15" in by_genre
    doubled = Corpus(tuple(replace(s, phenomena=("negation", "question")) for s in corpus), codebook)
    assert shown(field_table(doubled, "phenomena")).count(" 240 ") == 2


def test_an_evaluation_is_shown_with_its_intervals() -> None:
    rng = np.random.default_rng(0)
    gold, p = rng.integers(0, 2, (48, 2)), rng.random((48, 2))
    names = [f"d{i // 4}" for i in range(48)]
    metrics = evaluate(gold, p, (p > 0.5).astype(int), names, ["red", "green"], [0.5, 0.5], resamples=20)
    text = shown(metrics_table(metrics, {"red": "Against red"}, "x"))
    assert f"{metrics.macro_f1.value:.3f}" in text
    assert "Against red" in text
    assert "48 sentences of 12 documents" in text


def test_a_page_under_another_suffix_is_refused_before_anything_is_written(board: Leaderboard, tmp_path: Path) -> None:
    for name in ("board.csv", "board.md", "board"):
        with pytest.raises(CommuniqueError, match=r"a page ends in \.html"):
            write_study(board, tmp_path / name, "x")
    assert not list(tmp_path.iterdir())
