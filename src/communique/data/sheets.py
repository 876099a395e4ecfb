"""Sheets for annotators: a row a sentence with a column a label, written for a spreadsheet and read back row by row."""

from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import pandas as pd

from communique.data.annotation import Design
from communique.data.codebook import Codebook
from communique.data.dataset import Sentence
from communique.data.records import delimiter
from communique.data.spreadsheet import add_page, new_book, without_mark
from communique.errors import CommuniqueError, missing_extra
from communique.files import all_or_nothing

NONE = "none"
YES = ("yes", "y", "1", "true", "x")
NO = ("no", "n", "0", "false", "")
WIDTHS = {"text": 90, "note": 30}
MEANING = "the sentence expresses"


def write_sheet(sheet: pd.DataFrame, codebook: Codebook, out: Path, design: Design) -> None:
    """Write ``out`` as .xlsx (drop-downs, the codebook on a second sheet) and .csv, with the design beside."""
    kept = sheet[["id", "document", "text", "inclusion_probability"]].copy()
    for name in (*codebook.names, NONE):
        kept[name] = ""
    kept["note"] = ""
    with all_or_nothing(out.with_suffix(".csv"), out.with_suffix(".xlsx")) as (plain, book):
        kept.to_csv(plain, index=False)
        _write_xlsx(kept, codebook, book)
    design.save(out)


def _write_xlsx(sheet: pd.DataFrame, codebook: Codebook, path: Path) -> None:
    """Sentences with drop-downs, and on a second page what the labels mean."""
    book = new_book()
    columns = list(sheet.columns)
    page = add_page(book, "sentences", columns, sheet.itertuples(index=False), WIDTHS)
    _offer_choice(page, [columns.index(name) + 1 for name in (*codebook.names, NONE)], len(sheet) + 1)
    meaning = [(label.name, label.definition) for label in codebook.labels]
    meaning.append((NONE, "no label holds: say yes here, so that the row counts as read"))
    add_page(book, "codebook", ["label", MEANING], meaning, {"label": 22, MEANING: 110})
    book.save(path)


def _offer_choice(page: Any, columns: Sequence[int], last: int) -> None:
    """A drop-down of yes and no in these columns (counted from 1), down to the row ``last``."""
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    choice = DataValidation(type="list", formula1='"yes,no"', allow_blank=True)
    page.add_data_validation(choice)
    for letter in map(get_column_letter, columns):
        choice.add(f"{letter}2:{letter}{last}")


def read_sheet(path: Path, codebook: Codebook) -> tuple[dict[str, Sentence], int]:
    """One annotator's filled sheet: sentences by id with their labels, and how many rows were left empty.

    Raises CommuniqueError naming the row and column of the first cell that cannot be read.
    """
    table = _read_table(path)
    needed = ("id", "document", "text", *codebook.names)
    if missing := [name for name in needed if name not in table]:
        raise CommuniqueError(f"{path}: column '{missing[0]}' is missing; keep the columns of the exported sheet")
    read: dict[str, Sentence] = {}
    empty = 0
    for number, row in enumerate(table.to_dict("records"), 2):
        where = f"{path}, row {number}"
        labels = frozenset(name for name in codebook.names if _yes(row[name], f"{where}, column '{name}'"))
        none = _yes(row.get(NONE, ""), f"{where}, column '{NONE}'")
        if none and labels:
            raise CommuniqueError(f"{where}: says '{NONE}' and also {', '.join(sorted(labels))}; decide for one")
        if not none and not any(str(row[name]).strip() for name in codebook.names):
            empty += 1
            continue
        if row["id"] in read:
            raise CommuniqueError(f"{where}, column 'id': '{row['id']}' stands twice; keep each row once")
        text = without_mark(str(row["text"]))
        read[row["id"]] = Sentence(row["id"], str(row["document"]), text, codebook.check(labels))
    return read, empty


def _read_table(path: Path) -> pd.DataFrame:
    try:
        if path.suffix == ".xlsx":
            return pd.read_excel(path, sheet_name=0, dtype=str, keep_default_na=False)
        content = path.read_text(encoding="utf-8-sig")
        return pd.read_csv(StringIO(content), dtype=str, keep_default_na=False, sep=delimiter(content))
    except UnicodeDecodeError as error:
        raise CommuniqueError(f"{path}: is not UTF-8; save it as .xlsx, or as 'CSV UTF-8'") from error
    except ImportError as error:
        raise missing_extra("documents", "openpyxl") from error
    except (OSError, ValueError, BadZipFile) as error:
        raise CommuniqueError(f"{path}: cannot be read as a sheet ({' '.join(str(error).split())})") from error


def _yes(cell: object, where: str) -> bool:
    text = str(cell).strip().lower()
    if text in YES:
        return True
    if text in NO:
        return False
    raise CommuniqueError(f"{where}: '{cell}' is neither yes nor no")
