"""Leaderboards and summaries as tables: on the terminal, in Markdown, in LaTeX."""

from collections.abc import Mapping, Sequence

import pandas as pd
from rich.table import Table

from communique.data.agreement import Agreement
from communique.data.dataset import Corpus
from communique.data.variety import Variety
from communique.evaluation.comparison import Leaderboard, Row
from communique.evaluation.metrics import Metrics
from communique.evaluation.resampling import Interval

WIDE = 150  # columns that the whole leaderboard needs


def show(interval: Interval) -> str:
    """An interval as ``0.712 [0.689, 0.735]``."""
    return f"{interval.value:.3f} [{interval.low:.3f}, {interval.high:.3f}]"


def leaderboard_cells(board: Leaderboard) -> tuple[list[str], list[list[str]]]:
    """Header and cells of the compact leaderboard."""
    facts = list(dict.fromkeys(key for row in board.rows for key in row.facts))
    header = [
        "model",
        "",
        "macro-F1 [95%]",
        "seeds",
        f"vs {board.reference}",
        "p (Holm)",
        "micro-F1 [95%]",
        "none-F1 [95%]",
    ]
    return [*header, "AP", "Brier", "ECE", *facts], [
        _cells(row) + [row.facts.get(f, "") for f in facts] for row in board.rows
    ]


def _cells(row: Row) -> list[str]:
    m = row.metrics
    contrast = (
        "reference"
        if row.difference is None
        else f"{row.difference.value:+.3f} [{row.difference.low:+.3f}, {row.difference.high:+.3f}]"
    )
    p = "" if row.p_adjusted is None else ("<0.001" if row.p_adjusted < 0.001 else f"{row.p_adjusted:.3f}")
    intervals = [show(m.micro_f1), show(m.none_f1)]
    points = [f"{value:.3f}" for value in (m.macro_ap, m.macro_brier, m.macro_ece)]
    return [row.name, row.group, show(m.macro_f1), _seeds(row.seeds), contrast, p, *intervals, *points]


def _seeds(scores: Sequence[float]) -> str:
    if len(scores) == 1:
        return "1"
    series = pd.Series(scores)
    return f"{len(scores)}: {series.mean():.3f} ± {series.std():.3f}"


def leaderboard_table(board: Leaderboard, title: str, width: int = WIDE) -> Table:
    """The leaderboard for a terminal ``width`` columns wide; a narrow one shows the primary metric alone."""
    header, rows = leaderboard_cells(board)
    kept = range(len(header)) if width >= WIDE else [header.index(name) for name in header if name in _primary(board)]
    table = Table(
        title=title,
        title_justify="left",
        caption=board.note,
        caption_justify="left",
        box=None,
        header_style="bold",
        padding=(0, 1, 0, 0),
    )
    for i in kept:
        table.add_column(header[i], justify="left" if header[i] in ("model", "") else "right", overflow="fold")
    for row in rows:
        table.add_row(*[row[i] for i in kept])
    return table


def _primary(board: Leaderboard) -> tuple[str, ...]:
    return ("model", "", "macro-F1 [95%]", f"vs {board.reference}", "p (Holm)")


def per_label_frame(board: Leaderboard, titles: Mapping[str, str]) -> pd.DataFrame:
    """F1 with interval, precision and recall by label and system, as text cells."""
    lines = []
    for row in board.rows:
        for label, figures in row.metrics.labels.items():
            f1 = Interval(figures.f1, figures.f1_low, figures.f1_high)
            lines.append(
                {
                    "model": row.name,
                    "label": titles.get(label, label),
                    "F1 [95%]": show(f1),
                    "precision": f"{figures.precision:.3f}",
                    "recall": f"{figures.recall:.3f}",
                    "AP": f"{figures.ap:.3f}",
                    "threshold": f"{figures.threshold:.3f}",
                    "support": str(figures.support),
                }
            )
    return pd.DataFrame(lines)


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; pipes in cells are escaped."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def latex(board: Leaderboard, caption: str) -> str:
    """The leaderboard as a booktabs table; what LaTeX would take for a command is escaped."""
    header, rows = leaderboard_cells(board)
    frame = pd.DataFrame([map(_tex, row) for row in rows], columns=pd.Index(map(_tex, header)))
    return frame.style.hide(axis="index").to_latex(
        hrules=True, caption=_tex(caption), column_format="ll" + "r" * (len(header) - 2)
    )


TEX = {c: rf"\{c}" for c in "&%$#_{}"} | {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
TEX |= {"\\": r"\textbackslash{}", "<": r"\textless{}", ">": r"\textgreater{}", "±": r"\ensuremath{\pm}"}


def _tex(text: object) -> str:
    return "".join(TEX.get(character, character) for character in str(text))


def corpus_table(parts: Mapping[str, Corpus]) -> Table:
    """Counts per part: sentences, documents, each label, none, several labels."""
    names = next(iter(parts.values())).codebook.names
    table = Table(title="Sentences", title_justify="left", box=None, header_style="bold")
    for column in ("part", "sentences", "documents", *names, "none", "several"):
        table.add_column(column, justify="left" if column == "part" else "right", overflow="fold")
    for part, corpus in parts.items():
        counts = corpus.indicators.sum(axis=1)
        cells = [
            len(corpus),
            len(set(corpus.documents)),
            *corpus.indicators.sum(),
            (counts == 0).sum(),
            (counts > 1).sum(),
        ]
        table.add_row(part, *[f"{int(cell):,}" for cell in cells])
    return table


def field_table(corpus: Corpus, field: str) -> Table:
    """Sentences, documents and labels by the values of one metadata field, commonest first."""
    frame = corpus.to_frame()[["document", field]].join(corpus.indicators).explode(field)
    frame = frame[frame[field].notna() & (frame[field] != "")]
    grouped = frame.groupby(field)
    counts = grouped["document"].agg(sentences="size", documents="nunique")
    counts = counts.join(grouped[list(corpus.codebook.names)].sum()).sort_values("sentences", ascending=False)
    table = Table(title=f"By {field}", title_justify="left", box=None, header_style="bold")
    table.add_column(field)
    for column in counts.columns:
        table.add_column(str(column), justify="right")
    for value, row in counts.iterrows():
        table.add_row(str(value), *[f"{int(cell):,}" for cell in row])
    return table


def metrics_table(metrics: Metrics, titles: Mapping[str, str], title: str) -> Table:
    """One evaluation for the terminal: the summary rows, then the labels; Brier and ECE are in metrics.json."""
    table = Table(
        title=title,
        title_justify="left",
        box=None,
        header_style="bold",
        padding=(0, 1, 0, 0),
        caption=_caption(metrics),
        caption_justify="left",
    )
    for column in ("", "F1 [95%]", "precision", "recall", "AP", "threshold", "support"):
        table.add_column(column, justify="left" if not column else "right", overflow="fold")
    for name, interval in (
        ("macro", metrics.macro_f1),
        ("micro", metrics.micro_f1),
        ("none", metrics.none_f1),
    ):
        table.add_row(name, show(interval))
    table.add_row("subset accuracy", show(metrics.subset_accuracy))
    for label, m in metrics.labels.items():
        points = [f"{value:.3f}" for value in (m.precision, m.recall, m.ap, m.threshold)]
        table.add_row(titles.get(label, label), show(Interval(m.f1, m.f1_low, m.f1_high)), *points, f"{m.support:,}")
    return table


def _caption(metrics: Metrics) -> str:
    how = metrics.interval
    text = (
        f"{metrics.n:,} sentences of {metrics.documents:,} documents; "
        f"{how.method} bootstrap over documents, {how.resamples:,} resamples"
    )
    return f"{text}. Caution: {how.warning}" if how.warning else text


def agreement_table(rows: Sequence[Agreement], annotators: tuple[str, str]) -> Table:
    """Alpha and kappa a label, with intervals over documents."""
    title = f"Agreement of {annotators[0]} and {annotators[1]} on {rows[0].sentences:,} sentences, before adjudication"
    table = Table(title=title, title_justify="left", box=None, header_style="bold")
    for column in ("label", "Krippendorff's alpha [95%]", "Cohen's kappa [95%]", "same"):
        table.add_column(column, justify="left" if column == "label" else "right")
    for row in rows:
        table.add_row(row.label, show(Interval(*row.alpha)), show(Interval(*row.kappa)), f"{row.observed:.1%}")
    return table


def variety_table(figures: Mapping[str, Variety]) -> Table:
    """Variety figures side by side."""
    table = Table(title="Variety, equal numbers of sentences", title_justify="left", box=None, header_style="bold")
    columns = ("", "sentences", "distinct 4-grams", "commonest opening", "its share", "mean words", "10/50/90%")
    for column in columns:
        table.add_column(column, justify="left" if column in ("", "commonest opening") else "right")
    for name, v in figures.items():
        quantiles = "/".join(f"{q:.0f}" for q in v.quantiles)
        counts = (f"{v.sentences:,}", f"{v.distinct_4grams:,}", v.opening, f"{v.opening_share:.2%}")
        table.add_row(name, *counts, f"{v.mean_words:.1f}", quantiles)
    return table
