"""Slices: figures by hand and by scikit-learn, planted weak spots found, small ones pooled, many looked at."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from communique.errors import CommuniqueError
from communique.evaluation.metrics import cluster_counts, macro_f1
from communique.evaluation.resampling import interval_p, paired_difference
from communique.evaluation.slice_fields import LENGTHS, length_bin, sliced_columns
from communique.evaluation.slices import SliceReport, measure_slices

LABELS = ("one", "two", "three")


def planted(documents: int = 60, size: int = 8, seed: int = 0) -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
    """Gold, predictions and metadata; half of all answers in wires are wrong, one in twenty elsewhere."""
    rng = np.random.default_rng(seed)
    document = np.repeat(np.arange(documents), size)
    genre = np.array(["speech", "wire", "letter"])[document % 3]
    gold = (rng.random((len(document), 3)) < [0.4, 0.3, 0.2]).astype(int)
    wrong = rng.random(gold.shape) < np.where(genre == "wire", 0.5, 0.05)[:, None]
    frame = pd.DataFrame(
        {
            "document": [f"d{d:02d}" for d in document],
            "genre": genre,
            "forum": ["assembly" if d < 20 else f"rare {d}" for d in document],
            "actor": ["", *["Oland"] * (len(document) - 1)],
            "year": [1995 + d % 20 for d in document],
            "text": [" ".join(["word"] * int(n)) for n in rng.integers(3, 60, len(document))],
            "phenomena": [["negation", "question"][: int(rng.integers(0, 3))] for _ in document],
        }
    )
    return gold, np.where(wrong, 1 - gold, gold), frame


@pytest.fixture(scope="module")
def report() -> SliceReport:
    return measure_slices(*planted(), LABELS, resamples=300)


def test_a_planted_weak_genre_is_the_worst_and_stands_out(report: SliceReport) -> None:
    assert (report.slices[0].field, report.slices[0].value) == ("genre", "wire")
    worse = [one for one in report.slices if one.stands_out and one.difference and one.difference.value < 0]
    assert [(one.field, one.value) for one in worse] == [("genre", "wire")]


def test_slices_go_from_the_worst_macro_f1_up_and_blank_ones_are_last(report: SliceReport) -> None:
    values = [one.macro_f1.value if one.macro_f1 else np.inf for one in report.slices]
    assert values == sorted(values)


def test_the_figures_of_a_slice_are_those_of_scikit_learn(report: SliceReport) -> None:
    gold, predicted, frame = planted()
    for one in (o for o in report.slices if o.field == "genre"):
        rows = (frame["genre"] == one.value).to_numpy()
        g, p = gold[rows], predicted[rows]
        assert one.macro_f1
        assert one.micro_f1
        assert one.none_f1
        assert one.difference
        assert one.macro_f1.value == pytest.approx(f1_score(g, p, average="macro"))
        assert one.micro_f1.value == pytest.approx(f1_score(g, p, average="micro"))
        assert one.none_f1.value == pytest.approx(f1_score(~g.any(axis=1), ~p.any(axis=1)))
        rest = f1_score(gold[~rows], predicted[~rows], average="macro")
        assert one.difference.value == pytest.approx(one.macro_f1.value - rest)
        assert (one.sentences, one.documents) == (160, 20)
        assert one.positives == g.any(axis=1).sum()
        for interval in (one.macro_f1, one.micro_f1, one.none_f1, one.difference):
            assert interval.low <= interval.value <= interval.high


def test_a_label_with_too_few_gold_sentences_in_a_slice_is_not_judged_there() -> None:
    gold, predicted, frame = planted()
    letters = (frame["genre"] == "letter").to_numpy()
    gold[letters, 2], predicted[letters, 2] = 0, 1  # all three-s in letters are false alarms
    report = measure_slices(gold, predicted, frame, LABELS, fields=["genre"], resamples=100)
    (one,) = [o for o in report.slices if o.value == "letter"]
    assert one.labels == ("one", "two")
    assert one.macro_f1
    assert one.difference
    assert one.macro_f1.value == pytest.approx(f1_score(gold[letters, :2], predicted[letters, :2], average="macro"))
    rest = f1_score(gold[~letters, :2], predicted[~letters, :2], average="macro")
    assert one.difference.value == pytest.approx(one.macro_f1.value - rest)


def test_values_of_few_documents_are_pooled_and_counted(report: SliceReport) -> None:
    forums = {one.value: one for one in report.slices if one.field == "forum"}
    assert sorted(forums) == ["assembly", "other (40 values)"]
    other = forums["other (40 values)"]
    assert (other.values, other.documents, other.sentences) == (40, 40, 320)


def test_a_slice_that_stays_too_small_shows_its_size_and_no_figure(report: SliceReport) -> None:
    (one,) = [o for o in report.slices if o.field == "actor" and o.value == "not given"]
    assert (one.sentences, one.documents) == (1, 1)
    assert one.macro_f1 is one.micro_f1 is one.none_f1 is one.difference is one.p_adjusted is None


def test_a_field_whose_values_are_all_small_is_skipped_and_said() -> None:
    gold, predicted, frame = planted()
    lonely = frame.assign(actor=frame["document"])
    report = measure_slices(gold, predicted, lonely, LABELS, fields=["actor", "genre"], resamples=50)
    assert report.skipped == ("actor",)
    assert {one.field for one in report.slices} == {"genre"}


def test_a_sentence_counts_in_each_of_its_phenomena(report: SliceReport) -> None:
    _, _, frame = planted()
    sizes = {one.value: one.sentences for one in report.slices if one.field == "phenomenon"}
    assert sizes["negation"] == sum("negation" in names for names in frame["phenomena"])
    assert sizes["question"] == sum("question" in names for names in frame["phenomena"])
    assert sizes["no phenomenon"] == sum(not names for names in frame["phenomena"])
    assert sum(sizes.values()) > len(frame)


def test_decades_and_lengths_partition_the_sentences(report: SliceReport) -> None:
    for name in ("decade", "length", "genre", "forum", "actor"):
        assert sum(one.sentences for one in report.slices if one.field == name) == 480
    assert {one.value for one in report.slices if one.field == "decade"} == {"1990s", "2000s", "2010s"}


@given(st.integers(1, 200))
def test_every_length_is_in_the_bin_that_names_it(words: int) -> None:
    name = length_bin(words)
    if words > LENGTHS[-1]:
        assert name == f"over {LENGTHS[-1]} words"
    else:
        low, high = map(int, name.removesuffix(" words").split("–"))
        assert low <= words <= high


def test_without_a_planted_weakness_next_to_nothing_stands_out() -> None:
    found = 0
    for seed in range(4):
        gold, _, frame = planted(seed=seed)
        wrong = np.random.default_rng(seed).random(gold.shape) < 0.2
        report = measure_slices(
            gold, np.where(wrong, 1 - gold, gold), frame, LABELS, fields=["genre", "forum", "decade"], resamples=200
        )
        found += any(one.stands_out for one in report.slices)
    assert found <= 1


def test_a_difference_is_as_uncertain_as_the_fewer_documents_on_either_side_make_it() -> None:
    """12 documents against 48: interval and p go by t with 11 degrees of freedom, whichever side is asked."""
    gold, predicted, frame = planted()
    frame["genre"] = np.where(frame["document"] < "d12", "few", "many")
    report = measure_slices(gold, predicted, frame, LABELS, fields=["genre"], resamples=300)
    inside, outside = (
        cluster_counts(np.where(rows, gold, 0), np.where(rows, predicted, 0), frame["document"].tolist())
        for rows in (np.array(frame["genre"] == name)[:, None] for name in ("few", "many"))
    )
    by_hand = paired_difference(inside, outside, macro_f1, resamples=300, informative=12)
    found = {one.value: one for one in report.slices}
    few = found["few"].difference
    assert few is not None
    assert (few.value, few.low, few.high) == pytest.approx((by_hand.value, by_hand.low, by_hand.high))
    p = interval_p(by_hand, 12)
    assert found["few"].p_adjusted == pytest.approx(min(2 * p, 1))
    plain = paired_difference(inside, outside, macro_f1, resamples=300)
    assert few.high - few.low > 1.05 * (plain.high - plain.low)
    assert p > interval_p(plain, 60)


def test_the_note_says_how_many_were_looked_at(report: SliceReport) -> None:
    compared = sum(one.difference is not None for one in report.slices)
    assert f"{compared} slices were compared" in report.note
    assert "Holm" in report.note


def test_the_frame_holds_a_line_for_the_whole_and_one_a_slice(report: SliceReport) -> None:
    frame = report.to_frame()
    assert len(frame) == 1 + len(report.slices)
    assert frame["field"].iloc[0] == "all"
    assert frame["macro_f1"].isna().sum() == sum(one.macro_f1 is None for one in report.slices)


def test_the_same_seed_gives_the_same_digits(report: SliceReport) -> None:
    assert measure_slices(*planted(), LABELS, resamples=300) == report


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_columns_of_metadata_lose_no_value(data: st.DataObject) -> None:
    years = data.draw(st.lists(st.one_of(st.none(), st.integers(1900, 2030)), min_size=1, max_size=6))
    columns = sliced_columns(pd.DataFrame({"document": ["d"] * len(years), "year": years}))
    assert [bool(v) for v in columns["decade"]] == [year is not None for year in years]
    assert all(v == [] or v[0] == f"{str(year)[:3]}0s" for v, year in zip(columns["decade"], years, strict=True))


def test_metadata_that_fit_nothing_are_refused_in_a_sentence() -> None:
    gold, predicted, frame = planted()
    with pytest.raises(CommuniqueError, match="10 rows of metadata for 480"):
        measure_slices(gold, predicted, frame[:10], LABELS)
    with pytest.raises(CommuniqueError, match="carry none of genre"):
        measure_slices(gold, predicted, frame[["document"]], LABELS)


def test_figures_of_several_fits_are_their_means() -> None:
    gold, first, frame = planted()
    second = planted(seed=1)[1] | first
    both = measure_slices(gold, np.stack([first, second]), frame, LABELS, resamples=20)
    alone = [
        {(o.field, o.value): o for o in measure_slices(gold, one, frame, LABELS, resamples=20).slices}
        for one in (first, second)
    ]
    for one in both.slices:
        each = [fits[one.field, one.value].macro_f1 for fits in alone]
        if one.macro_f1:
            assert one.macro_f1.value == pytest.approx(np.mean([e.value for e in each if e]))


def test_a_rival_is_behind_only_where_it_was_spoilt() -> None:
    gold, predicted, frame = planted()
    spoilt = np.where((frame["genre"] == "speech").to_numpy()[:, None], 1 - gold, predicted)
    report = measure_slices(gold, predicted, frame, LABELS, rival=spoilt, fields=("genre",), resamples=200)
    found = {one.value: one for one in report.slices}
    assert found["speech"].ahead
    assert found["speech"].rival
    assert found["speech"].macro_f1
    assert found["speech"].ahead.value == pytest.approx(found["speech"].macro_f1.value - found["speech"].rival.value)
    assert [value for value, one in found.items() if one.told_apart] == ["speech"]
    assert {"rival", "ahead_low", "ahead_p_holm"} <= set(report.to_frame())
    assert "ahead" not in measure_slices(gold, predicted, frame, LABELS, fields=("genre",), resamples=20).to_frame()
