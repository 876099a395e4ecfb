"""Web pages as sites make them: headline, standfirst, wrapped source, warnings before the page, frames, fragments."""

import io
import time

import pytest

from communique.scoring.documents import Document, read_documents
from communique.scoring.sentences import split
from communique.scoring.source import _piped

PROSE = [
    "The League of Velden said on Monday that it would reopen the road through the pass before the winter sets in.",
    "Its council had closed the road in spring, after a landslide that had buried two bridges and a customs house.",
    "Traders on both sides of the pass welcomed the decision, which they had asked for since the end of the summer.",
    "A spokeswoman for the council said that lorries of more than twelve tonnes would have to wait until the spring.",
    "Marenia, which shares the pass with Velden, has promised to pay for one of the bridges and for half of the road.",
    "The first bus is to leave on Friday morning, an hour before sunrise, with the mayors of both towns on board.",
]
HEADLINE = "Velden reopens the road through the pass"
STANDFIRST = "Two bridges were buried in spring, and traders had waited for months"


def page(body: str = "", title: str = HEADLINE, head: str = "") -> str:
    prose = "".join(f"<p>{text}</p>" for text in PROSE)
    return (
        f"<!DOCTYPE html><html><head><title>{title}</title>{head}</head>"
        f"<body><header><h1>{HEADLINE}</h1></header><article>{body}{prose}</article></body></html>"
    )


def only(tmp_path, content: str | bytes) -> Document:
    path = tmp_path / "a.html"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    (document,) = read_documents([path])
    return document


def sentences(tmp_path, content: str | bytes) -> list[str]:
    return [sentence.text for sentence in split(only(tmp_path, content).text)]


def test_a_headline_is_read_where_the_title_adds_the_site_or_turns_the_phrase(tmp_path):
    for title in (f"{HEADLINE} | Northern Wire | 19.01.2020", "League of Velden reopens road through the pass"):
        assert sentences(tmp_path, page(title=title))[0] == HEADLINE


def test_the_standfirst_is_read_once_behind_the_headline_and_only_where_a_reader_sees_it(tmp_path):
    head = f'<meta name="description" content="{STANDFIRST}">'
    seen = page(head=head).replace("</header>", f'<div class="teaser">{STANDFIRST}</div></header>')
    assert sentences(tmp_path, seen)[:3] == [HEADLINE, STANDFIRST, PROSE[0]]
    assert STANDFIRST not in sentences(tmp_path, page(head=head))
    assert sentences(tmp_path, page(f"<p>{STANDFIRST}.</p>", head=head)).count(f"{STANDFIRST}.") == 1


def test_line_breaks_of_the_source_tear_no_sentence(tmp_path):
    link = "<a href='x'>June\n2010</a>"
    wrapped = f"<p>The talks lasted until\n{link}, when\nVelden and\nMarenia signed a <b>treaty</b>.\n</p>"
    wanted = "The talks lasted until June 2010, when Velden and Marenia signed a treaty."
    assert wanted in sentences(tmp_path, page(wrapped))


def test_what_a_server_prints_before_the_page_hides_nothing(tmp_path):
    warning = "<br />\n<b>Warning</b>: constant undefined in <b>/srv/page</b> on line <b>9</b><br />\n"
    assert sentences(tmp_path, warning + page()) == sentences(tmp_path, page())


def test_a_page_in_windows_1252_a_fragment_and_a_page_saved_with_its_frames_read_alike(tmp_path):
    quoted = page("<p>“We will pay nothing – not now,” the premier’s office said on Tuesday in the capital.</p>")
    declared = quoted.replace("<head>", '<head><meta charset="iso-8859-1">')
    saved = "<!-- saved from url=(0042)https://wire.example/road -->\n" + quoted.replace(
        "<header>", '<iframe src="road_files/ad.html"></iframe><header>'
    )
    wanted = sentences(tmp_path, quoted)
    assert sentences(tmp_path, declared.encode("cp1252")) == wanted
    assert sentences(tmp_path, saved) == wanted
    fragment = quoted.split("<article>")[1].split("</article>")[0]
    assert sentences(tmp_path, fragment) == wanted[1:]


def test_prose_that_is_set_line_by_line_is_read_in_paragraphs_and_code_is_left_alone(tmp_path):
    preformatted = (
        "<pre>\nThe road reopens before winter, the council said, and\nMarenia pays for it.\n\nSo be it.</pre>"
    )
    read = sentences(tmp_path, page(preformatted))
    assert "The road reopens before winter, the council said, and Marenia pays for it." in read
    assert "So be it." in read
    code = "<pre>x = {1: [2, 3]}\nY = {4: [5, 6]}</pre>"
    assert not any("} Y" in sentence for sentence in sentences(tmp_path, page(code)))


def test_a_page_through_standard_input_is_read_as_a_page(monkeypatch):
    _piped.cache_clear()
    piped = io.TextIOWrapper(io.BytesIO(b"<!-- from a cache -->\n" + page().encode()))
    monkeypatch.setattr("sys.stdin", piped)
    (document,) = read_documents(["-"])
    _piped.cache_clear()
    assert document.id == "stdin"
    assert document.metadata["title"] == HEADLINE
    assert "<p>" not in document.text


def test_a_site_that_gives_an_address_for_its_name_is_called_by_its_host(tmp_path):
    url = '<link rel="canonical" href="https://www.kell.example/road">'
    account = '<meta property="og:site_name" content="https://www.social.example/kell">'
    assert only(tmp_path, page(head=url + account)).metadata["site"] == "kell.example"


def test_a_paragraph_that_is_a_place_to_link_to_is_no_link(tmp_path):
    asked = "Was the council asked whether lorries of more than twelve tonnes would pass before the spring?"
    named = f'<p><b>Ana Pell: </b><a name="lorries">{asked} {PROSE[1]} {PROSE[2]}</a></p>'
    middle = page().replace(f"<p>{PROSE[1]}</p><p>{PROSE[2]}</p>", named)
    assert any(asked in sentence for sentence in sentences(tmp_path, middle))


@pytest.mark.parametrize("code", ["&#1;", "&#11;", "&#12;", "&#x1F;", "&#xFFFE;", "&#xFFFF;"])
def test_characters_that_no_page_may_hold_are_left_out_wherever_they_stand(tmp_path, code):
    wrapped = f"<p>The council {code} said on\nMonday that the road was open.</p>"
    listed = f"<ol><li>The {code} second bridge is to be built.</li></ol>"
    preformatted = f"<pre>Marenia {code} pays for the first\nbridge, the council said.</pre>"
    document = only(tmp_path, page(f"{wrapped}{listed}{preformatted}", title=f"{HEADLINE}{code}"))
    assert "The council said on Monday that the road was open." in " ".join(document.text.split())
    assert "Marenia pays for the first bridge, the council said." in " ".join(document.text.split())
    assert document.metadata["title"] == HEADLINE
    short = only(tmp_path, f"<html><body><div>Closed {code} today</div></body></html>")
    assert short.text.split() == ["Closed", "today"]


def test_a_site_whose_name_is_no_address_keeps_it(tmp_path):
    name = '<meta property="og:site_name" content="http://[site">'
    assert only(tmp_path, page(head=name)).metadata["site"].lower() == "http://[site"


@pytest.mark.parametrize(
    "inner",
    [
        "<script>var s = '<html><body>';</script>",
        "<!-- <html> -->",
        '<iframe srcdoc="<html><body>Buy a lorry</body></html>"></iframe>',
        "<p>The page began with <html></p>",
    ],
)
@pytest.mark.parametrize("opening", ["", "<body>", "<!-- kept by a cache --><body>", "<html><body>"])
def test_a_page_that_begins_within_another_hides_nothing_before_it(tmp_path, opening, inner):
    paragraphs = [f"<p>{text}</p>" for text in PROSE]
    read = sentences(tmp_path, opening + "".join([*paragraphs[:3], inner, *paragraphs[3:]]))
    assert [sentence for sentence in read if sentence in PROSE] == PROSE


def test_what_a_server_prints_before_a_commented_page_hides_nothing(tmp_path):
    warning = "<br />\n<b>Warning</b>: constant undefined in <b>/srv/page</b> on line <b>9</b><br />\n<!-- a <p> -->"
    assert sentences(tmp_path, warning + page()) == sentences(tmp_path, page())


def test_what_stands_before_a_page_as_a_block_hides_neither_itself_nor_the_page(tmp_path):
    read = sentences(tmp_path, f"<p>{STANDFIRST}.</p>" + page())
    assert set(PROSE) <= set(read)
    assert only(tmp_path, "<script>let a = 1</script>" + page()).metadata["title"] == HEADLINE


def test_a_long_run_of_spaces_is_read_in_time_that_grows_with_its_length(tmp_path):
    begun = time.process_time()
    only(tmp_path, page("<p>The road\nopens" + 100_000 * " " + "on Monday.</p>"))
    assert time.process_time() - begun < 5  # what tries each end of the run takes half a minute


def test_code_and_tables_that_are_set_line_by_line_keep_their_lines(tmp_path):
    code = ["x = {1: [2, 3],", "y: [5, 6],", "z: [7, 8]}"]
    table = ["Velden 1 204 = 55 %,", "marenia 980 = 45 %,", "kell 7 = 0 %"]
    for lines in (code, table):
        read = only(tmp_path, page("<pre>" + "\n".join(lines) + "</pre>")).text.split("\n")
        assert set(lines) <= set(read)


def test_what_only_opens_with_the_description_and_goes_on_for_long_is_no_standfirst(tmp_path):
    head = f'<meta name="description" content="{STANDFIRST}, and {PROSE[1]}">'
    opened = f"{STANDFIRST}, and {PROSE[1]}"
    for more, wanted in (([PROSE[2]], True), (PROSE[2:], False)):
        box = f'<footer><div class="footer">{opened} {" ".join(more)}</div></footer></body>'
        read = only(tmp_path, page(head=head).replace("</body>", box)).text
        assert (STANDFIRST in read) is wanted
