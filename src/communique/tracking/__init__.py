"""The record of runs, and the only room that knows MLflow.

Everything else speaks to a ``Tracker`` (``base``); ``NullTracker`` records nothing, so no caller needs an ``if``.
``mlflow_tracker`` is imported by those alone who need it: MLflow is slow to load.
"""
