"""Generated edits change what they say they change and nothing else."""

import numpy as np
import pytest

from communique.behaviour.edits import EDITS, date_line, honorific, lower_opening, quotes, source_tag, upper_case

RNG = np.random.default_rng(0)


def test_quotes_turn_typographic_and_straight_and_back() -> None:
    straight = """"We don't," she said. 'Nor do I,' said the envoys' guest."""
    curly = "“We don’t,” she said. ‘Nor do I,’ said the envoys’ guest."
    assert quotes(straight, RNG) == curly
    assert quotes(curly, RNG) == straight
    assert quotes("No quotation here.", RNG) is None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("The foreign minister spoke.", "His Excellency the foreign minister spoke."),
        ("Later the ambassador left.", "Later His Excellency the ambassador left."),
        ("Mr. Okoro spoke.", "Dr. Okoro spoke."),
        ("We met at noon.", "Mr. President, we met at noon."),
        ("I thank you.", "Mr. President, I thank you."),
        ("Rain fell.", None),
        ("His Excellency the ambassador left.", None),
    ],
)
def test_an_honorific_stands_before_an_office_or_an_address_before_a_speech(before: str, after: str | None) -> None:
    assert honorific(before, RNG) == after


def test_tags_and_date_lines_leave_the_sentence_itself_as_it_was() -> None:
    text = "The two sides met."
    assert (source_tag(text, RNG) or "").startswith(text)
    assert (date_line(text, RNG) or "").endswith(text)
    assert date_line("GENEVA, 2 May – The two sides met.", RNG) is None


def test_casing_changes_letters_alone() -> None:
    assert lower_opening("The sides met.", RNG) == "the sides met."
    assert upper_case("The sides met.", RNG) == "THE SIDES MET."
    assert lower_opening("1. item", RNG) is None


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_either_changes_the_sentence_or_says_that_it_does_not_apply(name: str) -> None:
    texts = ["Peru's minister thanked the African Union.", "rain", "“Yes,” said the envoy.", "42"]
    for text in texts:
        assert EDITS[name](text, np.random.default_rng(1)) != text
