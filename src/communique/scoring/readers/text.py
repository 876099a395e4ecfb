"""Plain text and Markdown, with the lines at the head of a file that describe it."""

import itertools
import re
from collections.abc import Iterator
from typing import Any

import yaml

from communique.scoring.encodings import find_encoding
from communique.scoring.source import Columns, Record, Source

# Plain "Key: value" lines at the head are taken for metadata only under these names; YAML may use any.
KEYS = frozenset(
    [
        "title",
        "date",
        "actor",
        "speaker",
        "url",
        "source",
        "author",
        "country",
        "forum",
        "genre",
        "place",
        "language",
        "year",
        "session",
        "publisher",
        "id",
        "from",
        "to",
        "cc",
        "subject",
        "sent",
    ]
)
_NOTE_MARK = re.compile(r"\[\^[\w-]+\]:?\s?")
_HEAD_LINES = 40
# How YAML writes that there is no value.
_NOTHING = ("~", "null")
_LINE_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
# What stands in the middle of a paragraph of HTML; any other element is a paragraph of its own.
_INLINE = re.compile("a|abbr|b|big|br|cite|code|del|em|font|i|img|ins|kbd|mark|q|s|small|span|strong|sub|sup|u")
_PAIR = re.compile(r"([A-Za-z][\w -]{0,30}):[ \t]+(\S.*)")
_YAML_BLOCK = re.compile(r"---[ \t]*\n(.*?\n)(?:---|\.\.\.)[ \t]*(?:\n|$)", re.DOTALL)


def check(source: Source, columns: Columns) -> tuple[str, ...]:
    """Find the encoding and the names in the head of the file."""
    source.encoding = find_encoding(source)
    head = "".join(itertools.islice(source.lines(), _HEAD_LINES)).replace("\r\n", "\n")
    return tuple(split_front_matter(head)[0])


def read(source: Source, columns: Columns) -> Iterator[Record]:
    """The file as one text."""
    metadata, text = split_front_matter(source.text().replace("\r\n", "\n"))
    yield Record(_plain(text) if source.format == "md" else text, metadata)


def split_front_matter(text: str) -> tuple[dict[str, str], str]:
    """Metadata and the text below it: a YAML block between ``---`` lines, or ``Title:`` and ``Date:`` lines.

    A YAML block longer than the head of the file, or one that is not a plain mapping, is text.
    """
    if block := _YAML_BLOCK.match(text):
        metadata = _from_yaml(block[1]) if block[1].count("\n") <= _HEAD_LINES - 2 else None
        return (metadata, text[block.end() :].lstrip("\n")) if metadata is not None else ({}, text)
    return _from_lines(text)


def _from_yaml(block: str) -> dict[str, str] | None:
    try:
        # Scalars as they are written: NO is a country, 012 a number of a paper, a day may be mistyped.
        content = yaml.load(block, Loader=yaml.BaseLoader)
    except (yaml.YAMLError, RecursionError):
        return None
    if not isinstance(content, dict):
        return None
    values = {str(key).strip().lower(): _flat(value) for key, value in content.items()}
    return None if None in values.values() else {key: value for key, value in values.items() if value is not None}


def _flat(value: Any) -> str | None:
    """A scalar or a list of scalars as one string; None for anything deeper."""
    if isinstance(value, list):
        parts = [_flat(part) for part in value if not isinstance(part, list)]
        return "; ".join(map(str, parts)) if len(parts) == len(value) and None not in parts else None
    return None if isinstance(value, dict) else " ".join("" if value in _NOTHING else str(value).split())


def _from_lines(text: str) -> tuple[dict[str, str], str]:
    """``Key: value`` lines under known names, up to a blank line; anything else is text."""
    metadata: dict[str, str] = {}
    position = 0
    for line in text.splitlines(keepends=True):
        if not line.strip():
            break
        pair = _PAIR.fullmatch(line.strip())
        if pair is None or pair[1].lower() not in KEYS:
            return {}, text
        metadata[pair[1].lower()] = pair[2].strip()
        position += len(line)
    return (metadata, text[position:].lstrip("\n")) if text[position:].strip() else ({}, text)


def _plain(markdown: str) -> str:
    """Markdown without its marks: one paragraph, heading or list item a block."""
    from markdown_it import MarkdownIt

    blocks = []
    number = ""
    for token in MarkdownIt("commonmark").enable("table").parse(markdown):
        if token.type == "list_item_open":
            number = f"{token.info}. " if token.info else ""
        elif token.type == "inline":
            blocks.append(number + "".join(map(_words_of, token.children or ())))
            number = ""
        elif token.type in ("fence", "code_block"):
            blocks.append(token.content)
        elif token.type == "html_block":
            blocks.append(_words_of_html(token.content))
    return "\n\n".join(block.strip() for block in blocks if block.strip())


def _words_of(token: Any) -> str:
    """What a reader sees of a piece of a paragraph; nothing of pictures, tags and the marks of notes."""
    if token.type.endswith("break") or (token.type == "html_inline" and _LINE_BREAK.fullmatch(token.content)):
        return "\n"
    if token.type in ("html_inline", "image"):
        return ""
    return _NOTE_MARK.sub("", token.content)


def _words_of_html(content: str) -> str:
    """What a reader sees of a piece of HTML: a blank line between its paragraphs, no scripts, styles and comments."""
    from lxml.etree import iterwalk
    from lxml.html import HTMLParser, document_fromstring

    page = document_fromstring(f"<body>{content}".encode(), parser=HTMLParser(encoding="utf-8"))
    walk, pieces = iterwalk(page, events=("start", "end", "comment", "pi")), []
    for event, element in walk:
        edge = "" if event in ("comment", "pi") or _INLINE.fullmatch(element.tag) else "\n\n"
        if event == "start" and element.tag in ("script", "style"):
            walk.skip_subtree()
        elif event == "start":
            pieces += [edge, element.text or ""]
        else:
            pieces += ["\n" if element.tag == "br" else edge, element.tail or ""]
    lines = (line.strip() for line in "".join(pieces).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines))
