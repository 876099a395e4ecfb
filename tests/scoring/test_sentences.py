"""Sentence boundaries: against hand-marked text, and as properties of any text."""

import json
import time
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from communique.scoring.furniture import is_furniture
from communique.scoring.paragraphs import paragraphs
from communique.scoring.sentences import split

MARKED = [json.loads(line) for line in (Path(__file__).parent / "boundaries.jsonl").read_text("utf-8").splitlines()]


def ends_of(marked: str) -> tuple[str, set[int]]:
    """A text without its marks, and where they stood."""
    parts = marked.split("‖")
    return "".join(parts), {len("".join(parts[: i + 1])) for i in range(len(parts) - 1)}


def test_the_boundaries_agree_with_the_hand_marked_ones():
    right = found = wanted = 0
    for example in MARKED:
        text, marks = ends_of(example["marked"])
        ends = {sentence.end for sentence in split(text)}
        right, found, wanted = right + len(ends & marks), found + len(ends), wanted + len(marks)
    assert wanted >= 100
    assert 2 * right / (found + wanted) >= 0.95


@pytest.mark.parametrize("example", MARKED, ids=[example["about"] for example in MARKED])
def test_no_kind_of_text_is_split_mostly_wrong(example):
    text, marks = ends_of(example["marked"])
    assert len({sentence.end for sentence in split(text)} & marks) >= len(marks) / 2


# fmt: off
PIECES = st.sampled_from([
    "The envoy spoke", "Mr. Terin", "U.S.", "No. 3", "“Why?”", "\n", "\n\n", " ", ". ", "? ", "... ", "(a) ", "1. ",
    "• ", "Q: ", "A: ", "Spokesperson: ", "***", '"', "”", "12", "É", "。", "order.The", "and then", "HEADING", "\t",
    "—", ":",
])
# fmt: on
TEXTS = st.lists(PIECES, max_size=40).map("".join) | st.text(max_size=200)


@given(TEXTS)
@settings(max_examples=400, deadline=None)
def test_sentences_are_ordered_and_rebuild_from_their_offsets(text):
    position = 0
    for sentence in split(text):
        assert position <= sentence.start < sentence.end <= len(text)
        assert " ".join(text[sentence.start : sentence.end].split()) == sentence.text
        assert any(map(str.isalnum, sentence.text))
        position = sentence.end


@given(TEXTS)
@settings(max_examples=400, deadline=None)
def test_only_white_space_speakers_and_paragraphs_without_letters_lie_outside_sentences(text):
    sentences = split(text)
    for start, end in paragraphs(text):
        inside = [s for s in sentences if start <= s.start and s.end <= end]
        if is_furniture(text[start:end]):
            continue
        if not inside:
            left = text[start:end]
            assert not any(map(str.isalpha, left.rpartition(":")[2]))
            continue
        before = text[start : inside[0].start].strip().rstrip("•*–—-").rstrip()
        assert not before or (before.endswith(":") and inside[0].speaker == " ".join(before[:-1].split()))
        gaps = [text[a.end : b.start] for a, b in pairwise(inside)]
        assert not any(gap.strip() for gap in [*gaps, text[inside[-1].end : end]])


@given(TEXTS)
@settings(max_examples=200, deadline=None)
def test_nothing_but_white_space_lies_outside_paragraphs(text):
    position = 0
    for start, end in paragraphs(text):
        assert not text[position:start].strip()
        assert text[start:end] == text[start:end].strip()
        position = end
    assert not text[position:].strip()


def test_hard_wrapped_lines_and_one_long_line_give_the_same_sentences():
    wrapped = (
        "We have heard the report of the Secretary-General\nand thank him for it. My Government, which has long\n"
        "asked for such a report, will study its findings\nwith Mr. Adan Kole and his office in Lessing. It\n"
        "will reply in May.\n"
    )
    assert [s.text for s in split(wrapped)] == [s.text for s in split(" ".join(wrapped.split()))]


def test_a_speaker_holds_until_the_next_one_and_stays_out_of_the_sentence():
    text = "Q: Will you sign?\n\nSpokesperson Lin: Not today.\n\nWe need time.\n\nQ: When?"
    assert [(s.speaker, s.text) for s in split(text)] == [
        ("Q", "Will you sign?"),
        ("Spokesperson Lin", "Not today."),
        ("Spokesperson Lin", "We need time."),
        ("Q", "When?"),
    ]


@pytest.mark.parametrize("opening", ["Note: the text is unofficial.", "Lessing: ministers leave early."])
def test_a_colon_alone_makes_no_speaker(opening):
    assert [s.speaker for s in split(f"{opening}\n\nTalks go on.")] == ["", ""]


def test_the_time_grows_no_faster_than_the_text():
    worst = [
        "a. " * 20_000,
        "A.B. " * 20_000,
        "“" * 20_000 + "x. Y",
        "Mr. " * 20_000,
        "- a\n" * 20_000,
        "? " * 20_000,
        "A b " * 20_000,
    ]
    began = time.process_time()
    for text in worst:
        split(text)
    assert time.process_time() - began < 5
