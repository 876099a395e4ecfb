"""The record of runs, and the only room that knows MLflow.

Everything else speaks to a ``Tracker``; ``NullTracker`` records nothing, so no caller needs an ``if``.
"""

from communique.tracking.base import NullTracker, RunRecord, Tracker
from communique.tracking.mlflow_tracker import MlflowTracker, resolve_model_folder

__all__ = ["MlflowTracker", "NullTracker", "RunRecord", "Tracker", "resolve_model_folder"]
