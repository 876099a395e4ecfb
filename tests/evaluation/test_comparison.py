"""The leaderboard: same contrasts as the tests called by hand, ties called ties, unlike with unlike refused."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from communique.errors import CommuniqueError
from communique.evaluation.comparison import Leaderboard, System, compare, indicator_matrix
from communique.evaluation.metrics import cluster_counts, macro_f1
from communique.evaluation.resampling import approximate_randomisation, holm, paired_difference

LABELS = ("red", "green")
FAST: dict[str, Any] = {"resamples": 100, "rounds": 300}


def cells(matrix: np.ndarray) -> list[str]:
    return [";".join(np.array(LABELS)[row.astype(bool)]) for row in matrix]


def table(noise: float, seed: int = 0, documents: int = 40, size: int = 5) -> pd.DataFrame:
    """Predictions of a system that errs on a share ``noise`` of the decisions; the gold is always the same."""
    shape = (documents * size, len(LABELS))
    gold = np.random.default_rng(99).random(shape) < 0.4
    said = gold ^ (np.random.default_rng(seed).random(shape) < noise)
    ids = [f"d{i // size:02d}-{i % size}" for i in range(shape[0])]
    made = pd.DataFrame({"id": ids, "document": [name[:3] for name in ids]})
    made["labels"], made["predicted"] = cells(gold), cells(said)
    for i, label in enumerate(LABELS):
        made[f"prob_{label}"] = np.where(said[:, i], 0.8, 0.2)
    return made


def system(name: str, *tables: pd.DataFrame, **facts: str) -> System:
    return System(name, tables, facts)


def counts(predictions: pd.DataFrame) -> np.ndarray:
    gold, said = (indicator_matrix(predictions[column], LABELS) for column in ("labels", "predicted"))
    return cluster_counts(gold, said, predictions["document"].tolist())


SYSTEMS = [system("poor", table(0.4, 1)), system("good", table(0.05, 2)), system("fair", table(0.15, 3))]


@pytest.fixture(scope="module")
def board() -> Leaderboard:
    return compare(SYSTEMS, "fair", **FAST)


def test_the_best_stands_first_and_is_the_reference_unless_another_is_named(board: Leaderboard) -> None:
    assert [row.name for row in board.rows] == ["good", "fair", "poor"]
    scores = [row.metrics.macro_f1.value for row in board.rows]
    assert scores == sorted(scores, reverse=True)
    assert board.reference == "fair"
    assert compare(SYSTEMS, **FAST).reference == "good"


def test_contrasts_are_those_of_the_resampling_functions_corrected_over_them_all(board: Leaderboard) -> None:
    rows = {row.name: row for row in board.rows}
    base = counts(SYSTEMS[2].tables[0])
    others = [counts(SYSTEMS[0].tables[0]), counts(SYSTEMS[1].tables[0])]
    p = [approximate_randomisation(c, base, macro_f1, rounds=300) for c in others]
    for name, c, raw, adjusted in zip(("poor", "good"), others, p, holm(p), strict=True):
        assert rows[name].difference == paired_difference(c, base, macro_f1, resamples=100)
        assert (rows[name].p_value, rows[name].p_adjusted) == (raw, adjusted)
    assert rows["fair"].difference is rows["fair"].p_value is rows["fair"].p_adjusted is None


def test_a_clearly_better_system_is_told_apart(board: Leaderboard) -> None:
    good, _, poor = board.rows
    assert good.difference is not None
    assert good.difference.low > 0
    assert poor.p_adjusted is not None
    assert poor.p_adjusted < 0.05
    assert not set(good.group) & set(poor.group)


def test_identical_systems_are_tied_whatever_the_order_of_their_rows() -> None:
    one = table(0.1)
    tied = compare([system("a", one), system("b", one.sample(frac=1, random_state=1))], **FAST)
    first, second = tied.rows
    assert second.difference is not None
    assert (second.difference.value, second.difference.low, second.difference.high) == (0, 0, 0)
    assert second.p_value == second.p_adjusted == 1
    assert first.group == second.group
    assert first.metrics == second.metrics


def test_every_seed_is_kept_and_the_first_is_the_one_measured() -> None:
    seeds = [table(0.1, seed) for seed in range(3)]
    row = next(row for row in compare([system("many", *seeds), SYSTEMS[0]], **FAST).rows if row.name == "many")
    assert row.seeds == tuple(macro_f1(counts(seed).sum(axis=0)) for seed in seeds)
    assert row.seeds[0] == pytest.approx(row.metrics.macro_f1.value)


def test_one_system_alone_is_a_leaderboard_without_contrasts() -> None:
    (row,) = compare([SYSTEMS[0]], **FAST).rows
    assert row.difference is None
    assert row.group


def test_the_frame_has_one_row_a_system_with_its_contrast_and_its_facts() -> None:
    frame = compare([system("x", table(0.1), size="9 MB"), *SYSTEMS], "fair", **FAST).to_frame()
    assert sorted(frame["model"]) == ["fair", "good", "poor", "x"]
    by_name = frame.set_index("model")
    assert by_name.loc["x", "size"] == "9 MB"
    assert by_name["difference"].notna().to_dict() == {"x": True, "good": True, "fair": False, "poor": True}
    assert {"macro_f1_low", "red_precision", "green_f1_high", "p_holm", "seeds"} <= set(frame)


def test_the_note_says_what_was_counted_and_warns_of_few_documents(board: Leaderboard) -> None:
    assert "200 sentences of 40 documents" in board.note
    assert "Caution" not in board.note
    assert "Caution: 10 documents" in compare([system("a", table(0.1, documents=10))], **FAST).note


def test_the_order_of_the_names_in_a_cell_is_no_disagreement() -> None:
    turned = table(0.1)
    turned["labels"] = turned["labels"].str.replace("red;green", "green; red")
    assert len(compare([system("a", table(0.1)), system("b", turned)], **FAST).rows) == 2


def _relabelled(t: pd.DataFrame) -> pd.DataFrame:
    return t.assign(labels=["red" if cell != "red" else "" for cell in t["labels"]])


def _doubled(t: pd.DataFrame) -> pd.DataFrame:
    return t.assign(id=[t["id"][1], *t["id"][1:]])


SPOILT: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], str]] = {
    "another sentence": (lambda t: t.assign(id=["other", *t["id"][1:]]), "b: scored other sentences than a"),
    "a sentence less": (lambda t: t.iloc[1:], "b: scored other sentences than a"),
    "a sentence twice": (_doubled, "b: sentence 'd00-1' stands twice"),
    "other gold": (_relabelled, "disagree on the gold labels"),
    "other documents": (lambda t: t.assign(document="x" + t["document"]), "disagree on the documents"),
    "no column of a label": (lambda t: t.drop(columns="prob_green"), "b: column 'prob_green'"),
    "a column too many": (lambda t: t.assign(prob_blue=0.5), "b: column 'prob_blue'"),
    "an unknown name": (lambda t: t.assign(predicted="rde"), "b: label 'rde' has no column 'prob_rde'"),
}


@pytest.mark.parametrize("spoilt", SPOILT)
def test_unlike_is_not_compared_with_unlike(spoilt: str) -> None:
    spoil, said = SPOILT[spoilt]
    with pytest.raises(CommuniqueError, match=said) as refusal:
        compare([system("a", table(0.1)), system("b", spoil(table(0.2)))], **FAST)
    assert "\n" not in str(refusal.value)


def test_nothing_two_of_one_name_and_an_unknown_reference_are_refused() -> None:
    with pytest.raises(CommuniqueError, match="no system"):
        compare([])
    with pytest.raises(CommuniqueError, match="same name"):
        compare([system("a", table(0.1)), system("a", table(0.2))])
    with pytest.raises(CommuniqueError, match="reference 'nobody': is not among poor, good, fair"):
        compare(SYSTEMS, "nobody", **FAST)
