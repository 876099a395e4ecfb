"""The suite finds exactly the flaw that was planted, and nothing in a model without one."""

import json

import numpy as np
import pytest
from tests.behaviour.conftest import ANNULLED, RuleModel

from communique.behaviour import BehaviourReport, behave
from communique.behaviour.probe import find_carriers
from communique.data.contrast import Case, Pair
from communique.data.dataset import Sentence
from communique.errors import CommuniqueError

Material = tuple[list[Pair], list[Case], list[Sentence]]


@pytest.fixture
def material(pairs: list[Pair], cases: list[Case], sentences: list[Sentence]) -> Material:
    return pairs, cases, sentences


def test_a_model_without_a_flaw_passes_everything(material: Material) -> None:
    report = behave(RuleModel(), *material, sample=30)
    assert all(row.rate == 1 for row in report.rows)
    assert {row.test for row in report.rows} == {"MFT", "INV", "DIR"}
    assert not report.worst
    assert all(row.flips == 0 and row.change == 0 for row in report.changes)
    assert all((row.shift, row.p, row.flips) == (0, 1, 0) for row in report.actors)


@pytest.mark.parametrize("flaw", ANNULLED)
def test_a_model_that_overlooks_one_thing_fails_that_capability_alone(flaw: str, material: Material) -> None:
    report = behave(RuleModel(flaw), *material, sample=30)
    failed = {(row.capability, row.test, row.criterion): row.rate for row in report.rows if row.rate < 1}
    assert failed == {
        (flaw, "MFT", "label set"): 0,
        (flaw, "DIR", "decision"): 0,
        (flaw, "DIR", "direction"): 0,
    }
    assert {case.capability for case in report.worst} == {flaw}
    assert max(case.wrong for case in report.worst) == pytest.approx(0.9)


def test_a_name_that_alone_raises_a_stance_heads_the_actors(material: Material) -> None:
    report = behave(RuleModel(pull={"Norway": ("joins", 0.6)}), *material, sample=40)
    top = report.actors[0]
    names = len({row.actor for row in report.actors})
    assert (top.actor, top.label) == ("Norway", "joins")
    assert top.shift == pytest.approx(0.6 * (1 - 1 / names))
    assert (top.flips, top.p) == (1, 0)
    others = [row for row in report.actors if row.label != "joins"]
    assert all(row.shift == 0 and row.p == 1 for row in others)
    assert report.row("swapped actors", "INV").rate == 0
    (flipped,) = [row for row in report.changes if (row.capability, row.label) == ("swapped actors", "joins")]
    assert (flipped.flips, flipped.change) == (1, pytest.approx(0.6))
    assert report.row("negation", "MFT").rate == 1


def test_a_pair_that_moves_too_little_fails_the_direction_though_decided_rightly() -> None:
    class Hesitant(RuleModel):
        def _one(self, text: str, label: str) -> float:
            return 0.51 if "reject" in text and "not" not in text and label == "rejects" else 0.49

    held = Sentence("a", "d", "We reject it.", frozenset({"rejects"}))
    annulled = Sentence("b", "d", "We do not reject it.", frozenset())
    pair = Pair("1", "negate", (annulled, held), frozenset({"rejects"}))
    report = behave(Hesitant(), [pair], [], [], margin=0.05)
    assert report.row("negation", "DIR", "decision").rate == 1
    assert report.row("negation", "DIR", "direction").rate == 0
    assert behave(Hesitant(), [pair], [], [], margin=0.01).row("negation", "DIR", "direction").rate == 1


def test_only_the_labels_that_a_pair_moves_are_judged(pairs: list[Pair]) -> None:
    always_joins = RuleModel(pull={"": ("joins", 0.8)})
    moved = [pair for pair in pairs if pair.moves == {"rejects"}]
    report = behave(always_joins, moved, [], [])
    assert all(row.rate == 1 for row in report.rows)


def test_the_same_seed_gives_the_same_report_and_another_seed_other_edits(material: Material) -> None:
    model = RuleModel(pull={"Norway": ("joins", 0.6), "Kenya": ("lifts", 0.5)})
    first = behave(model, *material, sample=30, seed=4)
    assert behave(model, *material, sample=30, seed=4) == first
    assert behave(model, *material, sample=30, seed=5).changes != first.changes


def test_a_report_survives_json(material: Material) -> None:
    report = behave(RuleModel("negation"), *material, sample=10)
    assert BehaviourReport.from_dict(json.loads(json.dumps(report.to_dict()))) == report
    with pytest.raises(CommuniqueError, match=r"x\.json: is no behaviour report"):
        BehaviourReport.from_dict({"rows": []}, "x.json")


def test_carriers_carry_no_label_name_one_state_and_come_one_a_document(sentences: list[Sentence]) -> None:
    two = Sentence("x", "x", "Peru and Ghana met.", frozenset())
    adjective = Sentence("y", "y", "A Peruvian ship sank.", frozenset())
    twice = [*sentences, *sentences, two, adjective]
    found = find_carriers(twice, 100, np.random.default_rng(0))
    assert sorted(carrier.text for carrier in found) == sorted(s.text for s in sentences if not s.labels)
    assert len(find_carriers(twice, 7, np.random.default_rng(0))) == 7


def test_too_few_sentences_are_said(pairs: list[Pair], sentences: list[Sentence]) -> None:
    report = behave(RuleModel(), pairs, [], sentences[:4], sample=30)
    assert not report.actors
    assert len(report.notes) == 2


@pytest.mark.parametrize(
    ("options", "said"),
    [({"margin": 1.0}, "margin 1.0"), ({"sample": -1}, "-1 sentences"), ({"carriers": -1}, "-1 carriers")],
)
def test_an_impossible_setting_is_refused(options: dict[str, float], said: str, material: Material) -> None:
    with pytest.raises(CommuniqueError, match=said):
        behave(RuleModel(), *material, **options)  # type: ignore[arg-type]


def test_a_label_unknown_to_the_model_and_nothing_to_try_are_refused() -> None:
    with pytest.raises(CommuniqueError, match="sentence 'c' carries 'other', which the model does not know"):
        behave(RuleModel(), [], [Case("c", "Rain.", frozenset({"other"}), "negation")], [])
    with pytest.raises(CommuniqueError, match="nothing to try"):
        behave(RuleModel(), [], [], [])
