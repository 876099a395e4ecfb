"""Draw a study's learning curves on a part, and write their points beside the picture.

Usage: python experiments/learning_curve.py STUDY PART OUT.svg    (and OUT.csv)
"""

import sys
from pathlib import Path

import pandas as pd

from communique.evaluation.plots import learning_curve_plot
from communique.reporting.systems import learning_curves
from communique.tracking.mlflow_tracker import MlflowTracker


def main(study: str, part: str, out: str) -> None:
    """One curve a recipe that has runs at several ``split.train_share``."""
    curves = learning_curves(study, part, MlflowTracker())
    learning_curve_plot(curves, Path(out))
    pd.concat([curve.to_frame() for curve in curves]).to_csv(Path(out).with_suffix(".csv"), index=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
