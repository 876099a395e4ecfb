"""What ``compare`` puts on a study's page beside the figures; where something is left out, the page says why."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from communique.cli.behaviour import pairs_and_cases
from communique.cli.measured import data_of, measured_sentences
from communique.cli.options import codebook_of, console, load
from communique.errors import CommuniqueError

if TYPE_CHECKING:
    from communique.behaviour import BehaviourReport
    from communique.data.dataset import Corpus
    from communique.evaluation.comparison import Leaderboard
    from communique.evaluation.predictions import System
    from communique.reporting.study import Section
    from communique.tracking.base import Tracker


@dataclass(frozen=True)
class Wishes:
    """What was asked for: the part, the sentences behind it where they were named, and the behavioural suite."""

    part: str
    data: Path | None
    codebook: Path | None
    behave: bool
    sample: int
    resamples: int
    uri: str


def sections_of(
    board: "Leaderboard", systems: "Sequence[System]", tracker: "Tracker | None", wishes: Wishes
) -> "tuple[Mapping[str, str], list[Section]]":
    """The labels' titles where they are known, and the page's sections.

    A file that was named by ``--data`` must fit; where nobody named one, the page says why it says less.
    """
    from communique.reporting.answers import compared_sentences
    from communique.reporting.study_sections import errors_of, left_out, slices_of

    titles: dict[str, str] = {}
    sentences: Corpus | None = None
    try:
        sentences = compared_sentences(board.answers, _labelled(systems, tracker, wishes))
    except CommuniqueError as error:
        if wishes.data:
            raise
        found = [left_out("Slices and errors", str(error))]
    else:
        titles = {label.name: label.title for label in sentences.codebook.labels}
        found = [slices_of(board, sentences, wishes.resamples, progress=True), errors_of(board, sentences)]
    return titles, [*found, *_behaviour(board, systems, sentences, tracker, wishes)]


def _labelled(systems: "Sequence[System]", tracker: "Tracker | None", wishes: Wishes) -> "Corpus":
    """The sentences that were measured, by the first run's configuration; nothing is known of a prediction file."""
    runs = [run for system in systems for run in system.runs[:1]]
    used = data_of(tracker.get(runs[0]).artifacts) if runs and tracker else {}
    return measured_sentences(used, wishes.part, wishes.data, wishes.codebook)


def _behaviour(
    board: "Leaderboard",
    systems: "Sequence[System]",
    sentences: "Corpus | None",
    tracker: "Tracker | None",
    wishes: Wishes,
) -> "list[Section]":
    from communique.reporting.study_sections import behaviour_of, left_out

    if not wishes.behave:
        return [left_out("Behaviour", "the page was made with --no-behave")]
    reports: dict[str, BehaviourReport] = {}
    absent: dict[str, str] = {}
    by_name = {system.name: system for system in systems}
    for row in board.rows:
        try:
            reports[row.name] = _tried(by_name[row.name], sentences, tracker, wishes)
        except CommuniqueError as error:
            absent[row.name] = str(error).rstrip(".")
    return [behaviour_of(reports, absent)]


def _tried(
    system: "System", sentences: "Corpus | None", tracker: "Tracker | None", wishes: Wishes
) -> "BehaviourReport":
    """The suite's report on the model of a system's first seed; CommuniqueError says why there is none."""
    from communique.behaviour import behave

    if system.pooled:
        raise CommuniqueError("several models, one a value of what was pooled, make one system")
    if tracker is None or not system.runs:
        raise CommuniqueError("a prediction file comes without its model")
    reference = tracker.stored_model(system.runs[0])
    if reference is None:
        raise CommuniqueError("its run kept no model, as a k-fold run keeps none")
    model = load(reference, wishes.uri)
    pairs, cases = pairs_and_cases(codebook_of(model))
    start = time.perf_counter()
    report = behave(model, pairs, cases, sentences.sentences if sentences else (), sample=wishes.sample, progress=True)
    console.print(f"behaviour of {system.name}: {time.perf_counter() - start:.0f} s")
    return report
