"""Commands that fit, measure and compare models."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from communique.cli.options import (
    MODEL,
    URI,
    ModelOption,
    StudyOption,
    UriOption,
    console,
    decided_here,
    load,
    open_tracker,
    write_text,
)
from communique.errors import CommuniqueError

FIXED = "communique.data.splits.FixedSplit"


def train(context: typer.Context) -> None:
    """Run an experiment: `train model=tfidf seed=0`, `train -m model=lexicon,tfidf` (Hydra; --help for more)."""
    from communique import experiment

    sys.argv = ["communique train", *context.args]
    experiment.main()


def evaluate(
    data: Annotated[Path, typer.Option(help="labelled sentences (.jsonl or .csv) with id, document, text, labels")],
    out: Annotated[Path | None, typer.Option(help="metrics.json to write")] = None,
    model: ModelOption = MODEL,
    predictions: Annotated[Path | None, typer.Option(help="also write predictions (.parquet or .csv)")] = None,
    resamples: int = 2000,
    tracking_uri: UriOption = URI,
) -> None:
    """Measure a model on labelled sentences, with document-clustered 95% intervals."""
    from communique.data.codebook import Codebook
    from communique.data.dataset import read_corpus
    from communique.reporting.tables import metrics_table
    from communique.training import predict

    fitted = load(model, tracking_uri)
    book = fitted.codebook or Codebook.from_dict({"labels": [{"name": name} for name in fitted.labels]})
    said = predict(fitted, read_corpus(data, book))
    metrics = said.metrics(resamples=resamples)
    console.print(metrics_table(metrics, fitted.titles, f"{fitted.name} on {data}"))
    if out:
        write_text(out, json.dumps(metrics.to_dict(), indent=1) + "\n")
    if predictions:
        table = said.to_frame("evaluation")
        predictions.parent.mkdir(parents=True, exist_ok=True)
        csv = predictions.suffix == ".csv"
        table.to_csv(predictions, index=False) if csv else table.to_parquet(predictions, index=False)


def compare(
    studies: Annotated[
        list[str] | None, typer.Option("--study", help="a study whose runs are compared; may be repeated")
    ] = None,
    files: Annotated[
        list[Path] | None,
        typer.Option("--predictions", help="a file (.csv .parquet) with id, document, labels, prob_…; may be repeated"),
    ] = None,
    part: Annotated[str, typer.Option(help="part of the runs: test, validation, or a measured file's name")] = "test",
    reference: Annotated[str | None, typer.Option(help="compare the others with this one (default: the best)")] = None,
    interval: Annotated[str, typer.Option(help="of the bootstrap over documents: percentile or bca")] = "percentile",
    out: Annotated[Path | None, typer.Option(help="a page to write (.html), with .csv .md .tex beside it")] = None,
    resamples: Annotated[int, typer.Option(help="of the bootstrap")] = 2000,
    tracking_uri: UriOption = URI,
) -> None:
    """Compare runs of studies and anyone's prediction files: a leaderboard with intervals and paired tests.

    Runs at several split.train_share add learning curves to the page.
    """
    from rich.text import Text

    from communique.evaluation.comparison import compare as compare_systems
    from communique.evaluation.learning_curve import learning_curve
    from communique.reporting.study import check_page_name, write_study
    from communique.reporting.systems import by_share, gather
    from communique.reporting.terminal import terminal

    if interval not in ("percentile", "bca"):
        raise CommuniqueError(f"--interval {interval}: choose percentile or bca")
    if out:
        check_page_name(out)
    tracker = open_tracker(tracking_uri) if studies else None
    shares = by_share(gather(studies or [], files or [], part, tracker))
    options: dict[str, Any] = {"resamples": resamples, "method": interval}
    with console.status("reading") as status:
        board = compare_systems(shares.ranked, reference, tell=lambda text: status.update(Text(text)), **options)
        curves = [learning_curve(name, found, **options) for name, found in shares.curves.items()]
    if shares.unranked:
        left = f"Learned from a part of the training documents, so not ranked: {', '.join(shares.unranked)}."
        board = replace(board, note=f"{board.note} {left}")
    measured = [part + decided_here(part, studies, tracking_uri)] if studies else []
    title = " · ".join([*(studies or []), *_files(files or []), *measured])
    console.print(terminal(board, title, console.width, curves=curves))
    if out:
        write_study(board, out, title, curves=curves)
        console.print(f"page → {out}")


def _files(paths: list[Path]) -> list[str]:
    return [str(path) for path in paths] if len(paths) < 3 else [f"{len(paths)} prediction files"]


def champion(
    study: StudyOption,
    run: Annotated[str | None, typer.Option(help="this run of the study, by name, instead of the best")] = None,
    name: Annotated[str, typer.Option(help="registered name")] = "communique",
    alias: Annotated[str, typer.Option(help="alias to point at it")] = "champion",
    force: Annotated[bool, typer.Option("--force", help="replace a better one on the same data")] = False,
    tracking_uri: UriOption = URI,
) -> None:
    """Register the study's best model on validation, unless the present champion is better on the same data.

    A run that is named with --run is registered as it is: chosen by you, on whatever grounds.
    """
    tracker = open_tracker(tracking_uri)
    key, data = "validation.macro_f1.value", "communique.data"
    # a model adapted to somebody's archive is reported beside the champion and never becomes it
    known = [run for run in tracker.runs(study) if "archive.fingerprint" not in run.params]
    runs = [run for run in known if key in run.metrics and run.params.get("split._target_") == FIXED]
    if not runs:
        raise CommuniqueError(f"study '{study}': no run was measured on the fixed validation; train with split=fixed")
    runs = [run for run in runs if run.tags.get(data) == runs[-1].tags.get(data)]  # the corpus of the newest run
    named = [found for found in runs if run in (None, found.name)]
    if not named:
        known_names = ", ".join(sorted({found.name for found in runs}))
        raise CommuniqueError(f"study '{study}': has no run '{run}' on its newest corpus; it has {known_names}")
    best = named[-1] if run else max(named, key=lambda found: found.metrics[key])
    present = tracker.registered(name, alias) if run is None else None
    comparable = present is not None and present.tags.get(data) == best.tags.get(data)
    if present and comparable and not force and present.metrics[key] >= best.metrics[key]:
        console.print(f"{name}@{alias} stays {present.name}, validation macro-F1 {present.metrics[key]:.3f}")
        return
    version = tracker.register(best.id, name, alias)
    console.print(f"{name}@{alias} is now version {version}: {best.name}, validation macro-F1 {best.metrics[key]:.3f}")
