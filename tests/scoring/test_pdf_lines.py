"""Lines of PDF pages: which hyphens stay, what is a running head and what is prose, what counts the lines."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from communique.scoring.documents import read_documents
from communique.scoring.readers.pdf_hyphens import Words
from communique.scoring.sentences import split

pymupdf = pytest.importorskip("pymupdf")
FILL = [f"The Council met in year {number} and spoke of the ports, the rivers and the roads" for number in range(40)]


def read_pdf(book, tmp_path: Path) -> list[str]:
    book.save(tmp_path / "a.pdf")
    (document,) = read_documents([tmp_path / "a.pdf"])
    return [sentence.text for sentence in split(document.text)]


def joined(lines: Sequence[str]) -> str:
    words, text = Words(lines), ""
    for line in lines:
        text = words.joined(text, line)
    return text


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (["the right of self-", "determination"], "the right of self-determination"),
        (["a UN-", "led force and a non-", "Council state"], "a UN-led force and a non-Council state"),
        (["after COVID-", "19 they met"], "after COVID-19 they met"),
        (["from 2030-", "2031 on"], "from 2030-2031 on"),
        (["short-", "and long-term aid"], "short- and long-term aid"),
        (["a thous-", "and ships, a thousand men"], "a thousand ships, a thousand men"),
        (["THE SECURITY COUN-", "CIL", "The council met"], "THE SECURITY COUNCIL The council met"),
        (["coal and/", "or gas – the cost–", "benefit rule – or wind—", "or sun"],
         "coal and/or gas – the cost–benefit rule – or wind—or sun"),
        (["a rules-", "based order"], "a rules-based order"),
        (["the re-", "gion"], "the region"),
    ],
)  # fmt: skip
def test_a_hyphen_at_the_end_of_a_line_goes_only_where_it_breaks_a_word(lines, found):
    assert joined(lines) == found


def test_a_text_that_breaks_no_words_keeps_all_its_hyphens():
    ends = ["They spoke of harbour-", "building and of grain."]
    assert "harbour-building" in joined([*FILL, *FILL, *ends])
    broken = ["It sailed from the har-", "bour and the har-", "bour master saw it.", "The harbour is small.", *ends]
    told = ["A coun-", "cil of the coun-", "try met in the coun-", "try house.", "Council and country agreed."]
    assert "harbourbuilding" in joined([*FILL, *broken, *told])


def test_the_length_of_a_paragraph_changes_no_hyphen_at_its_end():
    long = [*FILL, *FILL, *FILL, "They met at the har-", "bour, a harbour of self-", "governing towns"]
    assert joined(long).endswith("roads They met at the harbour, a harbour of self-governing towns")
    assert joined([f"{'x' * 200}-", "y"]).startswith("x" * 200)


def test_a_hyphen_that_a_font_calls_soft_is_read(tmp_path):
    book = pymupdf.open()
    book.new_page().insert_text((72, 200), "The Afro\u00adAsian group met.")
    assert read_pdf(book, tmp_path) == ["The Afro-Asian group met."]


def test_the_numbers_of_the_lines_go_and_those_of_paragraphs_stay(tmp_path):
    book = pymupdf.open()
    for first in (0, 12):
        page = book.new_page()
        for number, line in enumerate(FILL[first : first + 12]):
            page.insert_text((100, 100 + 50 * number), line)
            page.insert_text((70, 100 + 50 * number), str(number + 1))
    assert " ".join(read_pdf(book, tmp_path)) == " ".join(FILL[:24])
    book, top = pymupdf.open(), 150
    page = book.new_page()
    for number, length in enumerate((1, 3, 2, 5, 1, 4), start=1):
        page.insert_text((70, top), str(number))
        page.insert_text((100, top), FILL[:length], lineheight=1.2)
        top += 14 * length + 10
    assert any(text.startswith("4 The Council") for text in read_pdf(book, tmp_path))


def test_a_head_that_holds_the_number_of_its_page_goes_whatever_else_it_says(tmp_path):
    book = pymupdf.open()
    for number, head in enumerate(
        ["41 REPORT OF THE CHAIR", "The ports 42", "43 REPORT OF THE CHAIR", "The rivers 44"]
    ):
        page = book.new_page()
        page.insert_text((72, 40 + 3 * number), head)
        page.insert_text((72, 200), FILL[number])
    assert " ".join(read_pdf(book, tmp_path)) == " ".join(FILL[:4])


@pytest.mark.parametrize("height", [78, 790])
@pytest.mark.parametrize(
    "lines",
    [
        ["12 States voted for the resolution on ports.", "13 States abstained in the vote, as they had said."],
        ["1 Scope of the treaty", "2 Terms of the treaty in force"],
        ["1 Scope of the treaty", "2 Terms in force", "3 Parties to it"],
        ["We oppose the tolls that were imposed in 1990", "We reject the taxes that were raised in 1991"],
        [f"{number} States {said} the resolution on the ports." for number, said in
         enumerate(("back", "oppose", "read", "wrote", "saw", "left"), start=12)],
    ],
)  # fmt: skip
def test_text_whose_numbers_happen_to_count_on_with_the_pages_stays(lines, height, tmp_path):
    book = pymupdf.open()
    for number, line in enumerate(lines):
        page = book.new_page()
        page.insert_text((72, height), line)
        page.insert_text((72, 200), f"{FILL[number]}.")
    found = " ".join(read_pdf(book, tmp_path))
    assert [line for line in lines if line not in found] == []


def test_numbered_heads_of_a_long_file_go_also_where_chapters_change(tmp_path):
    book = pymupdf.open()
    heads = [
        "54 THE HARBOUR",
        "A CHAPTER 55",
        "56 THE HARBOUR",
        "A CHAPTER 57",
        "58 THE HARBOUR",
        "ITS END 59",
        "60 THE SEA.",
    ]
    for number, head in enumerate([*heads, "THE SHIPS 61", "62 THE SEA."]):
        page = book.new_page()
        page.insert_text((72, 40 + 5 * (number % 3)), head)
        page.insert_text((72, 200), FILL[number])
    assert " ".join(read_pdf(book, tmp_path)) == " ".join(FILL[:9])


def test_a_head_goes_with_its_number_though_other_pages_set_the_number_apart(tmp_path):
    book = pymupdf.open()
    for number in range(4):
        page = book.new_page()
        heads = ["54 THE LONG HARBOUR."] if number == 1 else ["THE LONG HARBOUR.", str(53 + number)]
        for place, head in enumerate(heads):
            page.insert_text((72 + 300 * place, 40 + 5 * number), head)
        page.insert_text((72, 200), FILL[number])
    assert " ".join(read_pdf(book, tmp_path)) == " ".join(FILL[:4])


def test_a_page_number_far_from_the_edge_goes_with_the_head_in_its_row(tmp_path):
    book = pymupdf.open()
    for number in range(4):
        page = book.new_page()
        page.insert_text((72, 120), str(17 + number))
        page.insert_text((200, 120), ["The ports", "The roads", "The rivers", "The Chair"][number])
        page.insert_text((72, 200), FILL[number])
    assert " ".join(read_pdf(book, tmp_path)) == " ".join(FILL[:4])


def test_entries_of_the_contents_without_dots_stay_lines(tmp_path):
    book = pymupdf.open()
    entries = ["1. The rivers 18", "2. The ports and all that leads to them 19", "2.1. Their roads 20"]
    book.new_page().insert_text((72, 200), entries)
    assert read_pdf(book, tmp_path) == entries


def test_prose_beside_a_number_at_the_edge_of_the_page_stays(tmp_path):
    book = pymupdf.open()
    for number in range(2):
        page = book.new_page()
        page.insert_text((72, 200), FILL[number])
        page.insert_text(
            (72, 790),
            ["which rose in the year before. It fell by", "Goods of all kinds were put on the ships at about"][number],
        )
        page.insert_text((400, 790), "1")
        page.insert_text((300, 820), f"{number + 1}/2")
    found = " ".join(read_pdf(book, tmp_path))
    assert "It fell by" in found
    assert "ships at about" in found


def test_a_heading_at_the_top_of_a_page_stays_though_the_contents_name_it(tmp_path):
    book = pymupdf.open()
    contents = book.new_page()
    contents.insert_text((72, 200), "Equity and access")
    contents.insert_text((72, 300), FILL[:9], lineheight=1.2)
    page = book.new_page()
    page.insert_text((72, 60), "Equity and access", fontsize=16)
    page.insert_text((72, 100), FILL[10:19], lineheight=1.2)
    assert read_pdf(book, tmp_path).count("Equity and access") == 2


def test_words_linked_across_two_lines_leave_no_line_of_the_text_out(tmp_path):
    book = pymupdf.open()
    page = book.new_page()
    for number, line in enumerate(FILL[:5]):
        page.insert_text((72, 200 + 14 * number), line)
    box = page.search_for(FILL[1])[0] | page.search_for(FILL[2])[0]
    page.insert_link({"kind": pymupdf.LINK_URI, "uri": "https://kell.example/a", "from": box})
    assert " ".join(read_pdf(book, tmp_path)) == " ".join(FILL[:5])


def test_a_sentence_on_two_lines_that_are_all_link_stays(tmp_path):
    book = pymupdf.open()
    page = book.new_page()
    page.insert_text((72, 200), ["The Council met in the year of the great flood and in", "Lessing."])
    page.insert_text((72, 300), FILL[0])
    box = pymupdf.Rect(70, 188, 400, 222)
    page.insert_link({"kind": pymupdf.LINK_URI, "uri": "https://kell.example/a", "from": box})
    assert "The Council met in the year of the great flood and in Lessing." in " ".join(read_pdf(book, tmp_path))


def test_powers_stay_where_the_marks_of_notes_go(tmp_path):
    book = pymupdf.open()
    body = "<p>It covers 40 km<sup>2</sup> and 10<sup>5</sup> trees.<sup>7</sup> They agreed<sup>8–10</sup> on it.</p>"
    book.new_page().insert_htmlbox(pymupdf.Rect(60, 90, 535, 700), body)
    assert read_pdf(book, tmp_path) == ["It covers 40 km² and 10⁵ trees.", "They agreed on it."]


def test_a_tall_first_letter_belongs_to_its_word(tmp_path):
    book = pymupdf.open()
    page = book.new_page()
    page.insert_text((72, 228), "P", fontsize=40)
    page.insert_text((100, 204), "eace was made in the spring of the year, and the")
    page.insert_text((100, 218), "ports were opened.")
    assert read_pdf(book, tmp_path)[0].startswith("Peace was made")


def test_notes_a_little_smaller_than_the_text_come_last_and_the_contents_stay_lines(tmp_path):
    book = pymupdf.open()
    page = book.new_page()
    page.insert_text((72, 100), ["Aims . . . . . . . . . . . . 4", "Means . . . . . . . . . . . . 5"], lineheight=1.2)
    page.insert_text((72, 200), [*FILL[:6], "and of the"], fontsize=10, lineheight=1.2)
    page.insert_text((72, 700), "* See the letter of the Chair.", fontsize=9)
    book.new_page().insert_text((72, 100), "shores.", fontsize=10)
    found = read_pdf(book, tmp_path)
    assert found[0].startswith("Aims")
    assert found[1].startswith("Means")
    assert found[-2].endswith("and of the shores.")
    assert found[-1] == "See the letter of the Chair."


def test_notes_below_the_first_column_come_last_and_tear_no_sentence(tmp_path):
    book = pymupdf.open()
    page = book.new_page()
    page.insert_text(
        (60, 100), ["The Council met in the spring of the year and", "spoke of the rivers, of the ports and of the"] * 9
    )
    page.insert_text((60, 700), ["1 See the letter of the Chair."], fontsize=8)
    page.insert_text((330, 100), ["roads that lead there.", "It thanked the Chair."])
    found = read_pdf(book, tmp_path)
    assert found[-3].endswith("of the roads that lead there.")
    assert found[-1] == "1 See the letter of the Chair."


def test_a_sentence_goes_on_through_widely_spaced_lines(tmp_path):
    book = pymupdf.open()
    page = book.new_page()
    lines = [
        "The Chair may call a meeting in the cases that are named in subdivision",
        "(1)(a) of this part, and shall tell the members of it soon, where the",
        "Council has agreed on the day and on the place of that meeting.",
        "Part II",
        "The Council keeps a list of all those who may speak under section",
        "43-12.",
    ]
    for number, line in enumerate(lines):
        page.insert_htmlbox(pymupdf.Rect(72, 150 + 24 * number, 600, 175 + 24 * number), f"<p>{line}</p>")
    assert read_pdf(book, tmp_path) == [" ".join(lines[:3]), lines[3], " ".join(lines[4:])]
