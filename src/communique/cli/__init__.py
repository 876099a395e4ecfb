"""The command line: experiments go to Hydra, everything else has ordinary flags.

A user's mistake is one sentence on standard error and exit code 2, never a traceback.
"""

import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

import communique
from communique.cli import (
    adaptation,
    analysis,
    behaviour,
    comparison,
    corpus,
    experiments,
    prevalence,
    reproduction,
    scoring,
    speed,
)
from communique.errors import CommuniqueError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
annotate = typer.Typer(help="Sheets for annotators: draw, fill in, read back.", no_args_is_help=True)
app.add_typer(annotate, name="annotate")

HYDRA = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
app.command(context_settings=HYDRA, add_help_option=False)(experiments.train)
app.command()(experiments.evaluate)
app.command()(comparison.compare)
app.command()(experiments.champion)
app.command()(reproduction.reproduce)
app.command()(reproduction.card)
app.command()(scoring.score)
app.command()(behaviour.behave)
app.command()(analysis.slices)
app.command()(analysis.errors)
app.command()(prevalence.prevalence)
app.command()(adaptation.adapt)
app.command()(speed.export)
app.command()(speed.distil)
app.command()(corpus.data)
app.command()(corpus.split)
app.command()(corpus.agreement)
annotate.command("export")(corpus.annotate_export)
annotate.command("import")(corpus.annotate_import)


def _tell_version(asked: bool) -> None:
    if asked:
        print(f"communique {communique.__version__}")
        raise typer.Exit


@app.callback()
def about(
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Tell the version and leave.")
    ] = False,
) -> None:
    """Measure stance in diplomatic text."""


def main() -> None:
    """Entry point of the ``communique`` command."""
    errors = Console(stderr=True)
    try:
        app()
    except (CommuniqueError, OSError) as error:
        errors.print(f"[bold red]error:[/] {escape(_sentence(error))}", highlight=False, soft_wrap=True)
        sys.exit(2)
    except KeyboardInterrupt:
        errors.print("interrupted")
        sys.exit(130)


def _sentence(error: Exception) -> str:
    """What is said of an error; of a file that cannot be written, say, its name and the system's reason."""
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename2 or error.filename}: {error.strerror}; check the path"
    return " ".join(str(error).split())
