"""Whose stance a sentence is: floors on hand-marked documents, and what never happens on any text."""

import importlib.util
import time
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from communique.scoring.holder import holders
from communique.scoring.sentences import split

SOURCES = {"", "attribution", "quotation", "reference", "speaker", "opening", "metadata"}


def found(text: str, **metadata: str) -> list[tuple[str, str]]:
    """Name and source of the holder of each sentence."""
    return [(holder.name, holder.source) for holder in holders(text, split(text), metadata)]


def names(text: str, **metadata: str) -> list[str]:
    return [name for name, _ in found(text, **metadata)]


@pytest.fixture(scope="module")
def measure() -> ModuleType:
    """The script that reports the figures."""
    path = Path(__file__).parents[2] / "experiments" / "005_holder" / "measure.py"
    spec = importlib.util.spec_from_file_location("measure_holders", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("part", "precision", "recall"), [("development", 0.95, 0.9), ("held_out", 0.9, 0.8), ("fresh", 0.85, 0.75)]
)
def test_holders_agree_with_the_hand_marked_ones(part, precision, recall, measure):
    figures = measure.figures(measure.cases(part))
    assert figures["sentences"] >= (60 if part == "fresh" else 120)
    assert figures["precision"] >= precision
    assert figures["recall"] >= recall
    assert figures["head_precision"] >= figures["precision"] - 1e-9


@pytest.mark.parametrize(
    ("text", "holder"),
    [
        ("An analyst said the ministry had condemned the trial.", "ministry"),
        ("Reuters reported that the Union had urged restraint.", "Union"),
        ("State television reported that nine people had died.", ""),
        ("The raid was condemned by the Council.", "Council"),
        ("The raid was condemned.", ""),
        ("According to the mission, nothing has changed.", "mission"),
        ("Kole said Oland should apologise.", "Kole"),
        ("The world must act.", ""),
        ("The treaty condemns aggression.", ""),
        ("“We reject it,” the premier, Anna Voss, said.", "premier"),
    ],
)
def test_the_holder_is_the_one_quoted_not_the_one_who_passes_it_on(text, holder):
    assert names(text) == [holder]


def test_a_quotation_of_several_sentences_keeps_its_holder_whichever_end_names_it():
    ahead = "“We will pay nothing,” Minister Kole said. “Not now. Not ever.”"
    behind = "“We will pay nothing. Not now. Not ever,” Minister Kole said."
    assert names(ahead) == names(behind) == ["Minister Kole"] * 3


def test_a_quotation_that_nobody_closes_ends_with_its_paragraph():
    text = "“We will pay nothing, Minister Kole said.\n\nRain fell.\n\nOland condemned the raid."
    assert names(text)[1:] == ["", "Oland"]
    paragraphs = "“We pay nothing.\n\n“Not now,” Minister Kole said."
    assert names(paragraphs) == ["Minister Kole"] * 2


def test_the_outlet_of_a_quotation_is_not_its_holder():
    assert "Courier" not in "".join(names("“It is over,” Minister Kole told the Morning Courier. “We go home.”"))


def test_a_pronoun_means_the_last_person_or_group_and_nobody_where_none_was_named():
    text = "Minister Kole rejected the plan. He said it was late. The ministry denied that. It called the report false."
    assert names(text) == ["Minister Kole", "Minister Kole", "ministry", "ministry"]
    assert names("He said it was late.") == [""]


def test_in_a_transcript_the_speaker_holds_and_who_asks_does_not():
    text = "Q: Is it true?\n\nSpokesperson Lin: It is not. Oland rejects our offer.\n\nQ: And now?"
    assert names(text) == ["", "Spokesperson Lin", "Oland", ""]
    assert names("Northern Wire: A vote is due.\n\nMr. Kole: So it is.\n\nNorthern Wire: Soon?") == ["", "Mr. Kole", ""]


def test_what_is_ours_and_named_by_a_quotation_alone_breaks_nothing():
    assert names("Our “Vision 2030” plan supports the road.") == [""]
    assert names('The plan was endorsed by our "Council of Elders".') == [""]
    assert names("My colleague said that the road is open.") == ["colleague"]


def test_we_is_the_actor_of_the_metadata_and_otherwise_nobody():
    assert found("We reject this.", actor="Marenia") == [("Marenia", "metadata")]
    assert found("We reject this.") == [("", "")]
    assert found("Rain fell.", actor="Marenia") == [("", "")]


PIECES = st.sampled_from(
    ["Kole said ", "“", "”", '"', "We reject it. ", "according to ", "Oland", ", ", ". ", "\n\n", "by ", "who ", "Q: ",
     "The Council,", "and ", "our ", "My ", "the ", "that ", "he said", ": ", "condemned ", "is ", "“No,” ", "Mr. ",
     "(", ")", "—"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=30).map("".join) | st.text(max_size=120), st.booleans())
@settings(max_examples=150, deadline=None)
def test_on_any_text_a_holder_is_part_of_the_document_and_has_a_source(text, spoken):
    metadata = {"actor": "Marenia"} if spoken else {}
    sentences = split(text)
    given_holders = holders(text, sentences, metadata)
    assert len(given_holders) == len(sentences)
    words = set(" ".join([text, *metadata.values()]).replace(",", " ").split())
    for name, source in given_holders:
        assert source in SOURCES
        assert bool(name) == bool(source)
        assert name == " ".join(name.split())
        assert all(any(word.strip(".'’") in other for other in words) for word in name.replace(",", " ").split())


def test_the_time_grows_no_faster_than_the_text():
    worst = [
        "said " * 3_000,
        "“" * 3_000,
        "Kole, " * 3_000,
        "the ministry of " * 3_000,
        "by X and " * 3_000,
        "is " * 3_000,
    ]
    began = time.process_time()
    for text in worst:
        names(text)
    assert time.process_time() - began < 5


@pytest.mark.parametrize("opening", ["", "The ", "Kole said, "])
def test_a_string_of_code_in_a_text_holds_nothing_and_is_got_over(opening):
    text = f"{opening}{'Aa' * 20_000}, which said nothing.\n\nKole said the ports were open."
    sentences = split(text)
    assert [holder.name for holder in holders(text, sentences, {})] == ["", "Kole"]
