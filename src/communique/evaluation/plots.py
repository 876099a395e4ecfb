"""Two plots of a run: precision against recall, and whether probabilities mean what they say."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from sklearn.metrics import PrecisionRecallDisplay

from communique.evaluation.reliability import EQUAL_MASS, reliability_curves

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
STYLES = ("-", "--", "-.", ":")


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


def _square(x: str, y: str) -> tuple[Figure, Any]:
    figure = Figure(figsize=(4.6, 4.6), layout="constrained")
    axes = figure.add_subplot(xlim=(0, 1.01), ylim=(0, 1.01))
    axes.set(xlabel=x, ylabel=y)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path, metadata={"Date": None})
