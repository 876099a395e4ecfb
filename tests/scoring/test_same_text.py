"""One text with headings, a list and quotations, saved in every format: the same sentences, holders and scores."""

import bz2
import gzip
import html
import json
import lzma
from collections.abc import Callable, Sequence
from pathlib import Path
from unicodedata import normalize

import pandas as pd
import pytest

from communique.scoring.documents import read_documents
from communique.scoring.scorer import score

TITLE = "Joint Statement on the Kessel Straits"
# What each paragraph is: a heading, running text, a quotation, an item of a list.
PARAGRAPHS = [
    ("h1", TITLE),
    ("p", "The ministers of Marenia and Oland met in Lessing on 3 May at the invitation of H.E. Mr. J. Osvald, who "
     "spoke of a new chapter in the relations of both countries and of the café where it had begun nine years ago."),
    ("h2", "Sanctions"),
    ("p", "Marenia rejects the sanctions imposed under Decree No. 14. In the U.S. Congress, too, voices are now raised "
     "against them, as was recalled in document S/2031/7, para. 5. Will they be heard?"),
    ("blockquote", "“We will not be lectured by anyone,” the Foreign Minister of Oland told the press. “Our ports stay "
     "open to all who come in peace. That will not change.”"),
    ("h2", "Next steps"),
    ("p", "The two sides agreed on the following:"),
    ("li", "to cooperate in the fight against terrorism;"),
    ("li", "to oppose any sanctions that were not decided by the Council, in particular those that keep food "
     "and medicine from the people who need them;"),
    ("li", "to meet again in the autumn."),
    ("p", "1. The Ministers thanked the people of Lessing for their hospitality."),
    ("p", "2. They condemned all acts of terrorism and expressed their sympathy with the families of the victims."),
]  # fmt: skip
TEXT = "\n\n".join(f"- {text}" if kind == "li" else text for kind, text in PARAGRAPHS)


def page(style: str = "") -> str:
    body = "".join(f"<{kind}>{html.escape(text)}</{kind}>" for kind, text in PARAGRAPHS).replace(
        "</p><li>", "</p><ul><li>"
    )
    return f"<html><head><title>{TITLE}</title>{style}</head><body>{{}}<article>{body}</article>{{}}</body></html>"


def write_html(path: Path) -> None:
    menu = "<nav><ul><li><a href='/a'>Home</a></li><li><a href='/b'>Press Service</a></li></ul></nav>"
    foot = "<div class='share'><a href='#'>Share on Telegram</a></div><footer>© 2031 The Ministry. All rights reserved."
    path.write_text(page().format(menu, f"{foot}</footer>"), "utf-8")


COLUMNS = [(0, (60, 80, 535, 760)), (1, (60, 80, 285, 760)), (1, (310, 80, 535, 760))]
PAGES = [(number, (60, 80, 535, 760)) for number in range(3)]


def write_pdf(path: Path, places: Sequence[tuple[int, tuple[float, ...]]] = COLUMNS) -> None:
    """Pages with running head and foot and justified lines; ``places`` are the page and box of each third."""
    pymupdf = pytest.importorskip("pymupdf")
    book = pymupdf.open()
    css = "* {font-family: serif; font-size: 11px; text-align: justify} h1 {font-size: 18px} h2 {font-size: 14px}"
    last = max(number for number, _ in places)
    for number in range(last + 1):
        sheet = book.new_page()
        sheet.insert_text((60, 40), "Kessel Straits — final text", fontsize=9)
        sheet.insert_text((290, 820), f"{number + 1}/{last + 1}", fontsize=9)
    for part, (number, place) in zip((PARAGRAPHS[:5], PARAGRAPHS[5:10], PARAGRAPHS[10:]), places, strict=True):
        body = "".join(f"<{kind}>{html.escape(text)}</{kind}>" for kind, text in part)
        book[number].insert_htmlbox(pymupdf.Rect(place), body, css=css)
    book.save(path)


def write_docx(path: Path) -> None:
    docx = pytest.importorskip("docx")
    styles = {"h1": "Title", "h2": "Heading 2", "li": "List Bullet", "blockquote": "Quote", "p": None}
    document = docx.Document()
    document.sections[0].header.paragraphs[0].text = "Draft of 3 May"
    for kind, text in PARAGRAPHS:
        document.add_paragraph(text, style=styles[kind])
    document.save(str(path))


def write_numbered_docx(path: Path) -> None:
    """The numbers of the last paragraphs are Word's own."""
    docx = pytest.importorskip("docx")
    document = docx.Document()
    for kind, text in PARAGRAPHS:
        number, _, rest = text.partition(". ")
        style = "List Number" if number.isdecimal() else "List Bullet" if kind == "li" else None
        document.add_paragraph(rest if number.isdecimal() else text, style=style)
    document.save(str(path))


def frame() -> pd.DataFrame:
    return pd.DataFrame({"text": [TEXT], "forum": ["Straits"]})


WRITERS: dict[str, Callable[[Path], object]] = {
    "a.txt": lambda path: path.write_text(TEXT, "utf-8"),
    "bom.txt": lambda path: path.write_text(TEXT, "utf-8-sig"),
    "crlf.txt": lambda path: path.write_bytes(TEXT.replace("\n", "\r\n").encode()),
    "decomposed.txt": lambda path: path.write_text(normalize("NFD", TEXT), "utf-8"),
    "windows.txt": lambda path: path.write_bytes(TEXT.encode("cp1252")),
    "bullets.txt": lambda path: path.write_text(TEXT.replace("\n- ", "\n• "), "utf-16"),
    "a.md": lambda path: path.write_text(
        TEXT.replace("Sanctions\n", "## Sanctions\n", 1).replace("Oland", "**Oland**"), "utf-8"
    ),
    "a.html": write_html,
    "columns.pdf": write_pdf,
    "pages.pdf": lambda path: write_pdf(path, PAGES),
    "a.docx": write_docx,
    "numbered.docx": write_numbered_docx,
    "a.csv": lambda path: frame().to_csv(path, index=False),
    "semicolons.csv": lambda path: frame().to_csv(path, index=False, sep=";"),
    "a.tsv": lambda path: frame().to_csv(path, index=False, sep="\t"),
    "a.jsonl": lambda path: frame().to_json(path, orient="records", lines=True),
    "a.parquet": lambda path: frame().to_parquet(path),
    "a.xlsx": lambda path: frame().to_excel(path, index=False),
    "a.txt.gz": lambda path: path.write_bytes(gzip.compress(TEXT.encode())),
    "a.jsonl.gz": lambda path: path.write_bytes(gzip.compress(json.dumps({"text": TEXT}).encode())),
    "a.txt.bz2": lambda path: path.write_bytes(bz2.compress(TEXT.encode())),
    "a.txt.xz": lambda path: path.write_bytes(lzma.compress(TEXT.encode())),
}
KNOWN = ["text", "speaker", "holder", "holder_source", "language", "prob_red", "prob_green", "labels", "review"]


@pytest.fixture(scope="module")
def expected() -> list[str]:
    """The sentences as a reader would number them."""
    return [
        TITLE,
        PARAGRAPHS[1][1],
        "Sanctions",
        "Marenia rejects the sanctions imposed under Decree No. 14.",
        "In the U.S. Congress, too, voices are now raised against them, as was recalled in document S/2031/7, para. 5.",
        "Will they be heard?",
        "“We will not be lectured by anyone,” the Foreign Minister of Oland told the press.",
        "“Our ports stay open to all who come in peace.",
        "That will not change.”",
        "Next steps",
        *(text for _, text in PARAGRAPHS[6:]),
    ]


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_gives_the_same_sentences_holders_and_scores(name, tmp_path, model, expected):
    WRITERS[name](tmp_path / name)
    (tmp_path / "plain.txt").write_text(TEXT, "utf-8")
    (table,) = score(model, read_documents([tmp_path / name]))
    (plain,) = score(model, read_documents([tmp_path / "plain.txt"]))
    assert table["text"].tolist() == expected
    pd.testing.assert_frame_equal(table[KNOWN], plain[KNOWN])
    (document,) = read_documents([tmp_path / name])
    for start, end, text in table[["start", "end", "text"]].itertuples(index=False):
        assert " ".join(document.text[start:end].split()) == text
