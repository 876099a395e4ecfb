"""The leaderboard as tables of cells, made once for the terminal, Markdown, LaTeX and the page."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from communique.evaluation.comparison import DIFFERENCES, Leaderboard, Row
from communique.evaluation.figures import PER_LABEL, SUMMARY
from communique.evaluation.learning_curve import LearningCurve
from communique.evaluation.pooling import Pooling
from communique.evaluation.resampling import Interval
from communique.reporting.tables import show, show_p

TITLES = {
    **{"macro_f1": "macro-F1", "micro_f1": "micro-F1", "none_f1": "none-F1", "subset_accuracy": "exact set"},
    **{"ap": "AP", "brier": "Brier", "ece": "ECE", "f1": "F1"},
}
FACTS = {
    "fit_seconds": "training (s)",
    "sentences_per_second": "sentences/s",
    "model_bytes": "size (MB, packaged encoder apart)",  # of the saved folder, which may refer to that encoder
}


@dataclass(frozen=True)
class Estimate:
    """A figure and its interval, as text."""

    value: str
    interval: str

    def __str__(self) -> str:
        return f"{self.value} {self.interval}"


Cell = Estimate | str


@dataclass(frozen=True)
class Block:
    """A table with a title; the first column names the system, the first ``words`` columns hold no numbers."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    words: int = 1


def label_titles(board: Leaderboard, titles: Mapping[str, str] | None = None) -> dict[str, str]:
    """What each label is called: its title where one is given, else its name with spaces."""
    return {label: (titles or {}).get(label, label.replace("_", " ")) for label in board.labels}


def blocks(
    board: Leaderboard,
    titles: Mapping[str, str],
    curves: Sequence[LearningCurve] = (),
    pooling: Pooling | None = None,
) -> list[Block]:
    """Every table of a comparison, the ranking first; ``titles`` says how labels are called."""
    found = [ranking(board, pooling), *([parts(board, pooling)] if pooling else []), further_figures(board)]
    if len(board.rows) > 1:
        found.append(further_differences(board))
    found.append(by_label(board, titles))
    if any(row.facts for row in board.rows):
        found.append(cost(board))
    if any(len(row.fits) > 1 for row in board.rows):
        found.append(every_fit(board))
    if curves:
        found.append(learned(curves))
    return found


def _line(*cells: Cell) -> tuple[Cell, ...]:
    return cells


def ranking(board: Leaderboard, pooling: Pooling | None = None) -> Block:
    """The systems by the primary metric, with the contrasts; of pooled systems also the mean of their parts."""
    figure = ("macro-F1, pooled [95%]", f"mean by {pooling.field} [95%]") if pooling else ("macro-F1 [95%]",)
    header = ("model", "", *figure, f"vs {board.reference}", "p (Holm)", "SD (fits)")
    rows = []
    for row in board.rows:
        figures = [row.macro_f1, *([pooling.systems[row.name].mean] if pooling else [])]
        rows.append(_line(row.name, row.group, *map(estimate, figures), *_contrast(board, row), _spread(row)))
    return Block("Leaderboard", header, tuple(rows), words=2)


def parts(board: Leaderboard, pooling: Pooling) -> Block:
    """The primary metric of pooled systems in each of their parts."""
    values = list(pooling.systems[board.rows[0].name].parts)
    rows = tuple(
        _line(row.name, *(estimate(pooling.systems[row.name].parts[value]) for value in values)) for row in board.rows
    )
    return Block(f"macro-F1 by {pooling.field}", ("model", *(f"{value} [95%]" for value in values)), rows)


def further_figures(board: Leaderboard) -> Block:
    """The other summaries."""
    names = SUMMARY[1:]
    rows = tuple(_line(row.name, *(estimate(row.summary[name]) for name in names)) for row in board.rows)
    return Block("Further figures", ("model", *(f"{TITLES[name]} [95%]" for name in names)), rows)


def further_differences(board: Leaderboard) -> Block:
    """Paired differences of the other summaries, not tested."""
    names = DIFFERENCES[1:]
    rows = tuple(
        _line(row.name, *(estimate(row.contrast.differences[name], signed=True) for name in names))
        for row in board.rows
        if row.contrast
    )
    title = f"Differences from {board.reference} in the further figures"
    return Block(title, ("model", *(f"{TITLES[name]} [95%]" for name in names)), rows)


def by_label(board: Leaderboard, titles: Mapping[str, str]) -> Block:
    """Each label's figures by system, systems together label by label."""
    header = ("model", "label", *(f"{TITLES.get(name, name)} [95%]" for name in PER_LABEL), "threshold", "support")
    rows = []
    for label in board.labels:
        for row in board.rows:
            figures = (estimate(row.labels[label][name]) for name in PER_LABEL)
            cut = row.thresholds[label]
            shown = "–" if math.isnan(cut) else f"{cut:.3f}"
            rows.append(_line(row.name, titles.get(label, label), *figures, shown, f"{board.support[label]:,}"))
    return Block("By label", header, tuple(rows), words=2)


def f1_by_label(board: Leaderboard, titles: Mapping[str, str]) -> Block:
    """F1 of the labels side by side."""
    header = ("model", *(f"{titles.get(label, label)} F1 [95%]" for label in board.labels))
    rows = tuple(_line(row.name, *(estimate(row.labels[label]["f1"]) for label in board.labels)) for row in board.rows)
    return Block("F1 by label", header, rows)


def cost(board: Leaderboard) -> Block:
    """Training time, speed and size, means over seeds, as far as the runs recorded them."""
    names = list(dict.fromkeys([*FACTS, *(name for row in board.rows for name in row.facts)]))
    kept = [name for name in names if any(name in row.facts for row in board.rows)]
    rows = tuple(_line(row.name, *(_fact(name, row.facts.get(name)) for name in kept)) for row in board.rows)
    return Block("Cost", ("model", *(FACTS.get(name, name) for name in kept)), rows)


def every_fit(board: Leaderboard) -> Block:
    """The primary metric of every seed and repeat, with mean and standard deviation."""
    most = max(len(row.fits) for row in board.rows)
    rows = []
    for row in board.rows:
        values = [f"{fit}: {value:.3f}" for fit, value in zip(row.fits, row.seeds, strict=True)]
        spread = "" if row.spread is None else f"{row.spread:.3f}"
        rows.append(_line(row.name, f"{row.macro_f1.value:.3f}", spread, *values, *[""] * (most - len(values))))
    header = ("model", "mean", "SD", *(f"fit {i}" for i in range(1, most + 1)))
    return Block("macro-F1 of every seed and repeat (seed.repeat: value)", header, tuple(rows))


def learned(curves: Sequence[LearningCurve]) -> Block:
    """The points of learning curves."""
    header = ("model", "share", "sentences", "macro-F1 [95%]", "fits", "with thresholds chosen here (oracle)")
    rows = []
    for curve in curves:
        for point in curve.points:
            size = "–" if math.isnan(point.sentences) else f"{point.sentences:,.0f}"
            fits = " ".join(f"{value:.3f}" for value in point.fits)
            cells = (f"{100 * point.share:g}%", size, estimate(point.macro_f1), fits, f"{point.oracle:.3f}")
            rows.append(_line(curve.name, *cells))
    return Block("Learning curve", header, tuple(rows))


def estimate(interval: Interval, *, signed: bool = False) -> Estimate:
    """An interval as text, three digits."""
    value, _, ends = show(interval, signed=signed).partition(" ")
    return Estimate(value, ends)


def _contrast(board: Leaderboard, row: Row) -> tuple[Cell, str]:
    if row.contrast is None:
        return "reference", ""
    return estimate(row.contrast.macro_f1, signed=True), show_p(row.contrast.p_adjusted)


def _spread(row: Row) -> str:
    return "– (1)" if row.spread is None else f"{row.spread:.3f} ({len(row.fits)})"


def _fact(name: str, value: float | None) -> str:
    if value is None or math.isnan(value):
        return "–"
    number = value / 1e6 if name == "model_bytes" else value
    return f"{number:,.0f}" if number >= 10 else f"{number:.2g}"


def markdown(block: Block) -> str:
    """A Markdown table under its title; what Markdown or HTML would take for markup is escaped."""
    header = [plain_markdown(name) for name in block.header]
    rows = [[plain_markdown(str(cell)) for cell in row] for row in block.rows]
    table = "\n".join(f"| {' | '.join(line)} |" for line in [header, ["---"] * len(header), *rows])
    return f"## {plain_markdown(block.title)}\n\n{table}\n"


def plain_markdown(text: str) -> str:
    """Text in which Markdown sees no markup and HTML no tag; brackets of intervals and `_` inside words stay."""
    escaped = re.sub(r"([\\`*|])|(?<!\w)_|_(?!\w)", lambda found: f"\\{found.group()}", text)
    escaped = re.sub(r"<(?=[A-Za-z/!?])", "&lt;", escaped.replace("&", "&amp;"))  # "<0.001" is no tag
    return escaped.replace("](", "]\\(")
