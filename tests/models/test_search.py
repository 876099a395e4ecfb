from typing import Any

import numpy as np
import pytest

from communique.data.codebook import Codebook
from communique.data.dataset import Corpus, Sentence
from communique.errors import CommuniqueError
from communique.models import load_model
from communique.models.search import GridSearch
from communique.models.tfidf import TfidfModel
from communique.training import DecisionRule, cross_validated_f1, fit_model, predict

CASED = ({"lowercase": [True, False]}, {"lowercase": [False, True]})


@pytest.fixture(scope="module")
def shouted() -> Corpus:
    """Two labels that exclude one another and differ in nothing but capitals."""
    book = Codebook.from_dict({"labels": [{"name": "loud"}, {"name": "soft"}], "exclusive": True})
    rng = np.random.default_rng(0)
    sentences = []
    for i in range(90):
        kind = int(rng.integers(3))
        word = ("HARBOUR", "harbour", "river")[kind]
        labels = frozenset((("loud",), ("soft",), ())[kind])
        sentences.append(Sentence(f"s{i:02d}", f"d{i // 2:02d}", f"the {word} lies at mile {i % 7}", labels))
    return Corpus(tuple(sentences), book)


@pytest.mark.parametrize("grid", CASED)
def test_the_setting_that_cross_validates_best_is_chosen_and_recorded(
    grid: dict[str, list[bool]], shouted: Corpus
) -> None:
    model = TfidfModel(min_df=1, head="svm", c=1.0)
    fitted = fit_model(model, shouted, search=GridSearch(grid, folds=3))
    assert fitted.lowercase is False
    assert model.lowercase is True
    record = fitted.provenance["search"]
    assert record["chosen"]["parameters"] == {"lowercase": False}
    assert len(record["tried"]) == 2
    assert predict(fitted, shouted).metrics(resamples=10).macro_f1.value > 0.95


def test_the_score_is_that_of_decisions_on_documents_left_out(shouted: Corpus) -> None:
    rule = DecisionRule()
    good = cross_validated_f1(TfidfModel(min_df=1, lowercase=False), shouted, rule, 3, 2)
    blind = cross_validated_f1(TfidfModel(min_df=1, lowercase=True), shouted, rule, 3, 2)
    assert good > 0.95
    assert blind < 0.8


def test_an_argument_that_the_model_lacks_is_named(shouted: Corpus) -> None:
    with pytest.raises(CommuniqueError, match="tfidf has no argument 'depth'"):
        fit_model(TfidfModel(), shouted, search=GridSearch({"depth": [1, 2]}))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"repeats": 0}, "search: repeats=0 must be a whole number, at least 1"),
        ({"folds": 1}, "search: folds=1 must be a whole number, at least 2"),
        ({"folds": "five"}, "search: folds=five must be a whole number"),
        ({"grid": []}, "search: grid names nothing to try"),
        ({"grid": {}}, "search: grid names nothing to try"),
        ({"grid": {"c": []}}, "search: grid cannot be used"),
        ({"grid": {"c": 1.0}}, "search: grid cannot be used"),
    ],
)
def test_a_search_that_cannot_be_is_refused_before_any_fit(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(CommuniqueError) as refusal:
        GridSearch(**{"grid": {"c": [1.0]}, **settings})
    assert str(refusal.value).startswith(said)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("labels", [1, 3])
def test_margins_of_a_support_vector_machine_survive_saving(corpus: Corpus, labels: int, tmp_path) -> None:
    table = corpus.indicators.iloc[:, :labels]
    options = {"char_analyzer": "char", "lowercase": False, "binary": True, "idf": False, "class_weight": None}
    model = TfidfModel(head="svm", c=0.1, **options).fit(corpus.texts, table)  # type: ignore[arg-type]
    again = load_model(model.save(tmp_path / "model"))
    peer = model.pipeline(len(table)).fit(corpus.texts, table)
    expected = peer.decision_function(corpus.texts).reshape(len(table), -1)
    assert again.raw_proba(corpus.texts) == pytest.approx(1 / (1 + np.exp(-expected)))
    assert (again.head, again.c, again.idf) == ("svm", 0.1, False)


def test_an_unknown_head_is_refused(corpus: Corpus) -> None:
    with pytest.raises(CommuniqueError, match="choose logistic or svm"):
        TfidfModel(head="forest").fit(corpus.texts, corpus.indicators)  # type: ignore[arg-type]
