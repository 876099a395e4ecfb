"""The command that compares systems, and writes a study's page."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from communique.cli.options import URI, UriOption, console, decided_here, keep_inputs, open_tracker
from communique.errors import CommuniqueError

if TYPE_CHECKING:
    from communique.evaluation.comparison import Leaderboard
    from communique.evaluation.learning_curve import LearningCurve
    from communique.evaluation.pooling import Pooling
    from communique.reporting.systems import Shares


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
    pool: Annotated[
        str | None, typer.Option(help="a setting that runs of one name differ in (data.where.target): pooled over it")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="a page to write (.html), with .csv .md .tex beside it")] = None,
    data: Annotated[
        Path | None, typer.Option(help="the sentences behind the predictions (default: what the runs were made of)")
    ] = None,
    codebook: Annotated[Path | None, typer.Option(help="their codebook (default: that of the runs)")] = None,
    behave: Annotated[bool, typer.Option(help="try the behaviour of the study's models for the page")] = True,
    sample: Annotated[int, typer.Option(min=0, help="sentences for each edit of the behavioural suite")] = 100,
    resamples: Annotated[int, typer.Option(help="of the bootstrap")] = 2000,
    tracking_uri: UriOption = URI,
) -> None:
    """Compare runs of studies and anyone's prediction files: a leaderboard with intervals and paired tests.

    The page adds plots, slices, errors and behaviour; runs at several split.train_share add learning curves.
    """
    from communique.cli.study_page import Wishes, sections_of
    from communique.reporting.study import check_page_name, write_study
    from communique.reporting.systems import by_share, gather
    from communique.reporting.terminal import terminal

    _check(interval, pool, studies, files)
    if out:
        check_page_name(out)
        beside = [out.with_suffix(suffix) for suffix in (".csv", ".fits.csv", ".md", ".tex")]
        keep_inputs([out, *beside], [*(files or []), data, codebook])
    tracker = open_tracker(tracking_uri) if studies else None
    shares = by_share(gather(studies or [], files or [], part, tracker, pool))
    board, curves, pooling = _measured(shares, reference, pool, {"resamples": resamples, "method": interval})
    measured = [part + decided_here(part, studies, tracking_uri)] if studies else []
    title = " · ".join([*(studies or []), *_files(files or []), *measured])
    console.print(terminal(board, title, console.width, curves=curves, pooling=pooling))
    if out:
        wishes = Wishes(part, data, codebook, behave, sample, resamples, tracking_uri)
        titles, sections = sections_of(board, shares.ranked, tracker, wishes)
        write_study(board, out, title, titles=titles, curves=curves, sections=sections, pooling=pooling)
        console.print(f"page → {out}")


def _check(interval: str, pool: str | None, studies: list[str] | None, files: list[Path] | None) -> None:
    if interval not in ("percentile", "bca"):
        raise CommuniqueError(f"--interval {interval}: choose percentile or bca")
    if pool and (files or not studies):
        raise CommuniqueError("--pool: pools the runs of a study; give --study, and no --predictions")


def _measured(
    shares: "Shares", reference: str | None, pool: str | None, options: dict[str, Any]
) -> "tuple[Leaderboard, list[LearningCurve], Pooling | None]":
    """The leaderboard with what must be said of it, the learning curves, and the parts of pooled systems."""
    from rich.text import Text

    from communique.evaluation.comparison import compare as compare_systems
    from communique.evaluation.learning_curve import learning_curve
    from communique.evaluation.pooling import measure_parts

    with console.status("reading") as status:
        board = compare_systems(shares.ranked, reference, tell=lambda text: status.update(Text(text)), **options)
        curves = [learning_curve(name, found, **options) for name, found in shares.curves.items()]
        by_id = shares.ranked[0].pooled
        pooling = measure_parts(board.answers, by_id, pool, resamples=options["resamples"]) if pool else None
    said = [board.note, *_remarks(shares, pooling)]
    return replace(board, note=" ".join(said)), curves, pooling


def _remarks(shares: "Shares", pooling: "Pooling | None") -> list[str]:
    remarks = []
    if shares.unranked:
        left = ", ".join(shares.unranked)
        remarks.append(f"Learned from a part of the training documents, so not ranked: {left}.")
    if pooling:
        values = next(iter(pooling.systems.values())).parts
        remarks.append(
            f"Pooled over {pooling.over}: {len(values)} runs a system and seed, one a {pooling.field}; all decisions "
            f"together make macro-F1, the mean weighs every {pooling.field} alike (documents resampled within each, "
            "together where one stands in several); cost is a run's mean."
        )
    return remarks


def _files(paths: "Sequence[Path]") -> list[str]:
    return [str(path) for path in paths] if len(paths) < 3 else [f"{len(paths)} prediction files"]
