"""Actors are found and exchanged as a careful editor would: all forms together, articles right, the rest untouched."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from communique.behaviour.actors import Actor, mentions, organisations, replaced, states, swap

BY_NAME = {actor.name: actor for actor in states()}


def put(text: str, *names: str) -> str:
    return replaced(text, mentions(text, states()), [BY_NAME[name] for name in names])


@pytest.mark.parametrize(
    ("text", "targets", "expected"),
    [
        ("Peru spoke.", ["Ghana"], "Ghana spoke."),
        ("A Peruvian envoy spoke.", ["Iran"], "An Iranian envoy spoke."),
        ("An Iranian envoy spoke.", ["Ukraine"], "A Ukrainian envoy spoke."),
        ("Talks in Lima ended.", ["Ghana"], "Talks in Accra ended."),
        ("Peru spoke.", ["the Netherlands"], "The Netherlands spoke."),
        ("The Netherlands spoke.", ["Peru"], "Peru spoke."),
        ("The Netherlands spoke.", ["the Gambia"], "The Gambia spoke."),
        ("They met in the Philippines.", ["Peru"], "They met in Peru."),
        ("They met in Peru.", ["the Philippines"], "They met in the Philippines."),
        ("The United States delegation left.", ["Peru"], "The Peru delegation left."),
        ("The Chinese delegation left.", ["Peru"], "The Peruvian delegation left."),
        ("Nigeria's and Niger's envoys met.", ["Peru", "Mali"], "Peru's and Mali's envoys met."),
        ("A Peru-led group met.", ["Angola"], "An Angola-led group met."),
    ],
)
def test_articles_and_forms_come_out_right(text: str, targets: list[str], expected: str) -> None:
    assert put(text, *targets) == expected


@pytest.mark.parametrize(
    "text",
    [
        "The United Nations met.",
        "Ships crossed the Gulf of Guinea and the South China Sea.",
        "The Paris Agreement stands.",
        "Latin American writers met an anti-American mood and a Sino-Peruvian one.",
        "Northern Ireland has an assembly.",
        "The Western European Union met.",
    ],
)
def test_names_inside_other_names_and_the_united_nations_stay(text: str) -> None:
    rng = np.random.default_rng(0)
    assert swap(text, states(), rng) is None
    assert swap(text, organisations(), rng) is None


@given(st.integers(0, 10_000))
def test_a_state_keeps_one_replacement_in_all_its_forms_and_no_two_states_share_one(seed: int) -> None:
    text = "Kenya and Peru met in Nairobi; Kenyan and Peruvian envoys thanked the United Nations."
    swapped = swap(text, states(), np.random.default_rng(seed))
    assert swapped is not None
    found = mentions(swapped, states())
    actors = [mention.actor.name for mention in found]
    assert found[2].form == "capital"
    assert actors[0] == actors[2] == actors[3]
    assert actors[1] == actors[4]
    assert len({*actors, "Kenya", "Peru"}) == 4
    assert "the United Nations" in swapped


def test_every_written_form_means_one_state_and_is_found_again() -> None:
    written = [form for actor in states() for form in actor.forms]
    assert len(set(written)) == len(written)
    for actor in states():
        for form in actor.forms:
            (found,) = mentions(f"Yesterday {form} was named.", states())
            assert found.actor == actor, form


def test_the_tables_hold_the_world_and_probe_some_seventy_states() -> None:
    assert len(states()) > 170
    assert 60 <= sum(actor.probe for actor in states()) <= 80
    assert all(actor.name.startswith("the ") for actor in organisations())
    assert not any(isinstance(actor, Actor) and "United Nations" in actor.name for actor in organisations())
