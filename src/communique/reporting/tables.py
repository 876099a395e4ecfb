"""Summaries as tables on the terminal."""

from collections.abc import Mapping, Sequence

from rich.table import Table

from communique.data.agreement import Agreement
from communique.data.dataset import Corpus
from communique.data.variety import Variety
from communique.evaluation.metrics import Metrics
from communique.evaluation.resampling import Interval


def show(interval: Interval, *, signed: bool = False) -> str:
    """An interval as ``0.712 [0.689, 0.735]``; a difference with its sign."""
    value, low, high = (
        f"{number:{'+' if signed else ''}.3f}" for number in (interval.value, interval.low, interval.high)
    )
    return f"{value} [{low}, {high}]"


def show_p(p: float) -> str:
    """A p-value as ``0.012``, or that it is below a thousandth."""
    return "<0.001" if p < 0.001 else f"{p:.3f}"


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
