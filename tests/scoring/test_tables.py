"""Tables that do not keep to their own form: nothing of them goes unread or untold."""

import re
import zipfile
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from communique.errors import CommuniqueError
from communique.scoring.documents import check_inputs, read_documents
from communique.scoring.inputs import ReadingLog


def sheet(path: Path, *rows: list) -> Path:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def test_a_sheet_is_read_to_its_end_whatever_size_it_claims(tmp_path):
    whole = sheet(tmp_path / "whole.xlsx", ["date", "text"], [1999, "They met."], [2000, "They parted."])
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(tmp_path / "a.xlsx", "w") as new:
        for name in old.namelist():
            content, changed = re.subn(rb'<dimension ref="[^"]*"', b'<dimension ref="A1"', old.read(name))
            assert changed == name.endswith("sheet1.xml")
            new.writestr(name, content)
    documents = list(read_documents([tmp_path / "a.xlsx"]))
    assert [document.text for document in documents] == ["They met.", "They parted."]
    assert [document.metadata["date"] for document in documents] == ["1999", "2000"]


def test_cells_under_no_column_name_are_counted(tmp_path):
    rows = ["text", None, "date"], ["They met.", "aside", 1999, "beyond"], ["They parted."]
    log = ReadingLog()
    documents = list(read_documents([sheet(tmp_path / "a.xlsx", *rows)], log=log))
    assert [document.metadata for document in documents] == [{"date": "1999"}, {"date": ""}]
    assert dict(log.dropped) == {"cells under no column name": 2}


def test_a_column_name_that_stands_twice_is_refused_in_every_table(tmp_path):
    sheet(tmp_path / "a.xlsx", ["text", "year", "year"], ["They met.", 1, 2])
    columns = [pa.array(["They met."]), pa.array([1]), pa.array([2])]
    parquet.write_table(pa.Table.from_arrays(columns, names=["text", "year", "year"]), tmp_path / "a.parquet")
    for name in ("a.xlsx", "a.parquet"):
        with pytest.raises(CommuniqueError, match="'year' stands twice"):
            check_inputs([tmp_path / name])


@pytest.mark.parametrize("header", ['"text" ,date', '"text,date', '"text"x,date'])
def test_a_first_line_that_is_no_csv_is_refused_in_one_sentence(header, tmp_path):
    (tmp_path / "a.csv").write_text(f"{header}\nThey met.,1999\n")
    with pytest.raises(CommuniqueError, match=r"a\.csv, line \d: is not valid CSV .* mend its quotes"):
        check_inputs([tmp_path / "a.csv"])


def test_a_mark_of_the_encoding_alone_is_no_table(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbf")
    with pytest.raises(CommuniqueError, match="no column 'text'"):
        check_inputs([tmp_path / "a.csv"])


def test_a_separator_inside_quotes_separates_nothing(tmp_path):
    (tmp_path / "a.csv").write_text('"text";"date, place, page"\nThey met.;1999\n')
    (document,) = read_documents([tmp_path / "a.csv"])
    assert document.text == "They met."
    assert document.metadata == {"date, place, page": "1999"}
