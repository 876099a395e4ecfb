"""Runs of a study pooled over the setting they differ in."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score

from communique.errors import CommuniqueError
from communique.reporting.pooling import pooled_study, pooling_table
from communique.tracking.base import NullTracker, RunRecord

NAMES = ("for_it", "against_it")


class Recorded(NullTracker):
    """A record of given runs."""

    def __init__(self, records: Sequence[RunRecord]) -> None:
        self.records = records

    def runs(self, study: str) -> Sequence[RunRecord]:
        return self.records


def record(folder: Path, name: str, target: str, seed: int) -> tuple[RunRecord, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    gold, said = (rng.integers(0, 3, 50) for _ in range(2))
    table = pd.DataFrame({"id": range(50), "document": [f"{target}{i}" for i in range(50)], "part": "test"})
    table["labels"], table["predicted"] = ([("", *NAMES)[k] for k in column] for column in (gold, said))
    for label in NAMES:
        table[f"prob_{label}"] = 0.5
    place = folder / f"{name}-{target}-{seed}"
    place.mkdir()
    table.to_parquet(place / "predictions.parquet")
    return RunRecord(f"run{seed}", name, {"data.where.target": target}, {}, {}, place), gold, said


def test_both_averages_are_scikit_learns_and_the_newest_run_counts(tmp_path: Path) -> None:
    made = [record(tmp_path, "tfidf", target, seed) for seed, target in enumerate(("east", "east", "west"))]
    found = pooled_study("s", "data.where.target", "test", Recorded([r for r, _, _ in made]), resamples=50)["tfidf"]
    kept = made[1:]
    gold, said = (np.concatenate([entry[i] for entry in kept]) for i in (1, 2))
    assert found["f_avg_pooled"]["value"] == pytest.approx(f1_score(gold, said, labels=[1, 2], average="macro"))
    each = [f1_score(g, s, labels=[1, 2], average="macro") for _, g, s in kept]
    assert found["f_avg_per_target"]["value"] == pytest.approx(np.mean(each))
    assert [target["run"] for target in found["targets"].values()] == ["run1", "run2"]
    assert found["n"] == 100
    assert pooling_table({"tfidf": found}, "t").row_count == 1


def test_runs_that_cannot_be_pooled_are_named(tmp_path: Path) -> None:
    one, other = (record(tmp_path, name, target, 0)[0] for name, target in (("tfidf", "east"), ("lexicon", "west")))
    with pytest.raises(CommuniqueError, match="do not share their values"):
        pooled_study("s", "data.where.target", "test", Recorded([one, other]))
    with pytest.raises(CommuniqueError, match=r"has no parameter 'data.where.tongue'"):
        pooled_study("s", "data.where.tongue", "test", Recorded([one]))
    with pytest.raises(CommuniqueError, match="has no part 'validation'"):
        pooled_study("s", "data.where.target", "validation", Recorded([one]))
