"""Draw a study's learning curves on a part; write their points, and what each further share bought, beside the picture.

Usage: python experiments/learning_curve.py STUDY PART OUT.svg    (and OUT.csv, OUT.gains.csv)
"""

import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pandas as pd

from communique.evaluation.comparison import compare
from communique.evaluation.learning_curve import learning_curve
from communique.evaluation.plots import learning_curve_plot
from communique.evaluation.predictions import System
from communique.reporting.systems import by_share, systems_of_study
from communique.tracking.mlflow_tracker import MlflowTracker


def main(study: str, part: str, out: str) -> None:
    """One curve a recipe that has runs at several ``split.train_share``."""
    recipes = by_share(systems_of_study(study, part, MlflowTracker())).curves
    curves = [learning_curve(name, found) for name, found in recipes.items()]
    learning_curve_plot(curves, Path(out))
    pd.concat([curve.to_frame() for curve in curves]).to_csv(Path(out).with_suffix(".csv"), index=False)
    gains = [gain for name, found in recipes.items() for gain in paired_gains(name, found)]
    pd.DataFrame(gains).to_csv(Path(out).with_suffix(".gains.csv"), index=False)


def paired_gains(name: str, systems: Sequence[System]) -> list[dict[str, object]]:
    """The paired difference in macro-F1 from each share to the next, its 95% interval over documents, and its p."""
    gains: list[dict[str, object]] = []
    for less, more in pairwise(systems):
        board = compare([less, more], reference=less.name)
        contrast = next(row.contrast for row in board.rows if row.contrast)
        found = contrast.macro_f1
        step = {"model": name, "from": less.share, "to": more.share, "gain": found.value}
        gains.append(step | {"low": found.low, "high": found.high, "p": contrast.p_value})
    return gains


if __name__ == "__main__":
    main(*sys.argv[1:])
