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
    keep_inputs,
    load,
    open_tracker,
    read_labelled_for,
)
from communique.errors import CommuniqueError
from communique.files import write_texts

if TYPE_CHECKING:
    import pandas as pd

    from communique.data.dataset import Corpus
    from communique.evaluation.hard_cases import Answers
    from communique.evaluation.predictions import System
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
    study: Annotated[str | None, typer.Option(help="or a study: each of its systems, over all seeds")] = None,
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
    import numpy as np

    from communique.evaluation.predictions import align
    from communique.evaluation.slices import measure_slices
    from communique.reporting.answers import compared_sentences
    from communique.reporting.slices import slices_section, slices_table
    from communique.reporting.systems import systems_of_files

    if (study is None) == (predictions is None):
        raise CommuniqueError("slices: give either --study or --predictions")
    if out and out.suffix not in (".csv", ".html"):
        raise CommuniqueError(f"{out}: slices are written as .csv, or as .html with .csv beside; name it so")
    if out:
        keep_inputs([out, out.with_suffix(".csv")], [predictions, data, codebook])
    systems: list[tuple[System, RunRecord | None]] = (
        list(_systems(study, run, part, tracking_uri))
        if study
        else [(system, None) for system in systems_of_files([predictions] if predictions else [], part)]
    )
    frames, pages = [], []
    for system, recorded in systems:
        said = align([system])
        fits = said.fits[system.name]
        used = data_of(recorded.artifacts) if recorded else {}
        chosen = compared_sentences(said, measured_sentences(used, part, data, codebook), system.name)
        report = measure_slices(
            said.gold,
            np.stack([fit.predicted for fit in fits]),
            chosen.to_frame(),
            said.labels,
            minimum_documents=minimum,
            resamples=resamples,
            progress=True,
        )
        told = f", mean of {len(fits)} fits" if len(fits) > 1 else ""
        console.print(slices_table(report, f"{system.name} · {part if study else predictions}{told}", console.width))
        if said.cut_at_half:
            console.print(f"{predictions}: holds neither decisions nor thresholds, so every label is cut at 0.5")
        frames.append(report.to_frame().assign(model=system.name))
        pages.append((system.name, slices_section(report)[1]))
    if out:
        _write_slices(out, frames, pages)


def _write_slices(out: Path, frames: "list[pd.DataFrame]", pages: list[tuple[str, str]]) -> None:
    import html

    import pandas as pd

    texts = {out.with_suffix(".csv"): pd.concat(frames).to_csv(index=False)}
    if out.suffix == ".html":
        texts[out] = "".join(f"<h3>{html.escape(name)}</h3>\n{page}\n" for name, page in pages)
    write_texts(texts)
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
    keep_inputs([out, out.with_suffix(".csv"), out.with_suffix(".xlsx")], [data, codebook])
    if study:
        corpus, answers, models = _recorded(study, run, part, data, codebook, words, tracking_uri)
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
    study: str, names: list[str] | None, part: str, data: Path | None, codebook: Path | None, words: bool, uri: str
) -> Gathered:
    """What the first fit of every system of a study said of one part, with those of its models that were kept."""
    from communique.evaluation.predictions import align
    from communique.reporting.answers import answers_of, compared_sentences

    systems = _systems(study, names, part, uri)
    said = {system.name: align([system]) for system, _ in systems}
    (first, recorded), *_ = systems
    labelled = measured_sentences(data_of(recorded.artifacts), part, data, codebook)
    corpus = compared_sentences(said[first.name], labelled, first.name)
    answers = [answers_of(answered, name, corpus) for name, answered in said.items()]
    for name, answered in said.items():
        compared_sentences(answered, corpus, name)
        if (fits := answered.fits[name])[1:]:
            console.print(f"{name}: has {len(fits)} fits (seeds or repeats); the first, {fits[0].name}, is shown")
    tracker = open_tracker(uri)
    kept = {system.name: tracker.stored_model(system.runs[0]) for system, _ in systems} if words else {}
    return corpus, answers, {name: load(reference, uri) for name, reference in kept.items() if reference}


def _systems(study: str, names: list[str] | None, part: str, uri: str) -> "list[tuple[System, RunRecord]]":
    """Every system of a study that learned from the whole training part, with the first of its runs."""
    from communique.reporting.systems import systems_of_study

    chosen = _runs(study, names, uri)
    tracker = open_tracker(uri)
    records = {one.id: one for one in tracker.runs(study)}
    systems = systems_of_study(study, part, tracker, names=tuple(chosen))
    return [(system, records[system.runs[0]]) for system in systems if system.share == 1]


def _runs(study: str, names: list[str] | None, uri: str) -> "dict[str, RunRecord]":
    """The latest run of each name that learned from the whole training part."""
    runs = {one.name: one for one in open_tracker(uri).runs(study) if one.whole}
    if not runs:
        raise CommuniqueError(f"study '{study}': every run learned from a share of the training part; train one whole")
    if unknown := sorted(set(names or ()) - set(runs)):
        raise CommuniqueError(f"study '{study}': has no run '{unknown[0]}'; it has {', '.join(runs)}")
    return {name: one for name, one in runs.items() if not names or name in names}
