from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import make_corpus

from communique.data.codebook import Codebook
from communique.data.dataset import Corpus
from communique.data.leakage import leakage_report
from communique.data.splits import FixedSplit, GroupedKFold, Split, balanced_groups, grouped_kfold
from communique.errors import CommuniqueError


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), documents=st.integers(12, 60))
def test_no_document_is_ever_on_two_sides(codebook: Codebook, seed: int, documents: int) -> None:
    corpus = make_corpus(codebook, documents, 5, seed)
    parts = Split.make(corpus, seed=seed).apply(corpus)
    held = [set(part.documents) for part in parts.values()]
    assert sum(len(part) for part in parts.values()) == len(corpus)
    assert not any(a & b for i, a in enumerate(held) for b in held[i + 1 :])
    for rest, test in grouped_kfold(corpus, 4, seed):
        assert not set(corpus.documents[rest]) & set(corpus.documents[test])


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000))
def test_every_label_keeps_its_share_in_every_part(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sizes = rng.integers(6, 26, 150)
    tendency = rng.beta(1, 3, (150, 4))  # a document leans to its labels, as real ones do
    counts = np.hstack([rng.binomial(sizes[:, None], tendency), sizes[:, None]]).astype(float)
    shares = (0.7, 0.15, 0.15)
    assigned = balanced_groups(counts, shares, seed)
    for part, share in enumerate(shares):
        got = counts[assigned == part].sum(axis=0) / counts.sum(axis=0)
        np.testing.assert_allclose(got, share, rtol=0.12)


def test_k_folds_test_each_sentence_once(corpus: Corpus) -> None:
    rows = np.concatenate([test for _, test in grouped_kfold(corpus, 5, seed=1)])
    assert sorted(rows) == list(range(len(corpus)))


def test_folds_hand_out_three_disjoint_parts(corpus: Corpus) -> None:
    for parts in GroupedKFold(k=3).folds(corpus, seed=0):
        assert set(parts) == {"train", "validation", "test"}
        documents = [set(part.documents) for part in parts.values()]
        assert sum(map(len, documents)) == len(set().union(*documents)) == 30


def test_the_seed_decides_the_split(corpus: Corpus) -> None:
    assert Split.make(corpus, seed=3) == Split.make(corpus, seed=3)
    assert Split.make(corpus, seed=3) != Split.make(corpus, seed=4)


def test_a_saved_split_reads_back(corpus: Corpus, tmp_path: Path) -> None:
    split = Split.make(corpus)
    split.save(tmp_path / "splits.json")
    (parts,) = FixedSplit(tmp_path / "splits.json").folds(corpus, seed=0)
    assert {k: set(v) for k, v in Split.load(tmp_path / "splits.json").parts.items()} == {
        name: set(part.documents) for name, part in parts.items()
    }


def test_a_document_in_two_parts_in_none_or_unknown_is_refused(corpus: Corpus) -> None:
    parts = dict(Split.make(corpus).parts)
    moved = parts["test"][0]
    with pytest.raises(CommuniqueError, match=f"'{moved}' is in train and in test"):
        Split({**parts, "train": (*parts["train"], moved)}).apply(corpus)
    with pytest.raises(CommuniqueError, match=f"'{moved}' is in no part"):
        Split({**parts, "test": parts["test"][1:]}).apply(corpus)
    with pytest.raises(CommuniqueError, match="'ghost' is not in the corpus"):
        Split({**parts, "test": (*parts["test"], "ghost")}).apply(corpus)


def test_a_cut_of_another_corpus_names_the_file_it_was_read_from(corpus: Corpus, tmp_path: Path) -> None:
    Split.make(corpus).save(tmp_path / "splits.json")
    fewer = corpus.where(lambda s: s.document < "d022")
    with pytest.raises(CommuniqueError, match=r"^/.*splits\.json: document 'd022' is not in the corpus; .* limit"):
        next(FixedSplit(tmp_path / "splits.json").folds(fewer, seed=0))


def test_more_folds_than_documents_are_refused(corpus: Corpus) -> None:
    with pytest.raises(CommuniqueError, match="31 folds over 30 documents"):
        next(grouped_kfold(corpus, 31, seed=0))


def test_a_planted_straddling_document_and_near_duplicate_are_reported(codebook: Codebook) -> None:
    text = "The two governments will meet again in the spring to settle the boundary of the marsh."
    corpus = make_corpus(codebook, 6, 4)
    first = replace(corpus.sentences[0], id="x-1", document="x", text=text)
    second = replace(first, id="y-1", document="y", text=text.replace("spring", "autumn").replace("marsh", "lake"))
    clean = leakage_report({"train": Corpus((first,), codebook), "test": Corpus(corpus.sentences[5:6], codebook)})
    assert clean.clean
    leaking = leakage_report({"train": Corpus((first,), codebook), "test": Corpus((second,), codebook)}, 0.4)
    (pair,) = leaking.near_duplicates
    assert {pair.first.id, pair.second.id} == {"x-1", "y-1"}
    straddling = leakage_report({"train": corpus, "test": Corpus(corpus.sentences[:1], codebook)})
    assert straddling.shared_documents == (corpus.sentences[0].document,)
