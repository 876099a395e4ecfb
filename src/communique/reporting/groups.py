"""Held-out groups on the terminal: how well a model does on a group that it has not seen."""

from collections.abc import Mapping

from rich.table import Table

from communique.evaluation.metrics import Metrics
from communique.reporting.tables import show


def groups_table(groups: Mapping[str, Metrics]) -> Table:
    """One line a held-out group, the worst first; labels of which a group has no gold sentence are named.

    Such a label counts as F1 = 0 in the mean, so a group that lacks some is not comparable with one that has all.
    """
    table = Table(title="Groups held out, worst first", title_justify="left", box=None, header_style="bold")
    for column in ("group", "sentences", "documents", "macro-F1 [95%]", "labels it lacks"):
        table.add_column(column, justify="right" if column in ("sentences", "documents") else "left", overflow="fold")
    for name, m in sorted(groups.items(), key=lambda item: item[1].macro_f1.value):
        lacking = ", ".join(label for label, figures in m.labels.items() if not figures.support)
        table.add_row(name, f"{m.n:,}", f"{m.documents:,}", show(m.macro_f1), lacking)
    return table
