"""Slices as a table on the terminal and as a fragment of a page."""

from rich.table import Table

from communique.evaluation.resampling import Interval
from communique.evaluation.slices import Slice, SliceReport
from communique.reporting.pages import rendered
from communique.reporting.tables import show, show_p

WIDE = 170  # columns that the whole table needs
HEADER = (
    "field",
    "slice",
    "sentences",
    "documents",
    "positives",
    "labels",
    "macro-F1 [95%]",
    "minus the rest",
    "p (Holm)",
    "micro-F1 [95%]",
    "none-F1 [95%]",
)
NARROW = ("field", "slice", "sentences", "documents", "macro-F1 [95%]", "minus the rest")


def slice_cells(report: SliceReport) -> list[list[str]]:
    """Cells under ``HEADER``: the whole sample, then the slices from the worst up; what cannot be shown is blank."""
    return [_cells(one, len(report.labels)) for one in (report.whole, *report.slices)]


def slices_table(report: SliceReport, title: str, width: int = WIDE) -> Table:
    """The slices for a terminal ``width`` columns wide; a narrow one shows macro-F1 alone."""
    table = Table(
        title=title,
        title_justify="left",
        caption=note(report),
        caption_justify="left",
        box=None,
        header_style="bold",
        padding=(0, 1, 0, 0),
    )
    kept = [i for i, name in enumerate(HEADER) if width >= WIDE or name in NARROW]
    for i in kept:
        table.add_column(HEADER[i], justify="left" if i < 2 else "right", overflow="fold")
    for row in slice_cells(report):
        table.add_row(*[row[i] for i in kept])
    return table


def slices_section(report: SliceReport) -> tuple[str, str]:
    """Title and HTML fragment, for a page that has its own head."""
    return "Slices", rendered("slices.html", header=HEADER, rows=slice_cells(report), note=note(report))


def note(report: SliceReport) -> str:
    """What the reader must know, with the fields that nobody filled."""
    skipped = f" Not given, or in no two slices large enough: {', '.join(report.skipped)}." if report.skipped else ""
    return f"{report.note} A star marks what stands out.{skipped}"


def _cells(one: Slice, labels: int) -> list[str]:
    counts = [f"{number:,}" for number in (one.sentences, one.documents, one.positives)]
    present = f"{len(one.labels)} of {labels}" if one.macro_f1 else ""
    figures = [_shown(one.macro_f1), _difference(one), _p(one), _shown(one.micro_f1), _shown(one.none_f1)]
    return [one.field, one.value, *counts, present, *figures]


def _shown(interval: Interval | None) -> str:
    return "" if interval is None else show(interval)


def _difference(one: Slice) -> str:
    if one.difference is None:
        return ""
    return f"{show(one.difference, signed=True)}{'*' if one.stands_out else ''}"


def _p(one: Slice) -> str:
    return "" if one.p_adjusted is None else show_p(one.p_adjusted)
