"""Pages of an Excel workbook: a header that stays, long texts wrapped, no text that runs as a formula."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from communique.errors import missing_extra

FORMULA = ("=", "+", "-", "@", "\t", "\r")
WIDE = 30  # characters; in a wider column texts are wrapped


def inert(cell: object) -> object:
    """A text that a spreadsheet would run as a formula is kept as text by an apostrophe before it."""
    return "'" + cell if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def without_mark(text: str) -> str:
    """Undo ``inert``; an apostrophe of the text's own stays."""
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA) else text


def new_book() -> Any:
    """A workbook without a page; CommuniqueError where the package for it is missing."""
    try:
        from openpyxl import Workbook
    except ImportError as error:
        raise missing_extra("documents", "openpyxl") from error
    book = Workbook()
    book.remove(book.active)
    return book


def add_page(
    book: Any, name: str, columns: Sequence[str], rows: Iterable[Sequence[object]], widths: Mapping[str, int]
) -> Any:
    """One more page of a workbook, a header and its rows; ``widths`` (in characters, else 14) by column."""
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    page = book.create_sheet(name)
    page.append(list(columns))
    for row in rows:
        page.append([_legal(inert(cell)) for cell in row])
    for index, column in enumerate(columns, 1):
        letter = get_column_letter(index)
        page.column_dimensions[letter].width = widths.get(column, 14)
        for cell in page[letter] if widths.get(column, 0) > WIDE else ():
            cell.alignment = Alignment(wrap_text=True, vertical="top")
    for header in page[1]:
        header.font = Font(bold=True)
    page.freeze_panes = "A2"
    return page


def _legal(cell: object) -> object:
    """A cell without the control characters that Excel's format cannot hold."""
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    return ILLEGAL_CHARACTERS_RE.sub(" ", cell) if isinstance(cell, str) else cell
