"""The command that pools a study's runs over one of their settings."""

import json
from pathlib import Path
from typing import Annotated

import typer

from communique.cli.options import URI, StudyOption, UriOption, console, open_tracker, write_text


def pool(
    study: StudyOption,
    over: Annotated[str, typer.Option(help="the setting that the runs of one name differ in")] = "data.where.target",
    part: Annotated[str, typer.Option(help="part of the runs that is pooled")] = "test",
    out: Annotated[Path | None, typer.Option(help="a .json to write")] = None,
    resamples: int = 2000,
    tracking_uri: UriOption = URI,
) -> None:
    """Pool runs that differ in one setting (a target): macro-F1 of all decisions, and the mean of the runs' own."""
    from communique.reporting.pooling import pooled_study, pooling_table

    results = pooled_study(study, over, part, open_tracker(tracking_uri), resamples)
    console.print(pooling_table(results, f"{study} · {part}, pooled over {over}"))
    if out:
        write_text(out, json.dumps(results, indent=1) + "\n")
        console.print(f"figures → {out}")
