"""Sheets for annotators: a row a sentence with a column a label, written for a spreadsheet and read back row by row."""

from pathlib import Path
from zipfile import BadZipFile

import pandas as pd

from communique.data.annotation import Design
from communique.data.codebook import Codebook
from communique.data.dataset import Sentence
from communique.errors import CommuniqueError, missing_extra

NONE = "none"
YES = ("yes", "y", "1", "true", "x")
NO = ("no", "n", "0", "false", "")
FORMULA = ("=", "+", "-", "@")


def write_sheet(sheet: pd.DataFrame, codebook: Codebook, out: Path, design: Design) -> None:
    """Write ``out`` as .xlsx (drop-downs, the codebook on a second sheet) and .csv, with the design beside."""
    kept = sheet[["id", "document", "text", "inclusion_probability"]].copy()
    for name in (*codebook.names, NONE):
        kept[name] = ""
    kept["note"] = ""
    out.parent.mkdir(parents=True, exist_ok=True)
    kept.to_csv(out.with_suffix(".csv"), index=False)
    _write_xlsx(kept, codebook, out.with_suffix(".xlsx"))
    design.save(out)


def _write_xlsx(sheet: pd.DataFrame, codebook: Codebook, path: Path) -> None:
    try:
        from openpyxl import Workbook
        from openpyxl.styles import Alignment, Font
        from openpyxl.utils import get_column_letter
        from openpyxl.worksheet.datavalidation import DataValidation
    except ImportError as error:
        raise missing_extra("documents", "openpyxl") from error
    book = Workbook()
    page = book.active
    page.title = "sentences"
    columns = list(sheet.columns)
    page.append(columns)
    for row in sheet.itertuples(index=False):
        page.append([_inert(cell) for cell in row])
    choice = DataValidation(type="list", formula1='"yes,no"', allow_blank=True)
    page.add_data_validation(choice)
    for name in (*codebook.names, NONE):
        letter = get_column_letter(columns.index(name) + 1)
        choice.add(f"{letter}2:{letter}{len(sheet) + 1}")
    widths = {"text": 90, "note": 30, "id": 14, "document": 14}
    for index, name in enumerate(sheet.columns, 1):
        page.column_dimensions[get_column_letter(index)].width = widths.get(str(name), 16)
    for cell in page[get_column_letter(columns.index("text") + 1)]:
        cell.alignment = Alignment(wrap_text=True, vertical="top")
    page.freeze_panes = "A2"
    meaning = book.create_sheet("codebook")
    meaning.append(["label", "the sentence expresses"])
    for label in codebook.labels:
        meaning.append([label.name, label.definition])
    meaning.append([NONE, "no label holds: say yes here, so that the row counts as read"])
    meaning.column_dimensions["A"].width, meaning.column_dimensions["B"].width = 22, 110
    for header in (*page[1], *meaning[1]):
        header.font = Font(bold=True)
    book.save(path)


def _inert(cell: object) -> object:
    """A text that a spreadsheet would run as a formula is kept as text."""
    return "'" + cell if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def _without_mark(text: str) -> str:
    """Undo ``_inert``; an apostrophe of the text's own stays."""
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA) else text


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
        text = _without_mark(str(row["text"]))
        read[row["id"]] = Sentence(row["id"], str(row["document"]), text, codebook.check(labels))
    return read, empty


def _read_table(path: Path) -> pd.DataFrame:
    try:
        if path.suffix == ".xlsx":
            return pd.read_excel(path, sheet_name=0, dtype=str, keep_default_na=False)
        return pd.read_csv(path, dtype=str, keep_default_na=False)
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
