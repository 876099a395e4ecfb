"""From a scored table and a filled sheet to shares: what is accepted, what is refused, what is left blank."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from communique.data.annotation import Design, draw, equal_shares, sentence_ids
from communique.data.codebook import Codebook
from communique.data.dataset import Corpus, Sentence
from communique.data.sheets import write_sheet
from communique.errors import CommuniqueError
from communique.scoring.periods import year
from communique.scoring.prevalence import GroupShare, prevalence

LABELS = ("rejects", "joins")
DOCUMENTS, SIZE = 200, 6
BOOK = Codebook.from_dict({"labels": [{"name": name} for name in LABELS]})


@pytest.fixture(scope="module")
def gold() -> np.ndarray:
    return (np.random.default_rng(0).random((DOCUMENTS * SIZE, 2)) < (0.3, 0.6)).astype(int)


@pytest.fixture(scope="module")
def table(gold: np.ndarray) -> pd.DataFrame:
    """A classifier that misses a third of the first label and sees the second where it is not."""
    rng = np.random.default_rng(1)
    n = len(gold)
    seen = np.column_stack([gold[:, 0] & (rng.random(n) < 0.66), gold[:, 1] | (rng.random(n) < 0.3)])
    probability = np.clip(0.2 + 0.6 * seen + rng.normal(0, 0.05, (n, 2)), 0, 1).round(4)
    document = np.repeat([f"d{i:03d}" for i in range(DOCUMENTS)], SIZE)
    sentence = np.tile(np.arange(SIZE), DOCUMENTS)
    frame = pd.DataFrame({"document": document, "sentence": sentence})
    frame["text"] = [f"Sentence {s} of {d}." for d, s in zip(document, sentence, strict=True)]
    for i, name in enumerate(LABELS):
        frame[f"prob_{name}"] = probability[:, i]
    frame["labels"] = [[name for name, p in zip(LABELS, row, strict=True) if p >= 0.5] for row in probability]
    frame["actor"] = np.repeat(["North", "South", "Isle", "Reef"], [600, 480, 60, 60])
    frame["holder"] = np.where(sentence % 2, "us", "them")
    return frame


@pytest.fixture
def scored(table: pd.DataFrame, tmp_path: Path) -> Path:
    table.to_parquet(tmp_path / "scored.parquet")
    return tmp_path / "scored.parquet"


def labelled(
    folder: Path,
    table: pd.DataFrame,
    gold: np.ndarray,
    number: int = 400,
    query: str = "random",
    by: str = "",
    form: str = ".csv",
) -> Path:
    """A sheet drawn, filled in with gold, and kept in one of the formats that annotators' work comes in."""
    keyed = table.assign(id=sentence_ids(table))
    sheet, design = draw(keyed, LABELS, number, query, 5, by=by)  # type: ignore[arg-type]
    path = folder / f"mine{form}"
    truth = {key: frozenset(np.array(LABELS)[row == 1]) for key, row in zip(keyed["id"], gold, strict=True)}
    if form == ".jsonl":
        rows = zip(sheet["id"], sheet["document"], sheet["text"], strict=True)
        Corpus(tuple(Sentence(i, d, t, truth[i]) for i, d, t in rows), BOOK).to_jsonl(path)
        design.save(path)
        return path
    write_sheet(sheet, BOOK, path, design)
    filled = pd.read_csv(path.with_suffix(".csv"), dtype=str, keep_default_na=False)
    for name in LABELS:
        filled[name] = ["yes" if name in truth[key] else "no" for key in filled["id"]]
    filled.to_csv(path, index=False) if form == ".csv" else filled.to_excel(path, index=False)
    return path


def of(shares: tuple[GroupShare, ...], label: str, name: str = "all") -> GroupShare:
    return next(share for share in shares if (share.label, share.name) == (label, name))


def refusal(scored: Path, sample: Path, **options: object) -> str:
    with pytest.raises(CommuniqueError) as error:
        prevalence(scored, sample, **options)  # type: ignore[arg-type]
    return str(error.value)


@pytest.mark.parametrize("form", [".csv", ".xlsx", ".jsonl"])
def test_shares_are_corrected_from_every_format_and_the_raw_count_is_off(
    form: str, scored: Path, table: pd.DataFrame, gold: np.ndarray
) -> None:
    found = prevalence(scored, labelled(scored.parent, table, gold, form=form))
    for i, name in enumerate(LABELS):
        share = of(found.shares, name)
        assert share.corrected is not None
        low, high = share.corrected.interval.low, share.corrected.interval.high
        assert low < gold[:, i].mean() < high
        assert high - low < 0.8 * 2 * 1.96 * np.sqrt(gold[:, i].var() / 400)  # the predictions help
        assert not share.raw.low < gold[:, i].mean() < share.raw.high
        assert share.raw.value == pytest.approx(table["labels"].map(lambda s, n=name: n in s).mean())


def test_small_groups_are_blank_and_pooled(scored: Path, table: pd.DataFrame, gold: np.ndarray) -> None:
    """Isle and Reef have ten documents each: neither can have 30 labelled, nor both together."""
    found = prevalence(scored, labelled(scored.parent, table, gold), by=["actor"])
    names = [share.name for share in found.shares if share.label == "joins"]
    assert names == ["all", "Isle", "North", "Reef", "South", "2 small groups together"]
    blank = {share.name for share in found.shares if share.corrected is None}
    assert blank == {"Isle", "Reef", "2 small groups together"}
    assert any("2 groups have fewer than 30" in note for note in found.notes)
    whole = sum(share.rows for share in found.shares if share.label == "joins" and share.kind == "group")
    assert whole == len(table)


def test_a_predicted_group_is_marked(scored: Path, table: pd.DataFrame, gold: np.ndarray) -> None:
    found = prevalence(scored, labelled(scored.parent, table, gold), by=["actor", "holder"], predicted=["actor"])
    assert found.predicted_columns == ("actor", "holder")
    assert sum("is itself predicted" in note for note in found.notes) == 2
    assert of(found.shares, "joins", "North, us").corrected is not None


def test_a_stratified_draw_is_weighted_back(scored: Path, table: pd.DataFrame, gold: np.ndarray) -> None:
    """Equally many from each actor: unweighted, the small ones would count as much as the large."""
    tilted = gold.copy()
    tilted[(table["actor"] == "Isle") | (table["actor"] == "Reef"), 0] = 1
    sample = labelled(scored.parent, table, tilted, 160, by="actor")
    assert Design.load(sample).strata == {"Isle": [60, 40], "North": [600, 40], "Reef": [60, 40], "South": [480, 40]}
    share = of(prevalence(scored, sample).shares, "rejects").corrected
    assert share is not None
    assert share.interval.low < tilted[:, 0].mean() < share.interval.high
    assert share.interval.value < 0.5


def test_shares_of_documents_come_from_whole_documents_only(
    scored: Path, table: pd.DataFrame, gold: np.ndarray
) -> None:
    single = labelled(scored.parent, table, gold)
    assert "shares of documents need whole documents labelled" in refusal(scored, single, of="documents")
    found = prevalence(scored, labelled(scored.parent, table, gold, 80, "documents"), of="documents", by=["actor"])
    share = of(found.shares, "rejects")
    true = gold[:, 0].reshape(DOCUMENTS, SIZE).max(axis=1).mean()
    assert share.rows == DOCUMENTS
    assert share.corrected is not None
    assert share.corrected.interval.low < true < share.corrected.interval.high
    assert "has 2 values of it" in refusal(scored, single.with_name("mine.csv"), of="documents", by=["holder"])


def test_a_reprint_counts_once_unless_asked(table: pd.DataFrame, gold: np.ndarray, tmp_path: Path) -> None:
    reprinted = table.assign(reprint_of=np.where(np.arange(len(table)) % 3 == 0, "d000:0", ""))
    reprinted.to_parquet(tmp_path / "scored.parquet")
    sample = labelled(tmp_path, table, gold)
    once, all_of_them = (prevalence(tmp_path / "scored.parquet", sample, once=flag) for flag in (True, False))
    assert (of(once.shares, "joins").rows, of(all_of_them.shares, "joins").rows) == (800, 1200)
    assert any("400 reprinted sentences are left out" in note for note in once.notes)
    share = of(once.shares, "joins").corrected
    assert share is not None
    assert share.interval.low < gold[np.arange(len(gold)) % 3 > 0, 1].mean() < share.interval.high


def test_years_are_read_from_dates_where_no_column_tells_them(
    table: pd.DataFrame, gold: np.ndarray, tmp_path: Path
) -> None:
    half = np.arange(len(table)) % 2 == 0
    dates = np.where(half, "20190503", np.where(np.arange(len(table)) == 1, "undated", "2020-01-31T10:00"))
    table.assign(date=dates).to_parquet(tmp_path / "scored.parquet")
    sample = labelled(tmp_path, table, gold)
    found = prevalence(tmp_path / "scored.parquet", sample, by=["year"])
    groups = {share.group for share in found.shares if share.kind == "group"}
    assert {("2019",), ("2020",)} <= groups
    assert "year: taken from column date; 1 sentences have none" in found.notes
    other = ["3 May 2019", "1.2.2021", "20190503", "19011999", "1795-01-01", "May", "0305", "9999-12-31"]
    assert [year(date) for date in other] == ["2019", "2021", "2019", "", "1795", "", "", ""]
    table.assign(date=dates, year=1999).to_parquet(tmp_path / "scored.parquet")
    named = prevalence(tmp_path / "scored.parquet", sample, by=["year"])
    assert {share.group for share in named.shares if share.kind == "group"} == {("1999",)}


def test_rows_left_empty_are_counted_and_warned_of(scored: Path, table: pd.DataFrame, gold: np.ndarray) -> None:
    sample = labelled(scored.parent, table, gold)
    sheet = pd.read_csv(sample, dtype=str, keep_default_na=False)
    sheet.loc[:19, list(LABELS)] = ""
    sheet.to_csv(sample, index=False)
    found = prevalence(scored, sample)
    assert found.labelled == 380
    assert any("20 of 400 drawn sentences (5%) have no agreed label" in note for note in found.notes)


def test_what_stands_for_nothing_is_refused(scored: Path, table: pd.DataFrame, gold: np.ndarray) -> None:
    sample = labelled(scored.parent, table, gold, query="uncertainty")
    assert "drawn by uncertainty, which favours the unusual" in refusal(scored, sample)
    sample.with_suffix(".design.json").unlink()
    assert "the sampling design lies beside the sheet" in refusal(scored, sample)


def test_a_sample_of_another_table_is_refused(scored: Path, table: pd.DataFrame, gold: np.ndarray) -> None:
    sample = labelled(scored.parent, table, gold)
    design = Design.load(sample)
    table.iloc[:-1].to_parquet(scored)
    assert "drawn from 1,200 sentences" in refusal(scored, sample)
    table.assign(text="other").to_parquet(scored)
    assert "reads otherwise in the scored table" in refusal(scored, sample)
    table.assign(document="x" + table["document"]).to_parquet(scored)
    assert "is not in the scored table" in refusal(scored, sample)
    table.to_parquet(scored)
    dataclasses.replace(design, drawn=10).save(sample)
    assert "holds 400 sentences, its design drew 10" in refusal(scored, sample)
    assert "by 'planet': the scored table has no such column" in refusal(
        scored, labelled(scored.parent, table, gold), by=["planet"]
    )


def test_the_same_result_goes_to_json_and_to_a_table(scored: Path, table: pd.DataFrame, gold: np.ndarray) -> None:
    found = prevalence(scored, labelled(scored.parent, table, gold), by=["actor"])
    content = json.loads(json.dumps(found.to_dict()))
    frame = found.to_frame()
    assert [row["label"] for row in content["shares"]] == frame["label"].tolist()
    assert all(row["raw"]["valid"] is False for row in content["shares"])
    assert content["shares"][0]["corrected"]["value"] == frame["share"][0]
    assert frame["share"].isna().tolist() == [row["corrected"] is None for row in content["shares"]]


def test_groups_are_drawn_from_as_equally_as_their_sizes_allow() -> None:
    assert equal_shares(np.array([100, 5, 40]), 65).tolist() == [30, 5, 30]
    assert equal_shares(np.array([3, 3]), 6).tolist() == [3, 3]
    assert equal_shares(np.array([9, 9, 9]), 10).tolist() == [3, 3, 4]


def with_foreign(table: pd.DataFrame, gold: np.ndarray) -> tuple[pd.DataFrame, np.ndarray]:
    """The table with two sentences more in every third document, and two documents, that were not scored."""
    columns = [f"prob_{name}" for name in LABELS]
    hosts = table[(table["sentence"] == 0) & (table.index % (3 * SIZE) == 0)]
    more = pd.concat([hosts.assign(sentence=SIZE + i) for i in range(2)])
    alone = table[table["document"].isin(["d000", "d001"])].assign(document=lambda t: "x" + t["document"])
    foreign = pd.concat([more, alone]).assign(
        text=lambda t: "Rien de cela " + t["text"], **dict.fromkeys(columns, np.nan)
    )
    foreign["labels"] = [[] for _ in range(len(foreign))]
    whole = pd.concat([table, foreign], ignore_index=True)
    return whole, np.vstack([gold, np.ones((len(foreign), len(LABELS)), dtype=int)])


@pytest.mark.parametrize(("query", "of_what"), [("random", "sentences"), ("documents", "documents")])
def test_what_was_not_scored_changes_no_share(
    query: str, of_what: str, tmp_path: Path, scored: Path, table: pd.DataFrame, gold: np.ndarray
) -> None:
    number = 400 if query == "random" else 80
    sheet = labelled(tmp_path, table, gold, number, query)
    plain = prevalence(scored, sheet, by=["actor"], of=of_what)  # type: ignore[arg-type]
    whole, truth = with_foreign(table, gold)
    whole.to_parquet(tmp_path / "whole.parquet")
    drawn = labelled(tmp_path, whole, truth, number, query)
    found = prevalence(tmp_path / "whole.parquet", drawn, by=["actor"], of=of_what)  # type: ignore[arg-type]
    assert found.shares == plain.shares
    assert any("were not scored: the shares are of the others" in note for note in found.notes)


def test_a_sheet_holds_no_sentence_that_was_not_scored(table: pd.DataFrame, gold: np.ndarray) -> None:
    whole, _ = with_foreign(table, gold)
    keyed = whole.assign(id=sentence_ids(whole))
    for query, number in (("random", len(table)), ("documents", DOCUMENTS), ("uncertainty", len(table))):
        sheet, design = draw(keyed, LABELS, number, query)  # type: ignore[arg-type]
        assert not sheet["text"].str.startswith("Rien").any()
        assert design.population == number


@pytest.mark.parametrize("by", ["", "actor"])
def test_a_sample_of_all_sentences_serves_for_the_scored_ones(
    by: str, tmp_path: Path, table: pd.DataFrame, gold: np.ndarray
) -> None:
    whole, truth = with_foreign(table, gold)
    blind = whole.fillna({f"prob_{name}": 0.0 for name in LABELS})  # so that the draw cannot tell them
    sheet = labelled(tmp_path, blind, truth, 600, by=by)
    whole.to_parquet(tmp_path / "whole.parquet")
    found = prevalence(tmp_path / "whole.parquet", sheet)
    kept = len(pd.read_csv(sheet)[lambda t: ~t["text"].str.startswith("Rien")])
    assert found.labelled == kept < 600
    assert not any("no agreed label" in note for note in found.notes)
    for i, name in enumerate(LABELS):
        share = of(found.shares, name).corrected
        assert share is not None
        assert share.interval.low <= gold[:, i].mean() <= share.interval.high
