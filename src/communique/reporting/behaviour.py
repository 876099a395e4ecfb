"""The behavioural suite on the terminal, as a section of a page, and as a page of its own."""

from collections.abc import Iterator, Mapping, Sequence

from rich.table import Table
from rich.text import Text

from communique.behaviour.report import INTERVALS, TESTS, ActorRow, BehaviourReport, ChangeRow, RateRow, WorstCase
from communique.evaluation.resampling import Interval
from communique.reporting.pages import rendered
from communique.reporting.tables import show, show_p

TITLE = "Behaviour"
WORST, ACTORS = 8, 12  # how many worst cases are shown, and shifts on a terminal; the files beside hold more
WORST_NOTE = "the failure of each capability with the largest probability on the wrong answer, worst first"


def behaviour_tables(report: BehaviourReport) -> Iterator[Table]:
    """Pass rates, label changes, worst cases and actors, each for a terminal 80 columns wide."""
    yield _rate_table(report)
    if report.changes:
        yield _change_table(report)
    if report.worst:
        yield _worst_table(report)
    if report.actors:
        yield _actor_table(report)


def behaviour_html(report: BehaviourReport) -> str:
    """The report as an HTML fragment that brings its own style; every text in it is escaped."""
    return _render("behaviour.html", report)


def behaviour_body(report: BehaviourReport) -> str:
    """The fragment without its style, for a page that shows several reports."""
    return _render("behaviour_body.html", report)


def behaviour_page(report: BehaviourReport) -> str:
    """The fragment as a page that needs no network."""
    return _render("behaviour_page.html", report)


def _render(template: str, report: BehaviourReport) -> str:
    return rendered(
        template,
        report=report,
        groups=[(TESTS[test], rows) for test, rows in _by_test(report).items()],
        changes=_by_edit(report),
        worst=_shown(report),
        actors=_by_actor(report),
        actors_note=actors_note(report),
        interval=lambda row: show(Interval(row.rate, row.low, row.high)),
        tests=TESTS,
        method=INTERVALS,
        worst_note=WORST_NOTE,
    )


def _by_test(report: BehaviourReport) -> Mapping[str, Sequence[RateRow]]:
    """The rows by test in the order of ``TESTS``; tests without rows are left out."""
    groups = {test: [row for row in report.rows if row.test == test] for test in TESTS}
    return {test: rows for test, rows in groups.items() if rows}


def _by_edit(report: BehaviourReport) -> Mapping[str, Sequence[ChangeRow]]:
    """The changes by edit, labels in the report's order."""
    edits = dict.fromkeys(row.capability for row in report.changes)
    return {edit: [row for row in report.changes if row.capability == edit] for edit in edits}


def _shown(report: BehaviourReport) -> list[WorstCase]:
    """The worst case of each capability and test, lest one capability fill the list."""
    first: dict[tuple[str, str], WorstCase] = {}
    for case in report.worst:
        first.setdefault((case.capability, case.test), case)
    return list(first.values())[:WORST]


def _by_actor(report: BehaviourReport) -> Mapping[str, Mapping[str, ActorRow]]:
    """The shifts by actor and label, the actor with the largest shift first."""
    actors = dict.fromkeys(row.actor for row in report.actors)
    return {actor: {row.label: row for row in report.actors if row.actor == actor} for actor in actors}


def actors_note(report: BehaviourReport) -> str:
    """How many states' names were tried, and how many shifts are told apart from nought."""
    if not report.actors:
        return "not measured"
    beyond = sum(row.p < 0.05 for row in report.actors)
    names = len({row.actor for row in report.actors})
    return (
        f"{names} states in {report.carriers} sentences that carry no label; {beyond} of {len(report.actors)} shifts "
        "differ from nought (Holm-adjusted p < 0.05)"
    )


def _table(title: str, caption: str, left: Sequence[str], right: Sequence[str] = ()) -> Table:
    table = Table(
        title=Text(title),
        title_justify="left",
        caption=Text(caption),
        caption_justify="left",
        box=None,
        header_style="bold",
        padding=(0, 1, 0, 0),
    )
    for name in left:
        table.add_column(Text(name), overflow="fold")
    for name in right:
        table.add_column(Text(name), justify="right", overflow="fold")
    return table


def _rate_table(report: BehaviourReport) -> Table:
    caption = ". ".join([INTERVALS, *report.notes])
    table = _table(f"Behaviour of {report.model}", caption, ("capability", "criterion"), ("n", "passed [95%]"))
    for test, rows in _by_test(report).items():
        table.add_row(Text(TESTS[test], style="bold"))
        for row in rows:
            rate = show(Interval(row.rate, row.low, row.high))
            table.add_row(Text(f"  {row.capability}"), row.criterion, f"{row.n:,}", rate)
    return table


def _change_table(report: BehaviourReport) -> Table:
    titles = [report.titles.get(label, label).replace("-", "-\n") for label in report.labels]
    caption = "decisions flipped, and mean absolute change of the probability, under edits that must change nothing"
    table = _table("Changes by label", caption, ("edit",), titles)
    for edit, rows in _by_edit(report).items():
        table.add_row(Text(edit), *[f"{row.rate:.1%} {row.change:.3f}" for row in rows])
    return table


def _worst_table(report: BehaviourReport) -> Table:
    table = _table("Worst cases", WORST_NOTE, ("test", "p, sentence"))
    for case in _shown(report):
        what = f"{case.capability} {case.test}: {report.titles.get(case.label, case.label)}"
        lines = [f"{case.probability:.2f} {_short(case.text)}"]
        if case.probability_beside is not None:
            lines.append(f"{case.probability_beside:.2f} {_short(case.beside)}")
        table.add_row(Text(what), Text("\n".join(lines)))
    return table


def _actor_table(report: BehaviourReport) -> Table:
    table = _table(
        "What a state's name alone does", actors_note(report), ("state", "label"), ("shift [95%]", "p (Holm)", "flips")
    )
    for row in report.actors[:ACTORS]:
        shift = show(Interval(row.shift, row.low, row.high), signed=True)
        title = report.titles.get(row.label, row.label)
        table.add_row(Text(row.actor), title, shift, show_p(row.p), f"{row.flips:.0%}")
    return table


def _short(text: str, most: int = 90) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
