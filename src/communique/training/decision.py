"""From a fitted model's probabilities to its decisions: calibrator and thresholds, never fitted on the test part."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Literal

import numpy as np
from sklearn.base import clone

from communique.data.dataset import Corpus
from communique.data.splits import grouped_kfold
from communique.errors import CommuniqueError
from communique.evaluation.calibration import Calibrator
from communique.evaluation.metrics import cluster_counts, macro_f1
from communique.evaluation.thresholds import Objective, check_objective, fit_thresholds, wanted_shares
from communique.models.base import StanceModel
from communique.models.search import GridSearch

VALIDATION, INNER_FOLDS = "validation", "inner_folds"


@dataclass(frozen=True)
class DecisionRule:
    """How probabilities become decisions: which calibrator, what a threshold shall maximise, and on what.

    ``objective`` is ``f1``, ``fbeta`` (with ``beta``) or ``precision`` (then ``precision`` is the least wanted).
    Calibrator and thresholds are fitted on ``validation``, or on out-of-fold probabilities over the training part
    in ``inner_folds`` folds grouped by document; the latter also where a split has no validation part.
    ``target_prevalence`` is the share of sentences that carry a label where the model will be used: one for all
    labels, one a label in codebook order, or by label name (labels not named keep the share they have). It moves
    thresholds alone: probabilities stay calibrated to the sentences they were fitted on.
    """

    calibrator: Calibrator | None = None
    objective: Objective = "f1"
    precision: float = 0.8
    beta: float = 1.0
    minimum_positives: int = 10
    fitted_on: Literal["validation", "inner_folds"] = "validation"
    inner_folds: int = 5
    target_prevalence: float | Sequence[float] | Mapping[str, float] | None = None

    def __post_init__(self) -> None:
        if self.fitted_on not in (VALIDATION, INNER_FOLDS):
            raise CommuniqueError(f"fitted_on '{self.fitted_on}': choose '{VALIDATION}' or '{INNER_FOLDS}'")
        check_objective(self.objective, self.precision, self.beta)

    def prevalence(self, labels: Sequence[str]) -> np.ndarray | None:
        """The wanted share of each label ``(L,)``, NaN where it stays.

        CommuniqueError for an unknown label or a share that cannot be.
        """
        if self.target_prevalence is None:
            return None
        if not isinstance(self.target_prevalence, Mapping):
            return wanted_shares(self.target_prevalence, len(labels))
        if unknown := sorted(set(self.target_prevalence) - set(labels)):
            raise CommuniqueError(f"target_prevalence: no label '{unknown[0]}'; labels are {', '.join(labels)}")
        return wanted_shares([self.target_prevalence.get(name, np.nan) for name in labels], len(labels))


def fit_model(
    model: StanceModel,
    train: Corpus,
    validation: Corpus | None = None,
    rule: DecisionRule | None = None,
    search: GridSearch | None = None,
) -> StanceModel:
    """Fit a model and its decision rule; returns it with calibrator, thresholds and codebook set.

    ``search`` first chooses hyper-parameters by out-of-fold macro-F1 over ``train`` alone.

    ``provenance["decided_on"]`` says what the decisions were fitted on, ``provenance["threshold_notes"]`` and
    ``["calibrator_notes"]`` where a guard acted, by label.
    """
    rule = rule or DecisionRule()
    rule.prevalence(train.codebook.names)  # refused before the long work, not after it
    chosen = None
    if search is not None:
        folds, repeats = search.folds, search.repeats
        chosen = search.choose(model, lambda trial: cross_validated_f1(trial, train, rule, folds, repeats))
        model = chosen.model
    held_out = None if validation is None else (validation.texts, validation.indicators)
    if validation is None or rule.fitted_on == INNER_FOLDS:
        decided_on, where = train, INNER_FOLDS
        probabilities = out_of_fold(model, train, rule.inner_folds)
        model.fit(train.texts, train.indicators, held_out)
    else:
        decided_on, where = validation, VALIDATION
        model.fit(train.texts, train.indicators, held_out)
        probabilities = model.raw_proba(validation.texts)
    model.codebook = train.codebook
    _decide(model, probabilities, decided_on, rule)
    model.provenance["decided_on"] = where
    if chosen is not None:
        model.provenance["search"] = chosen.record
    return model


def cross_validated_f1(model: StanceModel, corpus: Corpus, rule: DecisionRule, folds: int, repeats: int = 1) -> float:
    """Mean macro-F1 of out-of-fold decisions over ``repeats`` cuts of the documents, the rule fitted on them too."""
    gold, documents, scores = corpus.indicators.to_numpy(), [s.document for s in corpus], []
    for seed in range(repeats):
        trial = clone(model)
        trial.labels, trial.codebook, trial.provenance = corpus.codebook.names, corpus.codebook, {}
        probabilities = out_of_fold(trial, corpus, folds, seed)
        _decide(trial, probabilities, corpus, rule)
        if trial.calibrator is not None:
            probabilities = trial.calibrator.transform(probabilities)
        counts = cluster_counts(gold, trial.decide(probabilities), documents)
        scores.append(float(macro_f1(counts.sum(axis=0))))
    return float(np.mean(scores))


def out_of_fold(model: StanceModel, corpus: Corpus, folds: int, seed: int = 0) -> np.ndarray:
    """Probabilities ``(n, L)`` for each sentence from a model that saw no sentence of its document."""
    probabilities = np.zeros(corpus.indicators.shape)
    for rest, held_out in grouped_kfold(corpus, folds, seed):
        part = corpus.take(rest)
        fitted = clone(model).fit(part.texts, part.indicators)
        probabilities[held_out] = fitted.raw_proba(corpus.take(held_out).texts)
    return probabilities


def _decide(model: StanceModel, probabilities: np.ndarray, corpus: Corpus, rule: DecisionRule) -> None:
    gold = corpus.indicators.to_numpy()
    if rule.calibrator is not None:
        model.calibrator = deepcopy(rule.calibrator).fit(probabilities, gold)
        probabilities = _for_thresholds(model.calibrator, probabilities, corpus, rule.inner_folds)
        model.provenance["calibrator_notes"] = _by_label(model, model.calibrator.notes)
    chosen = fit_thresholds(
        gold,
        probabilities,
        objective=rule.objective,
        precision=rule.precision,
        beta=rule.beta,
        minimum_positives=rule.minimum_positives,
        target_prevalence=rule.prevalence(model.labels),
    )
    model.thresholds = chosen.values
    model.provenance["threshold_notes"] = _by_label(model, chosen.notes)


def _by_label(model: StanceModel, notes: Sequence[str]) -> dict[str, str]:
    return {name: note for name, note in zip(model.labels, notes, strict=True) if note}


def _for_thresholds(calibrator: Calibrator, raw: np.ndarray, corpus: Corpus, folds: int) -> np.ndarray:
    """Calibrated probabilities ``(n, L)`` on which thresholds may be chosen.

    A strictly rising curve changes no ranking, so a cut chosen after it decides as one chosen before it: the
    same sentences may serve twice. A step curve shapes its steps on the gold labels, and a cut between them
    would fit those a second time; so each document's probabilities come from a curve that did not see it.
    """
    calibrated = calibrator.transform(raw)
    if not calibrator.makes_ties:
        return calibrated
    gold, documents = corpus.indicators.to_numpy(), len(set(corpus.documents))
    for rest, held_out in grouped_kfold(corpus, min(folds, documents), seed=0) if documents > 1 else ():
        unseen = deepcopy(calibrator).fit(raw[rest], gold[rest])
        fitted = np.array([parameters is not None for parameters in unseen.parameters or ()])
        block = unseen.transform(raw[held_out])
        calibrated[held_out] = np.where(fitted, block, calibrated[held_out])
    return calibrated
