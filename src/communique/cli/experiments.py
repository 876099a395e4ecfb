"""Commands that fit, measure and register models."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from communique.cli.options import (
    MODEL,
    URI,
    ModelOption,
    StudyOption,
    UriOption,
    caution_of,
    console,
    keep_inputs,
    load,
    open_tracker,
    read_labelled_for,
    write_text,
)
from communique.errors import CommuniqueError
from communique.files import all_or_nothing

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
    """Measure a model on labelled sentences, with document-clustered 95% intervals.

    Sentences that the model learned from are counted, and said; the file's "known_sentences" is their number.
    """
    from communique.models.lineage import known_sentences
    from communique.reporting.tables import metrics_table
    from communique.training import predict

    if predictions and predictions.suffix not in (".csv", ".parquet"):
        raise CommuniqueError(f"{predictions}: predictions are written as .csv or .parquet; name it so")
    keep_inputs([path for path in (out, predictions) if path], [data])
    fitted = load(model, tracking_uri)
    corpus = read_labelled_for(fitted, data)
    said = predict(fitted, corpus)
    metrics = said.metrics(resamples=resamples)
    console.print(metrics_table(metrics, fitted.titles, f"{fitted.name} on {data}"))
    known = known_sentences(fitted, corpus.texts)
    if caution := caution_of(fitted, corpus):
        console.print(caution)
    elif known == 0:
        console.print(f"none of these sentences is among those that {fitted.name} learned from")
    if out:
        write_text(out, json.dumps(metrics.to_dict() | {"known_sentences": known}, indent=1) + "\n")
    if predictions:
        table = said.to_frame("evaluation")
        with all_or_nothing(predictions) as (staged,):
            write = table.to_csv if predictions.suffix == ".csv" else table.to_parquet
            write(staged, index=False)


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
    # a model adapted to somebody's archive is reported beside the champion and never becomes it, and no more does a
    # point of a learning curve
    known = [run for run in tracker.runs(study) if run.whole and not run.adapted]
    runs = [run for run in known if key in run.metrics and run.params.get("split._target_") == FIXED]
    if not runs:
        raise CommuniqueError(
            f"study '{study}': no run was measured on the fixed validation after learning from the whole "
            "training part; train with split=fixed"
        )
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
