"""What stricter cuts would have made of a run: thresholds fitted again on its validation part for rarer stances.

The run's probabilities are those that its own thresholds were fitted on, as long as its calibrator makes no ties
(Platt and temperature; not isotonic). Usage: recut.py RUN [SHARE ...]   (shares: default 0.1 0.05 0.03)
"""

import sys

import numpy as np
import pandas as pd

from communique.evaluation.metrics import evaluate
from communique.evaluation.predictions import indicator_matrix, probability_labels
from communique.evaluation.resampling import Interval
from communique.evaluation.thresholds import fit_thresholds
from communique.tracking.mlflow_tracker import MlflowTracker


def main(reference: str, *shares: str) -> None:
    """Print macro-F1 and the F1 of none with intervals, every part but validation, a line a share."""
    run = MlflowTracker().get(reference)
    table = pd.read_parquet(run.artifacts / "predictions.parquet")
    labels = probability_labels(table)
    columns = [f"prob_{label}" for label in labels]
    validation = table[table["part"] == "validation"]
    known = indicator_matrix(validation["labels"], labels), validation[columns].to_numpy()
    for share in (None, *map(float, shares or ("0.1", "0.05", "0.03"))):
        cuts = fit_thresholds(*known, target_prevalence=share).values
        print("for the share it has" if share is None else f"for {share:.0%}", np.round(cuts, 2))
        for part, rows in table[table["part"] != "validation"].groupby("part", sort=False):
            gold, said = indicator_matrix(rows["labels"], labels), rows[columns].to_numpy()
            found = evaluate(gold, said, said >= cuts, list(rows["document"]), labels, cuts)
            print(f"  {part}: macro-F1 {shown(found.macro_f1)}, none-F1 {shown(found.none_f1)}")


def shown(figure: Interval) -> str:
    """As 0.772 [0.723, 0.812]."""
    return f"{figure.value:.3f} [{figure.low:.3f}, {figure.high:.3f}]"


if __name__ == "__main__":
    main(*sys.argv[1:])
