"""Plots of a run (precision against recall, reliability) and of a study's learning curves.

Figures are vector graphics in colours that colour-blind readers tell apart, with a second sign beside each colour.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from sklearn.metrics import PrecisionRecallDisplay

from communique.evaluation.learning_curve import CurvePoint, LearningCurve
from communique.evaluation.reliability import EQUAL_MASS, reliability_curves

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
STYLES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
INK, FAINT = "#1c1c1a", "#8a8880"
STYLE: dict[str, Any] = {
    **dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), INK),
    **{"axes.spines.top": False, "axes.spines.right": False, "font.size": 9, "axes.titlesize": 9},
    **{"legend.frameon": False, "svg.fonttype": "none", "hatch.linewidth": 0.5},
}


def precision_recall_plot(gold: np.ndarray, probabilities: np.ndarray, titles: Sequence[str], path: Path) -> None:
    """One precision-recall curve a label; ``gold`` and ``probabilities`` are ``(n, L)``."""
    figure, axes = _square("recall", "precision")
    for i, title in enumerate(titles):
        if gold[:, i].any():
            style = {"color": COLOURS[i % len(COLOURS)], "linestyle": STYLES[i % len(STYLES)]}
            PrecisionRecallDisplay.from_predictions(
                gold[:, i], probabilities[:, i], name=title, ax=axes, curve_kwargs=style
            )
    axes.legend(loc="lower left", fontsize=8, frameon=False)
    _save(figure, path)


def reliability_plot(gold: np.ndarray, probabilities: np.ndarray, titles: Sequence[str], path: Path) -> None:
    """Observed share against mean probability, one line a label; the diagonal is perfect calibration.

    Bins, and the calibration error that the legend gives each label, are those of the metrics, and are named.
    """
    figure, axes = _square(f"mean probability ({EQUAL_MASS.name} bins)", "observed share")
    axes.plot([0, 1], [0, 1], color="#999999", linewidth=1)
    for i, (title, curve) in enumerate(zip(titles, reliability_curves(gold, probabilities), strict=True)):
        style: dict[str, Any] = {"color": COLOURS[i % len(COLOURS)], "linestyle": STYLES[i % len(STYLES)]}
        named = f"{title}, ECE {curve.ece:.3f}"
        axes.plot(curve.mean_probability, curve.observed, marker="o", markersize=3, label=named, **style)
    axes.legend(loc="upper left", fontsize=8, frameon=False)
    _save(figure, path)


def learning_curve_plot(curves: Sequence[LearningCurve], path: Path) -> None:
    """Draw learning curves to a file whose suffix names the format (.svg, .pdf, .png)."""
    figure = learning_curve_figure(curves)
    with rc_context(STYLE):
        _save(figure, path)


@rc_context(STYLE)
def learning_curve_figure(curves: Sequence[LearningCurve]) -> Figure:
    """Macro-F1 against training sentences (logarithmic) with intervals; small marks are fits.

    Dashed: the same probabilities cut at thresholds chosen on the measured part, an oracle.
    """
    figure = Figure(figsize=(6.8, 4.2), layout="constrained")
    axes = figure.add_subplot(xlabel="training sentences", ylabel="macro-F1", xscale="log")
    for i, curve in enumerate(curves):
        _draw_curve(axes, curve, i)
    sizes = sorted({round(_size(point)) for curve in curves for point in curve.points})
    axes.set_xticks(sizes, [f"{size:,}" if size > 1 else "1" for size in sizes])
    axes.minorticks_off()
    if any(np.isnan(point.sentences) for curve in curves for point in curve.points):
        axes.set_xlabel("training documents, percent")
    axes.grid(axis="y", color=FAINT, linewidth=0.4, alpha=0.5)
    (oracle,) = axes.plot([], [], "--", color=INK, marker="o", markerfacecolor="none")
    handles, names = axes.get_legend_handles_labels()
    axes.legend([*handles, oracle], [*names, "thresholds chosen here (oracle)"], loc="best", fontsize=8)
    return figure


def _draw_curve(axes: Any, curve: LearningCurve, i: int) -> None:
    colour, marker = COLOURS[i % len(COLOURS)], MARKERS[i % len(MARKERS)]
    x = np.array([_size(point) for point in curve.points])
    f1 = [point.macro_f1 for point in curve.points]
    value = np.array([interval.value for interval in f1])
    gaps = np.abs(np.array([[interval.low, interval.high] for interval in f1]).T - value)
    line = {"color": colour, "marker": marker, "markersize": 5}
    axes.errorbar(x, value, gaps, capsize=2, elinewidth=1, label=plain(curve.name), **line)
    oracle = [point.oracle for point in curve.points]
    axes.plot(x, oracle, "--", linewidth=1, markerfacecolor="none", **line)
    for point, at in zip(curve.points, x, strict=True):
        axes.plot([at] * len(point.fits), point.fits, "_", color=colour, markersize=7)


def _size(point: CurvePoint) -> float:
    """Where a point stands: its sentences, or the percentage where a run did not record them."""
    return 100 * point.share if np.isnan(point.sentences) else point.sentences


def plain(name: str, most: int = 36) -> str:
    """A name that matplotlib shall not read as a formula, cut to ``most`` characters."""
    return (name if len(name) <= most else name[: most - 1] + "…").replace("$", r"\$")


def _square(x: str, y: str) -> tuple[Figure, Any]:
    figure = Figure(figsize=(4.6, 4.6), layout="constrained")
    axes = figure.add_subplot(xlim=(0, 1.01), ylim=(0, 1.01))
    axes.set(xlabel=x, ylabel=y)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path, metadata={"Date": None})
