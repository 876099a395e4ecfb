"""Where calibrators and thresholds come from: validation or inner folds, never twice from one gold label."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.conftest import make_corpus

from communique.data.codebook import Codebook
from communique.data.dataset import Corpus
from communique.data.splits import FreshSplit
from communique.errors import CommuniqueError
from communique.evaluation.calibration import (
    KINDS,
    Calibrator,
    IdentityCalibrator,
    IsotonicCalibrator,
    PlattCalibrator,
)
from communique.evaluation.thresholds import fit_thresholds
from communique.models import load_model
from communique.models.lexicon import LexiconModel
from communique.training import DecisionRule, fit_model, out_of_fold


@pytest.fixture(scope="module")
def parts(codebook: Codebook) -> tuple[Corpus, Corpus]:
    (fold,) = FreshSplit([0.6, 0.4]).folds(make_corpus(codebook, 60), seed=0)
    return fold["train"], fold["validation"]


@pytest.fixture
def model(codebook_file: Path) -> LexiconModel:
    return LexiconModel(str(codebook_file))


def fitted_on(rule: DecisionRule, model: LexiconModel, parts: tuple[Corpus, Corpus]) -> LexiconModel:
    fitted = fit_model(model, *parts, rule)
    assert isinstance(fitted, LexiconModel)
    return fitted


def test_decisions_are_fitted_on_what_the_rule_says(model: LexiconModel, parts: tuple[Corpus, Corpus]) -> None:
    train, validation = parts
    here = fitted_on(DecisionRule(), model, parts)
    expected = fit_thresholds(validation.indicators.to_numpy(), here.raw_proba(validation.texts)).values
    np.testing.assert_array_equal(here.thresholds, expected)
    assert here.provenance["decided_on"] == "validation"

    inner = fitted_on(DecisionRule(fitted_on="inner_folds", inner_folds=3), model, parts)
    expected = fit_thresholds(train.indicators.to_numpy(), out_of_fold(model, train, 3)).values
    np.testing.assert_array_equal(inner.thresholds, expected)
    assert inner.provenance["decided_on"] == "inner_folds"


def test_with_inner_folds_no_validation_label_moves_a_decision(
    model: LexiconModel, parts: tuple[Corpus, Corpus]
) -> None:
    rule = DecisionRule(PlattCalibrator(), fitted_on="inner_folds")
    one, other = (fitted_on(rule, model, (parts[0], held)) for held in (parts[1], parts[0].take(range(40))))
    np.testing.assert_array_equal(one.thresholds, other.thresholds)


class Remembering(IsotonicCalibrator):
    """Keeps the gold that each fit was shown."""

    shown: list[np.ndarray] = []  # noqa: RUF012

    def fit(self, probabilities, gold):
        Remembering.shown.append(gold)
        return super().fit(probabilities, gold)


def test_thresholds_after_a_step_curve_come_from_curves_that_saw_other_documents(
    model: LexiconModel, parts: tuple[Corpus, Corpus]
) -> None:
    Remembering.shown.clear()
    fit_model(model, *parts, DecisionRule(Remembering(), inner_folds=4))
    whole, *rest = Remembering.shown
    assert len(whole) == len(parts[1])
    assert len(rest) == 4
    assert sum(len(whole) - len(gold) for gold in rest) == len(whole)  # each sentence was left out once


def separation(p: np.ndarray, gold: np.ndarray) -> float:
    """How far the probabilities of positives lie above those of negatives."""
    return float(p[gold == 1].mean() - p[gold == 0].mean())


def test_where_labels_are_coin_tosses_a_step_curve_shows_thresholds_nothing_to_cut_by(codebook: Codebook) -> None:
    from communique.training.decision import _for_thresholds

    flattered, honest = [], []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        raw, gold = rng.random((400, 3)), (rng.random((400, 3)) < 0.3).astype(int)
        noise = Corpus(make_corpus(codebook, 40, 10).sentences, codebook)
        noise.__dict__["indicators"] = pd.DataFrame(gold, columns=list(codebook.names))
        calibrator = IsotonicCalibrator().fit(raw, gold)
        flattered.append(separation(calibrator.transform(raw), gold))
        honest.append(separation(_for_thresholds(calibrator, raw, noise, 5), gold))
    assert min(flattered) > 0
    assert np.mean(flattered) > 0.01
    assert np.mean(honest) < 0.005


def test_strictly_rising_curves_are_used_as_they_are(model: LexiconModel, parts: tuple[Corpus, Corpus]) -> None:
    plain, platt = (fitted_on(DecisionRule(c), model, parts) for c in (IdentityCalibrator(), PlattCalibrator()))
    for texts in (parts[0].texts, parts[1].texts):
        np.testing.assert_array_equal(plain.predict(texts), platt.predict(texts))


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_calibrator_goes_into_the_model_folder_and_comes_back_digit_for_digit(
    kind: str, model: LexiconModel, parts: tuple[Corpus, Corpus], tmp_path: Path
) -> None:
    calibrator: Calibrator = KINDS[kind]()
    fitted = fitted_on(DecisionRule(calibrator), model, parts)
    loaded = load_model(fitted.save(tmp_path / "model"))
    assert loaded.calibrator is not None
    assert loaded.calibrator.kind == kind
    np.testing.assert_array_equal(loaded.predict_proba(parts[1].texts), fitted.predict_proba(parts[1].texts))
    assert json.loads((tmp_path / "model" / "model.json").read_text())["provenance"]["decided_on"] == "validation"


def test_a_guard_that_acts_leaves_a_note_by_label(model: LexiconModel, parts: tuple[Corpus, Corpus]) -> None:
    rule = DecisionRule(PlattCalibrator(9999), minimum_positives=9999)
    notes = fitted_on(rule, model, parts).provenance
    assert set(notes["threshold_notes"]) == set(notes["calibrator_notes"]) == {"rejects", "joins", "lifts"}
    assert "too few to fit" in notes["threshold_notes"]["joins"]


def test_a_share_by_label_moves_that_label_alone(model: LexiconModel, parts: tuple[Corpus, Corpus]) -> None:
    train, validation = parts
    flipped = [s if i % 4 else replace(s, labels=s.labels ^ {"joins"}) for i, s in enumerate(validation)]
    noisy = (train, Corpus(tuple(flipped), validation.codebook))
    plain = fitted_on(DecisionRule(), model, noisy).thresholds
    common = fitted_on(DecisionRule(target_prevalence={"joins": 0.9}), model, noisy).thresholds
    assert plain is not None
    assert common is not None
    assert common[1] < plain[1]
    assert (common[[0, 2]] == plain[[0, 2]]).all()


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ({"leaves": 0.1}, "no label 'leaves'; labels are rejects, joins, lifts"),
        ({"joins": 1.5}, "target_prevalence 1.5: must lie between 0 and 1"),
        (5, "target_prevalence 5: must lie between 0 and 1"),
        ([0.1, 0.2], "one for each of 3"),
    ],
)
def test_a_share_that_cannot_be_is_refused_before_the_work(
    model: LexiconModel, parts: tuple[Corpus, Corpus], target: Any, told: str
) -> None:
    with pytest.raises(CommuniqueError, match=told):
        fit_model(model, *parts, DecisionRule(target_prevalence=target))
    assert not model.labels


def test_an_unknown_place_and_an_impossible_objective_are_refused_at_once() -> None:
    with pytest.raises(CommuniqueError, match="fitted_on 'test': choose 'validation' or 'inner_folds'"):
        DecisionRule(fitted_on="test")  # type: ignore[arg-type]
    with pytest.raises(CommuniqueError, match="objective 'precision' at 80"):
        DecisionRule(objective="precision", precision=80)
