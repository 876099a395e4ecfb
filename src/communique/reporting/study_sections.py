"""What a study's page says beside its figures: where the best system fails, its worst mistakes, how all behave."""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

import numpy as np
from markupsafe import Markup

from communique.behaviour.report import TESTS, BehaviourReport, RateRow
from communique.data.dataset import Corpus
from communique.evaluation.comparison import Leaderboard
from communique.evaluation.hard_cases import Answers, Case, hard_cases
from communique.evaluation.resampling import Interval
from communique.evaluation.slices import Slice, SliceReport, measure_slices
from communique.reporting.behaviour import actors_note, behaviour_body
from communique.reporting.leaderboard import Cell, Estimate, estimate
from communique.reporting.pages import rendered
from communique.reporting.slices import note
from communique.reporting.study import Section

MISTAKES, SYSTEMS = 20, 6  # how many mistakes are listed, and systems beside each


@dataclass(frozen=True)
class Mistake:
    """A label that the best system got wrong; ``said`` is each system's probability of it and whether it erred."""

    facts: tuple[str, ...]
    text: str
    label: str
    gold: bool
    said: tuple[tuple[float, bool], ...]


def left_out(title: str, reason: str) -> Section:
    """A section that only says why it holds nothing."""
    return Section(title, f'<p class="note">Left out: {escape(reason.rstrip("."))}.</p>')


def slices_of(board: Leaderboard, sentences: Corpus, resamples: int = 2000, progress: bool = False) -> Section:
    """The slices of the best system, worst first, beside the reference (or the second where the best is that)."""
    best, rival = _two(board)
    report = measure_slices(
        board.answers.gold,
        _decided(board, best),
        sentences.to_frame(),
        board.labels,
        rival=_decided(board, rival) if rival else None,
        resamples=resamples,
        progress=progress,
    )
    header = ["field", "slice", "sentences", "documents", "labels", f"{best} [95%]", "minus the rest"]
    header += [f"{rival} [95%]", f"{best} less {rival}"] if rival else []
    shown = [one for one in (report.whole, *report.slices) if one.macro_f1]
    rows = [_slice_cells(one, report, bool(rival)) for one in shown]
    blank = [f"{one.field} {one.value}" for one in report.slices if not one.macro_f1]
    said = note(report)
    if blank:
        said = f"{said} Without macro-F1, for want of documents or of labels: {', '.join(blank)}."
    return Section(f"Slices of {best}", rendered("study_slices.html", header=header, rows=rows, note=said, rival=rival))


def _two(board: Leaderboard) -> tuple[str, str | None]:
    names = [row.name for row in board.rows]
    others = [board.reference, *names[1:]] if board.reference != names[0] else names[1:]
    return names[0], others[0] if others else None


def _decided(board: Leaderboard, name: str) -> np.ndarray:
    return np.stack([fit.predicted for fit in board.answers.fits[name]])


def _slice_cells(one: Slice, report: SliceReport, compared: bool) -> list[Cell]:
    counts = [f"{one.sentences:,}", f"{one.documents:,}", f"{len(one.labels)} of {len(report.labels)}"]
    figures = [_cell(one.macro_f1), _cell(one.difference, signed=True, star=one.stands_out)]
    if compared:
        figures += [_cell(one.rival), _cell(one.ahead, signed=True, star=one.told_apart)]
    return [one.field, one.value, *counts, *figures]


def _cell(interval: Interval | None, signed: bool = False, star: bool = False) -> Cell:
    if interval is None:
        return ""
    made = estimate(interval, signed=signed)
    return Estimate(f"{made.value}*", made.interval) if star else made


def errors_of(board: Leaderboard, sentences: Corpus, most: int = MISTAKES) -> Section:
    """The most confident mistakes of the best system's first fit, and what the other systems' first fits said."""
    names = [row.name for row in board.rows[:SYSTEMS]]
    answers = _first_fit(board, names[0])
    found = hard_cases(board.answers.gold, [answers], board.labels, margin=0.0, limit=most)
    titles = {label.name: label.title for label in sentences.codebook.labels}
    html = rendered(
        "study_errors.html",
        names=names,
        mistakes=[_mistake(board, names, case, sentences, titles) for case in found.cases],
        wrong=found.wrong,
        shown=found.sentences,
        sentences=len(sentences),
        more=len(board.rows) - len(names),
        several=any(len(row.fits) > 1 for row in board.rows),
    )
    return Section(f"Errors of {names[0]}", html)


def _first_fit(board: Leaderboard, name: str) -> Answers:
    fit = board.answers.fits[name][0]
    # a file may hold decisions without the thresholds that made them
    return Answers(name, fit.probabilities, fit.predicted.astype(bool), np.nan_to_num(fit.thresholds, nan=0.5))


def _mistake(board: Leaderboard, names: list[str], case: Case, sentences: Corpus, titles: Mapping[str, str]) -> Mistake:
    sentence, column = sentences.sentences[case.row], board.labels.index(case.label)
    fits = [board.answers.fits[name][0] for name in names]
    said = [(float(f.probabilities[case.row, column]), bool(f.predicted[case.row, column]) != case.gold) for f in fits]
    facts = (sentence.id, sentence.genre, sentence.forum, sentence.actor, str(sentence.year or ""), *sentence.phenomena)
    shown = tuple(fact for fact in facts if fact)
    return Mistake(shown, sentence.text, titles[case.label], case.gold, tuple(said))


def behaviour_of(reports: Mapping[str, BehaviourReport], absent: Mapping[str, str]) -> Section:
    """The behavioural suite of several models: pass rates side by side, then each model's own findings.

    ``reports`` and ``absent`` (why a system was not tried) are by the systems' names.
    """
    rows = {name: {(row.test, row.capability, row.criterion): row for row in one.rows} for name, one in reports.items()}
    keys = list(dict.fromkeys(key for found in rows.values() for key in found))
    groups = {
        TESTS[test]: [(key, [_rate(found.get(key)) for found in rows.values()]) for key in keys if key[0] == test]
        for test in TESTS
    }
    html = rendered(
        "study_behaviour.html",
        names=list(reports),
        groups={title: found for title, found in groups.items() if found},
        actors=[(name, actors_note(one)) for name, one in reports.items()],
        bodies=[(name, Markup(behaviour_body(one))) for name, one in reports.items()],
        absent=absent,
    )
    return Section("Behaviour", html)


def _rate(row: RateRow | None) -> Cell:
    return "" if row is None else estimate(Interval(row.rate, row.low, row.high))
