"""Markdown, front matter and Word as programs write them: no words lost, none read twice."""

import pytest

from communique.scoring.documents import read_documents


def read_markdown(tmp_path, text: str):
    (tmp_path / "a.md").write_text(text, "utf-8")
    (document,) = read_documents([tmp_path / "a.md"])
    return document


def test_the_words_of_raw_html_in_markdown_are_read(tmp_path):
    text = (
        '<?xml version="1.0" encoding="koi8-r"?>\n\n'
        '<div align="center">\n  <h1>Kell <b>warns</b></h1>\n  <p>It spoke\n  of ports.</p>'
        "<p>And of rivers.</p>\n</div>\n\n"
        "<!-- a draft\n\nof May -->\n\n<style>\np { color: red }\n</style>\n\n"
        "<script>\nlet a = 1;\n\nrun(a)\n</script>\n\n"
        "<table><tr><td>Kell</td><td>Against &amp; firm</td></tr></table>\n\n"
        "A <b>short</b> note<br>on trade.<!-- aside -->\n\n<p>\nA page&#2; on<!-- a -->wards<br>goes.\n"
    )
    assert read_markdown(tmp_path, text).text.split("\n\n") == [
        "Kell warns", "It spoke\nof ports.", "And of rivers.", "Kell", "Against & firm", "A short note\non trade.",
        "A page  onwards\ngoes.",
    ]  # fmt: skip


def test_front_matter_is_text_as_it_was_written(tmp_path):
    head = "country: NO\nnumber: 012\nhour: 10:30\ndate: 2031-02-30\nforum:\nplace: ~\ntags: [on, 1_0]"
    document = read_markdown(tmp_path, f"---\n{head}\n---\n\nWe met.\n")
    assert document.text == "We met."
    assert document.metadata == {
        "country": "NO",
        "number": "012",
        "hour": "10:30",
        "date": "2031-02-30",
        "forum": "",
        "place": "",
        "tags": "on; 1_0",
    }


def test_front_matter_too_deep_to_read_is_text(tmp_path):
    assert read_markdown(tmp_path, f"---\na: {'[' * 20_000}\n---\n\nWe met.\n").metadata == {}


def test_words_moved_or_deleted_in_word_are_read_once_and_comments_in_its_xml_are_none(tmp_path):
    docx = pytest.importorskip("docx")
    from docx.oxml import parse_xml

    names = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    document = docx.Document()
    for tag, run in (
        ("moveFrom", "<w:t>We object.</w:t>"),
        ("ins", "<w:t>We agree.</w:t><!-- why --><?why not?>"),
        ("del", "<w:br/><w:delText>We wait.</w:delText><w:br/>"),
        ("moveTo", "<w:t xml:space='preserve'> We object.</w:t>"),
    ):
        document.add_paragraph() if tag == "moveFrom" else None
        document.paragraphs[0]._p.append(parse_xml(f"<w:{tag} {names} w:id='1'><w:r>{run}</w:r></w:{tag}>"))
    document.save(str(tmp_path / "a.docx"))
    (found,) = read_documents([tmp_path / "a.docx"])
    assert found.text == "We agree. We object."
