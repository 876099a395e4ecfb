"""Runs of a study pooled over the setting they differ in: one system, on the leaderboard like any other."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score

from communique.errors import CommuniqueError
from communique.evaluation.comparison import compare
from communique.evaluation.pooling import measure_parts
from communique.reporting.leaderboard import blocks, label_titles
from communique.reporting.study import write_study
from communique.reporting.systems import systems_of_study
from communique.tracking.base import NullTracker, RunRecord

NAMES = ("for_it", "against_it")
OVER = "data.where.target"


class Recorded(NullTracker):
    """A record of given runs."""

    def __init__(self, *records: RunRecord) -> None:
        self.records = records

    def runs(self, study: str) -> Sequence[RunRecord]:
        return self.records


def record(folder: Path, name: str, target: str, number: int, seed: str = "0") -> RunRecord:
    said, gold = (np.random.default_rng(s).integers(0, 3, 50) for s in (number, len(target)))
    names = [f"{target}{i}" for i in range(50)]
    table = pd.DataFrame({"id": names, "document": names, "part": "test"})
    table["labels"], table["predicted"] = ([("", *NAMES)[k] for k in column] for column in (gold, said))
    for label in NAMES:
        table[f"prob_{label}"] = 0.5
    place = folder / f"run{number}"
    place.mkdir()
    table.to_parquet(place / "predictions.parquet")
    return RunRecord(f"run{number}", name, {OVER: target, "seed": seed}, {}, {}, place)


@pytest.fixture
def study(tmp_path: Path) -> Recorded:
    """Two models of two targets, one of them over two seeds, one run made again."""
    made = [("tfidf", "east", "0"), ("tfidf", "east", "0"), ("tfidf", "north", "0"), ("tfidf", "east", "1")]
    made += [("tfidf", "north", "1"), ("words", "east", "0"), ("words", "north", "0")]
    return Recorded(*(record(tmp_path, name, target, i, seed) for i, (name, target, seed) in enumerate(made)))


def decisions(study: Recorded, number: int) -> tuple[np.ndarray, np.ndarray]:
    table = pd.read_parquet(study.records[number].artifacts / "predictions.parquet")
    return tuple(np.array([[n == cell for n in NAMES] for cell in table[c]]) for c in ("labels", "predicted"))  # type: ignore[return-value]


def test_all_decisions_and_each_target_are_scikit_learns_over_the_newest_runs_of_each_seed(
    study: Recorded, tmp_path: Path
) -> None:
    systems = systems_of_study("s", "test", study, OVER)
    assert [(s.name, s.runs, s.seeds) for s in systems] == [
        ("tfidf", ("run1", "run2", "run3", "run4"), ("0", "1")),
        ("words", ("run5", "run6"), ("0",)),
    ]
    board = compare(systems, resamples=50, rounds=50)
    pooling = measure_parts(board.answers, systems[0].pooled, OVER, resamples=50)
    figure = {row.name: row.macro_f1.value for row in board.rows}
    both, each = [], []
    for runs in ((1, 2), (3, 4)):
        found = [decisions(study, i) for i in runs]
        gold, said = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
        both.append(f1_score(gold, said, average="macro"))
        each.append([f1_score(*pair, average="macro") for pair in found])
    assert figure["tfidf"] == pytest.approx(np.mean(both))
    assert [one.value for one in pooling.systems["tfidf"].parts.values()] == pytest.approx(np.mean(each, axis=0))
    assert pooling.systems["tfidf"].mean.value == pytest.approx(np.mean(each))
    ranking, parts, *_ = blocks(board, label_titles(board), pooling=pooling)
    assert ranking.header[2:4] == ("macro-F1, pooled [95%]", "mean by target [95%]")
    assert parts.header == ("model", "east [95%]", "north [95%]")
    write_study(board, tmp_path / "page.html", "pooled", pooling=pooling)
    table = pd.read_csv(tmp_path / "page.csv").set_index("model")
    assert table.loc["tfidf", "macro_f1_target_mean"] == pytest.approx(np.mean(each))
    assert "mean by target" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_runs_that_cannot_be_pooled_are_named(study: Recorded) -> None:
    with pytest.raises(CommuniqueError, match=r"run run0 \(tfidf\): has no setting 'data.where.tongue'"):
        systems_of_study("s", "test", study, "data.where.tongue")
    with pytest.raises(CommuniqueError, match="has no part 'validation'"):
        systems_of_study("s", "validation", study, OVER)
    lacking = systems_of_study("s", "test", Recorded(*study.records[:-1]), OVER)
    with pytest.raises(CommuniqueError, match="words: scored other sentences than tfidf"):
        compare(lacking, resamples=20)
    first = study.records[0]
    twice = Recorded(first, RunRecord("twice", "tfidf", {OVER: "west", "seed": "0"}, {}, {}, first.artifacts))
    with pytest.raises(CommuniqueError, match="sentence 'east0' belongs to two values"):
        systems_of_study("s", "test", twice, OVER)
