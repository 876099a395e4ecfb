"""Commands that look into a model's figures: slice by slice, and mistake by mistake."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from communique.cli.measured import data_of, measured_sentences
from communique.cli.options import (
    CORPUS,
    URI,
    UriOption,
    caution_of,
    console,
    load,
    open_tracker,
    read_labelled_for,
    write_text,
)
from communique.errors import CommuniqueError

if TYPE_CHECKING:
    import pandas as pd

    from communique.data.dataset import Corpus
    from communique.evaluation.hard_cases import Answers
    from communique.models import StanceModel
    from communique.tracking.base import RunRecord

PartOption = Annotated[str, typer.Option(help="part of the runs: test, validation, or a measured file's name")]
DataOption = Annotated[
    Path | None, typer.Option("--data", help="the labelled sentences (default: what a study was made of, else ours)")
]
CodebookOption = Annotated[Path | None, typer.Option(help="their codebook (default: that of the runs)")]
RunsOption = Annotated[list[str] | None, typer.Option("--run", help="only the runs of this name; again for more")]


def slices(
    predictions: Annotated[Path | None, typer.Option(help="a prediction file (.parquet or .csv)")] = None,
    study: Annotated[str | None, typer.Option(help="or a study, whose runs are taken apart one by one")] = None,
    part: PartOption = "test",
    run: RunsOption = None,
    data: DataOption = None,
    codebook: CodebookOption = None,
    out: Annotated[Path | None, typer.Option(help="a table (.csv), or a fragment of a page (.html) and .csv")] = None,
    minimum: Annotated[int, typer.Option(help="documents below which the values of a field are pooled")] = 10,
    resamples: int = 2000,
    tracking_uri: UriOption = URI,
) -> None:
    """Figures by genre, forum, actor, decade, length and phenomenon, with intervals, worst first."""
    from communique.evaluation.slices import measure_slices
    from communique.reporting.answers import corpus_of, recorded
    from communique.reporting.slices import slices_section, slices_table

    if (study is None) == (predictions is None):
        raise CommuniqueError("slices: give either --study or --predictions")
    if out and out.suffix not in (".csv", ".html"):
        raise CommuniqueError(f"{out}: slices are written as .csv, or as .html with .csv beside; name it so")
    runs = _runs(study or "", run, tracking_uri) if study else {}
    tables = _file(predictions) if predictions else _tables(runs, part)
    frames, pages = [], []
    for name, table in tables.items():
        used = data_of(runs[name].artifacts) if study else {}
        chosen = corpus_of(table, measured_sentences(used, part, data, codebook), name)
        labels = chosen.codebook.names
        said = recorded(table, labels, name)
        report = measure_slices(
            chosen.indicators.to_numpy(),
            said.decided,
            chosen.to_frame(),
            labels,
            minimum_documents=minimum,
            resamples=resamples,
            progress=True,
        )
        console.print(slices_table(report, f"{name} · {part if study else predictions}", console.width))
        frames.append(report.to_frame().assign(model=name))
        pages.append((name, slices_section(report)[1]))
    if out:
        _write_slices(out, frames, pages)


def _write_slices(out: Path, frames: "list[pd.DataFrame]", pages: list[tuple[str, str]]) -> None:
    import html

    import pandas as pd

    write_text(out.with_suffix(".csv"), pd.concat(frames).to_csv(index=False))
    if out.suffix == ".html":
        write_text(out, "".join(f"<h3>{html.escape(name)}</h3>\n{page}\n" for name, page in pages))
    console.print(f"slices → {out}")


def errors(
    out: Annotated[Path, typer.Option(help="the page (.html), with .xlsx and .csv beside it; or .xlsx without page")],
    model: Annotated[
        list[str] | None, typer.Option(help="a model folder, an MLflow URI, or name@alias; again for more")
    ] = None,
    data: DataOption = None,
    study: Annotated[str | None, typer.Option(help="instead of models: what a study's runs said")] = None,
    part: PartOption = "test",
    run: RunsOption = None,
    codebook: CodebookOption = None,
    limit: Annotated[int, typer.Option(help="the most sentences to show; the rest is counted")] = 300,
    margin: Annotated[float, typer.Option(help="how near a threshold a right decision counts as uncertain")] = 0.1,
    words: Annotated[bool, typer.Option(help="also the words that moved each decision (takes longer)")] = True,
    tracking_uri: UriOption = URI,
) -> None:
    """A page and a spreadsheet of the wrong and the least certain sentences, with the words that moved them."""
    from communique.evaluation.hard_cases import hard_cases
    from communique.reporting.errors import count_note, explain_cases, write_errors

    if bool(model) == bool(study):
        raise CommuniqueError("errors: give either --model (once or more) and --data, or --study")
    if model and codebook:
        raise CommuniqueError("errors: --codebook goes with --study; a model brings its own")
    if out.suffix not in (".html", ".htm", ".xlsx"):
        raise CommuniqueError(f"{out}: errors are written as .html (with .xlsx and .csv beside) or .xlsx; name it so")
    if study:
        corpus, answers, models = _recorded(_runs(study, run, tracking_uri), part, data, codebook, words, tracking_uri)
    else:
        data = data or CORPUS
        corpus, answers, models = _asked(model or [], data, tracking_uri)
    gold, labels = corpus.indicators.to_numpy(), corpus.codebook.names
    found = hard_cases(gold, answers, labels, margin=margin, limit=limit)
    if unexplained := [one.name for one in answers if words and one.name not in models]:
        console.print(f"no words for {', '.join(unexplained)}: the run kept no model, as a k-fold run keeps none")
    explained = explain_cases(found, corpus, models, progress=True) if words else {}
    title = f"Errors · {', '.join(one.name for one in answers)} · {f'{study}, {part}' if study else data}"
    for path in write_errors(found, corpus, explained, out, title, margin):
        console.print(f"errors → {path}")
    console.print(count_note(found, margin))


Gathered = tuple["Corpus", "list[Answers]", "dict[str, StanceModel]"]


def _asked(references: list[str], data: Path, uri: str) -> Gathered:
    """Answers of loaded models on a labelled file."""
    from communique.reporting.answers import ask, distinct

    models = [load(reference, uri) for reference in references]
    corpus = read_labelled_for(models[0], data)
    for caution in filter(None, (caution_of(one, corpus) for one in models)):
        console.print(caution)
    named = dict(zip(distinct([one.name for one in models]), models, strict=True))
    return corpus, [ask(one, corpus, name) for name, one in named.items()], named


def _recorded(
    runs: "dict[str, RunRecord]", part: str, data: Path | None, codebook: Path | None, words: bool, uri: str
) -> Gathered:
    """Answers that runs recorded for one part, with those of their models that were kept."""
    from communique.reporting.answers import corpus_of, recorded

    tables = _tables(runs, part)
    name, table = next(iter(tables.items()))
    corpus = corpus_of(table, measured_sentences(data_of(runs[name].artifacts), part, data, codebook), name)
    answers = []
    for name, other in tables.items():
        if set(other["id"]) != set(table["id"]):
            raise CommuniqueError(f"{name}: scored other sentences than the first run; name one by --run")
        ordered = other.set_index("id").loc[table["id"]].reset_index()
        corpus_of(ordered, corpus, name)
        answers.append(recorded(ordered, corpus.codebook.names, name))
    tracker = open_tracker(uri)
    kept = {name: tracker.stored_model(one.id) for name, one in runs.items()} if words else {}
    return corpus, answers, {name: load(reference, uri) for name, reference in kept.items() if reference}


def _runs(study: str, names: list[str] | None, uri: str) -> "dict[str, RunRecord]":
    """The latest run of each name that learned from the whole training part."""
    runs = {one.name: one for one in open_tracker(uri).runs(study) if one.whole}
    if not runs:
        raise CommuniqueError(f"study '{study}': every run learned from a share of the training part; train one whole")
    if unknown := sorted(set(names or ()) - set(runs)):
        raise CommuniqueError(f"study '{study}': has no run '{unknown[0]}'; it has {', '.join(runs)}")
    return {name: one for name, one in runs.items() if not names or name in names}


def _tables(runs: "dict[str, RunRecord]", part: str) -> "dict[str, pd.DataFrame]":
    """What each run predicted for a part."""
    tables = {}
    for name, one in runs.items():
        table = next(iter(_file(one.artifacts / "predictions.parquet").values()))
        if part not in (parts := table["part"].unique()):
            raise CommuniqueError(f"run {one.id} ({name}): has no part '{part}'; it has {', '.join(parts)}")
        tables[name] = table[table["part"] == part].reset_index(drop=True)
    return tables


def _file(path: Path) -> "dict[str, pd.DataFrame]":
    from communique.reporting.systems import read_predictions

    return {path.stem: read_predictions(path)}
