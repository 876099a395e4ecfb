"""The behavioural section: everything shown, everything escaped, within eighty columns."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from communique.behaviour import BehaviourReport
from communique.behaviour.report import ActorRow, ChangeRow, RateRow, WorstCase
from communique.reporting.behaviour import behaviour_html, behaviour_page, behaviour_tables

EVIL = "<script>alert(1)</script> & [bold]x[/bold]"


@pytest.fixture
def report() -> BehaviourReport:
    return BehaviourReport(
        model="tiny",
        fingerprint="f",
        labels=("rejects", "joins"),
        titles={"rejects": "Rejects", "joins": "Joins-in"},
        settings={"sample": 9, "margin": 0.05, "seed": 0},
        carriers=9,
        rows=(
            RateRow("negation", "DIR", "decision", 34, 17, 0.5, 0.3411, 0.6589),
            RateRow("source tag", "INV", "same labels", 500, 480, 0.96, 0.94, 0.9733),
            RateRow("negation", "MFT", "label set", 16, 16, 1.0, 0.8064, 1.0),
        ),
        changes=tuple(
            ChangeRow("source tag", name, 500, 20, 0.04, 0.03, 0.06, 0.0123) for name in ("rejects", "joins")
        ),
        worst=(
            WorstCase("negation", "DIR", "decision", "joins", EVIL, 0.97, "the other side", 0.4, 0.97),
            WorstCase("negation", "DIR", "decision", "joins", "a second of the same kind", 0.96, "", None, 0.96),
        ),
        actors=(ActorRow("Norway", "joins", 0.21, 0.19, 0.23, 0.0002, 0.5),),
        notes=("something was left out",),
    )


def printed(report: BehaviourReport) -> str:
    console = Console(width=80, file=io.StringIO(), markup=False)
    for table in behaviour_tables(report):
        console.print(table)
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_the_terminal_shows_rates_changes_worst_cases_and_actors_in_eighty_columns(report: BehaviourReport) -> None:
    said = printed(report)
    for part in (
        "0.500 [0.341, 0.659]",
        "4.0% 0.012",
        "0.97",
        "+0.210 [+0.190, +0.230]",
        "<0.001",
        "left out",
        "[bold]x",
    ):
        assert part in said
    assert max(map(len, said.splitlines())) <= 80
    assert "a second of the same kind" not in said


def test_tests_come_in_the_order_of_the_method(report: BehaviourReport) -> None:
    said = printed(report)
    assert said.index("minimum functionality") < said.index("invariance") < said.index("direction")


def test_the_fragment_escapes_what_sentences_say_and_shows_every_table(report: BehaviourReport) -> None:
    html = behaviour_html(report)
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    for part in (
        "0.500 [0.341, 0.659]",
        "4.0% · 0.012",
        "+0.210*",
        "[+0.190, +0.230]",
        "&lt;0.001",
        "Joins-in",
        "Norway",
    ):
        assert part in html
    assert "<html" not in html
    assert html in behaviour_page(report)


def test_what_was_not_measured_has_no_table(report: BehaviourReport) -> None:
    bare = replace(report, changes=(), worst=(), actors=())
    assert behaviour_html(bare).count("<table>") == 1
    assert len(list(behaviour_tables(bare))) == 1
