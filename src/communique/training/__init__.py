"""One run: cut the corpus, fit, decide where to cut the probabilities, evaluate, keep what made the number.

The only place where thresholds and calibrators are fitted; the test part never reaches them. ``decision`` fits a
model and its decisions, ``predictions`` holds what it said, ``run`` goes through a protocol's folds and records
them, ``artifacts`` writes the run's files.
"""

from communique.training.decision import DecisionRule, cross_validated_f1, fit_model, out_of_fold
from communique.training.predictions import Predictions, pooled, predict
from communique.training.run import RunResult, Splitter, train_run

__all__ = [
    "DecisionRule",
    "Predictions",
    "RunResult",
    "Splitter",
    "cross_validated_f1",
    "fit_model",
    "out_of_fold",
    "pooled",
    "predict",
    "train_run",
]
