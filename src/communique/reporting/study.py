"""The study page: a leaderboard with its plots, as one file that needs no network, and its tables beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup
from matplotlib.figure import Figure

from communique.errors import CommuniqueError
from communique.evaluation.comparison import PRIMARY, Leaderboard
from communique.evaluation.learning_curve import LearningCurve
from communique.evaluation.plots import learning_curve_figure
from communique.evaluation.pooling import Pooling
from communique.evaluation.study_plots import (
    MOST_LINES,
    confusion_figures,
    interval_figure,
    label_figure,
    precision_recall_figure,
    reliability_figure,
)
from communique.files import write_texts
from communique.reporting.latex import document
from communique.reporting.leaderboard import Block, blocks, label_titles, markdown, plain_markdown
from communique.reporting.pages import rendered
from communique.reporting.svg import inline


@dataclass(frozen=True)
class Section:
    """A further section of the page: a title, and HTML that its maker has escaped."""

    title: str
    html: str


@dataclass(frozen=True)
class Plot:
    """Pictures of the page, what they show, and what is said under them."""

    title: str
    figures: Sequence[Figure]
    shows: str
    caption: str

    @property
    def pictures(self) -> list[Markup]:
        """The figures as elements of a page."""
        return [inline(figure, f"{self.shows} ({i})") for i, figure in enumerate(self.figures, 1)]


def check_page_name(out: Path) -> None:
    """Refuse a page by another name than .html: its tables come beside it under the same stem."""
    if out.suffix not in (".html", ".htm"):
        raise CommuniqueError(f"{out}: a page ends in .html; name it so, the .csv .md .tex come beside it")


def write_study(
    board: Leaderboard,
    out: Path,
    title: str,
    *,
    titles: Mapping[str, str] | None = None,
    curves: Sequence[LearningCurve] = (),
    sections: Sequence[Section] = (),
    pooling: Pooling | None = None,
) -> None:
    """Write the page ``out``, and beside it the leaderboard as .csv, .md and .tex and every fit's values as .fits.csv.

    ``titles`` says how labels are called; ``sections`` come after the plots, before the further tables. All files are
    written or none; raises CommuniqueError unless ``out`` ends in .html.
    """
    check_page_name(out)
    named = label_titles(board, titles)
    tables = blocks(board, named, curves, pooling)
    frame = board.to_frame() if pooling is None else board.to_frame().merge(pooling.to_frame(), on="model")
    text = "\n".join(markdown(block) for block in tables)
    write_texts(
        {
            out: _page(board, title, named, tables, curves, sections),
            out.with_suffix(".csv"): frame.to_csv(index=False),
            out.with_suffix(".fits.csv"): board.fits_frame().to_csv(index=False),
            out.with_suffix(".md"): f"# {plain_markdown(title)}\n\n{text}\n{plain_markdown(board.note)}\n",
            out.with_suffix(".tex"): document(tables, title, board.note),
        }
    )


def _page(
    board: Leaderboard,
    title: str,
    titles: Mapping[str, str],
    tables: Sequence[Block],
    curves: Sequence[LearningCurve],
    sections: Sequence[Section],
) -> str:
    ranking, *further = tables
    return rendered(
        "study.html",
        title=title,
        verdict=verdict(board),
        ranking=ranking,
        further=further,
        note=board.note,
        remarks=[(row.name, row.remark) for row in board.rows if row.remark],
        plots=_plots(board, list(titles.values()), curves),
        sections=[(section.title, Markup(section.html)) for section in sections],
    )


def verdict(board: Leaderboard) -> str:
    """What the leaderboard says, in a sentence or two."""
    best = board.rows[0]
    f1 = best.macro_f1
    said = f"{best.name} has the highest {PRIMARY}, {f1.value:.3f} [{f1.low:.3f}, {f1.high:.3f}]."
    tied = [row.name for row in board.rows[1:] if set(row.group) & set(best.group)]
    if tied:
        return f"{said} It cannot be told apart from {_listed(tied)}."
    return f"{said} It is told apart from every other." if len(board.rows) > 1 else said


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _plots(board: Leaderboard, titles: Sequence[str], curves: Sequence[LearningCurve]) -> list[Plot]:
    few = f"The {MOST_LINES} best systems. " if len(board.rows) > MOST_LINES else ""
    differences = f"; right: paired differences from {board.reference}" if len(board.rows) > 1 else ""
    learned = Plot(
        "Learning curve",
        [learning_curve_figure(curves)] if curves else [],
        "Macro-F1 by number of training sentences",
        "Solid: macro-F1 with 95% intervals, small marks are fits. Dashed: thresholds chosen on the measured part "
        "itself, an oracle that shows what is lost by where probabilities are cut.",
    )
    found = [
        Plot(
            "Intervals",
            [interval_figure(board)],
            "Macro-F1 of every system with its interval, and paired differences",
            f"Left: {PRIMARY} with its 95% interval; upright marks are fits{differences}. Letters as in the table.",
        ),
        learned,
        Plot("Labels", [label_figure(board, titles)], "F1 of each label by system", "F1 with 95% intervals."),
        Plot(
            "Reliability",
            [reliability_figure(board, titles)],
            "Observed share against mean probability, one panel a label",
            f"{few}Bins of equal mass, the seeds taken together; on the diagonal probabilities mean what they say.",
        ),
        Plot(
            "Precision and recall",
            [precision_recall_figure(board, titles)],
            "Precision against recall, one panel a label",
            f"{few}Means over seeds; the mark is where the thresholds cut.",
        ),
        Plot(
            "Label sets taken for one another",
            confusion_figures(board, titles),
            "Gold label sets against predicted label sets, by system",
            "Rows: gold sets, the commonest by name, the others pooled; columns: predicted sets by the same numbers. "
            "Cells count sentences (means over seeds); the stronger the colour, the larger the share of the row.",
        ),
    ]
    return [plot for plot in found if plot.figures]
