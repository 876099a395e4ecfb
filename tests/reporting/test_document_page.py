"""The document page: nothing lost, nothing let through unescaped, nothing fetched."""

import json
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from communique.errors import CommuniqueError
from communique.reporting.corrected import read_corrected
from communique.reporting.document_page import MOST, Extras, document_page, write_document_page
from communique.scoring.documents import Document
from communique.scoring.explanations import explain_table
from communique.scoring.scorer import score, score_table

parser = pytest.importorskip("lxml.html")

EVIL = "</script><script>document.title='owned'</script><img src=x onerror=alert(1)> \"'&"


class TwoLabels:
    """Labels by a cue word; a question lies near both thresholds."""

    labels = ("red", "green")
    titles = {"red": f"Red {EVIL}", "green": "Green"}  # noqa: RUF012
    thresholds = np.array([0.5, 0.4])
    name = f"model {EVIL}"
    fingerprint = "0"

    def predict_proba(self, texts):
        found = np.array([[0.9 if label in text else 0.1 for label in self.labels] for text in texts])
        return np.where(np.array([["?" in text] for text in texts]), 0.45, found.reshape(len(texts), 2))


def data_of(page: str) -> dict:
    return json.loads(parser.document_fromstring(page).xpath("string(//script[@id='data'])"))


def page_from(table: pd.DataFrame, texts: dict[str, str], extras: Extras | None = None) -> str:
    model = TwoLabels()
    return document_page(
        table,
        texts,
        model.labels,
        model.titles,
        model.thresholds,
        title=f"Page {EVIL}",
        model_name=model.name,
        extras=extras,
    )


def page_of(*texts: str, **metadata: str) -> tuple[str, pd.DataFrame]:
    documents = [Document(f"{i} {EVIL}", text, metadata, Path("a.txt")) for i, text in enumerate(texts)]
    table = pd.concat(score(TwoLabels(), documents), ignore_index=True)
    return page_from(table, {document.id: document.text for document in documents}), table


STORY = f"Q: Is it so?\n\nA: It is red and green. It is {EVIL} red.\n\n***\n\nNothing\nhere."


def test_planted_markup_comes_through_as_text_only():
    page, _ = page_of(STORY, title=f"T {EVIL}", actor=f"A {EVIL}")
    root = parser.document_fromstring(page)
    assert len(root.findall(".//script")) == 2
    assert not root.findall(".//img")
    assert EVIL in root.find(".//title").text
    assert root.xpath("string(//article//h3)") == f"T {EVIL}"
    assert not root.xpath("//@onerror")


def test_the_running_text_is_whole():
    page, _ = page_of(STORY)
    (text,) = parser.document_fromstring(page).xpath("//div[@class='text']")
    for badge in text.xpath(".//b"):
        badge.drop_tree()
    assert " ".join(text.text_content().split()) == " ".join(STORY.split())


def test_each_sentence_carries_its_labels_and_its_mark():
    page, table = page_of(STORY)
    found = parser.document_fromstring(page).xpath("//span[@data-i]")
    assert [int(span.get("data-i")) for span in found] == list(table.index)
    assert [span.get("class") for span in found] == ["s L1 review", "s L0 L1", "s L0", "s"]
    assert [len(span.findall("b")) for span in found] == [1, 2, 1, 0]


def test_counts_are_those_of_the_table():
    page, table = page_of("It is red. Is it?", "It is green. It is red. No.")
    root = parser.document_fromstring(page)
    rows = [
        [" ".join(cell.text_content().split()) for cell in row]
        for row in root.xpath("//table[@class='documents']/tbody/tr")
    ]
    assert rows[0] == ["All", "5", "2 40%", "2 40%", "1 20%"]
    assert [row[1:] for row in rows[1:]] == [
        ["2", "1 50%", "1 50%", "1 50%"],
        ["3", "1 33%", "1 33%", "0 0%"],
    ]
    assert [button.xpath("string(.//span[@class='n'])") for button in root.xpath("//button[@data-filter]")] == [
        "2",
        "2",
        "1",
    ]
    assert int(table["review"].sum()) == 1


def test_the_panels_data_are_the_probabilities():
    page, table = page_of(STORY)
    data = data_of(page)
    found = np.array(data["p"]).reshape(len(table), 2) / 1000
    np.testing.assert_allclose(found, table[["prob_red", "prob_green"]], atol=5e-4)
    assert data["reason"] == [1, -1, -1, -1]


def test_what_was_not_scored_has_no_probability_on_the_page():
    _, table = page_of("It is red.", "It is green.")
    table.loc[1, ["prob_red", "prob_green"]] = np.nan
    page = page_from(table, dict(zip(table["document"], ["It is red.", "It is green."], strict=True)))
    assert data_of(page)["p"][2:] == [-1, -1]
    assert min(data_of(page)["p"][:2]) >= 0


def test_nothing_is_fetched():
    page, _ = page_of("It is red.")
    root = parser.document_fromstring(page)
    (policy,) = root.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    digest = b64encode(sha256(root.xpath("//script[not(@id)]")[0].text.encode()).digest()).decode()
    assert policy.startswith("default-src 'none'")
    assert f"script-src 'sha256-{digest}'" in policy
    assert not root.xpath("//link|//*[@src]|//a[not(starts-with(@href, '#'))]")
    assert "@import" not in page
    assert "url(" not in page


def test_the_title_is_not_said_twice():
    page, _ = page_of("On rivers\n\nThey are red.", title="On rivers")
    root = parser.document_fromstring(page)
    assert root.xpath("string(//article//h3)").strip() == "On rivers"
    assert len(root.xpath("//article//span[@data-i]")) == 2
    assert "On rivers" not in root.xpath("string(//div[@class='text'])")


def test_texts_that_do_not_fit_the_table_are_refused():
    _, table = page_of("It is red.")
    with pytest.raises(CommuniqueError, match="its text was not given"):
        page_from(table, {})
    with pytest.raises(CommuniqueError, match="not what the table says"):
        page_from(table, {table["document"][0]: "It was red."})


def test_a_page_of_files_shows_so_many_documents_and_says_what_it_leaves_out(tmp_path):
    (tmp_path / "a.csv").write_text("text\n" + "It is red.\n" * (MOST + 2))
    model = TwoLabels()
    summary = score_table(model, [tmp_path / "a.csv"], tmp_path / "out.csv", progress=False)
    page = write_document_page(summary.out, [tmp_path / "a.csv"], model, tmp_path / "page.html").read_text("utf-8")
    assert page.count("<article") == MOST
    assert "2 further documents are in out.csv only." in page
    root = parser.document_fromstring(page)
    (row,) = root.xpath("//tbody[@class='all']/tr")
    assert row.xpath("string(td[1])") == f"{MOST + 2} {MOST + 2} doc.", "the totals are of all"


def test_the_panel_knows_the_words_that_moved_what_was_given_or_near():
    documents = [Document("a", STORY, {}, Path("a.txt"))]
    table = pd.concat(score(TwoLabels(), documents), ignore_index=True)
    extras = Extras(explanations=explain_table(TwoLabels(), table, budget=2))
    data = data_of(page_from(table, {"a": STORY}, extras))
    assert data["left_out"] == 1
    assert list(data["words"]) == ["0", "1"]
    words = table["text"][1].split(" ")
    assert {words[number] for number, value in data["words"]["1"]["0"] if value > 0} == {"red"}
    assert {words[number] for number, value in data["words"]["1"]["1"] if value > 0} == {"green."}


def test_holder_language_and_reprint_reach_the_panel():
    _, table = page_of("It is red.", "It is green.")
    table = table.assign(
        holder=["", "Oland"], holder_source=["", "verb"], reprint_of=["", "x:1"], language=["en", "fr"]
    )
    page = page_from(table, dict(zip(table["document"], ["It is red.", "It is green."], strict=True)))
    data = data_of(page)
    assert [data["holder"]["values"][i] for i in data["holder"]["rows"]] == ["", "Oland"]
    assert (data["reprint"], data["language"]) == ({"1": "x:1"}, {"1": "fr"})
    assert parser.document_fromstring(page).xpath("//span[@data-i='1']/@class") == ["s L1 reprint"]


def corrected_file(path: Path, **changes: object) -> Path:
    figures = {"value": 0.31, "low": 0.21, "high": 0.42}
    kinds = [("all", "all", figures), ("group", "Oland", figures), ("group", "Marenia", None)]
    shares = [
        {"label": label, "kind": kind, "name": name, "rows": 2, "corrected": found, "raw": figures}
        for label in TwoLabels.labels
        for kind, name, found in kinds
    ]
    content = {"by": ["holder"], "unit": "sentence", "labelled": 90, "labelled_documents": 40, "notes": []}
    path.write_text(json.dumps(content | {"shares": shares} | changes), encoding="utf-8")
    return path


def test_corrected_shares_stand_beside_the_counts(tmp_path):
    _, table = page_of("It is red.", "It is green.")
    table = table.assign(holder=["Marenia", "Oland"])
    texts = dict(zip(table["document"], ["It is red.", "It is green."], strict=True))
    assert "communique prevalence" in page_from(table, texts)
    corrected = read_corrected(corrected_file(tmp_path / "shares.json"), TwoLabels.labels)
    page = page_from(table, texts, Extras(corrected=corrected))
    rows = {row.xpath("string(th)"): row for row in parser.document_fromstring(page).xpath("//tbody/tr[td[@class]]")}
    assert rows["All"].xpath("string(td[2]//span[2])") == "31% 21–42"
    assert rows["Oland"].xpath("string(td[3]//span[2])") == "31% 21–42"
    assert rows["Marenia"].xpath("string(td[2]/small)") == "too few labelled"
    assert "corrected by 90 labelled sentences of 40 documents (shares.json)" in page


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"unit": "document"}, "not of sentences"), ({"shares": []}, "other labels"), ({"by": None}, "as expected")],
)
def test_other_files_are_no_corrected_shares(tmp_path, changes, message):
    with pytest.raises(CommuniqueError, match=message):
        read_corrected(corrected_file(tmp_path / "shares.json", **changes), TwoLabels.labels)
    (tmp_path / "shares.json").write_text("{")
    with pytest.raises(CommuniqueError, match="not readable"):
        read_corrected(tmp_path / "shares.json", TwoLabels.labels)
