"""What each held-out group costs: the same sentences by a model that saw the group in other documents, and by one not.

Pairs, for every kind of a study, the run that left groups out with the run over folds. Macro-F1 is over the labels with
at least ten gold sentences in the group; a group of fewer than ten documents is left out and counted. Intervals are of
the clustered paired bootstrap, p-values of approximate randomisation, Holm's over the groups of one kind and
column, and over the rows of all groups.
Usage: by_group.py STUDY OUT.csv [NAME=KIND,KIND,... for averages of kinds]
"""

import sys
from typing import Any

import numpy as np
import pandas as pd
from average import averages, by_protocol

from communique.evaluation.metrics import GOLD, NONE, cluster_counts, f1_of_counts
from communique.evaluation.predictions import indicator_matrix, probability_labels
from communique.evaluation.resampling import Array, approximate_randomisation, holm, paired_difference
from communique.tracking.base import RunRecord
from communique.tracking.mlflow_tracker import MlflowTracker

ALL = "all"
POSITIVES, DOCUMENTS = 10, 10


def main(study: str, out: str, *averaged: str) -> None:
    """Write one row a kind, column and group, first of all groups together; print those, and what stands out."""
    runs = MlflowTracker().runs(study)
    answers = [(run.name, column, answers_of(run)) for column, of in by_protocol(runs).items() for run in of.values()]
    answers += averages(runs, averaged)
    folds = {kind: tested(table) for kind, column, table in answers if not column}
    whole, parts = [], []
    for kind, column, table in answers:
        if column and kind in folds:
            named, left_out = {"kind": kind, "column": column}, tested(table)
            whole += [named | {"group": ALL} | row for row in compared(left_out.assign(group=ALL), folds[kind])]
            parts += corrected([named | row for row in compared(left_out, folds[kind])])
    if not parts:
        sys.exit(f"study {study}: no run that left groups out beside one over folds, or no group is large enough")
    table, groups = (pd.DataFrame(rows).round(4) for rows in (corrected(whole), parts))
    pd.concat([table, groups]).to_csv(out, index=False)
    print(table.to_string(index=False))
    print(groups[groups["p_holm"] < 0.05].sort_values("difference").to_string(index=False))
    print(f"{len(groups)} groups compared, of which these stand out → {out}")


def corrected(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows with p-values corrected over all of them."""
    return [row | {"p_holm": p} for row, p in zip(rows, holm([row["p_holm"] for row in rows]), strict=True)]


def answers_of(run: RunRecord) -> pd.DataFrame:
    """What a run said of every part."""
    return pd.read_parquet(run.artifacts / "predictions.parquet")


def tested(table: pd.DataFrame) -> pd.DataFrame:
    """The answers on the test sentences, by id."""
    return table[table["part"] == "test"].set_index("id")


def compared(left_out: pd.DataFrame, folds: pd.DataFrame) -> list[dict[str, Any]]:
    """One row a group that is large enough, p-values not yet corrected."""
    labels, found, small = probability_labels(left_out), [], 0
    for group, rows in left_out.groupby("group"):
        gold, documents = indicator_matrix(rows["labels"], labels), list(rows["document"])
        counts = [
            cluster_counts(gold, indicator_matrix(said, labels), documents)
            for said in (rows["predicted"], folds.loc[rows.index, "predicted"])
        ]
        present = np.flatnonzero(counts[0].sum(axis=0)[:NONE, GOLD] >= POSITIVES)
        if len(counts[0]) < DOCUMENTS or not len(present):
            small += 1
            continue
        found.append({"group": group, "sentences": len(rows), "documents": len(counts[0]), **figures(*counts, present)})
    if small:
        print(f"{small} of {len(found) + small} groups are too small")
    return found


def figures(unseen: Array, seen: Array, present: Array) -> dict[str, float]:
    """Macro-F1 of both over the labels ``present``, their paired difference and its p-value."""

    def macro(counts: Array) -> Array:
        return np.asarray(f1_of_counts(counts[..., present, :]).mean(axis=-1))

    difference = paired_difference(unseen, seen, macro)
    return {
        "labels": len(present),
        "left_out": float(macro(unseen.sum(axis=0))),
        "in_folds": float(macro(seen.sum(axis=0))),
        "difference": difference.value,
        "low": difference.low,
        "high": difference.high,
        "p_holm": approximate_randomisation(unseen, seen, macro),
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
