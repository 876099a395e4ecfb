"""The page and the sheet of errors: nothing runs, nothing is lost, the words stand where they moved the decision."""

import html
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from communique.data.codebook import Codebook
from communique.data.dataset import Corpus, Sentence
from communique.data.spreadsheet import inert
from communique.errors import CommuniqueError
from communique.evaluation.hard_cases import Answers, HardCases, hard_cases
from communique.evaluation.predictions import System, align
from communique.models.explain import Explanation, explain
from communique.models.tfidf import TfidfModel
from communique.reporting.answers import answers_of, corpus_of, distinct
from communique.reporting.errors import (
    cards,
    case_table,
    errors_page,
    explain_cases,
    pieces,
    write_errors,
)

openpyxl = pytest.importorskip("openpyxl")
HOSTILE = ["=HYPERLINK(1) embargo", "<script>alert(1)</script> agreed", "+1 reject & \"quote\" 'apostrophe' \x07"]


@pytest.fixture(scope="module")
def model(corpus: Corpus) -> TfidfModel:
    return TfidfModel().fit(corpus.texts, corpus.indicators)


@pytest.fixture(scope="module")
def hard(codebook: Codebook) -> Corpus:
    """Six sentences with hostile texts, without gold labels."""
    texts = [*HOSTILE, *(f"{text} again" for text in HOSTILE)]
    sentences = [
        Sentence(f"s{i}", f"=d{i}", text, frozenset(), genre="wire</td>", year=1999 if i else None)
        for i, text in enumerate(texts)
    ]
    return Corpus(tuple(sentences), codebook)


@pytest.fixture(scope="module")
def found(hard: Corpus) -> HardCases:
    """Two models: one is sure of every label, the other wavers at the first."""
    shape = (len(hard), 3)
    sure = Answers("sure", np.full(shape, 0.9), np.ones(shape, dtype=bool), np.full(3, 0.5))
    wavering = np.tile([0.48, 0.1, 0.1], (len(hard), 1))
    other = Answers("=wavers", wavering, wavering > 0.5, np.full(3, 0.5))
    return hard_cases(hard.indicators.to_numpy(), [sure, other], hard.codebook.names)


@pytest.fixture(scope="module")
def explained(found: HardCases, hard: Corpus, model: TfidfModel) -> dict[tuple[str, int], Explanation]:
    return explain_cases(found, hard, {"sure": model})


def test_the_stretches_of_a_sentence_join_to_the_sentence(model: TfidfModel) -> None:
    for text in [*HOSTILE, "", "  the embargo\tmust  be lifted "]:
        (explanation,) = explain(model, [text])
        stretches = list(pieces(text, explanation, "lifts"))
        assert "".join(piece.text for piece in stretches) == text
        assert all(0 <= piece.strength <= 1 for piece in stretches)


def test_the_words_marked_are_those_that_moved_the_label(model: TfidfModel) -> None:
    text = "Rain fell and the embargo must be lifted"
    (explanation,) = explain(model, [text])
    marked = {piece.text for piece in pieces(text, explanation, "lifts") if piece.value > 0}
    assert {"embargo", "lifted"} <= marked
    assert max(piece.strength for piece in pieces(text, explanation, "lifts")) == 1


def test_a_card_holds_each_label_once_and_every_model_in_it(found: HardCases, hard: Corpus) -> None:
    shown = cards(found, hard, {})
    assert len(shown) == 6
    assert all([block.label for block in card.blocks] == list(hard.codebook.names) for card in shown)
    assert all([line.said.model for line in block.lines] == ["sure", "=wavers"] for c in shown for block in c.blocks)


def test_no_text_of_the_corpus_becomes_markup(
    found: HardCases, hard: Corpus, explained: dict[tuple[str, int], Explanation]
) -> None:
    page = errors_page(found, hard, explained, "Errors <b>")
    assert "<script>alert" not in page
    assert "wire</td>" not in page
    assert len(re.findall("<script", page)) == 1
    assert not re.search(r"""(src|href)=|https?://|@import|url\(""", page)
    plain = html.unescape(re.sub(r"<[^>]+>", "", page))
    assert all(text in plain for text in HOSTILE)


def test_every_case_is_a_row_a_model_and_no_cell_is_a_formula(
    found: HardCases, hard: Corpus, explained: dict[tuple[str, int], Explanation], tmp_path: Path
) -> None:
    paths = write_errors(found, hard, explained, tmp_path / "new" / "errors.html", "t")
    assert sorted(path.name for path in paths) == ["errors.csv", "errors.html", "errors.xlsx"]
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["errors.csv", "errors.html", "errors.xlsx"]
    sheet = openpyxl.load_workbook(tmp_path / "new" / "errors.xlsx")["sentences"]
    rows = list(sheet.iter_rows())
    assert len(rows) == 1 + 6 * 3 * 2
    assert all(cell.data_type != "f" for row in rows for cell in row)
    table = pd.read_csv(tmp_path / "new" / "errors.csv", keep_default_na=False)
    assert len(table) == 36
    texts = table.select_dtypes(exclude="number")
    assert not texts.map(lambda cell: str(cell).startswith(("=", "+", "-", "@"))).to_numpy().any()
    assert set(table["verdict"]) == {"false positive", "uncertain", "right"}


def test_the_sheet_names_the_words_with_what_they_moved(
    found: HardCases, hard: Corpus, explained: dict[tuple[str, int], Explanation]
) -> None:
    table = case_table(found, hard, explained)
    row = table[(table["label"] == "lifts") & (table["model"] == "sure") & (table["id"] == "s0")].iloc[0]
    assert re.match(r"embargo \+\d", row["for"])
    assert row["explained"] == "exact"
    assert (table[table["model"] == "'=wavers"]["for"] == "").all()


def test_an_empty_list_makes_a_page_and_a_sheet_too(hard: Corpus, tmp_path: Path) -> None:
    nothing = HardCases((), 0, 0, 0)
    assert len(write_errors(nothing, hard, {}, tmp_path / "e.html", "t")) == 3
    assert "0 sentences with a wrong label" in (tmp_path / "e.html").read_text()


def test_an_interrupt_leaves_no_partial_file(
    found: HardCases, hard: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*arguments: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("communique.reporting.errors.errors_page", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_errors(found, hard, {}, tmp_path / "e.html", "t")
    assert not list(tmp_path.iterdir())


def test_another_ending_is_refused(found: HardCases, hard: Corpus, tmp_path: Path) -> None:
    with pytest.raises(CommuniqueError, match="name it so"):
        write_errors(found, hard, {}, tmp_path / "e.pdf", "t")


@pytest.mark.parametrize("text", ["=1", "+a", "-1.5 word", "@x", "\t=1"])
def test_what_a_spreadsheet_would_run_gets_an_apostrophe(text: str) -> None:
    assert inert(text) == f"'{text}"
    assert inert("a=1") == "a=1"
    assert inert(-1.5) == -1.5


def predictions(corpus: Corpus) -> pd.DataFrame:
    joined = [";".join(sorted(s.labels)) for s in corpus]
    table = pd.DataFrame({"id": [s.id for s in corpus], "document": corpus.documents, "labels": joined})
    table["predicted"] = joined
    return table.assign(**{f"prob_{name}": 0.3 for name in corpus.codebook.names})


def test_predictions_find_their_sentences_in_any_order(corpus: Corpus) -> None:
    table = predictions(corpus).iloc[[5, 3, 9]].reset_index(drop=True)
    chosen = corpus_of(table, corpus, "m")
    assert [s.id for s in chosen] == list(table["id"])
    turned = table[[*table.columns[::-1]]]  # labels in another order
    said = answers_of(align([System("m", (turned,))]), "m", chosen)
    assert said.thresholds.tolist() == [0.5, 0.5, 0.5]
    np.testing.assert_array_equal(said.decided, chosen.indicators.to_numpy().astype(bool))


def test_predictions_of_other_sentences_or_gold_are_refused(corpus: Corpus) -> None:
    table = predictions(corpus)
    with pytest.raises(CommuniqueError, match="stands twice"):
        corpus_of(pd.concat([table, table[:1]], ignore_index=True), corpus, "m")
    with pytest.raises(CommuniqueError, match="'x' is not among the labelled"):
        corpus_of(table.assign(id="x")[:1], corpus, "m")
    with pytest.raises(CommuniqueError, match="has other gold labels"):
        corpus_of(table.assign(labels="rejects;joins;lifts"), corpus, "m")
    with pytest.raises(CommuniqueError, match="scored other sentences than the first run"):
        answers_of(align([System("m", (table,))]), "m", corpus.take([0, 1]))


def test_models_of_one_name_are_told_apart() -> None:
    assert distinct(["a", "b", "a", "a"]) == ["a", "b", "a (2)", "a (3)"]
