"""The command that adapts a model to the user's own archive."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from communique.cli.options import (
    CODEBOOK,
    CORPUS,
    MODEL,
    SPLIT,
    URI,
    CodebookOption,
    CorpusOption,
    ModelOption,
    ResamplesOption,
    SeedOption,
    SplitOption,
    UriOption,
    console,
    load,
    read_labelled,
)
from communique.errors import CommuniqueError

if TYPE_CHECKING:
    from communique.adaptation.archive import HeldOut
    from communique.adaptation.student import Adaptation

ARTIFACTS = "mlartifacts"


def adapt(
    documents: Annotated[list[str], typer.Option("--corpus", help="your documents: files, folders or patterns")],
    out: Annotated[Path, typer.Option(help="folder of the adapted model")],
    more: Annotated[list[str] | None, typer.Argument(help="more of your documents")] = None,
    model: ModelOption = MODEL,
    path: CorpusOption = CORPUS,
    codebook: CodebookOption = CODEBOOK,
    split: SplitOption = SPLIT,
    measure: Annotated[
        list[str] | None, typer.Option(help="NAME=FILE, labelled: measure both models on it too")
    ] = None,
    exclude: Annotated[list[Path] | None, typer.Option(help="a file whose documents the archive must not hold")] = None,
    leave_out: Annotated[bool, typer.Option("--leave-out", help="leave out what the evaluation holds too")] = False,
    limit: Annotated[int, typer.Option(min=1, help="sentences of the archive that are used at most")] = 10_000,
    encoder: Annotated[
        str, typer.Option(help="what is fine-tuned: 'packaged', a folder, a Hugging Face id")
    ] = "packaged",
    epochs: Annotated[int, typer.Option(min=1, help="passes over the sentences")] = 3,
    prevalence: Annotated[
        float | None, typer.Option(help="share of sentences with a label in your text, as decision.target_prevalence")
    ] = None,
    seed: SeedOption = 0,
    study: Annotated[str, typer.Option(help="the study that records the run")] = "adapt",
    force: Annotated[bool, typer.Option("--force", help="repeat a run that is on record")] = False,
    text_column: Annotated[str, typer.Option(help="the text column of tables")] = "text",
    id_column: Annotated[str | None, typer.Option(help="the id column of tables (default: row numbers)")] = None,
    resamples: ResamplesOption = 2000,
    tracking_uri: UriOption = URI,
) -> None:
    """Adapt a model to your own unlabelled documents: it scores them, an encoder learns from that and from ours.

    The run keeps the archive's fingerprint and never its text. Documents that the evaluation holds are refused.
    """
    from communique.adaptation import student
    from communique.adaptation.archive import read_archive
    from communique.models.folder import check_destination
    from communique.reporting.card import write_cards
    from communique.tracking.mlflow_tracker import MlflowTracker

    check_destination(out)
    corpus, files = read_labelled(path, codebook), _named(measure or [])
    measured = {name: read_labelled(Path(file), codebook) for name, file in files.items()}
    excluded = _excluded(exclude or [])
    archive = read_archive([*documents, *(more or [])], text_column, id_column)
    done = student.adapt(
        load(model, tracking_uri),
        archive,
        corpus,
        split,
        student.AdaptedModel(encoder, epochs, seed=seed),
        MlflowTracker(tracking_uri, ARTIFACTS),  # last, since it makes a store where there is none
        measure=measured,
        exclude=excluded,
        leave_out=leave_out,
        limit=limit,
        target_prevalence=prevalence,
        study=study,
        force=force,
        resamples=resamples,
        data={"corpus": str(path), "codebook": str(codebook), "measure": files},
        describe=write_cards,
    )
    done.result.model.save(out)
    _tell(done, resamples, out)


def _named(given: list[str]) -> dict[str, str]:
    """The files of ``--measure NAME=FILE`` by their names."""
    pairs = [item.partition("=") for item in given]
    if wrong := [item for item, (name, _, file) in zip(given, pairs, strict=True) if not (name and file)]:
        raise CommuniqueError(f"--measure {wrong[0]}: must be NAME=FILE")
    return {name: file for name, _, file in pairs}


def _excluded(files: list[Path]) -> "list[HeldOut]":
    from communique.adaptation.archive import HeldOut

    return [HeldOut.of_file(file) for file in files]


def _tell(done: "Adaptation", resamples: int, out: Path) -> None:
    """What was used of the archive, the adapted model beside its teacher on every part, and where it is."""
    from communique.evaluation.comparison import compare as compare_systems
    from communique.evaluation.predictions import System
    from communique.reporting.terminal import terminal

    used = done.archive.facts()
    console.print(f"archive: {used['sentences']:,} sentences of {used['documents']:,} documents")
    console.print(f"  fingerprint {used['fingerprint']}")
    for reason, count in done.archive.log.dropped.items():
        console.print(f"  dropped: {reason} ({count:,})")
    for note in done.archive.log.notes:
        console.print(f"  note: {note}")
    table = done.result.predictions
    for part, said in done.teacher.items():
        adapted = table[table["part"] == part].reset_index(drop=True)
        systems = [System("teacher", (said.to_frame(part),)), System("adapted", (adapted,))]
        board = compare_systems(systems, "teacher", resamples=resamples)
        console.print(terminal(board, part, console.width))
    console.print(f"run {done.result.run_id} → {out}")
