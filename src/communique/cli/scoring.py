"""The command that scores documents."""

from pathlib import Path
from typing import Annotated

import typer

from communique.cli.options import MODEL, URI, ModelOption, UriOption, console, load
from communique.errors import CommuniqueError


def score(
    inputs: Annotated[
        list[str],
        typer.Argument(help="files, folders or patterns (.txt .html .pdf .docx .csv .jsonl …); - for standard input"),
    ],
    out: Annotated[Path, typer.Option(help="the table to write: .csv, .parquet or .jsonl")] = Path("scored.csv"),
    report: Annotated[Path | None, typer.Option(help="an HTML page of the documents, highlighted")] = None,
    model: ModelOption = MODEL,
    text_column: Annotated[str, typer.Option(help="the text column of tables")] = "text",
    id_column: Annotated[str | None, typer.Option(help="the id column of tables (default: row numbers)")] = None,
    margin: Annotated[float, typer.Option(help="how near a threshold a sentence is marked for review")] = 0.1,
    tracking_uri: UriOption = URI,
) -> None:
    """Score documents sentence by sentence: a table, and a page if asked."""
    from communique.reporting.document_page import write_document_page
    from communique.scoring.scorer import score_table

    if report and (report.suffix not in (".html", ".htm") or report.absolute() == out.absolute()):
        raise CommuniqueError(f"{report}: a page ends in .html; name it so, apart from the table")
    fitted = load(model, tracking_uri)
    columns = {"text_column": text_column, "id_column": id_column}
    summary = score_table(fitted, inputs, out, margin=margin, **columns)  # type: ignore[arg-type]
    console.print(f"{summary.sentences:,} sentences of {summary.documents:,} documents, by {fitted.name} → {out}")
    counts = ", ".join(f"{fitted.titles[name]} {count:,}" for name, count in summary.labels.items())
    console.print(f"  {counts}, none {summary.unlabelled:,}; {summary.review:,} near a threshold, marked for review")
    for reason, count in summary.dropped.items():
        console.print(f"  dropped: {count:,} {reason}")
    for note in summary.notes:
        console.print(f"  note: {note}", markup=False)
    if report:
        report.parent.mkdir(parents=True, exist_ok=True)
        write_document_page(out, inputs, fitted, report, **columns)  # type: ignore[arg-type]
        console.print(f"page → {report}")
