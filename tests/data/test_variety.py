"""Variety: figures a reader can count by hand, near-duplicates as a full comparison finds them."""

import gzip
import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from communique.data.texts import read_texts
from communique.data.variety import near_pairs, variety
from communique.errors import CommuniqueError


def test_figures_worked_by_hand() -> None:
    found = variety(["The port is open now.", "the PORT is closed", "Rain."])
    assert (found.sentences, found.distinct_4grams) == (3, 3)
    assert (found.opening, found.opening_share) == ("the port is", 2 / 3)
    assert found.mean_words == pytest.approx(10 / 3)
    assert found.quantiles == pytest.approx((1.6, 4, 4.8))


def test_repeating_a_set_adds_sentences_and_no_variety() -> None:
    texts = ["one two three four five", "six seven eight nine"]
    once, thrice = variety(texts), variety(texts * 3)
    assert thrice.sentences == 3 * once.sentences
    assert thrice.distinct_4grams == once.distinct_4grams == 3


@given(seed=st.integers(0, 1000), rows=st.integers(2, 30))
def test_near_pairs_are_those_of_comparing_every_two_sentences(seed: int, rows: int) -> None:
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(rows, 3))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    documents = rng.integers(0, 4, rows).astype(str).astype(object)
    found = near_pairs(vectors, documents, 0.8)
    every = {(i, j): float(vectors[i] @ vectors[j]) for i, j in combinations(range(rows), 2)}
    wanted = {pair for pair, cosine in every.items() if cosine >= 0.8 and documents[pair[0]] != documents[pair[1]]}
    assert {(i, j) for i, j, _ in found} == wanted
    assert [cosine for *_, cosine in found] == pytest.approx(sorted((every[p] for p in wanted), reverse=True))


def test_pairs_beyond_the_first_block_are_found() -> None:
    vectors = np.eye(1500, dtype=np.float32)
    vectors[1400] = vectors[1399] = vectors[3]
    assert {pair[:2] for pair in near_pairs(vectors, np.arange(1500))} == {(3, 1399), (3, 1400), (1399, 1400)}


def test_texts_are_read_plain_and_packed(tmp_path: Path) -> None:
    content = "".join(json.dumps({"text": text}) + "\n\n" for text in ("Ænd", "two"))
    (tmp_path / "a.jsonl").write_text(content, encoding="utf-8")
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(content.encode()))
    assert read_texts(tmp_path / "a.jsonl") == read_texts(tmp_path / "a.jsonl.gz") == ["Ænd", "two"]


PACKED = gzip.compress(json.dumps({"text": "word " * 500}).encode(), mtime=0)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("none.jsonl", None),
        ("bad.jsonl", b'{"text": "a"}\n{"text": '),
        ("lacks.jsonl", b'{"words": "a"}'),
        ("list.jsonl", b'["a"]'),
        ("number.jsonl", b'{"text": null}'),
        ("latin.jsonl", '{"text": "gêné"}'.encode("latin-1")),
        ("plain.gz", b'{"text": "a"}'),
        ("cut.gz", PACKED[:-12]),
        ("flipped.gz", PACKED[:20] + bytes([PACKED[20] ^ 255]) + PACKED[21:]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_read_is_refused_by_name(tmp_path: Path, name: str, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(CommuniqueError, match=name) as refusal:
        read_texts(tmp_path / name)
    assert "\n" not in str(refusal.value)
