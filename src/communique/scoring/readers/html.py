"""Web pages: the article's text without menus, banners and footers."""

import codecs
import re
from collections.abc import Iterator

from communique.errors import CommuniqueError
from communique.scoring.encodings import find_encoding
from communique.scoring.source import Columns, Record, Source

FIELDS = ("title", "date", "url", "site")
_DECLARED = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([\w-]{1,40})", re.IGNORECASE)


def check(source: Source, columns: Columns) -> tuple[str, ...]:
    """Find the encoding, declared or detected, and make sure that the page holds text at all."""
    from trafilatura import html2txt

    source.encoding = find_encoding(source, _declared_encoding(source))
    if not any(map(str.isalpha, html2txt(source.text()))):
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
    """The page as one text, a blank line between paragraphs.

    Where trafilatura finds no article, all visible text is taken.
    """
    from trafilatura import bare_extraction, html2txt

    page = source.text()
    found = bare_extraction(page, with_metadata=True, include_comments=False, include_tables=True)
    if found is None or not (found.text or "").strip():
        yield Record(html2txt(page), dict.fromkeys(FIELDS, ""))
        return
    values = (found.title, found.date, found.url, found.sitename)
    metadata = {name: " ".join((value or "").split()) for name, value in zip(FIELDS, values, strict=True)}
    yield Record("\n\n".join(line for line in found.text.split("\n") if line.strip()), metadata)
