"""The document page in a real browser: keys, filters, words, dark, print, many documents, and no network."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from communique.reporting.document_page import Extras, document_page
from communique.scoring.documents import Document
from communique.scoring.explanations import explain_table
from communique.scoring.scorer import score

pytestmark = pytest.mark.browser
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
STORY = "Q: Is it so?\n\nA: It is red and green. It is never red.\n\nNothing here."
DOCUMENTS, SENTENCES = 500, 40
FEW, MANY = "few.html", "many.html"


class TwoLabels:
    """Labels by a cue word; a question lies near both thresholds."""

    labels = ("red", "green")
    titles = {"red": "Red", "green": "Green"}  # noqa: RUF012
    thresholds = np.array([0.5, 0.4])
    name = "cues"
    fingerprint = "0"

    def predict_proba(self, texts):
        found = np.array([[0.9 if label in text else 0.1 for label in self.labels] for text in texts])
        return np.where(np.array([["?" in text] for text in texts]), 0.45, found.reshape(len(texts), 2))


def page_of(texts: dict[str, str], table: pd.DataFrame, explained: int = 0) -> str:
    model = TwoLabels()
    extras = Extras(explain_table(model, table, explained))
    thresholds, name = model.thresholds, model.name
    return document_page(
        table, texts, model.labels, model.titles, thresholds, title="Page", model_name=name, extras=extras
    )


def few() -> str:
    texts = {"a": STORY, "b": "No."}
    table = pd.concat(score(TwoLabels(), [Document(name, text, {}, Path(name)) for name, text in texts.items()]))
    return page_of(texts, table.reset_index(drop=True).assign(holder="Oland", holder_source="verb"), 10)


def many() -> str:
    """500 documents of 40 sentences, made of one scored document, as splitting so many takes long."""
    one = " ".join(f"It is {('red', 'green', 'grey', 'blue')[i % 4]} on pier {i}." for i in range(SENTENCES))
    table = pd.concat(score(TwoLabels(), [Document("d", one, {}, Path("d"))]), ignore_index=True)
    names = [f"d{number}" for number in range(DOCUMENTS)]
    copies = pd.concat([table] * DOCUMENTS, ignore_index=True).assign(document=np.repeat(names, len(table)))
    return page_of(dict.fromkeys(names, one), copies)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A browser, or a skip with the reason, before any page is made."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed")
    with playwright.sync_playwright() as play:
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        found = play.chromium.launch(executable_path=CHROMIUM, args=sandbox)
        yield found
        found.close()


@pytest.fixture(scope="module")
def folder(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("pages")
    (made / FEW).write_text(few(), "utf-8")
    (made / MANY).write_text(many(), "utf-8")
    return made


@pytest.fixture
def view(browser: Any, folder: Path) -> Iterator[Any]:
    """An empty tab; whatever it says on the console or asks of the network fails the test."""
    troubles: list[str] = []
    tab = browser.new_page(viewport={"width": 1280, "height": 800})
    tab.on("pageerror", lambda error: troubles.append(str(error)))
    tab.on("console", lambda message: troubles.append(message.text))
    tab.on("request", lambda request: None if request.url.startswith("file://") else troubles.append(request.url))
    tab.add_init_script(
        "addEventListener('DOMContentLoaded', () => { window.nodes = document.querySelectorAll('*').length; })"
    )
    yield tab
    tab.close()
    assert troubles == []


def show(view: Any, page: Path) -> None:
    view.goto(page.as_uri())
    view.wait_for_function("document.documentElement.dataset.ready === 'yes'")


def test_a_click_tells_the_words_the_holder_and_the_probabilities(view, folder):
    show(view, folder / FEW)
    view.click("[data-i='2']")
    assert view.locator("#panel mark.for.L0").all_inner_texts() == ["red."]
    assert view.locator("#panel .chips li").first.inner_text().startswith("red. +")
    assert view.locator("#panel .bar").count() == 2
    assert "Held by Oland (verb)." in view.inner_text("#detail")


def test_a_filter_hides_what_does_not_match(view, folder):
    show(view, folder / FEW)
    assert view.locator("article:visible").count() == 2
    view.click("[data-filter=fr]")
    assert view.locator("article:visible").count() == 1
    assert view.locator("article p:visible .s").all_inner_texts() == [view.inner_text("[data-i='0']")]
    assert view.get_attribute("[data-filter=fr]", "aria-pressed") == "true"
    view.click("#all")
    assert view.locator("article:visible").count() == 2


def test_the_keyboard_is_enough(view, folder):
    show(view, folder / FEW)
    focused = "document.activeElement.dataset.i"
    for _ in range(40):
        view.keyboard.press("Tab")
        if view.evaluate(focused) is not None:
            break
    assert view.evaluate(focused) == "0"
    assert view.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert view.evaluate("document.activeElement.getAttribute('role')") == "button"
    view.keyboard.press("Tab")
    assert view.evaluate(focused) == "1", "a paragraph that opens with a speaker is no less in reach"
    view.keyboard.press("ArrowLeft")
    view.keyboard.press("ArrowRight")
    assert view.locator("#panel dl").count() == 0, "walking opens nothing"
    view.keyboard.press("Enter")
    assert "red and green" in view.inner_text("#panel blockquote")
    view.keyboard.press("ArrowRight")
    assert "never red" in view.inner_text("#panel blockquote")
    view.keyboard.press("Escape")
    assert view.locator("#panel dl").count() == 0
    assert view.evaluate(focused) == "2"
    view.keyboard.press("p")
    assert view.evaluate(focused) == "1"


def test_dark_mode_is_dark_and_paper_is_white(view, folder):
    show(view, folder / FEW)
    ground = "getComputedStyle(document.body).backgroundColor"
    view.emulate_media(color_scheme="dark")
    assert max(map(int, view.evaluate(ground)[4:-1].split(","))) < 60
    view.emulate_media(media="print", color_scheme="dark")
    assert view.evaluate(ground) == "rgb(255, 255, 255)"


def test_print_shows_every_sentence_with_letter_and_line_and_no_panel(view, folder):
    show(view, folder / FEW)
    view.click("[data-i='1']")
    view.emulate_media(media="print")
    assert not view.is_visible("#panel")
    assert view.locator(".s:visible").count() == view.locator(".s").count()
    assert view.locator("[data-i='1'] .k:visible").all_inner_texts() == ["R", "G"]
    first, second = (
        f'getComputedStyle(document.querySelector("{found}")).backgroundImage' for found in ("[data-i='1']", ".s.L0")
    )
    assert view.evaluate(first).count("repeating-linear-gradient") == 2
    assert "repeating-linear-gradient" in view.evaluate(second)


def test_a_narrow_window_scrolls_in_one_direction_only(view, folder):
    view.set_viewport_size({"width": 390, "height": 844})
    show(view, folder / FEW)
    assert view.evaluate("document.documentElement.scrollWidth") <= 390
    view.click("[data-i='1']")
    assert view.is_visible("#panel")
    view.keyboard.press("Escape")
    assert not view.is_visible("#panel")


def test_five_hundred_documents_stay_light(view, folder):
    show(view, folder / MANY)
    assert view.evaluate("window.nodes") < 2 * DOCUMENTS * SENTENCES + 30 * DOCUMENTS
    seen = "(text) => text.checkVisibility({ contentVisibilityAuto: true })"
    drawn = f"[...document.querySelectorAll('article .text')].filter({seen}).length"
    assert 0 < view.evaluate(drawn) < 20, "what is out of sight is not laid out"
    view.click("[data-filter=f1]")
    view.keyboard.press("n")
    view.keyboard.press("Enter")
    assert "It is green" in view.inner_text("#panel blockquote")
