"""PDF pages that are turned, linked or headed: no line of the text goes with what belongs to the page."""

from pathlib import Path

import pytest

from communique.scoring.documents import Document, read_documents
from communique.scoring.inputs import ReadingLog

pymupdf = pytest.importorskip("pymupdf")
SAID = [f"In year {number} the Council met and spoke of the ports and the rivers" for number in range(1, 7)]


def read_pdf(book, tmp_path: Path, log: ReadingLog | None = None) -> Document:
    book.save(tmp_path / "a.pdf")
    (document,) = read_documents([tmp_path / "a.pdf"], log=log)
    return document


def write(page, lines: list[str], top: float, turn: int) -> None:
    """Lines from ``top`` on as they stand before a reader of the page, who sees them turned by ``turn`` degrees."""
    for number, line in enumerate(lines):
        point = pymupdf.Point(72, top + 14 * number) * page.derotation_matrix
        page.insert_text(point, line, rotate=turn)


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_a_page_that_is_stored_turned_is_read_as_it_is_seen(turn, tmp_path):
    book = pymupdf.open()
    for number in range(2):
        page = book.new_page(width=842, height=595) if turn % 180 else book.new_page(width=595, height=842)
        page.set_rotation(turn)
        write(page, ["Papers of the Council"], 40, turn)
        write(page, SAID[3 * number : 3 * number + 3], 500, turn)
        write(page, ["Statements and speeches"], 700, turn)
        link = pymupdf.Rect(72, 686, 220, 706) * page.derotation_matrix
        page.insert_link({"kind": pymupdf.LINK_URI, "uri": "https://kell.example/a", "from": link})
        write(page, [f"{number + 1}/2"], 830, turn)
    document = read_pdf(book, tmp_path)
    assert " ".join(document.text.split()) == " ".join(SAID)


@pytest.mark.parametrize(("rotation", "turn"), [(90, 0), (0, 90), (0, 270)])
def test_a_page_seen_sideways_is_read_all_the_same(rotation, turn, tmp_path):
    book = pymupdf.open()
    page = book.new_page(width=842, height=842)
    for number, line in enumerate(SAID):
        x, y = {0: (72, 200 + 14 * number), 90: (200 + 14 * number, 700), 270: (700 - 14 * number, 72)}[turn]
        page.insert_text((x, y), line, rotate=turn)
    page.set_rotation(rotation)
    assert " ".join(read_pdf(book, tmp_path).text.split()) == " ".join(SAID)


def test_a_sentence_keeps_its_line_that_is_a_link_and_a_list_of_links_goes(tmp_path):
    book = pymupdf.open()
    page = book.new_page()
    menu = ["Statements and speeches", "Visas and travel"]
    for lines, top in ((menu, 120), (SAID, 300)):
        page.insert_text((72, top), lines, lineheight=1.2)
    linked = [page.search_for(line)[0] for line in (*menu, SAID[2])]
    for box in linked:
        page.insert_link({"kind": pymupdf.LINK_URI, "uri": "https://kell.example/a", "from": box})
    assert " ".join(read_pdf(book, tmp_path).text.split()) == " ".join(SAID)


def test_a_line_of_the_margin_stays_unless_it_is_a_line_of_the_body(tmp_path):
    book = pymupdf.open()
    for number in range(2):
        page = book.new_page()
        page.insert_text((72, 200), SAID[number])
        page.insert_text((72, 40), ["They met.", SAID[1]][number])
        page.insert_text((72, 800), ["The Council met", "rivers"][number])
    found = read_pdf(book, tmp_path).text
    assert "They met." in found
    assert "The Council met" in found
    assert found.endswith("rivers")
    assert found.count(SAID[1]) == 1


def test_what_pages_lose_is_counted(tmp_path):
    book = pymupdf.open()
    for number in range(2):
        page = book.new_page()
        page.insert_text((72, 40), "Papers of the Council")
        page.insert_text((72, 200), SAID[number])
        page.insert_text((40, 600), "Not for sale", rotate=90)
        page.insert_text((72, 820), f"{number + 1}/2")
    log = ReadingLog()
    read_pdf(book, tmp_path, log)
    assert dict(log.dropped) == {
        "running heads, page numbers and links of PDF pages": 4,
        "lines across the run of a PDF page": 2,
    }
