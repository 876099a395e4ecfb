"""Explanations: exact sums where the model is one, occlusion elsewhere, and the words named do move the decision."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from sklearn.feature_extraction.text import TfidfVectorizer
from tests.conftest import WORDS

from communique.data.dataset import Corpus
from communique.errors import CommuniqueError
from communique.evaluation.calibration import PlattCalibrator
from communique.models import explain as explaining
from communique.models.deletion import deletion_check
from communique.models.ensemble import EnsembleModel
from communique.models.exact import grams_of, is_exact
from communique.models.explain import Explanation, explain, log_odds, without, word_spans
from communique.models.lexicon import LexiconModel
from communique.models.tfidf import TfidfModel
from communique.models.transformer import TransformerModel

TEXTS = [
    "We reject MEDDLING, we reject it: the embargo's end came late.",
    "The délégates agreed to work together — at noon, and to work.",
    "Rain",
    "  \u00a8odd\u00a0 ﬁnal İstanbul x  a-b-c  ",
    "",
]


@pytest.fixture(scope="module")
def tfidf(corpus: Corpus) -> TfidfModel:
    return TfidfModel().fit(corpus.texts, corpus.indicators)


@pytest.fixture(scope="module")
def lexicon(corpus: Corpus, codebook_file: Path) -> LexiconModel:
    return LexiconModel(str(codebook_file)).fit(corpus.texts, corpus.indicators)


def moved(explanations: list[Explanation]) -> np.ndarray:
    """What the words of each text add up to."""
    return np.array([sum((np.array(w.values) for w in e.words), np.zeros(len(e.labels))) for e in explanations])


@settings(max_examples=25, deadline=None)
@given(st.text(alphabet=st.sampled_from("abcÉßİΣﬁ한 \t\u00a0\u00a8-'.1"), max_size=30))
def test_ngrams_with_their_words_are_those_of_scikit_learn(text: str) -> None:
    for options in ({"ngram_range": (1, 3)}, {"analyzer": "char_wb", "ngram_range": (2, 5)}):
        vectoriser = TfidfVectorizer(strip_accents="unicode", **options)
        ours = [gram for gram, _ in grams_of(vectoriser, text, word_spans(text))]
        assert sorted(ours) == sorted(vectoriser.build_analyzer()(text))


def test_the_words_of_tfidf_and_its_intercept_add_up_to_the_logit(tfidf: TfidfModel, corpus: Corpus) -> None:
    explanations = explain(tfidf, TEXTS)
    assert {e.method for e in explanations} == {"exact"}
    pipeline = tfidf.pipeline(len(corpus)).fit(corpus.texts, corpus.indicators)
    intercepts = np.array([head.intercept_[0] for head in pipeline["heads"].estimators_])
    np.testing.assert_allclose(moved(explanations) + intercepts, pipeline.decision_function(TEXTS), atol=1e-9)
    np.testing.assert_allclose([e.rest for e in explanations], np.tile(intercepts, (len(TEXTS), 1)), atol=1e-9)


@pytest.mark.parametrize("options", [{"char_analyzer": "char"}, {"lowercase": False}])
def test_tfidf_across_words_or_with_capitals_is_explained_by_occlusion(corpus: Corpus, options: dict[str, Any]) -> None:
    model = TfidfModel(**options).fit(corpus.texts, corpus.indicators)
    assert not is_exact(model)
    assert not is_exact(EnsembleModel.of([model]))
    (one,) = explain(model, TEXTS[:1])
    assert one.method == "occlusion"
    said = log_odds(model, [TEXTS[0], TEXTS[0].split(maxsplit=1)[1]])
    np.testing.assert_allclose(one.words[0].values, said[0] - said[1], atol=1e-6)
    with pytest.raises(CommuniqueError, match="use the method occlusion"):
        explain(model, TEXTS[:1], method="exact")


def test_of_no_texts_there_is_nothing_to_explain(tfidf: TfidfModel) -> None:
    assert explain(tfidf, []) == []


def test_words_stand_where_their_offsets_say(tfidf: TfidfModel) -> None:
    for text, explanation in zip(TEXTS, explain(tfidf, TEXTS), strict=True):
        assert [word.word for word in explanation.words] == text.split()
        assert all(text[word.start : word.end] == word.word for word in explanation.words)


def test_a_label_that_was_constant_in_training_is_moved_by_no_word(corpus: Corpus) -> None:
    labels = corpus.indicators.assign(never=0)
    with np.errstate(all="ignore"):
        model = TfidfModel().fit(corpus.texts, labels)
    assert all(word.values[-1] == 0 for explanation in explain(model, TEXTS[:2]) for word in explanation.words)


def test_a_cue_gets_the_rise_that_it_brings(lexicon: LexiconModel) -> None:
    (one,) = explain(lexicon, ["The embargo stays."], ["lifts"])
    column = lexicon.labels.index("lifts")
    rise = logit(lexicon.rates_[1, column]) - logit(lexicon.rates_[0, column])
    np.testing.assert_allclose(one.values("lifts"), [0, rise, 0], atol=1e-9)


def test_cues_share_their_rise_equally_and_a_cue_of_two_words_halves_its_own(lexicon: LexiconModel) -> None:
    (one,) = explain(lexicon, ["They agreed to work together."], ["joins"])
    column = lexicon.labels.index("joins")
    rise = logit(lexicon.rates_[2, column]) - logit(lexicon.rates_[0, column])
    np.testing.assert_allclose(one.values("joins"), np.array([0, 2, 0, 1, 1]) * rise / 4, atol=1e-9)


@pytest.mark.parametrize("weights", [None, [3.0, 1.0]])
def test_an_ensemble_of_exact_members_adds_up_to_its_own_log_odds(
    tfidf: TfidfModel, lexicon: LexiconModel, corpus: Corpus, weights: list[float] | None
) -> None:
    calibrated = TfidfModel(c=0.5).fit(corpus.texts, corpus.indicators)
    gold = corpus.indicators.to_numpy()
    calibrated.calibrator = PlattCalibrator().fit(calibrated.raw_proba(corpus.texts), gold)
    ensemble = EnsembleModel.of([calibrated, lexicon], weights)
    explanations = explain(ensemble, TEXTS)
    assert {e.method for e in explanations} == {"exact"}
    # no word, nothing to move: what no word has is what the ensemble says of an empty sentence
    empty = log_odds(ensemble, [""] * len(TEXTS))
    np.testing.assert_allclose(moved(explanations) + empty, log_odds(ensemble, TEXTS), atol=1e-6)


def test_an_ensemble_of_one_is_explained_as_its_member(tfidf: TfidfModel) -> None:
    alone, member = explain(EnsembleModel.of([tfidf]), TEXTS), explain(tfidf, TEXTS)
    for one, other in zip(alone, member, strict=True):
        np.testing.assert_allclose([w.values for w in one.words], [w.values for w in other.words], atol=1e-6)


class Counted:
    """A model whose log-odds are -2 plus 3 for each word of a list, whatever else stands there."""

    labels = ("ship", "port")

    def __init__(self) -> None:
        self.asked: list[str] = []

    def predict_proba(self, texts: Sequence[str]) -> np.ndarray:
        self.asked += list(texts)
        return expit(np.array([[3.0 * text.split().count(word) - 2 for word in self.labels] for text in texts]))


def test_occlusion_finds_the_words_of_a_sum_exactly() -> None:
    (one,) = explain(Counted(), ["a ship and one port"])
    np.testing.assert_allclose(one.values("ship"), [0, 3, 0, 0, 0], atol=1e-6)
    np.testing.assert_allclose(one.values("port"), [0, 0, 0, 0, 3], atol=1e-6)
    np.testing.assert_allclose(one.rest, [-2, -2], atol=1e-6)
    assert [(word.word, value) for word, value in one.strongest("ship")] == [("ship", pytest.approx(3))]


def test_occlusion_agrees_with_itself_whatever_stands_beside_a_sentence() -> None:
    alone = explain(Counted(), ["a ship"])
    assert explain(Counted(), ["one port", "a ship", "a ship"])[1:] == alone * 2


def test_occlusion_of_a_long_sentence_costs_no_more_than_its_limit() -> None:
    model = Counted()
    (one,) = explain(model, [" ".join(f"w{i}" for i in range(199)) + " ship"])
    assert len(model.asked) <= explaining.MOST + 2
    assert [word.word for word, _ in one.strongest("ship", number=4)][-1] == "ship"
    assert sum(one.values("ship")) == pytest.approx(3)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from(["ship", "port", "sea"]), max_size=8), st.data())
def test_words_left_out_are_gone_and_no_others(words: list[str], data: st.DataObject) -> None:
    text = "  ".join(words)
    gone = data.draw(st.sets(st.integers(0, max(0, len(words) - 1))))
    assert without(text, word_spans(text), sorted(gone)).split() == [w for i, w in enumerate(words) if i not in gone]


def test_labels_are_chosen_by_name_and_an_unknown_one_is_refused() -> None:
    (one,) = explain(Counted(), ["a port"], ["port"])
    assert one.labels == ("port",)
    assert len(one.words[0].values) == 1
    with pytest.raises(CommuniqueError, match="label 'sea' is not the model's"):
        explain(Counted(), ["a port"], ["sea"])
    with pytest.raises(CommuniqueError, match="no sum over words"):
        explain(Counted(), ["a port"], method="exact")
    assert explain(Counted(), []) == []


def test_words_named_for_tfidf_move_its_probability_more_than_random_ones(tfidf: TfidfModel, corpus: Corpus) -> None:
    part = corpus.take(range(40))
    check = deletion_check(tfidf, part.texts, part.indicators.to_numpy(), list(part.documents), words=2, resamples=200)
    assert check.passed
    assert check.ratio.low > 1
    assert check.decisions + check.too_short == part.indicators.to_numpy().sum()


def test_the_deletion_check_sees_planted_wrong_words() -> None:
    texts = [f"a {word} in the fog of day {i}" for i, word in enumerate(["ship", "port"] * 10)]
    given_ = np.array([[True, False], [False, True]] * 10)
    documents = [f"d{i // 2}" for i in range(20)]
    honest = deletion_check(Counted(), texts, given_, documents, words=1)
    assert honest.named.value == pytest.approx(expit(1) - expit(-2))
    assert honest.passed
    assert np.isfinite([honest.ratio.value, honest.ratio.low, honest.ratio.high]).all()
    lies = [
        Explanation(tuple(type(w)(w.word, w.start, w.end, tuple(-v for v in w.values)) for w in e.words), *rest)
        for e in explain(Counted(), texts)
        for rest in [(e.labels, e.log_odds, e.method)]
    ]
    assert not deletion_check(Counted(), texts, given_, documents, words=1, explanations=lies).passed
    with pytest.raises(CommuniqueError, match="more than 9 words"):
        deletion_check(Counted(), texts, given_, documents, words=9)


def test_words_named_for_a_fine_tuned_encoder_move_its_probability(corpus: Corpus, tiny_encoder: Path) -> None:
    model = TransformerModel(
        str(tiny_encoder), epochs=4, learning_rate=5e-3, head_learning_rate=1e-2, max_length=48, precision="float32"
    )
    part = corpus.take(range(80))
    model.fit(part.texts, part.indicators)
    seen = corpus.take(range(120, 140))
    gold = seen.indicators.to_numpy().astype(bool)
    check = deletion_check(model, seen.texts, gold, list(seen.documents), words=2, resamples=200)
    assert check.method == "occlusion"
    assert check.passed, check
    assert WORDS["lifts"].split()[1] in {w for t in seen.texts for w in t.split()}


def test_a_frame_of_one_label_is_explained_too(corpus: Corpus) -> None:
    model = TfidfModel().fit(corpus.texts, pd.DataFrame(corpus.indicators["joins"]))
    empty = log_odds(model, [""] * len(TEXTS))
    np.testing.assert_allclose(moved(explain(model, TEXTS)) + empty, log_odds(model, TEXTS), atol=1e-6)
