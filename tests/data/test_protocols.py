"""Protocols of several folds: what is tested how often, what a fold may have seen, and what is said of it."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import make_corpus

from communique.data.codebook import Codebook
from communique.data.dataset import Corpus
from communique.data.protocols import LEAK, OTHER, LeaveOneGroupOut, RandomSplit
from communique.data.splits import FreshSplit, GroupedKFold
from communique.errors import CommuniqueError


def ids(corpus: Corpus) -> list[str]:
    return [sentence.id for sentence in corpus]


def changed(corpus: Corpus, **fields) -> Corpus:
    """The corpus with fields set by functions of the row."""
    rows = (replace(s, **{name: make(i) for name, make in fields.items()}) for i, s in enumerate(corpus))
    return Corpus(tuple(rows), corpus.codebook)


def test_every_repeat_tests_each_sentence_once_and_cuts_anew(corpus: Corpus) -> None:
    folds = list(GroupedKFold(k=3, repeats=2).folds(corpus, seed=0))
    assert [(fold.repeat, fold.number) for fold in folds] == [(r, k) for r in range(2) for k in range(3)]
    for repeat in range(2):
        tested = [i for fold in folds if fold.repeat == repeat for i in ids(fold["test"])]
        assert sorted(tested) == ids(corpus)
    assert ids(folds[0]["test"]) != ids(folds[3]["test"])


def test_the_first_repeat_is_the_cut_without_repeats(corpus: Corpus) -> None:
    once = [ids(fold["test"]) for fold in GroupedKFold(k=3).folds(corpus, seed=5)]
    twice = [ids(fold["test"]) for fold in GroupedKFold(k=3, repeats=2).folds(corpus, seed=5)]
    assert twice[:3] == once


@settings(max_examples=10, deadline=None)
@given(minimum=st.integers(1, 60), seed=st.integers(0, 99), groups=st.integers(2, 6))
def test_a_held_out_group_is_tested_whole_and_never_learned_from(
    codebook: Codebook, minimum: int, seed: int, groups: int
) -> None:
    corpus = make_corpus(codebook, 24, 5, seed)
    rng = np.random.default_rng(seed)
    forum = {document: f"forum {rng.integers(groups) ** 2 // 2}" for document in set(corpus.documents)}
    corpus = changed(corpus, forum=lambda i: forum[corpus.sentences[i].document])
    protocol = LeaveOneGroupOut("forum", minimum)
    sizes = Counter(s.forum for s in corpus)
    pooled = [name for name, size in sizes.items() if size < minimum]
    if len(sizes) - len(pooled) + bool(pooled) < 2:
        with pytest.raises(CommuniqueError, match="one group of at least"):
            next(protocol.folds(corpus, seed))
        return
    folds = list(protocol.folds(corpus, seed))
    assert sorted(i for fold in folds for i in ids(fold["test"])) == ids(corpus)
    for fold in folds:
        held = pooled if fold.group == OTHER else [fold.group]
        assert {s.forum for s in fold["test"]} == set(held)
        assert not {s.forum for part in ("train", "validation") for s in fold[part]} & set(held)
        assert not set(fold["train"].documents) & set(fold["validation"].documents)


def test_sentences_of_unknown_year_are_held_out_with_the_small_groups(corpus: Corpus) -> None:
    years = changed(corpus, year=lambda i: None if i < 8 else 1990 if i < 120 else 2000)
    *_, last = LeaveOneGroupOut("year", 9).folds(years, seed=0)
    assert (last.group, ids(last["test"])) == (OTHER, ids(corpus)[:8])


def test_the_rest_of_a_mixed_document_is_in_no_part_and_counted(corpus: Corpus) -> None:
    mixed = changed(corpus, actor=lambda i: "Ruritania" if i in (0, 1, 2) or i >= 160 else "Graustark")
    first, second = LeaveOneGroupOut("actor", 3).folds(mixed, seed=0)
    assert (first.group, second.group) == ("Graustark", "Ruritania")
    assert "3 sentences of documents that hold 'Graustark'" in first.note
    assert "5 sentences of documents that hold 'Ruritania'" in second.note
    assert "d000" not in {*second["train"].documents, *second["validation"].documents}


@pytest.mark.parametrize("protocol", [GroupedKFold, LeaveOneGroupOut])
def test_a_share_is_learned_from_in_whole_documents_and_all_else_stays(protocol, corpus: Corpus) -> None:
    corpus = changed(corpus, genre=lambda i: "speech" if i < 120 else "headline")
    options = {"k": 3} if protocol is GroupedKFold else {"minimum": 10}
    whole, thinned = (list(protocol(**options, train_share=share).folds(corpus, seed=0)) for share in (1.0, 0.25))
    assert len(whole) == len(thinned) > 1
    for full, part in zip(whole, thinned, strict=True):
        assert (ids(part["test"]), ids(part["validation"])) == (ids(full["test"]), ids(full["validation"]))
        documents = set(part["train"].documents)
        assert len(documents) == round(0.25 * len(set(full["train"].documents)))
        assert ids(part["train"]) == [s.id for s in full["train"] if s.document in documents]


def test_a_random_cut_tears_documents_apart_and_says_that_it_leaks(corpus: Corpus) -> None:
    (fold,) = RandomSplit().folds(corpus, seed=0)
    assert sorted(i for part in fold.values() for i in ids(part)) == ids(corpus)
    assert [len(fold[part]) for part in ("train", "validation", "test")] == [168, 36, 36]
    assert set(fold["train"].documents) & set(fold["test"].documents)
    assert fold.note == LEAK
    (other,) = RandomSplit().folds(corpus, seed=1)
    assert ids(other["test"]) != ids(fold["test"])


@pytest.mark.parametrize(
    ("protocol", "message"),
    [
        (LeaveOneGroupOut("colour"), "no column 'colour'; columns are genre, forum, actor, year"),
        (LeaveOneGroupOut("forum"), "'forum' has one group"),
        (LeaveOneGroupOut("genre", 0), "minimum 0"),
        (LeaveOneGroupOut("genre", validation_share=1.5), "validation_share 1.5"),
        (GroupedKFold(3, repeats=0), "0 repeats"),
        (GroupedKFold(3, validation_share=0), "validation_share 0"),
        (GroupedKFold(3, train_share=0), "share of documents 0: "),
        (RandomSplit([0.5, 0.2, 0.2]), "shares 0.5, 0.2, 0.2: "),
        (FreshSplit([0.5, 0.3, 0.1, 0.1]), "shares 0.5, 0.3, 0.1, 0.1: "),
        (FreshSplit([1.2, -0.1, -0.1]), "positive shares that add up to 1"),
    ],
)
def test_a_protocol_that_cannot_be_is_refused_in_one_sentence(protocol, message: str, corpus: Corpus) -> None:
    with pytest.raises(CommuniqueError, match=message):
        list(protocol.folds(corpus, 0))
