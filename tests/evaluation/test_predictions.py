"""Tables brought onto the same sentences: by id, by repeat, by fold; decisions as given or by the stated cut."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from tests.evaluation.planted import LABELS, system, table

from communique.errors import CommuniqueError
from communique.evaluation.predictions import System, align, indicator_matrix


def test_rows_are_brought_into_the_order_of_the_first_table() -> None:
    one, other = table(0.1), table(0.2, 1)
    aligned = align([system("a", one), system("b", other.sample(frac=1, random_state=1))])
    assert list(aligned.ids) == list(one["id"])
    assert (aligned.fits["b"][0].probabilities == other[["prob_red", "prob_green"]].to_numpy()).all()
    assert (aligned.gold == indicator_matrix(one["labels"], LABELS)).all()


def test_repeats_are_fits_of_their_seed() -> None:
    repeats = pd.concat([table(0.1, seed).assign(repeat=seed, fold=0) for seed in (0, 1)])
    aligned = align([System("a", (repeats, repeats), seeds=("7", "8"))])
    assert [fit.name for fit in aligned.fits["a"]] == ["7.0", "7.1", "8.0", "8.1"]


def test_folds_that_all_measured_the_same_sentences_are_fits_and_other_folds_are_one_fit() -> None:
    measured = pd.concat([table(0.1, fold).assign(repeat=0, fold=fold) for fold in range(3)])
    tested = table(0.1).assign(repeat=0, fold=[i % 3 for i in range(200)])
    aligned = align([system("measured", measured), system("tested", tested)])
    assert [len(aligned.fits[name]) for name in ("measured", "tested")] == [3, 1]


def test_seeds_that_tested_disjoint_sentences_are_pooled() -> None:
    whole = table(0.1)
    aligned = align([system("a", whole.iloc[:80], whole.iloc[80:]), system("b", whole)])
    assert len(aligned.fits["a"]) == 1
    assert (aligned.fits["a"][0].predicted == aligned.fits["b"][0].predicted).all()


def test_the_word_none_among_the_labels_is_told_that_its_cell_stays_empty() -> None:
    with pytest.raises(CommuniqueError, match="label 'none' is no column; leave the cell empty"):
        align([system("a", table(0.1).assign(labels="none"))])


def test_seeds_that_tested_overlapping_sentences_are_refused_in_one_sentence() -> None:
    whole = table(0.1)
    with pytest.raises(CommuniqueError, match="a: its seeds or repeats tested different sentences, as split=fresh"):
        align([system("a", whole.iloc[:120], whole.iloc[80:])])


def test_decisions_are_the_columns_then_the_thresholds_then_a_half() -> None:
    whole = table(0.2).assign(prob_red=np.linspace(0, 1, 200))
    bare = whole.drop(columns="predicted")
    cut = bare.assign(threshold_red=0.9, threshold_green=0.5)
    aligned = align([system("given", whole), system("cut", cut), system("bare", bare)])
    given, by_threshold, by_half = (aligned.fits[name][0] for name in ("given", "cut", "bare"))
    assert (given.predicted == indicator_matrix(whole["predicted"], LABELS)).all()
    assert (by_threshold.predicted[:, 0] == (whole["prob_red"] >= 0.9)).all()
    assert (by_half.predicted[:, 0] == (whole["prob_red"] >= 0.5)).all()
    assert aligned.cut_at_half == ("bare",)
    assert np.isnan(given.thresholds).all()
    assert by_threshold.thresholds == pytest.approx([0.9, 0.5])


def test_label_cells_may_be_lists_and_missing() -> None:
    listed = pd.Series([["red"], np.array(["green", "red"]), None, float("nan"), "green; red", ""])
    assert indicator_matrix(listed, LABELS).tolist() == [[1, 0], [1, 1], [0, 0], [0, 0], [1, 1], [0, 0]]


def _relabelled(t: pd.DataFrame) -> pd.DataFrame:
    return t.assign(labels=["red" if cell != "red" else "" for cell in t["labels"]])


def _doubled(t: pd.DataFrame) -> pd.DataFrame:
    return t.assign(id=[t["id"][1], *t["id"][1:]])


SPOILT: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], str]] = {
    "another sentence": (lambda t: t.assign(id=["other", *t["id"][1:]]), r"other sentences than a \(1 more, 1 missing"),
    "a sentence less": (lambda t: t.iloc[1:], r"0 more, 1 missing, such as 'd00-0'"),
    "a sentence twice": (_doubled, "b: sentence 'd00-1' stands twice"),
    "other gold": (_relabelled, "disagree on the gold labels of 200 sentences, such as 'd00-0'"),
    "other documents": (lambda t: t.assign(document="x" + t["document"]), "disagree on the documents"),
    "no column of a label": (lambda t: t.drop(columns="prob_green"), "b: column 'prob_green'"),
    "a column too many": (lambda t: t.assign(prob_blue=0.5), "b: column 'prob_blue'"),
    "an unknown name": (lambda t: t.assign(predicted="rde"), "b: label 'rde' has no column 'prob_rde'"),
    "a word for a number": (
        lambda t: t.assign(prob_red=["high", *t["prob_red"][1:]]),
        "b: sentence 'd00-0', column 'prob_red': 'high' must be a number between 0 and 1",
    ),
    "no probability": (lambda t: t.assign(prob_red=1.5), "'1.5' must be a number between 0 and 1"),
    "one threshold of two": (lambda t: t.assign(threshold_red=0.5), "column 'threshold_green' is missing"),
}


@pytest.mark.parametrize("spoilt", SPOILT)
@pytest.mark.parametrize("seeds", [1, 2])
def test_unlike_is_not_compared_with_unlike_whichever_seed_it_is(spoilt: str, seeds: int) -> None:
    spoil, said = SPOILT[spoilt]
    tables = [table(0.2), spoil(table(0.2))][-seeds:]
    if seeds == 2 and "missing" in said and "sentences than" in said:
        said = "its seeds or repeats tested different sentences"
    if spoilt == "a sentence less" and seeds == 2:
        said = "its seeds or repeats tested different sentences"
    with pytest.raises(CommuniqueError, match=said) as refusal:
        align([system("a", table(0.1)), system("b", *tables)])
    assert "\n" not in str(refusal.value)


def test_nothing_and_two_of_one_name_are_refused() -> None:
    with pytest.raises(CommuniqueError, match="no system"):
        align([])
    with pytest.raises(CommuniqueError, match="same name 'a'"):
        align([system("a", table(0.1)), system("a", table(0.2))])
