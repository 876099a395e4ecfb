"""The runs of a study that differ in one setting (a target, a language), as one system: their test parts pooled."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from rich.table import Table

from communique.errors import CommuniqueError
from communique.evaluation.metrics import cluster_counts
from communique.evaluation.pooling import Pooled, pool
from communique.evaluation.resampling import Interval
from communique.reporting.tables import show
from communique.tracking.base import RunRecord, Tracker


def pooled_study(
    study: str, over: str, part: str, tracker: Tracker, resamples: int = 2000
) -> dict[str, dict[str, Any]]:
    """For every run name, both averages over the values of the parameter ``over``, and each value's own run and figure.

    Of runs with one name and one value the newest counts. Raises CommuniqueError where a run lacks the parameter or
    the part, or where the names do not share their values.
    """
    runs: dict[str, dict[str, RunRecord]] = {}
    for run in tracker.runs(study):
        if over not in run.params:
            raise CommuniqueError(f"run {run.id} ({run.name}): has no parameter '{over}'; name one that the runs vary")
        runs.setdefault(run.name, {})[run.params[over]] = run
    if len({frozenset(by_value) for by_value in runs.values()}) > 1:
        raise CommuniqueError(f"study '{study}': its runs do not share their values of {over}; train the missing ones")
    return {name: _pooled(dict(sorted(by_value.items())), part, resamples) for name, by_value in runs.items()}


def _pooled(runs: dict[str, RunRecord], part: str, resamples: int) -> dict[str, Any]:
    counts = {value: _counts(run, part) for value, run in runs.items()}
    both: Pooled = pool(list(counts.values()), resamples=resamples)
    alone = {value: pool([count], resamples=resamples).f_avg_pooled.to_dict() for value, count in counts.items()}
    return {
        "f_avg_pooled": both.f_avg_pooled.to_dict(),
        "f_avg_per_target": both.f_avg_per_target.to_dict(),
        "n": int(sum(count[:, -1, -1].sum() for count in counts.values())),
        "targets": {value: {"run": run.id, "f_avg": alone[value]} for value, run in runs.items()},
    }


def _counts(run: RunRecord, part: str) -> np.ndarray:
    """Cluster counts of one run's part, labels in the order of its columns."""
    table = pd.read_parquet(run.artifacts / "predictions.parquet")
    chosen = table[table["part"] == part]
    if chosen.empty:
        raise CommuniqueError(
            f"run {run.id} ({run.name}): has no part '{part}'; it has {', '.join(table['part'].unique())}"
        )
    names = [str(c).removeprefix("prob_") for c in table if str(c).startswith("prob_")]
    gold, predicted = (_indicators(chosen[column], names) for column in ("labels", "predicted"))
    return cluster_counts(gold, predicted, chosen["document"].astype(str).tolist())


def _indicators(cells: pd.Series, names: Sequence[str]) -> np.ndarray:
    sets = [set(str(cell).split(";")) for cell in cells]
    return np.array([[name in found for name in names] for found in sets], dtype=np.int8)


def pooling_table(results: dict[str, dict[str, Any]], title: str) -> Table:
    """Both averages, one row a run name, best pooled figure first."""
    table = Table(title=title, title_justify="left", box=None, header_style="bold", padding=(0, 1, 0, 0))
    for name in ("model", "F_avg, pooled [95%]", "F_avg, mean of targets [95%]"):
        table.add_column(name, justify="left" if name == "model" else "right")
    for name, found in sorted(results.items(), key=lambda item: -item[1]["f_avg_pooled"]["value"]):
        table.add_row(name, *(show(Interval(**found[key])) for key in ("f_avg_pooled", "f_avg_per_target")))
    return table
