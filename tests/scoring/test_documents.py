"""Reading documents: metadata, ids, encodings, and what is left out."""

import io

import pandas as pd
import pytest

from communique.errors import CommuniqueError
from communique.scoring import source
from communique.scoring.documents import check_inputs, read_documents
from communique.scoring.inputs import ReadingLog
from communique.scoring.sentences import split
from communique.scoring.source import normalise


def frame() -> pd.DataFrame:
    return pd.DataFrame({"text": ["They met. They parted."], "country": ["Oland"], "year": [1999]})


def test_metadata_of_a_table_are_its_other_columns(tmp_path):
    frame().to_csv(tmp_path / "a.csv", index=False)
    frame().to_parquet(tmp_path / "a.parquet")
    frame().to_json(tmp_path / "a.jsonl", orient="records", lines=True)
    frame().to_excel(tmp_path / "a.xlsx", index=False)
    documents = list(read_documents([tmp_path]))
    assert {document.id for document in documents} == {"a.csv#1", "a.jsonl#1", "a.parquet#1", "a.xlsx#1"}
    assert all(document.metadata == {"country": "Oland", "year": "1999"} for document in documents)


ENCODED = {
    "windows marks": ("He said – at last – “no”. Marenia’s envoy left.", "cp1252", "cp1252"),
    "one accent": ("The ministers met. They ate in a café. Nobody spoke of it. " * 3, "latin-1", "cp1252"),
    "Cyrillic": ("Министр заявил, что санкции незаконны и должны быть отменены.", "cp1251", "cp1251"),
    "UTF-16": ("Talks resume.", "utf-16", "utf-16"),
}


@pytest.mark.parametrize("name", ENCODED)
def test_another_encoding_is_read_and_noted(name, tmp_path):
    text, encoding, expected = ENCODED[name]
    (tmp_path / "a.txt").write_bytes(text.encode(encoding))
    log = ReadingLog()
    (document,) = read_documents([tmp_path / "a.txt"], log=log)
    assert document.text == text
    assert document.metadata["encoding"] == expected
    assert expected in log.notes[0]


@pytest.mark.parametrize("encoding", ["mac_roman", "koi8-r", "cp437"])
def test_an_encoding_in_doubt_is_refused_rather_than_guessed(encoding, tmp_path):
    text = "Министр заявил о встрече." if encoding == "koi8-r" else "El señor García llegó el martes."
    (tmp_path / "a.txt").write_bytes(text.encode(encoding))
    with pytest.raises(CommuniqueError, match="iconv"):
        check_inputs([tmp_path / "a.txt"])


def test_a_page_that_declares_its_encoding_is_believed(tmp_path):
    page = "<html><head><meta charset='koi8-r'></head><body><p>Министр заявил о встрече.</p></body></html>"
    (tmp_path / "a.html").write_bytes(page.encode("koi8-r"))
    (document,) = read_documents([tmp_path / "a.html"])
    assert document.text == "Министр заявил о встрече."


def test_sheets_that_are_not_read_are_noted(tmp_path):
    with pd.ExcelWriter(tmp_path / "a.xlsx") as book:
        frame().to_excel(book, sheet_name="one", index=False)
        frame().to_excel(book, sheet_name="two", index=False)
    log = ReadingLog()
    assert len(list(read_documents([tmp_path / "a.xlsx"], log=log))) == 1
    assert "1 more are not" in log.notes[0]


def test_a_pdf_loses_its_running_heads_and_mends_broken_words(tmp_path):
    pymupdf = pytest.importorskip("pymupdf")
    book = pymupdf.open()
    first = [
        "Opening words",
        "The Government of Oland supports co-",
        "operation of a long-",
        "term kind, and no other",
    ]
    for number in range(3):
        page = book.new_page()
        page.insert_text((72, 40), f"A/91/PV.{number + 4}")
        for i, line in enumerate(first if number == 0 else [f"long-term kind, in year {number} after year."]):
            page.insert_text((72, 200 + 14 * i), line)
        page.insert_text((290, 820), f"{number + 1}/3")
    book.save(tmp_path / "a.pdf")
    (document,) = read_documents([tmp_path / "a.pdf"])
    assert [sentence.text for sentence in split(document.text)] == [
        "Opening words",
        "The Government of Oland supports cooperation of a long-term kind, and no other "
        "long-term kind, in year 1 after year.",
        "long-term kind, in year 2 after year.",
    ]


FRONT = "Title: On rivers\nDate: 1999-05-04\nSpeaker: Ms. Tamm\n\nWe shall meet.\n"
YAML = "---\ntitle: On rivers\ntags: [water, ports]\ndate: 1999-05-04\n---\n\nWe shall meet.\n"


def test_front_matter_becomes_metadata_and_leaves_the_text(tmp_path):
    (tmp_path / "a.txt").write_text(FRONT)
    (tmp_path / "b.md").write_text(YAML)
    plain, yaml = read_documents([tmp_path])
    assert plain.text.strip() == yaml.text.strip() == "We shall meet."
    assert plain.metadata == {"title": "On rivers", "date": "1999-05-04", "speaker": "Ms. Tamm"}
    assert yaml.metadata == {"title": "On rivers", "tags": "water; ports", "date": "1999-05-04"}


@pytest.mark.parametrize(
    "text",
    [
        "Warning: not a head.\n\nText.",
        "---\n- a list\n---\nText.",
        "---\n[\n---\nText.",
        "Title: All there is",
    ],
)
def test_what_only_looks_like_front_matter_stays_text(text, tmp_path):
    (tmp_path / "a.txt").write_text(text)
    (document,) = read_documents([tmp_path / "a.txt"])
    assert document.metadata == {}
    assert document.text == text


def test_ids_are_relative_names_and_made_unique(tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder / "deep").mkdir(parents=True)
        (tmp_path / folder / "deep" / "a.txt").write_text("Text.")
    log = ReadingLog()
    assert [d.id for d in read_documents([tmp_path / "one", tmp_path / "two"], log=log)] == [
        "deep/a.txt",
        "deep/a.txt~2",
    ]
    assert len(log.notes) == 1
    assert [d.id for d in read_documents([f"{tmp_path}/*/deep/*.txt"])] == [
        "one/deep/a.txt",
        "two/deep/a.txt",
    ]


def test_a_glob_reads_the_folders_that_it_matches_as_folders(tmp_path):
    for name in ("in/a.txt", "in/one/b.txt", "in/one/deep/c.txt", "in/one/d.png", "in/one/.e.txt", "in/two/f.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("Text.")
    log = ReadingLog()
    names = [document.id for document in read_documents([f"{tmp_path}/in/*"], log=log)]
    assert names == ["a.txt", "one/b.txt", "one/deep/c.txt"]
    assert dict(log.dropped) == {"files of an unknown format": 2}
    assert [document.id for document in read_documents([f"{tmp_path}/*/one/deep*"])] == ["in/one/deep/c.txt"]
    with pytest.raises(CommuniqueError, match="holds no file"):
        check_inputs([f"{tmp_path}/in/tw*"])
    with pytest.raises(CommuniqueError, match=r"d\.png: is of an unknown format"):
        check_inputs([f"{tmp_path}/in/one/d*"])


def test_an_id_column_names_the_documents(tmp_path):
    (tmp_path / "a.jsonl").write_text(
        '{"key": "x", "text": "One."}\n\n{"key": "x", "text": "Two."}\n{"text": "Three."}\n'
    )
    assert [d.id for d in read_documents([tmp_path / "a.jsonl"], id_column="key")] == ["x", "x~2", "3"]


def test_what_a_folder_leaves_out_is_counted(tmp_path):
    (tmp_path / "a.txt").write_text("Text.")
    (tmp_path / "b.png").write_bytes(b"\x89PNG")
    (tmp_path / ".hidden.txt").write_text("No.")
    (tmp_path / "c.csv").write_text('text\n""\nText.\n')
    log = ReadingLog()
    assert len(list(read_documents([tmp_path, tmp_path / "a.txt"], log=log))) == 2
    assert dict(log.dropped) == {
        "files of an unknown format": 1,
        "documents without text": 1,
        "files named twice": 1,
    }


def test_standard_input_is_one_document(monkeypatch):
    source._piped.cache_clear()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"Title: A\n\nWe meet. We part.")))
    (document,) = read_documents(["-"])
    assert (document.id, document.text, document.metadata) == ("stdin", "We meet. We part.", {"title": "A"})
    source._piped.cache_clear()


def test_normalised_text_can_always_be_written():
    text = normalise("A\ud800B\x00C\r\nD\u2028E\u00adF e\u0301")
    assert text == "A\ufffdB C\nD\nEF é"
    assert text.encode("utf-8")
