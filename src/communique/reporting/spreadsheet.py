"""A table as an Excel sheet that filters, wraps its texts, and runs no formula."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from communique.data.spreadsheet import add_page, new_book


def write_xlsx(table: pd.DataFrame, path: Path, name: str, widths: Mapping[str, int], note: str = "") -> None:
    """Write one page ``name`` with a header that stays and filters; ``note`` stands on a second page."""
    book = new_book()
    page = add_page(book, name, [str(column) for column in table], table.itertuples(index=False), widths)
    page.auto_filter.ref = page.dimensions
    if note:
        add_page(book, "about", [note], [], {note: 110})
    book.save(path)
