"""Repeats across two sets of sentences: long runs of words, near-duplicates, and nothing else."""

import random

from communique.data.leakage import Repeat, repeats, shingles

WORDS = ["harbour", "envoy", "treaty", "river", "council", "winter", "border", "letter", "bridge", "island", "visit"]


def invented(number: int, words: int, seed: int) -> list[str]:
    rng = random.Random(seed)
    return [" ".join(rng.choices(WORDS, k=words)) for _ in range(number)]


def test_a_run_of_eight_words_is_a_repeat_and_seven_are_not() -> None:
    held_out = ["one two three four five six seven eight nine ten eleven twelve"]
    eight = "red, green: Three four five six seven eight nine ten blue black white grey"
    seven = "red green three four five six seven eight nine blue black white grey pink"
    assert list(repeats([eight, seven], held_out)) == [Repeat(0, whole=False), None]


def test_a_reworded_sentence_is_a_repeat_and_an_unrelated_one_is_not() -> None:
    held_out = ["a b c", "the two old envoys met by the cold river again"]
    near = "The two old envoys met by the cold river"
    assert list(repeats([near, "the bridge was closed all winter"], held_out, run=99)) == [Repeat(1, whole=True), None]


def test_short_sentences_repeat_only_what_is_the_same() -> None:
    assert list(repeats(["Rain fell today.", "Rain fell"], ["rain fell today"])) == [Repeat(0, whole=True), None]


def test_nothing_is_found_where_nothing_is_held_out() -> None:
    assert list(repeats(["some words"], [])) == [None]
    assert list(repeats([], ["some words"])) == []


def test_it_agrees_with_comparing_every_pair() -> None:
    held_out, texts = invented(60, 9, 0), invented(60, 9, 1)
    rng = random.Random(2)
    for i in range(0, 60, 3):  # plant some that differ in their last words
        texts[i] = " ".join([*rng.choice(held_out).split()[: rng.randint(4, 9)], "new"])

    def alike(a: str, b: str) -> bool:
        first, second = shingles(a), shingles(b)
        return bool(shingles(a, 8) & shingles(b, 8)) or len(first & second) / len(first | second) >= 0.6

    wanted = [any(alike(text, other) for other in held_out) for text in texts]
    assert [row is not None for row in repeats(texts, held_out)] == wanted
    assert 5 < sum(wanted) < 30
