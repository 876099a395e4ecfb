"""SetFit: how much it is tuned on, and that tuning brings sentences of one stance together."""

from itertools import combinations
from typing import Any

import numpy as np
import pytest

from communique.data.dataset import Corpus
from communique.models.encoder import FrozenEncoder
from communique.models.setfit import SetFitModel, _by_length

pytest.importorskip("setfit")


@pytest.fixture(scope="module")
def settings(tiny_encoder) -> dict[str, object]:
    return {
        "encoder": str(tiny_encoder),
        "batch_size": 8,
        "learning_rate": 2e-3,
        "max_length": 32,
        "precision": "float32",
    }


@pytest.fixture(scope="module")
def fitted(settings, corpus: Corpus) -> SetFitModel:
    return SetFitModel(**settings, max_steps=30, pool=100).fit(corpus.texts, corpus.indicators)


def test_the_cap_holds_and_what_was_used_is_on_record(fitted: SetFitModel, corpus: Corpus) -> None:
    pairing = fitted.provenance["pairing"]
    assert pairing["pairs"] <= 30 * 8
    assert pairing["alike"] * 2 == pairing["pairs"]
    assert pairing["sentences"] <= 100 < pairing["of"] == len(corpus)


def test_all_weights_count_as_learned_since_the_encoder_is_tuned(fitted: SetFitModel) -> None:
    size = fitted.size()
    assert size is not None
    assert size.trained == size.total > fitted.encoder_.model.num_parameters()  # type: ignore[union-attr]


def test_a_small_corpus_is_gone_through_once_and_not_again(settings, corpus: Corpus) -> None:
    small = SetFitModel(**settings, max_steps=500).fit(corpus.texts[:7], corpus.indicators[:7])
    assert small.provenance["pairing"]["pairs"] <= 7 * 8


def test_two_sentences_without_a_label_count_as_alike(settings, corpus: Corpus, monkeypatch) -> None:
    seen = []
    monkeypatch.setattr(SetFitModel, "_tell", lambda self, pairs, n: seen.extend(pairs))
    SetFitModel(**settings, max_steps=12).fit(corpus.texts, corpus.indicators)
    labels = {s.text: s.labels for s in corpus}
    assert any(not labels[p["sentence_1"]] and not labels[p["sentence_2"]] and p["label"] == 1 for p in seen)
    for pair in seen:
        first, second = labels[pair["sentence_1"]], labels[pair["sentence_2"]]
        assert pair["label"] == bool(first & second or not (first or second))


def test_batches_hold_pairs_of_like_length_and_every_pair_once() -> None:
    from datasets import Dataset

    rng = np.random.default_rng(0)
    pairs = [
        {"sentence_1": "a" * int(a), "sentence_2": "b" * int(b), "label": float(i % 2)}
        for i, (a, b) in enumerate(rng.integers(1, 400, (85, 2)))
    ]
    ordered = list(_by_length(Dataset.from_list(pairs), 8, seed=1))
    assert sorted(map(whole, ordered)) == sorted(map(whole, pairs))
    longer = [max(len(pair["sentence_1"]), len(pair["sentence_2"])) for pair in ordered]
    assert longer == [len(pair["sentence_1"]) for pair in ordered]
    batches = [longer[i : i + 8] for i in range(0, 80, 8)]
    assert max(max(batch) - min(batch) for batch in batches) < 100
    assert [max(batch) for batch in batches] != sorted(max(batch) for batch in batches)


def whole(pair: dict[str, Any]) -> tuple[list[str], float]:
    return sorted([pair["sentence_1"], pair["sentence_2"]]), pair["label"]


def spread(encoder: FrozenEncoder, corpus: Corpus) -> float:
    """Mean cosine of sentences with the same label set, less that of sentences with no label in common."""
    chosen = corpus.take(range(60))
    vectors = encoder.embed(chosen.texts)
    alike, apart = [], []
    for i, j in combinations(range(60), 2):
        first, second = chosen.sentences[i].labels, chosen.sentences[j].labels
        if first == second:
            alike.append(vectors[i] @ vectors[j])
        elif not first & second:
            apart.append(vectors[i] @ vectors[j])
    return float(np.mean(alike) - np.mean(apart))


def test_tuning_draws_sentences_of_one_stance_together(fitted: SetFitModel, settings, corpus: Corpus) -> None:
    assert isinstance(fitted.encoder_, FrozenEncoder)
    assert spread(fitted.encoder_, corpus) > 1.5 * spread(FrozenEncoder(settings["encoder"], 32), corpus)


def test_another_seed_draws_other_pairs(settings, corpus: Corpus) -> None:
    one, two = (
        SetFitModel(**settings, max_steps=2, seed=seed).fit(corpus.texts, corpus.indicators).raw_proba(corpus.texts[:9])
        for seed in (0, 1)
    )
    assert (one != two).any()
