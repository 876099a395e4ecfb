"""The command that scores documents."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from communique.cli.options import MODEL, URI, ModelOption, UriOption, console
from communique.cli.speed import RuntimeOption, load_for_scoring
from communique.errors import CommuniqueError

if TYPE_CHECKING:
    from communique.models import StanceModel
    from communique.scoring.summary import Summary


def score(
    inputs: Annotated[
        list[str],
        typer.Argument(help="files, folders or patterns (.txt .html .pdf .docx .csv .jsonl .zip …); - for stdin"),
    ],
    out: Annotated[Path, typer.Option(help="the table to write: .csv, .parquet, .jsonl or .xlsx")] = Path("scored.csv"),
    report: Annotated[Path | None, typer.Option(help="an HTML page of the documents, highlighted")] = None,
    documents: Annotated[int, typer.Option("--report-documents", min=1, help="documents that the page shows")] = 500,
    explain: Annotated[int, typer.Option(min=0, help="how many sentences' words the page explains")] = 300,
    prevalence: Annotated[
        Path | None, typer.Option(help="corrected shares for the page: .json of communique prevalence")
    ] = None,
    model: ModelOption = MODEL,
    text_column: Annotated[str, typer.Option(help="the text column of tables")] = "text",
    id_column: Annotated[str | None, typer.Option(help="the id column of tables (default: row numbers)")] = None,
    margin: Annotated[float, typer.Option(help="how near a threshold a sentence is marked for review")] = 0.1,
    any_language: Annotated[
        bool, typer.Option("--any-language", help="score sentences that are not in English too")
    ] = False,
    skip_unreadable: Annotated[
        bool, typer.Option("--skip-unreadable", help="leave out files that cannot be read, and count them")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="begin anew, whatever an interrupted scoring has left")
    ] = False,
    runtime: RuntimeOption = "auto",
    tracking_uri: UriOption = URI,
) -> None:
    """Score documents sentence by sentence: a table, and a page if asked. Interrupted, the same command goes on."""
    from communique.models.threads import threads
    from communique.reporting.corrected import read_corrected
    from communique.reporting.document_page import write_document_page
    from communique.scoring.interruption import Interrupted, stoppable
    from communique.scoring.scorer import score_table

    if report and (report.suffix not in (".html", ".htm") or report.absolute() == out.absolute()):
        raise CommuniqueError(f"{report}: a page ends in .html; name it so, apart from the table")
    if prevalence and not report:
        raise CommuniqueError(f"{prevalence}: corrected shares are shown on a page; name one with --report PAGE.html")
    fitted = load_for_scoring(model, tracking_uri, runtime, inputs)
    corrected = read_corrected(prevalence, fitted.labels) if prevalence else None
    shown = {"most": documents, "explain": explain, "corrected": corrected, "progress": True}
    reading = {"text_column": text_column, "id_column": id_column, "skip_unreadable": skip_unreadable}
    further = {"margin": margin, "any_language": any_language, "force": force, "page": report, "workers": threads()}
    try:
        _tell(score_table(fitted, inputs, out, **reading, **further), fitted)  # type: ignore[arg-type]
        if report:
            with stoppable(lambda: f"interrupted: {out} is whole, {report} was not made; the same command makes both"):
                write_document_page(out, inputs, fitted, report, **reading, **shown)  # type: ignore[arg-type]
            console.print(f"page → {report}")
    except Interrupted as stop:
        Console(stderr=True, markup=False, highlight=False, soft_wrap=True).print(str(stop))
        raise typer.Exit(stop.code) from stop


def _tell(summary: "Summary", model: "StanceModel") -> None:
    """The outcome: each sentence is counted in one line only."""
    counts = summary.counts
    by = f"{model.name} ({model.runtime})" if model.runtime else model.name
    said = [f"{counts.sentences:,} sentences of {counts.documents:,} documents, by {by} → {summary.out}"]
    if summary.resumed:
        said.append(f"  {summary.resumed:,} of them were scored before an interruption")
    if counts.not_english:
        said.append(f"  {counts.not_english:,} are not in English and were not scored (--any-language scores them)")
    if counts.reprints:
        said.append(f"  {counts.reprints:,} reprint a sentence of an earlier document and are not counted again:")
    labels = ", ".join(f"{model.titles[name]} {counts.labels[name]:,}" for name in model.labels)
    said.append(f"  {labels}, none {counts.unlabelled:,}; {counts.review:,} near a threshold, marked for review")
    said += [f"  dropped: {reason} ({count:,})" for reason, count in sorted(summary.dropped.items())]
    said += [f"  note: {note}" for note in summary.notes]
    for line in said:
        console.print(line, markup=False)
