"""Commands that make a run again, and tell it in prose."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from communique.cli.options import URI, UriOption, console, open_tracker
from communique.errors import CommuniqueError

if TYPE_CHECKING:
    from communique.reproduction import Difference
    from communique.tracking.base import RunRecord

SHOWN = 30


def reproduce(
    run_id: Annotated[str, typer.Argument(help="a run: the first characters of its id will do, or study:STUDY/RUN")],
    tracking_uri: UriOption = URI,
) -> None:
    """Repeat a run and compare every metric and prediction; exit code 1 where any differs."""
    from communique.reproduction import largest
    from communique.reproduction import reproduce as repeat

    run = open_tracker(tracking_uri).get(run_id)
    console.print(f"repeating run {run.id}, {run.name} of study {run.tags.get('communique.study', '')}")
    done = repeat(run, lambda text: console.print(f"warning: {text}", style="yellow", soft_wrap=True))
    if not done.differences:
        console.print(f"all {done.compared:,} figures are equal to the last digit ({done.result.seconds:.0f} s)")
        return
    console.print(_table(done.differences))
    told = f"{len(done.differences):,} entries differ, the largest by {largest(done.differences):.3g}"
    console.print(f"{told}; {done.compared:,} figures were compared")
    raise typer.Exit(1)


def _table(differences: "tuple[Difference, ...]") -> Table:
    table = Table(title="What came out otherwise", title_justify="left", box=None, header_style="bold")
    for column in ("", "on record", "repeated", "difference"):
        table.add_column(column, justify="right" if column == "difference" else "left", overflow="fold")
    for d in differences[:SHOWN]:
        table.add_row(d.what, str(d.recorded), str(d.repeated), "" if math.isnan(d.size) else f"{d.size:.3g}")
    if len(differences) > SHOWN:
        table.add_row(f"and {len(differences) - SHOWN:,} more", "", "", "")
    return table


def card(
    reference: Annotated[str, typer.Argument(help="a run's id, study:STUDY/RUN, a model's folder, URI, or name@alias")],
    out: Annotated[Path, typer.Option(help="the folder to write MODEL_CARD.md and REPRODUCIBILITY.md in")] = Path(
        "reports/cards"
    ),
    tracking_uri: UriOption = URI,
) -> None:
    """Write the model card of a run or model, and its answers to the reproducibility checklist."""
    from communique.reporting.card import write_cards, write_model_card

    folder = _model_folder(reference, tracking_uri)
    if folder is None:
        tracker = open_tracker(tracking_uri)
        run = tracker.get(reference)
        written = write_cards(run.artifacts, out, tracker.runs(run.tags["communique.study"]))
    else:
        from communique.models.folder import read_manifest

        manifest = read_manifest(folder)
        known = _run_of(str(manifest["provenance"].get("run", "")), tracking_uri)
        if known is None:
            console.print(f"its run is not on record at {tracking_uri}: the card tells no figures")
        written = write_cards(known.artifacts, out) if known else [write_model_card(manifest, out)]
    for path in written:
        console.print(f"card → {path}")


def _model_folder(reference: str, uri: str) -> Path | None:
    """The model folder that is meant, or None where it is a run's id."""
    from communique.models.folder import is_model_folder

    if is_model_folder(reference):
        return Path(reference)
    if Path(reference).is_dir() or "@" in reference or ":/" in reference:
        from communique.tracking.references import resolve_model_folder

        return resolve_model_folder(reference, uri)
    return None


def _run_of(run_id: str, uri: str) -> "RunRecord | None":
    try:
        return open_tracker(uri).get(run_id) if run_id else None
    except CommuniqueError:
        return None  # the model came from elsewhere
