"""A cascade: who reads what, that the budget holds, and that either model's decisions stand."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from communique.data.dataset import Corpus
from communique.errors import CommuniqueError
from communique.evaluation.calibration import PlattCalibrator
from communique.models import load_model
from communique.models.base import StanceModel
from communique.models.cascade import CascadeModel, fit_margin
from communique.models.embedding import EmbeddingModel
from communique.models.export import export_model
from communique.models.lexicon import LexiconModel
from communique.models.tfidf import TfidfModel
from communique.training import DecisionRule, fit_model


@pytest.fixture(scope="module")
def parts(corpus: Corpus) -> tuple[Corpus, Corpus]:
    return corpus.where(lambda s: s.document < "d020"), corpus.where(lambda s: s.document >= "d020")


@pytest.fixture(scope="module")
def pair(parts: tuple[Corpus, Corpus], codebook_file: Path) -> tuple[StanceModel, StanceModel]:
    """Two decided models that differ: words alone, and n-grams of a tenth of the sentences."""
    rule = DecisionRule(PlattCalibrator())
    few = parts[0].where(lambda s: s.document < "d004")
    return fit_model(TfidfModel(), few, parts[1], rule), fit_model(LexiconModel(str(codebook_file)), *parts, rule)


@given(
    st.lists(st.floats(0, 50), min_size=1, max_size=60),
    st.floats(0, 1),
)
def test_the_margin_is_the_largest_that_keeps_to_the_budget(doubts: list[float], budget: float) -> None:
    found = np.array(doubts)
    margin = fit_margin(found, budget)
    allowed = int(np.floor(budget * len(found)))
    assert (found < margin).sum() <= allowed
    assert (found <= margin).sum() >= min(len(found), allowed + 1) or allowed == len(found)


@pytest.mark.parametrize("budget", [0.0, 0.25, 0.6, 1.0])
def test_at_most_the_budget_goes_up_on_validation(
    pair: tuple[StanceModel, StanceModel], parts: tuple[Corpus, Corpus], budget: float
) -> None:
    cascade = CascadeModel.of(*pair, budget, parts[1].texts)
    up = cascade.sent_up(parts[1].texts)
    assert up.mean() <= budget
    assert budget < 1 or up.all()


def test_each_sentence_is_decided_by_the_model_that_read_it(
    pair: tuple[StanceModel, StanceModel], parts: tuple[Corpus, Corpus]
) -> None:
    cheap, costly = pair
    texts = parts[1].texts
    cascade = CascadeModel.of(cheap, costly, 0.4, texts)
    up = cascade.sent_up(texts)
    assert 0 < up.sum() < len(texts)
    wanted = np.where(up[:, None], costly.predict(texts), cheap.predict(texts))
    np.testing.assert_array_equal(cascade.predict(texts), wanted)
    np.testing.assert_allclose(cascade.predict_proba(texts)[up], costly.predict_proba(texts)[up])


def test_the_costly_model_sees_only_what_goes_up(
    pair: tuple[StanceModel, StanceModel], parts: tuple[Corpus, Corpus], monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = parts[1].texts
    cascade = CascadeModel.of(*pair, 0.3, texts)
    seen: list[str] = []
    spied = pair[1].predict_proba

    def spy(given: Sequence[str]) -> np.ndarray:
        seen.extend(given)
        return spied(given)

    monkeypatch.setattr(pair[1], "predict_proba", spy)
    cascade.predict_proba(texts)
    assert seen == [text for text, up in zip(texts, cascade.sent_up(texts), strict=True) if up]


def test_a_saved_cascade_sends_up_the_same(
    pair: tuple[StanceModel, StanceModel], parts: tuple[Corpus, Corpus], tmp_path: Path
) -> None:
    cascade = CascadeModel.of(*pair, 0.3, parts[1].texts)
    loaded = load_model(cascade.save(tmp_path / "cascade"))
    assert isinstance(loaded, CascadeModel)
    np.testing.assert_array_equal(loaded.sent_up(parts[1].texts), cascade.sent_up(parts[1].texts))
    np.testing.assert_array_equal(loaded.predict_proba(parts[1].texts), cascade.predict_proba(parts[1].texts))
    assert (loaded.windows(parts[1].texts) == 1).all()


def test_an_exported_cascade_sends_up_the_same_and_can_be_saved(
    parts: tuple[Corpus, Corpus], codebook_file: Path, tiny_encoder: Path, tmp_path: Path
) -> None:
    pytest.importorskip("onnxruntime")
    costly = EmbeddingModel(str(tiny_encoder), max_length=32)
    cascade = fit_model(CascadeModel(LexiconModel(str(codebook_file)), costly, budget=0.4), *parts)
    assert isinstance(cascade, CascadeModel)
    exported = export_model(cascade.save(tmp_path / "cascade")).model
    again = load_model(exported.save(tmp_path / "exported"))
    assert isinstance(again, CascadeModel)
    assert again.runtime == "ONNX Runtime"
    assert again.margin_ == cascade.margin_
    np.testing.assert_array_equal(again.sent_up(parts[1].texts), cascade.sent_up(parts[1].texts))
    np.testing.assert_allclose(again.raw_proba(parts[1].texts), cascade.raw_proba(parts[1].texts), atol=1e-5)


def test_a_budget_that_is_no_share_and_undecided_models_are_refused(
    pair: tuple[StanceModel, StanceModel], parts: tuple[Corpus, Corpus]
) -> None:
    with pytest.raises(CommuniqueError, match=r"budget 1\.5 must be a share"):
        CascadeModel.of(*pair, 1.5, parts[1].texts)
    bare = TfidfModel().fit(parts[0].texts, parts[0].indicators)
    with pytest.raises(CommuniqueError, match="need decision thresholds"):
        CascadeModel.of(bare, pair[1], 0.3, parts[1].texts)
    with pytest.raises(CommuniqueError, match="name a cheap and a costly"):
        CascadeModel().fit(parts[0].texts, parts[0].indicators)
