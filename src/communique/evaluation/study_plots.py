"""Plots of a comparison: intervals and differences, labels, reliability, precision and recall, label sets taken for
one another. Each function gives a matplotlib figure; a page or a file is someone else's matter.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import Rectangle
from sklearn.metrics import precision_recall_curve

from communique.evaluation.comparison import PRIMARY, Leaderboard, Row
from communique.evaluation.label_sets import SetConfusion, common_sets, set_confusion
from communique.evaluation.metrics import Array
from communique.evaluation.plots import COLOURS, FAINT, INK, MARKERS, STYLE, STYLES, plain
from communique.evaluation.predictions import Fit
from communique.evaluation.reliability import reliability_curves
from communique.evaluation.resampling import Interval

MOST_LINES = 6  # systems drawn over one another in a panel: more cannot be told apart
HATCHES = ("", "///", "xxx", "---", "|||", "+++")  # lines, since dots make large files
PANELS = 6  # confusion panels in a figure, so that one fits a printed page
RECALLS = np.linspace(0, 1, 51)


@rc_context(STYLE)
def interval_figure(board: Leaderboard) -> Figure:
    """Macro-F1 of every system with its interval, marks for its fits; beside it the paired differences."""
    paired = len(board.rows) > 1
    size = (9.2 if paired else 6.4, 0.36 * len(board.rows) + 0.9)
    figure = Figure(figsize=size, layout="constrained")
    panels: Any = figure.subplots(1, 2 if paired else 1, sharey=True, squeeze=False)[0]
    panels[0].set(xlabel=f"{PRIMARY}, 95% interval", ylim=(-0.6, len(board.rows) - 0.4))
    for y, row in enumerate(reversed(board.rows)):
        panels[0].plot(row.seeds, [y] * len(row.seeds), "|", color=COLOURS[1], markersize=11)
        _bar(panels[0], row.macro_f1, y)
    names = [f"{plain(row.name)}  {row.group}" for row in reversed(board.rows)]
    panels[0].set_yticks(range(len(names)), names)
    if paired:
        _differences(panels[1], board)
    for axes in panels:
        axes.spines["left"].set_visible(False)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x", color=FAINT, linewidth=0.4, alpha=0.5)
    return figure


def _differences(axes: Any, board: Leaderboard) -> None:
    axes.set(xlabel=f"difference from {plain(board.reference, 28)}, paired")
    axes.axvline(0, color=FAINT, linewidth=1)
    for y, row in enumerate(reversed(board.rows)):
        if row.contrast is not None:
            _bar(axes, row.contrast.macro_f1, y)


def _bar(axes: Any, interval: Interval, y: float) -> None:
    axes.plot([interval.low, interval.high], [y, y], color=INK, linewidth=1.4)
    axes.plot(interval.value, y, "o", color=COLOURS[0], markersize=6)


@rc_context(STYLE)
def label_figure(board: Leaderboard, titles: Sequence[str]) -> Figure:
    """F1 of each label as bars with intervals, systems side by side."""
    width = 0.84 / len(board.rows)
    inches = max(6.8, 0.2 * len(board.rows) * len(titles) + 1)
    figure = Figure(figsize=(inches, 3.4), layout="constrained")
    axes = figure.add_subplot(ylabel="F1, 95% interval", ylim=(0, 1))
    for i, row in enumerate(board.rows):
        f1 = [row.labels[label]["f1"] for label in board.labels]
        value = np.array([interval.value for interval in f1])
        gaps = np.abs(np.array([[interval.low, interval.high] for interval in f1]).T - value)
        at = np.arange(len(titles)) + (i + 0.5) * width - 0.42
        bars: dict[str, Any] = {"color": _colour(i), "hatch": HATCHES[i % len(HATCHES)], "edgecolor": INK}
        error = {"elinewidth": 1, "ecolor": INK}
        axes.bar(at, value, width * 0.92, yerr=gaps, linewidth=0.4, error_kw=error, label=plain(row.name), **bars)
    axes.set_xticks(range(len(titles)), [plain(title) for title in titles])
    _legend(figure)
    return figure


@rc_context(STYLE)
def reliability_figure(board: Leaderboard, titles: Sequence[str]) -> Figure:
    """One panel a label: observed share against mean probability in the bins of the ECE, the fits taken together."""
    figure, panels = _panels(titles, "mean probability", "observed share")
    for i, row in enumerate(board.rows[:MOST_LINES]):
        fits = board.answers.fits[row.name]
        gold = np.concatenate([board.answers.gold] * len(fits))
        curves = reliability_curves(gold, np.concatenate([fit.probabilities for fit in fits]))
        for axes, curve in zip(panels, curves, strict=True):
            axes.plot(curve.mean_probability, curve.observed, label=plain(row.name), markersize=3.5, **_line(i))
    for axes in panels:
        axes.plot([0, 1], [0, 1], color=FAINT, linewidth=0.8, zorder=0)
    _legend(figure, panels[0])
    return figure


@rc_context(STYLE)
def precision_recall_figure(board: Leaderboard, titles: Sequence[str]) -> Figure:
    """One panel a label: the mean precision of the fits at each recall; the mark is where the thresholds cut."""
    figure, panels = _panels(titles, "recall", "precision")
    for i, row in enumerate(board.rows[:MOST_LINES]):
        for c, (axes, label) in enumerate(zip(panels, board.labels, strict=True)):
            if not board.support[label]:
                continue
            line = _line(i)
            precision = _precision_at_recalls(board.answers.gold[:, c], board.answers.fits[row.name], c)
            axes.plot(RECALLS, precision, label=plain(row.name), **line | {"marker": ""})
            chosen = row.labels[label]
            axes.plot(chosen["recall"].value, chosen["precision"].value, **line | {"markersize": 6})
    _legend(figure, panels[0])
    return figure


def _precision_at_recalls(gold: Array, fits: Sequence[Fit], column: int) -> Array:
    found = []
    for fit in fits:
        precision, recall, _ = precision_recall_curve(gold, fit.probabilities[:, column])
        found.append(precision[::-1][np.searchsorted(recall[::-1], RECALLS)])
    return np.asarray(np.mean(found, axis=0))


def confusion_figures(board: Leaderboard, titles: Sequence[str]) -> list[Figure]:
    """Gold label sets by predicted label sets, one panel a system; the commonest gold sets, the rest pooled."""
    return [_confusion(board, board.rows[i : i + PANELS], titles) for i in range(0, len(board.rows), PANELS)]


@rc_context(STYLE)
def _confusion(board: Leaderboard, rows: Sequence[Row], titles: Sequence[str]) -> Figure:
    answers, across = board.answers, min(2, len(board.rows))
    sets = common_sets(answers.gold, answers.labels)
    down = -(-len(rows) // across)
    figure = Figure(figsize=(2.2 + 3.3 * across, 0.33 * (len(sets) + 1) * down + 0.75 * down), layout="constrained")
    panels: Any = figure.subplots(down, across, sharey=True, squeeze=False)
    named = dict(zip(answers.labels, titles, strict=True))
    names = [" + ".join(named[label] for label in found) or "none" for found in sets]
    for axes, row in zip(panels.flat, rows, strict=False):
        said = [fit.predicted for fit in answers.fits[row.name]]
        _draw_confusion(axes, set_confusion(answers.gold, said, answers.labels, sets), names, row)
    for axes in panels.flat[len(rows) :]:
        axes.set_visible(False)
    return figure


def _draw_confusion(axes: Any, found: SetConfusion, names: Sequence[str], row: Row) -> None:
    shares = found.counts / np.maximum(found.counts.sum(axis=1, keepdims=True), 1)
    for (y, x), count in np.ndenumerate(found.counts):
        if count:
            axes.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=COLOURS[0], alpha=0.6 * shares[y, x]))
            axes.text(x, y, f"{count:.0f}" if count >= 1 else "<1", ha="center", va="center", fontsize=7)
    named = [*names, "other sets"]
    number = len(named)
    axes.set(xlim=(-0.5, number - 0.5), ylim=(number - 0.5, -0.5), title=plain(row.name))
    axes.set_xticks(range(number), range(1, number + 1))
    axes.set_yticks(range(number), [f"{plain(name, 44)}  {i}" for i, name in enumerate(named, 1)])
    axes.set(xlabel=f"predicted set ({found.pooled} others pooled in {number})")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _panels(titles: Sequence[str], x: str, y: str) -> tuple[Figure, list[Any]]:
    """One square panel a label, at most four across."""
    across = min(4, len(titles)) if len(titles) != 5 else 3
    down = -(-len(titles) // across)
    layout = ConstrainedLayoutEngine(h_pad=0.08)  # the legend stays clear of the titles
    figure = Figure(figsize=(2.35 * across, 2.5 * down + 0.5), layout=layout)
    panels: Any = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False)
    for i, axes in enumerate(panels.flat):
        axes.set_visible(i < len(titles))
        axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal", xticks=(0, 0.5, 1), yticks=(0, 0.5, 1))
    for axes, title in zip(panels.flat, titles, strict=False):
        axes.set_title(plain(title, 26))
    figure.supxlabel(x, fontsize=9)
    figure.supylabel(y, fontsize=9)
    return figure, list(panels.flat[: len(titles)])


def _colour(i: int) -> str:
    return COLOURS[i % MOST_LINES]


def _line(i: int) -> dict[str, Any]:
    return {"color": _colour(i), "linestyle": STYLES[i % len(STYLES)], "marker": MARKERS[i % len(MARKERS)]} | {
        "linewidth": 1.3,
    }


def _legend(figure: Figure, axes: Any = None) -> None:
    """One legend above the panels, from one of them."""
    handles, names = (axes or figure.axes[0]).get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper left", ncols=min(3, len(names)), fontsize=8)
