"""The study page: a leaderboard with its plots, as one file that needs no network."""

import os
import re
from base64 import b64encode
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jinja2 import Environment, PackageLoader
from matplotlib.figure import Figure

from communique.errors import CommuniqueError
from communique.evaluation.comparison import Leaderboard, System
from communique.reporting.tables import latex, leaderboard_cells, markdown, per_label_frame
from communique.tracking.base import RunRecord, Tracker

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
NEEDED = ("id", "document", "labels", "predicted")


def systems_of_study(study: str, part: str, tracker: Tracker) -> list[System]:
    """One system a run name and recipe, with the predictions of all its seeds for one part.

    Runs of one name that differ in more than the seed are told apart by what differs.
    """
    by_recipe: dict[tuple[str, frozenset[tuple[str, str]]], list[RunRecord]] = {}
    for run in tracker.runs(study):
        by_recipe.setdefault((run.name, _recipe(run)), []).append(run)
    names = _distinct_names(list(by_recipe))
    return [_system(names[key], _latest_by_seed(runs), part) for key, runs in by_recipe.items()]


def _recipe(run: RunRecord) -> frozenset[tuple[str, str]]:
    """The parameters that make the recipe: neither seeds nor where things are kept."""
    beside = ("seed", "force", "study", "name")
    kept = {k: v for k, v in run.params.items() if not k.startswith("tracking.") and k.split(".")[-1] not in beside}
    return frozenset((key, re.sub(r'"seed": \d+', '"seed"', value)) for key, value in kept.items())


def _distinct_names(
    keys: Sequence[tuple[str, frozenset[tuple[str, str]]]],
) -> dict[tuple[str, frozenset[tuple[str, str]]], str]:
    names = {}
    for name, recipe in keys:
        rivals = [other for rival, other in keys if rival == name]
        shared = frozenset.intersection(*rivals)
        apart = ", ".join(f"{key}={value}" for key, value in sorted(recipe - shared))
        names[name, recipe] = f"{name} ({apart})" if apart else name
    return names


def _latest_by_seed(runs: Sequence[RunRecord]) -> list[RunRecord]:
    latest = {run.params.get("seed", ""): run for run in runs}
    return [latest[seed] for seed in sorted(latest, key=lambda seed: (len(seed), seed))]  # 2 before 10


def _system(name: str, runs: Sequence[RunRecord], part: str) -> System:
    tables = []
    for run in runs:
        table = _read_predictions(run.artifacts / "predictions.parquet")
        chosen = table[table["part"] == part]
        if chosen.empty:
            raise CommuniqueError(
                f"run {run.id} ({name}): has no part '{part}'; it has {', '.join(table['part'].unique())}"
            )
        tables.append(chosen.reset_index(drop=True))
    seconds = np.mean([run.metrics.get("fit_seconds", np.nan) for run in runs])
    return System(name, tuple(tables), {"fit (s)": f"{seconds:,.0f}"})


def systems_of_files(paths: Sequence[Path]) -> list[System]:
    """One system a prediction file (``.csv`` or ``.parquet``), named for the file."""
    return [System(path.stem, (_read_predictions(path),), {}) for path in paths]


def _read_predictions(path: Path) -> pd.DataFrame:
    try:
        table = (
            pd.read_parquet(path)
            if path.suffix == ".parquet"
            else pd.read_csv(path, dtype={"id": str, "document": str})
        )
    except (OSError, ValueError) as error:
        raise CommuniqueError(f"{path}: cannot be read as predictions ({' '.join(str(error).split())})") from error
    if missing := [column for column in NEEDED if column not in table]:
        raise CommuniqueError(f"{path}: column '{missing[0]}' is missing; predictions need {', '.join(NEEDED)}, prob_…")
    if not any(str(column).startswith("prob_") for column in table):
        raise CommuniqueError(f"{path}: has no column 'prob_…'; predictions need a probability for each label")
    return table.astype({"id": str, "document": str})


def write_study(board: Leaderboard, out: Path, title: str) -> None:
    """Write the page, and the leaderboard beside it as .csv, .md and .tex; CommuniqueError unless ``out`` is .html."""
    if out.suffix not in (".html", ".htm"):
        raise CommuniqueError(f"{out}: a page ends in .html; name it so, the .csv .md .tex come beside it")
    out.parent.mkdir(parents=True, exist_ok=True)
    header, rows = leaderboard_cells(board)
    titles = {label: label.replace("_", " ") for label in board.labels}
    labels = per_label_frame(board, titles)
    template = Environment(loader=PackageLoader("communique.reporting"), autoescape=True).get_template("study.html")
    page = template.render(
        title=title,
        header=header,
        rows=rows,
        note=board.note,
        per_label=labels,
        intervals=_inline(_interval_plot(board)),
        bars=_inline(_label_plot(board)),
    )
    staged = out.with_name(f".{out.name}.{os.getpid()}")
    staged.write_text(page, encoding="utf-8")
    staged.replace(out)
    board.to_frame().to_csv(out.with_suffix(".csv"), index=False)
    out.with_suffix(".md").write_text(markdown(header, rows) + f"\n{board.note}\n", encoding="utf-8")
    out.with_suffix(".tex").write_text(latex(board, title), encoding="utf-8")


def _interval_plot(board: Leaderboard) -> Figure:
    figure = Figure(figsize=(6.4, 0.5 * len(board.rows) + 1), layout="constrained")
    axes = figure.add_subplot(xlabel="macro-F1, 95% interval over documents")
    for y, row in enumerate(reversed(board.rows)):
        f1 = row.metrics.macro_f1
        axes.plot([f1.low, f1.high], [y, y], color="#555555", linewidth=2)
        axes.plot(row.seeds, [y] * len(row.seeds), "|", color="#D55E00", markersize=9)
        axes.plot(f1.value, y, "o", color="#0072B2")
    axes.set_yticks(range(len(board.rows)), [_plain(row.name) for row in reversed(board.rows)])
    return _bare(figure, axes)


def _label_plot(board: Leaderboard) -> Figure:
    figure = Figure(figsize=(6.4, 3.2), layout="constrained")
    axes = figure.add_subplot(ylabel="F1, 95% interval", ylim=(0, 1))
    width = 0.8 / len(board.rows)
    for i, row in enumerate(board.rows):
        at = np.arange(len(board.labels)) + i * width
        f1 = np.array([row.metrics.labels[label].f1 for label in board.labels])
        ends = np.array([[row.metrics.labels[n].f1_low, row.metrics.labels[n].f1_high] for n in board.labels]).T
        bars: dict[str, Any] = {
            "color": COLOURS[i % len(COLOURS)],
            "hatch": ("", "//", "..", "xx")[i % 4],
            "alpha": 0.85,
        }
        axes.bar(at, f1, width, yerr=np.abs(ends - f1), error_kw={"linewidth": 1}, label=_plain(row.name), **bars)
    axes.set_xticks(np.arange(len(board.labels)) + 0.4 - width / 2, [n.replace("_", "\n") for n in board.labels])
    axes.legend(ncols=len(board.rows), fontsize=8, frameon=False, loc="lower center")
    return _bare(figure, axes)


def _plain(name: str) -> str:
    """A name that matplotlib shall not read as a formula."""
    return name.replace("$", r"\$")


def _bare(figure: Figure, axes: Any) -> Figure:
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _inline(figure: Figure) -> str:
    buffer = BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None}, transparent=True)
    return "data:image/svg+xml;base64," + b64encode(buffer.getvalue()).decode()
