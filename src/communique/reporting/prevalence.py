"""Corrected shares as a table on the terminal and as a plot, with the raw count beside them."""

from collections.abc import Mapping
from pathlib import Path

from matplotlib.figure import Figure
from rich.table import Table

from communique.errors import CommuniqueError
from communique.evaluation.plots import COLOURS
from communique.evaluation.prevalence import Share
from communique.evaluation.resampling import Interval
from communique.files import all_or_nothing
from communique.scoring.prevalence import GroupShare, Prevalence

PLOTS = (".svg", ".png", ".pdf")
CORRECTED, RAW = COLOURS[:2]
UNCORRECTED = "raw count: NOT VALID"


def prevalence_table(found: Prevalence, titles: Mapping[str, str] | None = None) -> Table:
    """One row a label and group: the corrected share, what stands behind it, and the raw count."""
    table = Table(title=_title(found), title_justify="left", box=None, header_style="bold", padding=(0, 1, 0, 0))
    table.add_column("label", overflow="fold")
    table.add_column(_by(found))
    for name in ("share [95%]", f"labelled {found.unit}s", "of documents", "more would halve", UNCORRECTED):
        table.add_column(name, justify="right", min_width=min(9, len(name)))
    for share in found.shares:
        title = (titles or {}).get(share.label, share.label)
        table.add_row(title, share.name, *_cells(share), _percent(share.raw))
    return table


def _title(found: Prevalence) -> str:
    where = "in this archive" if found.target == "archive" else "at the source of this archive"
    return f"share of {found.unit}s {where}, corrected by {found.labelled:,} labelled {found.unit}s"


def _by(found: Prevalence) -> str:
    marked = (f"{name} (predicted)" if name in found.predicted_columns else name for name in found.by)
    return ", ".join(marked) or "group"


def _cells(share: GroupShare) -> tuple[str, str, str, str]:
    found = share.corrected
    if found is None:
        return "too few labelled", "", "", ""
    alone = "" if found.power else " (labels alone)"
    return _percent(found.interval) + alone, f"{found.labelled:,}", f"{found.documents:,}", _more(found)


def _more(share: Share) -> str:
    return "no number can" if share.more is None else f"{share.more:,}"


def _percent(interval: Interval) -> str:
    return f"{interval.value:.1%} [{interval.low:.1%}, {interval.high:.1%}]"


def prevalence_plot(found: Prevalence, path: Path, titles: Mapping[str, str] | None = None) -> None:
    """Corrected shares with intervals, and the raw count as a hollow mark, one panel a label, one line a group."""
    if path.suffix not in PLOTS:
        raise CommuniqueError(f"{path}: a plot ends in {', '.join(PLOTS)}; name it so")
    labels = list(dict.fromkeys(share.label for share in found.shares))
    groups = list(dict.fromkeys(share.name for share in found.shares))
    height = 1.2 + 0.28 * len(groups)
    figure = Figure(figsize=(1.6 + 2.6 * len(labels), height), layout="constrained")
    panels = figure.subplots(1, len(labels), sharey=True, squeeze=False)[0]
    for axes, label in zip(panels, labels, strict=True):
        _panel(axes, [share for share in found.shares if share.label == label])
        axes.set_title((titles or {}).get(label, label), fontsize=9, loc="left")
    panels[0].set_yticks(range(len(groups)), groups, fontsize=8)
    panels[0].invert_yaxis()
    handles, names = panels[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=2, fontsize=8, frameon=False)
    with all_or_nothing(path) as (staged,):
        kind = path.suffix[1:]
        figure.savefig(staged, format=kind, metadata={"Date": None} if kind == "svg" else None)


def _panel(axes, shares: list[GroupShare]) -> None:  # type: ignore[no-untyped-def]
    known = [(row, share.corrected.interval) for row, share in enumerate(shares) if share.corrected]
    values = [100 * interval.value for _, interval in known]
    # the estimate itself may lie outside 0 to 1, where its interval is cut
    below = [max(100 * (interval.value - interval.low), 0) for _, interval in known]
    above = [max(100 * (interval.high - interval.value), 0) for _, interval in known]
    rows = [row for row, _ in known]
    axes.errorbar(values, rows, xerr=[below, above], fmt="o", markersize=4, color=CORRECTED, label="corrected, 95%")
    raw = [100 * share.raw.value for share in shares]
    axes.plot(raw, range(len(shares)), "D", markersize=4, mfc="none", color=RAW, label=UNCORRECTED)
    axes.set_xlabel("%", fontsize=8)
    axes.tick_params(labelsize=8)
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    axes.spines[["top", "right", "left"]].set_visible(False)
