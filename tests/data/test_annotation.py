from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from communique.data.agreement import agreement
from communique.data.annotation import Design, draw, merge
from communique.data.codebook import Codebook
from communique.data.dataset import Corpus, Sentence
from communique.data.sheets import read_sheet, write_sheet
from communique.errors import CommuniqueError


@pytest.fixture
def scored(corpus: Corpus) -> pd.DataFrame:
    table = corpus.to_frame()[["id", "document", "text"]]
    rng = np.random.default_rng(0)
    for name in corpus.codebook.names:
        table[f"prob_{name}"] = rng.random(len(table))
    return table


def filled(path: Path, answers: dict[str, str], default: str = "none") -> Path:
    sheet = pd.read_csv(path, dtype=str, keep_default_na=False)
    for i, row in sheet.iterrows():
        sheet.loc[i, answers.get(row["id"], default)] = "yes"
    sheet.to_csv(path, index=False)
    return path


def test_a_filled_sheet_reads_back_from_both_formats(tmp_path: Path, scored: pd.DataFrame, codebook: Codebook) -> None:
    sheet, design = draw(scored, codebook.names, 20, "random", seed=1)
    write_sheet(sheet, codebook, tmp_path / "s.xlsx", design)
    first = str(sheet["id"][0])
    csv = filled(tmp_path / "s.csv", {first: "lifts"})
    pd.read_csv(csv, dtype=str, keep_default_na=False).to_excel(tmp_path / "filled.xlsx", index=False)
    for path in (csv, tmp_path / "filled.xlsx"):
        read, empty = read_sheet(path, codebook)
        assert empty == 0
        assert set(read) == set(sheet["id"])
        assert read[first].labels == {"lifts"}
        assert sum(bool(s.labels) for s in read.values()) == 1


def test_an_untouched_sheet_is_all_empty_rows_counted(tmp_path: Path, scored: pd.DataFrame, codebook: Codebook) -> None:
    sheet, design = draw(scored, codebook.names, 7)
    write_sheet(sheet, codebook, tmp_path / "s.xlsx", design)
    assert read_sheet(tmp_path / "s.xlsx", codebook) == ({}, 7)


def test_a_bad_cell_names_its_row_and_column(tmp_path: Path, scored: pd.DataFrame, codebook: Codebook) -> None:
    sheet, design = draw(scored, codebook.names, 5)
    write_sheet(sheet, codebook, tmp_path / "s.csv", design)
    table = pd.read_csv(tmp_path / "s.csv", dtype=str, keep_default_na=False)
    table.loc[2, "joins"] = "perhaps"
    table.to_csv(tmp_path / "s.csv", index=False)
    with pytest.raises(CommuniqueError, match="row 4, column 'joins': 'perhaps' is neither yes nor no"):
        read_sheet(tmp_path / "s.csv", codebook)
    table.loc[2, ["joins", "none"]] = "yes"
    table.to_csv(tmp_path / "s.csv", index=False)
    with pytest.raises(CommuniqueError, match="row 4: says 'none' and also joins"):
        read_sheet(tmp_path / "s.csv", codebook)


def test_a_formula_in_a_text_stays_a_text(tmp_path: Path, codebook: Codebook) -> None:
    table = pd.DataFrame({"id": ["a"], "document": ["d"], "text": ["=HYPERLINK(1)"]})
    sheet, design = draw(table, codebook.names, 1)
    write_sheet(sheet, codebook, tmp_path / "s.xlsx", design)
    cell = pd.read_excel(tmp_path / "s.xlsx", dtype=str)["text"][0]
    assert cell == "'=HYPERLINK(1)"


def test_random_draws_hit_every_sentence_equally_often(scored: pd.DataFrame, codebook: Codebook) -> None:
    drawn = pd.Series(0, index=scored["id"])
    for seed in range(400):
        sheet, _ = draw(scored, codebook.names, 60, "random", seed)
        drawn[sheet["id"]] += 1
    assert sheet["inclusion_probability"].unique() == pytest.approx(60 / 240)
    assert drawn.mean() / 400 == pytest.approx(0.25)
    assert drawn.std() == pytest.approx(np.sqrt(400 * 0.25 * 0.75), rel=0.25)


def test_a_draw_of_documents_takes_them_whole(scored: pd.DataFrame, codebook: Codebook) -> None:
    sheet, design = draw(scored, codebook.names, 4, "documents", seed=2)
    assert sheet["document"].nunique() == 4
    assert len(sheet) == 32
    assert (design.unit, design.population, design.random) == ("document", 30, True)


def test_uncertainty_takes_the_nearest_to_a_threshold_and_says_it_is_not_random(
    scored: pd.DataFrame, codebook: Codebook, tmp_path: Path
) -> None:
    scored.loc[5, "prob_joins"] = 0.7
    sheet, design = draw(scored, codebook.names, 1, "uncertainty", thresholds={"joins": 0.7, "rejects": 2, "lifts": 2})
    assert list(sheet["id"]) == [scored["id"][5]]
    assert sheet["inclusion_probability"].isna().all()
    design.save(tmp_path / "s.csv")
    assert not Design.load(tmp_path / "s.csv").random


def test_asking_for_more_than_there_is_is_refused(scored: pd.DataFrame, codebook: Codebook) -> None:
    with pytest.raises(CommuniqueError, match="there are 30"):
        draw(scored, codebook.names, 31, "documents")


def test_merging_keeps_what_is_agreed_and_hands_back_what_is_not(codebook: Codebook) -> None:
    def sheet(**labels: str) -> dict[str, Sentence]:
        return {k: Sentence(k, "d", f"text {k}", frozenset(v.split())) for k, v in labels.items()}

    sheets = {"anna": sheet(a="lifts", b="", c="joins"), "ben": sheet(a="lifts", b="joins")}
    agreed, disputed = merge(sheets, codebook)
    assert {s.id: s.labels for s in agreed} == {"a": {"lifts"}, "c": {"joins"}}
    assert [s.id for s in disputed] == ["b"]
    assert disputed.sentences[0].annotations == {"anna": (), "ben": ("joins",)}


def test_alpha_and_kappa_match_hand_worked_values(codebook: Codebook) -> None:
    """Ten sentences, both yes 3, both no 5, one each way: kappa = (0.8 - 0.52) / 0.48, alpha by 2x2 coincidences."""
    votes = [(1, 1)] * 3 + [(0, 0)] * 5 + [(1, 0), (0, 1)]
    named = {0: (), 1: ("lifts",)}
    sentences = tuple(
        Sentence(str(i), str(i % 4), "t", frozenset(), annotations={"x": named[a], "y": named[b]})
        for i, (a, b) in enumerate(votes)
    )
    lifts = agreement(Corpus(sentences, codebook), ("x", "y"), resamples=200)[2]
    assert lifts.kappa[0] == pytest.approx((0.8 - 0.52) / 0.48)
    assert lifts.alpha[0] == pytest.approx(1 - 0.2 / (2 * 8 * 12 / (20 * 19)))
    assert lifts.alpha[1] <= lifts.alpha[0] <= lifts.alpha[2]
    assert lifts.observed == pytest.approx(0.8)


def test_the_agreement_on_one_document_has_intervals_as_wide_as_can_be(codebook: Codebook) -> None:
    """Every resample of one document is that document, which is no certainty."""
    votes = [("lifts",), (), ("lifts",), ()]
    sentences = tuple(
        Sentence(str(i), "d", "t", frozenset(), annotations={"x": vote, "y": ()}) for i, vote in enumerate(votes)
    )
    lifts = agreement(Corpus(sentences, codebook), ("x", "y"), resamples=50)[2]
    assert lifts.alpha[1:] == lifts.kappa[1:] == (-1.0, 1.0)


def test_without_a_second_annotator_there_is_no_agreement(corpus: Corpus) -> None:
    with pytest.raises(CommuniqueError, match="0 sentences are labelled by both"):
        agreement(corpus, ("author", "second"))


def test_annotators_whose_sentences_read_differently_are_not_merged() -> None:
    book = Codebook.of_names(["a"])
    ann, ben = ({"1": Sentence("1", "d", text, frozenset())} for text in ("Rain fell.", "Snow fell."))
    with pytest.raises(CommuniqueError, match="sentence '1' reads otherwise in that of ben than in that of ann"):
        merge({"ann": ann, "ben": ben}, book)
    ben = {"1": Sentence("1", "d", " Rain\nfell.", frozenset())}  # white space is the spreadsheet's doing
    assert merge({"ann": ann, "ben": ben}, book)[0].texts == ["Rain fell."]


def test_a_sheet_saved_with_semicolons_reads_the_same(tmp_path: Path, codebook: Codebook) -> None:
    header = ("id", "document", "text", *codebook.names, "none")
    row = ("d:1", "d", "Rain fell, and stayed.", *["no"] * len(codebook.names), "yes")
    (tmp_path / "ann.csv").write_text("\ufeff" + ";".join(header) + "\n" + ";".join(row) + "\n", encoding="utf-8")
    read, empty = read_sheet(tmp_path / "ann.csv", codebook)
    assert [read["d:1"].text, empty] == ["Rain fell, and stayed.", 0]
