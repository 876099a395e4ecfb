"""A table as an Excel sheet that filters, wraps its texts, and runs no formula."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from communique.data.sheets import FORMULA
from communique.errors import missing_extra


def inert(cell: object) -> object:
    """A text that a spreadsheet would run as a formula is kept as text by an apostrophe before it."""
    return "'" + cell if isinstance(cell, str) and cell.startswith((*FORMULA, "\t", "\r")) else cell


def write_xlsx(table: pd.DataFrame, path: Path, name: str, widths: Mapping[str, int], note: str = "") -> None:
    """Write one sheet ``name`` with a header that stays and filters; ``note`` stands on a second sheet."""
    try:
        from openpyxl import Workbook
        from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
        from openpyxl.styles import Alignment, Font
        from openpyxl.utils import get_column_letter
    except ImportError as error:
        raise missing_extra("documents", "openpyxl") from error
    book = Workbook()
    page = book.active
    page.title = name
    page.append(list(table.columns))
    for row in table.itertuples(index=False):
        page.append([ILLEGAL_CHARACTERS_RE.sub(" ", c) if isinstance(c, str) else c for c in map(inert, row)])
    for index, column in enumerate(table.columns, 1):
        letter = get_column_letter(index)
        page.column_dimensions[letter].width = widths.get(str(column), 14)
        if widths.get(str(column), 0) > 30:
            for cell in page[letter]:
                cell.alignment = Alignment(wrap_text=True, vertical="top")
    for header in page[1]:
        header.font = Font(bold=True)
    page.freeze_panes, page.auto_filter.ref = "A2", page.dimensions
    if note:
        about = book.create_sheet("about")
        about.append([inert(note)])
        about.column_dimensions["A"].width = 110
        about["A1"].alignment = Alignment(wrap_text=True, vertical="top")
    book.save(path)
