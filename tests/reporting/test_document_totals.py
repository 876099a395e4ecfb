"""Totals of a scored table: the counts, their intervals, and that streaming changes neither."""

import numpy as np
import pandas as pd
import pytest

from communique.evaluation.resampling import bootstrap_intervals
from communique.reporting import document_totals
from communique.reporting.document_totals import FEWEST, HOLDERS, Section, totals
from communique.scoring.periods import Periods
from communique.scoring.rows import NOT_ENGLISH
from communique.scoring.summary import Counts

LABELS = ("red", "green")


def scored(documents: int = 60, size: int = 10, seed: int = 0) -> pd.DataFrame:
    """A table whose documents differ in how red they are."""
    rng = np.random.default_rng(seed)
    redness = np.repeat(rng.beta(1, 3, documents), size)
    flags = rng.random((documents * size, 2)) < np.column_stack([redness, np.full(len(redness), 0.2)])
    number = np.repeat(np.arange(documents), size)
    return pd.DataFrame(
        {
            "document": number.astype(str),
            "sentence": np.tile(np.arange(size), documents),
            "holder": rng.choice(["Oland", "Marenia", ""], documents * size),
            "reprint_of": "",
            "review": False,
            "review_reason": "",
            "labels": [[label for label, carried in zip(LABELS, row, strict=True) if carried] for row in flags],
            "date": [f"{2000 + n // 20}-05-01" for n in number],
        }
    )


def section(table: pd.DataFrame, kind: str) -> Section:
    return next(s for s in totals(lambda: [table], LABELS).sections if s.kind == kind)


def test_counts_are_those_of_the_table_in_every_group():
    table = scored()
    for kind, column in (("holder", table["holder"]), ("date", table["date"].str[:7])):
        for row in section(table, kind).rows:
            inside = table[column == row.name.replace("no holder found", "")]
            assert row.sentences == len(inside)
            assert row.documents == inside["document"].nunique()
            assert [share.sentences for share in row.shares] == [sum(x in g for g in inside["labels"]) for x in LABELS]


def test_intervals_agree_with_the_cluster_bootstrap():
    table = scored(documents=120)
    flags = np.array([[1, *(label in given for label in LABELS)] for given in table["labels"]])
    clusters = flags.reshape(120, 10, 3).sum(axis=1)
    wanted = bootstrap_intervals(lambda t: t[..., 1:] / t[..., :1], clusters)
    (row,) = section(table, "all").rows
    for share, interval in zip(row.shares, wanted, strict=True):
        assert share.interval is not None
        assert share.value == pytest.approx(interval.value)
        assert (share.interval.low, share.interval.high) == pytest.approx((interval.low, interval.high), abs=0.012)


def test_pieces_of_any_size_give_the_same_totals(monkeypatch):
    table = scored(documents=20)
    whole = totals(lambda: [table], LABELS)
    pieces = totals(lambda: [table.iloc[i : i + 7] for i in range(0, len(table), 7)], LABELS)
    monkeypatch.setattr(document_totals, "BLOCK", 13)
    assert pieces == whole == totals(lambda: [table], LABELS)


def test_reprints_and_other_languages_are_counted_apart():
    table = scored(documents=10)
    table["reprint_of"] = ["x:0", *[""] * (len(table) - 1)]
    table["review_reason"] = ["", NOT_ENGLISH, *[""] * (len(table) - 2)]
    found = totals(lambda: [table], LABELS)
    assert found.sections[0].rows[0].sentences == len(table) - 2
    assert (found.survey.reprints, found.survey.not_english) == (1, 1)
    counts = Counts()
    counts.add(table.assign(sentence=0, windowed=False, language="", holder_source=""))
    assert (found.survey.unlabelled, found.survey.review) == (counts.unlabelled, counts.review)


def test_a_few_documents_are_given_no_interval():
    assert section(scored(documents=FEWEST - 1), "all").rows[0].shares[0].interval is None
    assert section(scored(documents=FEWEST), "all").rows[0].shares[0].interval is not None


def test_the_dozen_most_frequent_holders_are_named_and_no_sentence_is_lost():
    table = scored()
    table["holder"] = [f"h{min(i % 20, i % 17):02}" for i in range(len(table))]
    rows = section(table, "holder").rows
    assert len(rows) == HOLDERS + 1
    assert rows[-1].name == "5 other holders"
    assert sum(row.sentences for row in rows) == len(table)


def test_no_holder_and_no_date_make_no_section():
    table = scored().assign(holder="").drop(columns="date")
    assert [s.kind for s in totals(lambda: [table], LABELS).sections] == ["all"]


@pytest.mark.parametrize(
    ("dates", "names"),
    [
        (["2025-03-04", "2025/06/12", ""], ["2025-03", "2025-06", "undated"]),
        (["2025-03-04", "12 June 2024"], ["2024", "2025"]),
        ([f"{y}-01-01" for y in range(1900, 2000)], [f"19{d}0s" for d in range(10)]),
        (["1999.0", "soon"], ["1999", "undated"]),
        (["soon", ""], []),
    ],
)
def test_dates_fall_into_as_few_periods_as_a_page_can_show(dates, names):
    assert Periods(dict.fromkeys(dates, 1)).names == names
