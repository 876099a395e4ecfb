"""The record of runs, and the only room that knows MLflow.

Everything else speaks to a ``Tracker`` (``base``); ``NullTracker`` records nothing, so no caller needs an ``if``.
``mlflow_tracker``, which records runs, and ``references``, which finds the model that a name means, are imported by
those alone who need them: MLflow is slow to load.
"""

import os

# before MLflow is first loaded, wherever in this room that is
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
