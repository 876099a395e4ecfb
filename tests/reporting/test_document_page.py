"""The document page: nothing lost, nothing let through unescaped, nothing fetched."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from communique.errors import CommuniqueError
from communique.reporting.document_page import MOST, document_page, write_document_page
from communique.scoring.documents import Document
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


def page_from(table: pd.DataFrame, texts: dict[str, str]) -> str:
    model = TwoLabels()
    return document_page(
        table,
        texts,
        model.labels,
        model.titles,
        model.thresholds,
        title=f"Page {EVIL}",
        model_name=model.name,
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
    rows = [[" ".join(cell.text_content().split()) for cell in row] for row in root.xpath("//tbody/tr")]
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
    data = json.loads(parser.document_fromstring(page).xpath("string(//script[@id='data'])"))
    found = np.array(data["p"]).reshape(len(table), 2) / 1000
    np.testing.assert_allclose(found, table[["prob_red", "prob_green"]], atol=5e-4)
    assert data["reason"] == [1, -1, -1, -1]


def test_nothing_is_fetched():
    page, _ = page_of("It is red.")
    root = parser.document_fromstring(page)
    assert "default-src 'none'" in page
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


@pytest.mark.browser
def test_keys_filters_and_the_panel_work_in_a_browser(tmp_path):
    playwright = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium")
    (tmp_path / "page.html").write_text(page_of(STORY, "No.")[0], "utf-8")
    troubles: list[str] = []
    with playwright.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        view = browser.new_page()
        view.on("pageerror", lambda error: troubles.append(str(error)))
        view.on("console", lambda message: troubles.append(message.text))
        view.goto((tmp_path / "page.html").as_uri())
        view.wait_for_function("document.documentElement.dataset.ready === 'yes'")
        view.keyboard.press("n")
        view.keyboard.press("ArrowRight")
        assert "red and green" in view.inner_text("#panel blockquote")
        assert view.locator("#panel .bar").count() == 2
        view.click("[data-filter=fr]")
        assert view.locator("article:visible").count() == 1
        view.keyboard.press("n")
        assert "Is it so?" in view.inner_text("#panel blockquote")
        assert view.title() == f"Page {EVIL}"
        browser.close()
    assert troubles == []
