"""The command that turns scores into shares that may be reported."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from communique.cli.options import console, write_text
from communique.errors import CommuniqueError

if TYPE_CHECKING:
    from communique.scoring.prevalence import Prevalence

WARNING = (
    "the raw count adds up the classifier's decisions, errors and all, and its interval is false: report the share"
)


def prevalence(
    scored: Annotated[Path, typer.Argument(help="the table that communique score wrote")],
    labelled: Annotated[
        Path,
        typer.Option(help="your labelled random sample of it (.jsonl, or a filled .csv or .xlsx), design beside it"),
    ],
    by: Annotated[str, typer.Option(help="columns to group by, as in actor,year")] = "",
    of: Annotated[
        str, typer.Option(help="shares of sentences, or of documents (needs sampled documents)")
    ] = "sentences",
    target: Annotated[
        str, typer.Option(help="archive: these very documents; superpopulation: the source they are a sample of")
    ] = "archive",
    count_reprints: Annotated[bool, typer.Option("--count-reprints", help="count every reprint of a sentence")] = False,
    predicted: Annotated[str, typer.Option(help="further columns of --by that are themselves predicted")] = "",
    out: Annotated[Path | None, typer.Option(help="a table to write (.csv) or everything (.json)")] = None,
    plot: Annotated[Path | None, typer.Option(help="a plot to write: .svg, .png or .pdf")] = None,
) -> None:
    """Share of sentences or documents by label and group, corrected for the classifier's errors, with 95% intervals."""
    from communique.data.annotation import design_path
    from communique.evaluation.prevalence import TARGETS
    from communique.reporting.prevalence import PLOTS, prevalence_plot, prevalence_table
    from communique.scoring.prevalence import prevalence as measure

    for name, value, allowed in (("of", of, ("sentences", "documents")), ("target", target, TARGETS)):
        if value not in allowed:
            raise CommuniqueError(f"{name} '{value}': choose one of {', '.join(allowed)}")
    if out and out.suffix not in (".csv", ".json"):
        raise CommuniqueError(f"{out}: the shares go to .csv or .json; name it so")
    read = {path.resolve() for path in (scored, labelled, design_path(labelled))}
    if taken := next((path for path in (out, plot) if path and path.resolve() in read), None):
        raise CommuniqueError(f"{taken}: is read from; write to another place")
    if plot and plot.suffix not in PLOTS:
        raise CommuniqueError(f"{plot}: a plot ends in {', '.join(PLOTS)}; name it so")
    options: dict[str, Any] = {"by": _names(by), "of": of, "target": target, "predicted": _names(predicted)}
    found = measure(scored, labelled, once=not count_reprints, **options)
    console.print(prevalence_table(found))
    for note in (*found.notes, WARNING):
        console.print(f"  note: {note}")
    if out:
        _write(found, out)
    if plot:
        prevalence_plot(found, plot)
        console.print(f"plot → {plot}")


def _names(listed: str) -> list[str]:
    return [name.strip() for name in listed.split(",") if name.strip()]


def _write(found: "Prevalence", out: Path) -> None:
    as_json = out.suffix == ".json"
    text = (
        json.dumps(found.to_dict(), indent=1, ensure_ascii=False) if as_json else found.to_frame().to_csv(index=False)
    )
    write_text(out, text.rstrip("\n") + "\n")
    console.print(f"{len(found.shares):,} shares → {out}")
