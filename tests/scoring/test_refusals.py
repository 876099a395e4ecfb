"""What cannot be read is refused in one sentence, before anything else is read or written."""

import base64
import gzip
import io
import zipfile
import zlib

import pytest

from communique.errors import CommuniqueError
from communique.scoring.documents import check_inputs, read_documents
from communique.scoring.source import Limits


def zipped(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


BAD = {
    "empty.txt": (b"", "is empty"),
    "binary.txt": (b"abc\x00\x01\x02", "NUL"),
    "unclear.txt": (bytes(range(128, 256)) * 20, "encoding cannot be told"),
    "picture.png": (b"\x89PNG", "unknown format"),
    "archive.tar.gz": (gzip.compress(b"x", mtime=0), "unknown format"),
    "cut.txt.gz": (gzip.compress(b"Talks go on.", mtime=0)[:-12], "gzip"),
    "notgz.txt.gz": (b"plain text", "gzip"),
    "empty.html": (b"<html><body><script>let a = 1</script></body></html>", "holds no text"),
    "bad.pdf": (b"%PDF-1.4 nothing", "PDF"),
    "bad.docx": (b"PK nothing", "Word"),
    "other.docx": (zipped("a.txt", b"x"), "Word"),
    "bad.xlsx": (b"PK nothing", "Excel"),
    "other.xlsx": (zipped("a.txt", b"x"), "Excel"),
    "bad.parquet": (b"PAR1 nothing", "Parquet"),
    "nocolumn.csv": (b"body,year\nText.,1999\n", "no column 'text'"),
    "twice.csv": (b"text,year,year\nText.,1,2\n", "stands twice"),
    "bad.jsonl": (b'{"text": "One."}\n{"text": \n', "line 2"),
    "list.jsonl": (b"[1, 2]\n", "line 1"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_file_that_cannot_be_read_is_refused_in_one_sentence(name, tmp_path):
    content, expected = BAD[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CommuniqueError, match=expected) as caught:
        check_inputs([tmp_path / name])
    assert str(tmp_path / name) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["missing.txt", "missing", "none-*.txt"])
def test_a_missing_file_is_refused(name, tmp_path):
    with pytest.raises(CommuniqueError, match=r"cannot be read|no file matches"):
        check_inputs([str(tmp_path / name)])


def test_an_empty_folder_and_no_input_are_refused(tmp_path):
    with pytest.raises(CommuniqueError, match="holds no file"):
        check_inputs([tmp_path])
    with pytest.raises(CommuniqueError, match="nothing to read"):
        check_inputs([])


def test_a_row_that_does_not_fit_is_named(tmp_path):
    (tmp_path / "a.csv").write_text("text,year\nOne.,1\nTwo, three.,2\n")
    with pytest.raises(CommuniqueError, match="line 3: has 3 fields"):
        list(read_documents([tmp_path / "a.csv"]))


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.txt", b"x" * 2000), ("a.txt.gz", gzip.compress(b"x" * 5000, mtime=0))],
    ids=["plain", "packed"],
)
def test_too_large_a_file_is_refused(name, content, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CommuniqueError, match="MB"):
        check_inputs([tmp_path / name], limits=Limits(file=1000, unpacked=2000))


def test_a_zip_bomb_is_refused_unopened(tmp_path):
    (tmp_path / "a.docx").write_bytes(zipped("word/document.xml", b"0" * 5_000_000))
    with pytest.raises(CommuniqueError, match="unpacks to more"):
        check_inputs([tmp_path / "a.docx"], limits=Limits(unpacked=1_000_000))


def in_ascii85(body):
    return base64.a85encode(zlib.compress(body)) + b"~>"


def in_hex(body):
    return zlib.compress(zlib.compress(body)).hex().encode() + b">"


@pytest.mark.parametrize(
    ("filters", "encode"),
    [("/FlateDecode", zlib.compress), ("[/ASCII85Decode /FlateDecode]", in_ascii85), ("[/AHx /Fl /Fl]", in_hex)],
    ids=["packed", "as text", "twice"],
)
def test_a_pdf_page_that_draws_without_end_is_refused_undrawn(filters, encode, tmp_path):
    pymupdf = pytest.importorskip("pymupdf")
    book = pymupdf.open()
    for words in ("The ministers agreed to meet again.", "And so they did."):
        book.new_page().insert_text((72, 72), words)
    (number,) = book[1].get_contents()
    book.update_stream(number, encode(book.xref_stream(number) + b" q Q" * 100_000), compress=False)
    book.xref_set_key(number, "Filter", filters)
    book.save(tmp_path / "a.pdf")
    (document,) = read_documents([tmp_path / "a.pdf"])
    assert document.text.endswith("And so they did.")
    with pytest.raises(CommuniqueError, match="page 2 draws more than"):
        check_inputs([tmp_path / "a.pdf"], limits=Limits(page=300_000))


def test_a_locked_pdf_and_one_of_images_are_refused(tmp_path):
    pymupdf = pytest.importorskip("pymupdf")
    book = pymupdf.open()
    book.new_page()
    book.save(tmp_path / "blank.pdf")
    book[0].insert_text((72, 72), "Secret.")
    book.save(tmp_path / "locked.pdf", encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="a", owner_pw="b")
    for name, expected in {"blank.pdf": "OCR", "locked.pdf": "password"}.items():
        with pytest.raises(CommuniqueError, match=expected):
            check_inputs([tmp_path / name])
