"""Web pages: the article's text without menus, banners and footers."""

import codecs
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from communique.errors import CommuniqueError
from communique.scoring.encodings import find_encoding
from communique.scoring.paragraphs import paragraphs
from communique.scoring.source import Columns, Record, Source

if TYPE_CHECKING:
    from lxml.html import HtmlElement

FIELDS = ("title", "date", "url", "site")
_DECLARED = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([\w-]{1,40})", re.IGNORECASE)
# The first of these that is no comment tells whether a page begins there, or what is part of one.
_BEGIN = re.compile(
    r"<!--.*?-->|(?P<page><!doctype\s|<html\b)"
    r"|<(?:!--|(?:head|body|p|div|h[1-6]|article|section|main|script|style|iframe|template|textarea)\b)",
    re.IGNORECASE | re.DOTALL,
)
# Characters that a page can write as &#1; and that XML, and so every text that is put into a tree, forbids.
_FORBIDDEN = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BREAKS = re.compile(r"(?:<br\s*/?>(?:\s|&nbsp;)*){2,}", re.IGNORECASE)
# Raised links to notes, lists of links into the page itself (its contents), and what stands under a picture.
PRUNED = [
    "//sup[a]",
    "//*[self::ul or self::ol][.//a[starts-with(@href, '#')]][not(.//li[not(.//a[starts-with(@href, '#')])])]",
    "//figcaption",
]
# Text that is set line by line is prose, and no code or table, where such a share of it is letters and spaces.
PROSE = 0.85
# A cell of so many words, or one that holds blocks, makes its table a layout and no table of figures.
LONG_CELL = 40
# A headline of so many words may differ from the title in the rest of this share of them.
HEADLINE, ALIKE = 3, 0.6
# So many letters settle that two openings are the same.
OPENING = 60
_DESCRIBED = "//meta[@name='description' or @property='og:description']/@content"
_NARROW = "//p | //h2 | //h3 | //h4 | //*[self::div or self::span or self::strong][not(.//div or .//p or .//li)]"
_WRAPPED = "//text()[contains(., '\n')][not(ancestor::pre or ancestor::script or ancestor::style)]"
_PROSE = ("p", *["a", "b", "strong", "i", "em", "u", "font", "span", "cite", "q"])
_SPACES = re.compile(r"\s+")
_INLINE = ("b", "strong", "i", "em", "u", "font", "span", "a", "br", "img", "sup", "big")
_LOOSE = "preceding-sibling::*[self::b or self::strong or self::font] or preceding-sibling::text()[normalize-space()]"
_BLOCKS = "descendant::table or descendant::p or descendant::div or descendant::br or descendant::ul"


def check(source: Source, columns: Columns) -> tuple[str, ...]:
    """Find the encoding, declared or detected, and make sure that the page holds text at all."""
    from trafilatura import html2txt

    source.encoding = find_encoding(source, _declared_encoding(source))
    tree = _tree(_whole_page(source.text()))
    if tree is None or not any(map(str.isalpha, html2txt(tree))):
        raise CommuniqueError(f"{source.path}: this page holds no text; save it after it has loaded, or leave it out")
    return FIELDS


def _declared_encoding(source: Source) -> str | None:
    """What the page's own ``<meta charset>`` says, if Python knows it; Latin-1 is read as browsers read it."""
    match = _DECLARED.search(next(iter(source.chunks()), b"")[:4096])
    try:
        name = codecs.lookup(match[1].decode("ascii")).name if match else None
    except LookupError:
        return None
    return "cp1252" if name in ("iso8859-1", "ascii") else name


def read(source: Source, columns: Columns) -> Iterator[Record]:
    """The page as one text, a blank line between paragraphs, its headline first.

    Where trafilatura finds no article, all visible text is taken.
    """
    from trafilatura import bare_extraction, html2txt

    page = _whole_page(source.text())
    tree = _tree(page)
    headlines = [] if tree is None else [_line(h.text_content()) for h in tree.iter("h1")]
    standfirst = "" if tree is None else _standfirst(tree)
    if tree is not None:
        _open_layout(tree)
    found = bare_extraction(
        page if tree is None else tree,
        with_metadata=True,
        include_comments=False,
        include_tables=True,
        # What a page says of its date, not whatever year its text mentions.
        date_extraction_params={"extensive_search": False, "original_date": True},
        prune_xpath=PRUNED,
    )
    if found is None or not (found.text or "").strip():
        yield Record(html2txt(page if tree is None else _tree(page)), dict.fromkeys(FIELDS, ""))
        return
    values = (found.title, found.date, found.url, _site(found.sitename or "", found.url or ""))
    metadata = {name: _line(_allowed(value or "")) for name, value in zip(FIELDS, values, strict=True)}
    headline = _headline(headlines, metadata["title"])
    yield Record("\n\n".join(_with_opening(_paragraphs(found.text), headline, standfirst)), metadata)


def _tree(page: str) -> "HtmlElement | None":
    """The page's elements, their text without what XML forbids; nothing if it cannot be read as a page."""
    from trafilatura.utils import load_html

    tree: HtmlElement | None = load_html(page)
    for element in () if tree is None else tree.iter():
        if element.text and _FORBIDDEN.search(element.text):
            element.text = _allowed(element.text)
        if element.tail and _FORBIDDEN.search(element.tail):
            element.tail = _allowed(element.tail)
    return tree


def _allowed(text: str) -> str:
    """A text without what XML forbids; a line or page feed, which parts words, becomes a space."""
    return _FORBIDDEN.sub(lambda match: " " if match[0] in "\v\f" else "", text)


def _site(name: str, url: str) -> str:
    """The site's name; where a page gives an address instead, perhaps that of its account elsewhere, its own host."""
    try:
        host = urlsplit(url or name).hostname if "://" in name else None
    except ValueError:  # an address that is none, as http://[site
        return name
    return host.removeprefix("www.") if host else name


def _line(text: str) -> str:
    """A text on one line."""
    return " ".join(text.split())


def _whole_page(page: str) -> str:
    """A mere fragment made a page, and a paragraph where two line breaks stand for one.

    What stands before the page, as a server's warnings do, is no part of it; what begins inside text, scripts or
    frames is no page.
    """
    first = next((found for found in _BEGIN.finditer(page) if found["page"] or not found[0].endswith("-->")), None)
    whole = first is not None and first["page"] is not None
    page = _BREAKS.sub("<p>", page[first.start() :] if first and whole else page)
    return page if whole else f"<html>{page}</html>"


def _open_layout(tree: "HtmlElement") -> None:
    """Tables that only arrange the page become plain blocks; the items of numbered lists get their numbers.

    Line breaks of the source, which a browser shows as spaces, become spaces.
    """
    for place in tree.xpath("//a[not(@href)]"):
        place.drop_tag()  # a place to link to, whose words extraction would take for a link
    for text in tree.xpath(_WRAPPED):
        parent = text.getparent()
        between = "\n" if text.isspace() and parent.tag not in _PROSE else " "
        line = _unwrapped(text, between)
        parent.text, parent.tail = (line, parent.tail) if text.is_text else (parent.text, line)
    for table in tree.xpath("//table"):
        cells = table.xpath(".//td")
        if any(cell.xpath(_BLOCKS) or len(cell.text_content().split()) > LONG_CELL for cell in cells):
            for element in (table, *table.xpath("./tr | ./tbody | ./*/tr | ./tr/td | ./*/tr/td")):
                element.tag = "div"
    for preformatted in tree.xpath("//pre[not(.//code or .//span)]"):
        _open_preformatted(preformatted)
    for centred in tree.xpath("//center[not(descendant::table or descendant::p or descendant::div)]"):
        centred.tag = "p"
    for paragraph in tree.xpath(f"//p[not(preceding-sibling::p)][{_LOOSE}]"):
        _wrap_loose(paragraph)
    for items in tree.xpath("//ol[not(@type) or @type='1']"):
        begin = items.get("start", "1")
        for number, item in enumerate(items.findall("li"), int(begin) if begin.isdecimal() else 1):
            into = item if (item.text or "").strip() or not len(item) else item[0]
            into.text = f"{number}. {(into.text or '').lstrip()}"


def _unwrapped(text: str, between: str) -> str:
    """A text with this in place of each run of spaces that holds a line break; other runs stay as they are."""
    return _SPACES.sub(lambda run: between if "\n" in run[0] else run[0], text)


def _open_preformatted(element: "HtmlElement") -> None:
    """Prose that is set line by line, as press releases once were, becomes paragraphs."""
    text, tail = element.text_content(), element.tail
    if sum(c.isalpha() or c.isspace() for c in text) < PROSE * len(text):
        return
    element.clear()
    element.tag, element.tail = "div", tail
    for start, end in paragraphs(text):
        paragraph = element.makeelement("p")
        paragraph.text = _line(text[start:end])
        element.append(paragraph)


def _wrap_loose(paragraph: "HtmlElement") -> None:
    """Words that stand bare before the first paragraph of a block become a paragraph of their own."""
    parent, before = paragraph.getparent(), list(paragraph.itersiblings(preceding=True))[::-1]
    if any(element.tag not in _INLINE for element in before):
        return
    wrapper = paragraph.makeelement("p")
    wrapper.text, parent.text = parent.text, None
    wrapper.extend(before)
    parent.insert(0, wrapper)


def _paragraphs(text: str) -> list[str]:
    """The lines of an extracted text; of a table's row each cell is one."""
    lines = (line.strip() for line in text.split("\n"))
    cells = (line.strip("| ").split(" | ") if line.startswith("|") else [line] for line in lines)
    return [cell.strip() for row in cells for cell in row if set(cell.strip()) - set("|-: ")]


def _headline(headlines: list[str], title: str) -> str:
    """The headline that says what the title says, but for the site's name or another turn of phrase."""
    told = set(re.findall(r"\w+", title.casefold()))
    same = [headline for headline in headlines if headline and headline.casefold() == title.casefold()]
    for headline in headlines if not same else ():
        spoken = re.findall(r"\w+", headline.casefold())
        if len(spoken) >= HEADLINE and sum(word in told for word in spoken) >= ALIKE * len(spoken):
            return headline
    return same[0] if same else ""


def _standfirst(tree: "HtmlElement") -> str:
    """What the page's head says of it, if a reader sees it too: the sentences below the headline."""
    described = {_letters(content) for content in tree.xpath(_DESCRIBED)}
    for element in tree.xpath(_NARROW) if any(described) else ():
        text = _line(element.text_content())
        letters = _letters(text)
        if letters in described - {""} or (len(letters) > OPENING and _begins(letters, described)):
            return text
    return ""


def _begins(letters: str, described: set[str]) -> bool:
    """Whether a text opens with one of these, which may have been cut short."""
    return any(len(d) > OPENING and letters.startswith(d) and len(letters) < 3 * len(d) for d in described)


def _letters(text: str) -> str:
    """Letters and digits only, in lower case, to compare by."""
    return "".join(filter(str.isalnum, text.casefold()))


def _with_opening(paragraphs: list[str], headline: str, standfirst: str) -> list[str]:
    """The paragraphs with headline and standfirst before them, where extraction left these out."""
    first = [_line(paragraph).casefold() for paragraph in paragraphs[:3]]
    at = first.index(headline.casefold()) + 1 if headline.casefold() in first else 0
    opening = [] if at or not headline else [headline]
    if standfirst and _letters(standfirst)[:OPENING] not in _letters(" ".join(paragraphs + opening)):
        opening.append(standfirst)
    return [*paragraphs[:at], *opening, *paragraphs[at:]]
