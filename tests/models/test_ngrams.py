"""Fast n-grams: scikit-learn's own numbers, whatever the text, in chunks and after a round trip."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.pipeline import Pipeline

from communique.data.dataset import Corpus
from communique.models import load_model, ngrams
from communique.models.tfidf import TfidfModel

ODD = [
    "",
    "  ",
    "a",
    "é\tÉ  ﬁn",
    "we  reject\n\nmeddling",
    "zzz qqq",
    "x " * 70,
    "the the the the",
    "it's—so…",
    "\x00ß",
]


@pytest.fixture(scope="module")
def fitted(corpus: Corpus) -> TfidfModel:
    return TfidfModel().fit(corpus.texts, corpus.indicators)


@pytest.fixture(scope="module")
def peer(fitted: TfidfModel, corpus: Corpus) -> Pipeline:
    return fitted.pipeline(len(corpus)).fit(corpus.texts, corpus.indicators)


def test_probabilities_are_those_of_scikit_learn(fitted: TfidfModel, peer: Pipeline, corpus: Corpus) -> None:
    texts = [*corpus.texts, *ODD]
    np.testing.assert_allclose(fitted.raw_proba(texts), peer.predict_proba(texts), atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(texts=st.lists(st.text(alphabet="weagrdthé. '\n", max_size=40), min_size=1, max_size=4))
def test_probabilities_are_those_of_scikit_learn_for_any_text(
    fitted: TfidfModel, peer: Pipeline, texts: list[str]
) -> None:
    np.testing.assert_allclose(fitted.raw_proba(texts), peer.predict_proba(texts), atol=1e-12)


@pytest.mark.parametrize(
    "options",
    [
        {"word_ngrams": (1, 1), "char_ngrams": (2, 2)},
        {"word_ngrams": (2, 3), "char_ngrams": (3, 6)},
        {"word_ngrams": (1, 4), "char_ngrams": (1, 3)},
        {"lowercase": False},
        {"char_analyzer": "char"},
        {"binary": True},
        {"idf": False, "class_weight": None},
    ],
)
def test_any_n_grams_agree_and_so_they_do_when_saved(corpus: Corpus, options: dict[str, Any], tmp_path: Path) -> None:
    known, labels = corpus.texts[:90], corpus.indicators[:90]
    model = TfidfModel(**options).fit(known, labels)
    texts = [*corpus.texts[90:], *ODD, "We Reject MEDDLING"]
    said = model.raw_proba(texts)
    np.testing.assert_allclose(said, model.pipeline(90).fit(known, labels).predict_proba(texts), atol=1e-12)
    np.testing.assert_array_equal(load_model(model.save(tmp_path / "model")).raw_proba(texts), said)


def test_a_label_that_was_constant_in_training_stays_certain(corpus: Corpus) -> None:
    labels = pd.DataFrame({"never": 0, "always": 1, "some": corpus.indicators.iloc[:, 0]})
    model = TfidfModel()
    with pytest.warns(UserWarning, match="present in all"):
        model.fit(corpus.texts, labels)
    with pytest.warns(UserWarning, match="present in all"):
        peer = model.pipeline(len(corpus)).fit(corpus.texts, labels)
    np.testing.assert_allclose(model.raw_proba(ODD), peer.predict_proba(ODD), atol=1e-12)


def test_forgetting_words_changes_nothing(fitted: TfidfModel, corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    before = fitted.raw_proba(corpus.texts)
    monkeypatch.setattr(ngrams, "REMEMBERED", 3)
    monkeypatch.setattr(ngrams, "CHUNK", 7)
    np.testing.assert_allclose(fitted.raw_proba(corpus.texts), before, atol=1e-12)


def test_fitting_again_forgets_the_first_fit(corpus: Corpus) -> None:
    model = TfidfModel().fit(corpus.texts[:60], corpus.indicators[:60])
    model.raw_proba(ODD)
    model.fit(corpus.texts[60:], corpus.indicators[60:])
    peer = model.pipeline(99).fit(corpus.texts[60:], corpus.indicators[60:])
    np.testing.assert_allclose(model.raw_proba(ODD), peer.predict_proba(ODD), atol=1e-12)


def test_arrays_give_the_same_model_back_and_halves_are_near(fitted: TfidfModel, corpus: Corpus) -> None:
    halves = fitted.ngrams_.in_halves()
    again = halves.in_halves()
    np.testing.assert_array_equal(again.probabilities(corpus.texts), halves.probabilities(corpus.texts))
    np.testing.assert_allclose(halves.probabilities(corpus.texts), fitted.raw_proba(corpus.texts), atol=2e-3)
