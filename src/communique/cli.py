"""The command line: experiments go to Hydra, everything else has ordinary flags.

A user's mistake is one sentence on standard error and exit code 2, never a traceback.
"""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from communique.errors import CommuniqueError

if TYPE_CHECKING:
    from communique.models import StanceModel

app = typer.Typer(
    help="Measure stance in diplomatic text.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
console = Console()
DEFAULT_MODEL = "communique@champion"
DEFAULT_URI = "sqlite:///mlruns.db"

ModelOption = Annotated[str, typer.Option(help="a model folder, an MLflow URI, or name@alias")]
UriOption = Annotated[str, typer.Option("--tracking-uri", envvar="MLFLOW_TRACKING_URI", help="where MLflow keeps runs")]
DataOption = Annotated[Path, typer.Option(help="labelled sentences (.jsonl or .csv)")]
CodebookOption = Annotated[Path, typer.Option(help="the codebook")]
SplitOption = Annotated[Path, typer.Option(help="the committed split")]
STUDY = typer.Option(help="the study whose runs are meant")

CORPUS, CODEBOOK, SPLIT = Path("data/sentences.jsonl"), Path("data/codebook.yaml"), Path("data/splits.json")


def main() -> None:
    """Entry point of the ``communique`` command."""
    try:
        app(standalone_mode=True)
    except CommuniqueError as error:
        Console(stderr=True).print(f"[bold red]error:[/] {_escape(str(error))}", highlight=False, soft_wrap=True)
        sys.exit(2)
    except KeyboardInterrupt:
        Console(stderr=True).print("interrupted; started again, finished work is not repeated")
        sys.exit(130)


def _escape(text: str) -> str:
    from rich.markup import escape

    return escape(text)


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
)
def train(context: typer.Context) -> None:
    """Run an experiment, e.g. `train model=tfidf seed=0`, `train -m model=lexicon,tfidf` (Hydra; --help for more)."""
    from communique import experiment

    sys.argv = ["communique train", *context.args]
    experiment.main()


@app.command()
def data(
    data: DataOption = CORPUS,
    codebook: CodebookOption = CODEBOOK,
    split: SplitOption = SPLIT,
    near: float = 0.6,
) -> None:
    """Check a labelled file, summarise it, and report what leaks across its split."""
    from communique.data.codebook import Codebook
    from communique.data.dataset import read_corpus
    from communique.data.leakage import leakage_report
    from communique.data.splits import Split
    from communique.reporting.tables import corpus_table, field_table

    corpus = read_corpus(data, Codebook.load(codebook))
    parts = Split.load(split).apply(corpus) if split.exists() else {}
    console.print(corpus_table({**parts, "all": corpus}))
    for field in ("genre", "forum", "phenomena"):
        console.print(field_table(corpus, field))
    console.print(f"fingerprint {corpus.fingerprint}")
    if not parts:
        console.print(f"no split at {split}; 'communique split' makes one")
        return
    report = leakage_report(parts, near)
    console.print(
        f"leakage: {len(report.shared_documents)} documents and {len(report.near_duplicates)} pairs of near-duplicate "
        f"sentences (Jaccard of word trigrams ≥ {near}) across parts"
    )
    for pair in report.near_duplicates:
        console.print(
            f"  {pair.similarity:.2f}  {pair.first_part} {pair.first.id} ~ {pair.second_part} {pair.second.id}"
        )
    if not report.clean:
        raise typer.Exit(1)


@app.command()
def split(
    data: DataOption = CORPUS, codebook: CodebookOption = CODEBOOK, out: SplitOption = SPLIT, seed: int = 0
) -> None:
    """Cut a corpus into train, validation and test by document, balanced over the labels."""
    from communique.data.codebook import Codebook
    from communique.data.dataset import read_corpus
    from communique.data.splits import Split
    from communique.reporting.tables import corpus_table

    corpus = read_corpus(data, Codebook.load(codebook))
    cut = Split.make(corpus, seed=seed)
    cut.save(out)
    console.print(corpus_table(cut.apply(corpus)))
    console.print(f"written to {out}")


@app.command()
def evaluate(
    data: Annotated[Path, typer.Option(help="labelled sentences (.jsonl or .csv) with id, document, text, labels")],
    out: Annotated[Path | None, typer.Option(help="metrics.json to write")] = None,
    model: ModelOption = DEFAULT_MODEL,
    predictions: Annotated[Path | None, typer.Option(help="also write the predictions (.parquet or .csv)")] = None,
    resamples: int = 2000,
    tracking_uri: UriOption = DEFAULT_URI,
) -> None:
    """Measure a model on labelled sentences, with document-clustered 95% intervals."""
    import json

    from communique.data.codebook import Codebook
    from communique.data.dataset import read_corpus
    from communique.reporting.tables import metrics_table
    from communique.training import predict

    fitted = _load(model, tracking_uri)
    book = fitted.codebook or Codebook.from_dict({"labels": [{"name": name} for name in fitted.labels]})
    said = predict(fitted, read_corpus(data, book))
    metrics = said.metrics(resamples=resamples)
    console.print(metrics_table(metrics, fitted.titles, f"{fitted.name} on {data}"))
    if out:
        _write(out, json.dumps(metrics.to_dict(), indent=1) + "\n")
    if predictions:
        table = said.to_frame("evaluation")
        table.to_csv(predictions, index=False) if predictions.suffix == ".csv" else table.to_parquet(
            predictions, index=False
        )


@app.command()
def score(
    inputs: Annotated[
        list[str],
        typer.Argument(help="files, folders or patterns: .txt .html .csv .jsonl …; - for standard input"),
    ],
    out: Annotated[Path, typer.Option(help="the table to write: .csv, .parquet or .jsonl")] = Path("scored.csv"),
    report: Annotated[Path | None, typer.Option(help="an HTML page of the documents, highlighted")] = None,
    model: ModelOption = DEFAULT_MODEL,
    text_column: Annotated[str, typer.Option(help="the text column of tables")] = "text",
    margin: Annotated[float, typer.Option(help="how near a threshold asks for review")] = 0.1,
    tracking_uri: UriOption = DEFAULT_URI,
) -> None:
    """Score documents sentence by sentence: a table, and a page if asked."""
    from communique.scoring.scorer import score_table

    fitted = _load(model, tracking_uri)
    written = score_table(fitted, inputs, out, text_column=text_column, margin=margin)
    console.print(f"{written.sentences:,} sentences of {written.documents:,} documents → {out}")
    if report:
        from communique.reporting.document_page import write_document_page

        write_document_page(out, inputs, fitted, report)
        console.print(f"page → {report}")


@app.command()
def compare(
    study: Annotated[str | None, STUDY] = None,
    files: Annotated[
        list[Path] | None, typer.Option("--predictions", help="prediction files to compare instead")
    ] = None,
    part: Annotated[
        str, typer.Option(help="which part of the runs: test, validation, or a measured file's name")
    ] = "test",
    reference: Annotated[
        str | None, typer.Option(help="whom the others are compared with (the best one by default)")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="a page to write (.html), with .csv .md .tex beside it")] = None,
    resamples: int = 2000,
    tracking_uri: UriOption = DEFAULT_URI,
) -> None:
    """Compare runs, or anyone's prediction files: a leaderboard with intervals and paired tests."""
    from communique.evaluation.comparison import compare as compare_systems
    from communique.reporting.study import systems_of_files, systems_of_study, write_study
    from communique.reporting.tables import leaderboard_table

    if (study is None) == (not files):
        raise CommuniqueError("compare: give either --study or --predictions")
    systems = systems_of_files(files or []) if study is None else systems_of_study(study, part, _tracker(tracking_uri))
    board = compare_systems(systems, reference, resamples=resamples)
    title = f"{study or 'prediction files'} · {part}"
    console.print(leaderboard_table(board, title))
    if out:
        write_study(board, out, title)
        console.print(f"page → {out}")


@app.command()
def champion(
    study: Annotated[str, STUDY],
    name: Annotated[str, typer.Option(help="registered name")] = "communique",
    alias: Annotated[str, typer.Option(help="alias to point at it")] = "champion",
    tracking_uri: UriOption = DEFAULT_URI,
) -> None:
    """Register the study's best model on validation."""
    tracker = _tracker(tracking_uri)
    key = "validation.macro_f1.value"
    runs = [run for run in tracker.runs(study) if key in run.metrics]
    if not runs:
        raise CommuniqueError(f"study '{study}': no run was measured on validation; train with split=fixed")
    best = max(runs, key=lambda run: run.metrics[key])
    version = tracker.register(best.id, name, alias)
    console.print(f"{name}@{alias} is now version {version}: {best.name}, validation macro-F1 {best.metrics[key]:.3f}")


def _tracker(uri: str):  # type: ignore[no-untyped-def]
    from communique.tracking.mlflow_tracker import MlflowTracker

    return MlflowTracker(uri)


def _load(reference: str, uri: str) -> "StanceModel":
    from communique.models import load_model

    if Path(reference).is_dir():
        return load_model(reference)
    from communique.tracking.mlflow_tracker import resolve_model_folder  # MLflow is slow to load

    return load_model(resolve_model_folder(reference, uri))


def _write(path: Path, text: str) -> None:
    """All of it or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    staged = path.with_name(f".{path.name}.{os.getpid()}")
    staged.write_text(text, encoding="utf-8")
    staged.replace(path)
