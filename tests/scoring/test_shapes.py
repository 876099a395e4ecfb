"""Documents as they really look: layouts, furniture, records, resolutions, transcripts."""

import datetime
from pathlib import Path

import pytest

from communique.scoring.documents import Document, read_documents
from communique.scoring.furniture import is_furniture
from communique.scoring.holder import holders
from communique.scoring.language import languages
from communique.scoring.sentences import split


def only(path: Path) -> Document:
    (document,) = read_documents([path])
    return document


def texts(text: str) -> list[str]:
    return [sentence.text for sentence in split(text)]


# Web pages


def paragraphs_of(tmp_path: Path, page: str) -> list[str]:
    (tmp_path / "a.html").write_text(page, "utf-8")
    return only(tmp_path / "a.html").text.split("\n\n")


def test_a_page_laid_out_with_tables_and_line_breaks_gives_paragraphs(tmp_path):
    speech = "<b>Remarks by the Consul</b><br><br>Friends,<br><br>We trade with all. We shut none.<br>&nbsp;<br>Thanks."
    menu = "<a href=a>Home</a><br><a href=b>Visas</a>"
    page = f"<html><body><table><tr><td>{menu}</td><td>{speech}</td></tr></table></body></html>"
    found = paragraphs_of(tmp_path, page)
    assert [part for part in found if part not in ("Home", "Visas")] == [
        "Remarks by the Consul",
        "Friends,",
        "We trade with all. We shut none.",
        "Thanks.",
    ]


def test_a_fragment_is_a_page(tmp_path):
    assert paragraphs_of(tmp_path, "<p>Kell objects.</p><p>It was not asked.</p>") == [
        "Kell objects.",
        "It was not asked.",
    ]


def test_contents_note_marks_and_captions_go_and_numbers_and_headline_stay(tmp_path):
    body = (
        "<h1>Kell warns the League</h1><ul><li><a href='#a'>On trade</a></li><li><a href='#b'>On ports</a></li></ul>"
        "<figure><img src=x><figcaption>The envoy on Monday.</figcaption></figure>"
        "<p>Kell rejects the measures<sup><a href='#n'>[1]</a></sup> of the League, which it calls unlawful.</p>"
        "<ol><li>They are illegal.</li><li>They do not work.</li></ol>"
        "<table><tr><th>State</th><th>Vote</th></tr><tr><td>Kell</td><td>Against</td></tr></table>"
    )
    page = f"<html><head><title>Kell warns the League</title></head><body><article>{body}</article></body></html>"
    assert texts("\n\n".join(paragraphs_of(tmp_path, page))) == [
        "Kell warns the League",
        "Kell rejects the measures of the League, which it calls unlawful.",
        "1. They are illegal.",
        "2. They do not work.",
        "State",
        "Vote",
        "Kell",
        "Against",
    ]


@pytest.mark.parametrize(
    "line",
    [
        "Read also: League divided over tariffs",
        "Advertisement",
        "By Ana Pell and Tom Ould",
        "12 May 2031, 10:42 pm",
        "Tom Ould 3 hours ago Fri 7th June 2030 | 06:15 PM",
        "Published on 7 June 2030 by admin",
        "Photo: P. Sand / North Wire",
        "The envoy leaves the hall. (Photo: North Wire)",
        "© 2031 North Wire. All rights reserved.",
        "We use cookies to improve your visit.",
        "Share on Facebook Tweet Print",
        "(Reporting by Ana Pell in Lessing; Editing by T. Ould)",
        "Contact: press@kell.example, tel. 12 34",
        "Written by: Ana Pell",
        "Blog entry by Ana Pell | 28 April, 2031",
        "North Wire's Ana Pell and Tom Ould contributed to this report.",
        "Write to Ana Pell at ana.pell@kell.example",
        "ana@kell.example",
        "(END)",
        "Courtesy of Forest Wire",
        "Header image: The pass in spring, before the landslide.",
        "Please activate JavaScript in your browser to read on.",
        "More Must-Reads From NORTH",
        "This article was updated on Friday.",
        "Loading tide data ...",
        "11 - 20 of 90 results.",
        "{{page.status}}",
        "Home | Video | World | Sport | Contact us",
        "Home| Video| World| Sport| Contact us",
    ],
)
def test_what_belongs_to_the_page_is_no_sentence(line):
    assert is_furniture(line)
    assert texts(f"Kell objects.\n\n{line}\n\nIt will say why.") == ["Kell objects.", "It will say why."]


@pytest.mark.parametrize(
    "line",
    [
        "By Monday the fleet had left.",
        "(c) To exchange visits.",
        "Watch the border, said the general.",
        "Share the burden: that is our call.",
        "On 12 May 2031, at 10.42, the talks resumed and both sides thanked the host.",
        "Contact between the two sides was lost.",
        "Cookies were served; the ministers agreed on nothing.",
        "The Photo Agency was closed by decree.",
        "Nine states contributed to the report.",
        "Courtesy of the host was returned in kind, he said, and then some.",
        "More from the spring: three bridges.",
        "Marenia | 12 | in favour | 3 | against",
        "The end of the talks is near.",
        "Forty States contributed to this report.",
        "Norway and Kenya contributed to this report.",
        "The template {{ x }} was used by the council to oppose sanctions.",
        "| ".join(letter * 4 for letter in "abcdefghijklmnopqrstuvwxyz") + "| 2024",
    ],
)
def test_what_only_looks_like_the_page_stays(line):
    assert not is_furniture(line)


def test_lines_of_the_page_are_counted(tmp_path):
    from communique.scoring.inputs import ReadingLog

    (tmp_path / "a.txt").write_text("Kell objects.\n\nRead also: More\n\nFollow us: Telegram\n")
    log = ReadingLog()
    list(read_documents([tmp_path / "a.txt"], log=log))
    assert list(log.dropped.values()) == [2]


# PDF


def test_a_record_in_two_columns_reads_on_across_columns_and_pages(tmp_path):
    pymupdf = pytest.importorskip("pymupdf")
    book = pymupdf.open()
    css = "* {font-family: serif; font-size: 10px; text-align: justify} p {text-indent: 14px; margin: 0 0 6px 0}"
    talk = "We have said so many times in this Council and we say it again today, with all due respect. " * 4
    columns = [
        [
            f"<p><b>Mr. Sokol</b> (Marenia) (<i>spoke in French</i>): {talk}Nobody may judge the</p>",
            f"<p>others. {talk}</p>",
        ],
        [f"<p>{talk}We thank the people of the re-</p>", "<p>gion.</p><p><b>The President</b>: I thank Mr. Sokol.</p>"],
    ]
    for number, (left, right) in enumerate(columns):
        page = book.new_page()
        page.insert_text((60, 40), "14/06/2031", fontsize=9)
        page.insert_text((230, 40), f"Topic of part {'AB'[number]}", fontsize=9)
        page.insert_text((480, 40), "S/PV.12345", fontsize=9)
        page.insert_text((60, 815), "31-12345", fontsize=8)
        page.insert_htmlbox(pymupdf.Rect(60, 70, 287, 770), left, css=css)
        page.insert_htmlbox(pymupdf.Rect(308, 70, 535, 770), right, css=css)
    book.save(tmp_path / "a.pdf")
    found = split(only(tmp_path / "a.pdf").text)
    said = " ".join(talk.split())
    own = [said.split(". ")[0].rstrip(".") + "."] * 4
    assert [sentence.text for sentence in found] == [
        *own, "Nobody may judge the others.", *own, *own, "We thank the people of the region.", "I thank Mr. Sokol.",
    ]  # fmt: skip
    assert {sentence.speaker for sentence in found} == {"Mr. Sokol (Marenia)", "The President"}


def test_footnotes_come_last_and_their_marks_go(tmp_path):
    pymupdf = pytest.importorskip("pymupdf")
    book = pymupdf.open()
    css = "* {font-family: serif; font-size: 11px; text-align: justify}"
    for number in range(2):
        page = book.new_page(width=420, height=595)
        body = (
            f"<p>{number + 1}. The Leaders met on 11–12 May.<sup>{number + 3}</sup> They agreed to meet again.</p>" * 3
        )
        page.insert_htmlbox(pymupdf.Rect(50, 70, 370, 480), body, css=css)
        note = f"<p style='font-size: 8px'>{number + 3} One member has its own view.</p>"
        page.insert_htmlbox(pymupdf.Rect(50, 500, 370, 530), note, css="* {font-family: serif}")
    book.save(tmp_path / "a.pdf")
    found = texts(only(tmp_path / "a.pdf").text)
    assert found[:2] == ["1. The Leaders met on 11–12 May.", "They agreed to meet again."]
    assert found[-2:] == ["3 One member has its own view.", "4 One member has its own view."]
    assert len(found) == 14


def test_letterhead_addresses_and_menus_of_a_printed_page(tmp_path):
    pymupdf = pytest.importorskip("pymupdf")
    book = pymupdf.open()
    page = book.new_page()
    body = (
        "<p style='text-align: right'>EMBASSY OF MARENIA<br>LESSING</p><p style='text-align: right'>No. 112/31</p>"
        "<p><a href='https://kell.example/a'>Statements and speeches</a></p>"
        "<p>The Embassy presents its compliments to the Ministry and has the honour to protest against the detention "
        "of its attaché, which it regards as a breach of Art. 29 of the Convention.</p>"
    )
    page.insert_htmlbox(pymupdf.Rect(60, 90, 535, 700), body, css="* {font-family: serif; font-size: 12px}")
    book.save(tmp_path / "a.pdf")
    *head, note = texts(only(tmp_path / "a.pdf").text)
    assert head == ["EMBASSY OF MARENIA", "LESSING", "No. 112/31"]
    assert note.startswith("The Embassy presents")


# Word, Excel, text


def test_word_gives_insertions_content_controls_and_footnotes(tmp_path):
    docx = pytest.importorskip("docx")
    from docx.opc.constants import RELATIONSHIP_TYPE
    from docx.opc.packuri import PackURI
    from docx.opc.part import Part
    from docx.oxml import parse_xml

    names = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    document = docx.Document()
    paragraph = document.add_paragraph("We object.")
    for tag, text in (
        ("ins", "<w:t xml:space='preserve'> We insist.</w:t>"),
        ("del", "<w:delText> We wait.</w:delText>"),
    ):
        paragraph._p.append(parse_xml(f"<w:{tag} {names}><w:r>{text}</w:r></w:{tag}>"))
    control = f"<w:sdt {names}><w:sdtContent><w:p><w:r><w:t>We agree.</w:t></w:r></w:p></w:sdtContent></w:sdt>"
    document.element.body.insert(1, parse_xml(control))
    note = "<w:footnote w:id='2'><w:p><w:r><w:t>As delivered.</w:t></w:r></w:p></w:footnote>"
    notes = f"<w:footnotes {names}>{note}</w:footnotes>"
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"
    part = Part(PackURI("/word/footnotes.xml"), kind, notes.encode(), document.part.package)
    document.part.relate_to(part, RELATIONSHIP_TYPE.FOOTNOTES)
    document.save(str(tmp_path / "a.docx"))
    assert only(tmp_path / "a.docx").text.split("\n\n") == ["We object. We insist.", "We agree.", "As delivered."]


def test_a_day_in_a_sheet_is_a_date_without_a_time(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.append(["date", "text"])
    book.active.append([datetime.datetime(2031, 3, 4), "We agree."])
    book.save(tmp_path / "a.xlsx")
    assert only(tmp_path / "a.xlsx").metadata == {"date": "2031-03-04"}


def test_western_accents_in_english_are_read_as_windows_writes_them(tmp_path):
    (tmp_path / "a.txt").write_bytes(
        "The Señor spoke of the coöperation of José and of the naïve plan.".encode("latin-1")
    )
    document = only(tmp_path / "a.txt")
    assert document.text.startswith("The Señor")
    assert document.metadata == {"encoding": "cp1252"}


def test_ligatures_and_invisible_marks_leave_plain_words(tmp_path):
    (tmp_path / "a.txt").write_text("The o\ufb03ce ful\ufb01lled its\u200b du\u00adty.", "utf-8")
    assert only(tmp_path / "a.txt").text == "The office fulfilled its duty."


# Sentences, speakers, holders

RESOLUTION = (
    "The Council of Elders,\nRecalling its earlier texts, and noting para.\n5 of the report,\nDeploring all violence,\n"
    "1. Condemns the raid;\n2. Requests the Chair:\n(a) To report in May;\n3. Decides to remain seized of the matter.\n"
)


def test_a_resolution_line_by_line_is_its_paragraphs_and_the_bodys():
    sentences = split(RESOLUTION)
    assert [s.text for s in sentences] == [
        "The Council of Elders,",
        "Recalling its earlier texts, and noting para. 5 of the report,",
        "Deploring all violence,",
        "1. Condemns the raid;",
        "2. Requests the Chair:",
        "(a) To report in May;",
        "3. Decides to remain seized of the matter.",
    ]
    assert [h.name for h in holders(RESOLUTION, sentences, {})] == [""] + ["Council of Elders"] * 6


@pytest.mark.parametrize(
    "text",
    [
        "Deputy Minister I. Rost met Col. (ret.) Abel.|Nobody else came.",
        "So am I.|They know it.",
        "We thank you.I thank you.",
    ],
)
def test_initials_and_brackets(text):
    joined = text.replace("|", " ")
    assert len(texts(joined)) == 2


def test_a_headline_with_a_colon_is_no_speaker():
    text = "Prime Minister: no deal in sight\n\nTalks go on. She left early."
    assert {sentence.speaker for sentence in split(text)} == {""}


def test_a_bullet_that_touches_its_item_opens_it_and_goes():
    assert texts("We ask for two things:\n●Open ports\n●Open roads\n") == [
        "We ask for two things:", "Open ports", "Open roads",
    ]  # fmt: skip


def test_a_number_in_several_parts_stays_with_its_heading():
    assert texts("2.1. Access to the ports\n\n3.12.4. The roads are open. They are long.\n") == [
        "2.1. Access to the ports", "3.12.4. The roads are open.", "They are long.",
    ]  # fmt: skip


def test_a_label_that_a_long_report_repeats_is_no_speaker():
    labelled = "Access: we ask for open ports.\n\nOur roads are long.\n\nAccess: we close the roads.\n\n"
    assert {sentence.speaker for sentence in split(labelled)} == {"Access"}
    assert {sentence.speaker for sentence in split(labelled + "The Council met again.\n\n" * 80)} == {""}


def test_an_outlet_that_asks_once_is_a_speaker_and_holds_nothing():
    text = (
        "AFX: Tariffs rise. What is your comment?\n\nWen Sato: We oppose them.\n\nNorth Wire: And the League?\n\n"
        "Wen Sato: We regret its silence."
    )
    sentences = split(text)
    assert [s.speaker for s in sentences] == ["AFX", "AFX", "Wen Sato", "North Wire", "Wen Sato"]
    assert [h.name for h in holders(text, sentences, {})] == ["", "", "Wen Sato", "", "Wen Sato"]


def test_answers_belong_to_the_actor_that_the_metadata_name():
    text = "Q: Do you condemn it?\n\nA: Yes, without reservation."
    assert [h.name for h in holders(text, split(text), {"actor": "Kell"})] == ["", "Kell"]
    assert [h.name for h in holders(text, split(text), {})] == ["", ""]


def test_an_apposition_is_not_the_holder():
    text = "The League, a bloc of eleven states, said the vessels had carried arms."
    assert [h.name for h in holders(text, split(text), {})] == ["League"]


def test_names_from_elsewhere_leave_an_english_sentence_english():
    sentences = ["We met in May and agreed on all.", "1. The Ministers met in Amry on 4 May 2031."]
    assert languages(sentences) == ["en", "en"]
