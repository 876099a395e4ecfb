"""Averages of a study's kinds under each of its protocols, made from what the kinds' runs recorded.

A run keeps, fold by fold, its calibrated probabilities of the fold's validation and test part, and the folds of a
protocol are the same for every kind. The mean of their log-odds is therefore what an ensemble of the fold's models
says; calibrator and thresholds are fitted on the fold's validation part, as for any kind.
Usage: average.py STUDY FOLDER NAME=KIND,KIND,... → FOLDER/NAME (PROTOCOL).parquet, for communique compare --predictions
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit

from communique.evaluation.calibration import PlattCalibrator, log_odds
from communique.evaluation.predictions import indicator_matrix, probability_labels
from communique.evaluation.thresholds import fit_thresholds
from communique.tracking.base import RunRecord
from communique.tracking.mlflow_tracker import MlflowTracker

COLUMN, FOLD = "split.column", ["repeat", "fold"]
KEPT = ["id", "document", "part", *FOLD, "group", "labels"]


def main(study: str, folder: str, *named: str) -> None:
    """Write one file an average and protocol that all its kinds have runs of."""
    runs = MlflowTracker().runs(study)
    for name, column, table in averages(runs, named):
        path = Path(folder) / f"{name} ({column or 'folds'}).parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        table[table["part"] == "test"].to_parquet(path, index=False)
        print(path)


def averages(runs: Sequence[RunRecord], named: Sequence[str]) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Name, column held out ("" for folds) and predictions of each average ``NAME=KIND,KIND,...``."""
    protocols = by_protocol(runs)
    for name, kinds in (one.split("=") for one in named):
        for column, found in protocols.items():
            if set(kinds.split(",")) <= set(found):
                yield name, column, average([found[kind] for kind in kinds.split(",")])


def by_protocol(runs: Sequence[RunRecord]) -> dict[str, dict[str, RunRecord]]:
    """The runs by the column held out and their kind; two of one kind under one protocol are refused."""
    found: dict[str, dict[str, RunRecord]] = {}
    for run in runs:
        kinds = found.setdefault(run.params.get(COLUMN, ""), {})
        if first := kinds.get(run.name):
            raise SystemExit(f"{first.id} and {run.id} are both {run.name} under one protocol; keep one seed a study")
        kinds[run.name] = run
    return found


def average(runs: Sequence[RunRecord]) -> pd.DataFrame:
    """What the runs say together, decided anew in every fold by its validation part."""
    tables = [pd.read_parquet(run.artifacts / "predictions.parquet") for run in runs]
    first = tables[0].assign(group=tables[0].get("group", ""))
    keys = ["part", *FOLD, "id"]
    said = []
    for table in tables:
        aligned = first[keys].merge(table, on=keys, how="left", validate="one_to_one")
        if len(table) != len(first) or aligned["document"].isna().any():
            raise SystemExit(f"{runs[0].id} and its fellows have other folds; make them of one corpus")
        said.append(aligned[[f"prob_{name}" for name in probability_labels(first)]].to_numpy())
    raw = expit(np.mean([log_odds(probabilities) for probabilities in said], axis=0))
    parts = [decided(first.iloc[rows], raw[rows]) for rows in first.groupby(FOLD).indices.values()]
    return pd.concat(parts).sort_index()


def decided(fold: pd.DataFrame, raw: np.ndarray) -> pd.DataFrame:
    """One fold's table with probabilities, thresholds and decisions of the average."""
    names = probability_labels(fold)
    held_out = (fold["part"] == "validation").to_numpy()
    gold = indicator_matrix(fold["labels"], names)[held_out]
    probabilities = PlattCalibrator().fit(raw[held_out], gold).transform(raw)
    cuts = fit_thresholds(gold, probabilities[held_out]).values
    table = fold[KEPT].copy()
    chosen = probabilities >= cuts
    table["predicted"] = [";".join(sorted(np.array(names)[row])) for row in chosen]
    for i, name in enumerate(names):
        table[f"prob_{name}"], table[f"threshold_{name}"] = probabilities[:, i], cuts[i]
    return table


if __name__ == "__main__":
    main(*sys.argv[1:])
