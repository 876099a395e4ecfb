"""One run: cut the corpus, fit, decide where to cut the probabilities, evaluate, keep what made the number.

The only place where thresholds and calibrators are fitted; the test part never reaches them.
"""

import json
import tempfile
import time
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import pandas as pd
from sklearn.base import clone

from communique.data.dataset import Corpus
from communique.data.splits import grouped_kfold
from communique.errors import CommuniqueError
from communique.evaluation.calibration import Calibrator, Thresholds, fit_thresholds
from communique.evaluation.metrics import Metrics, cluster_counts, evaluate, macro_f1
from communique.evaluation.plots import precision_recall_plot, reliability_plot
from communique.models.base import StanceModel
from communique.models.search import GridSearch
from communique.provenance import environment, flatten, revision
from communique.tracking.base import Tracker


class Splitter(Protocol):
    """Cuts a corpus into parts, once or several times."""

    def folds(self, corpus: Corpus, seed: int) -> Any:
        """Yield dictionaries of ``train``, ``test`` and, where there is one, ``validation``."""
        ...


@dataclass(frozen=True)
class DecisionRule:
    """How probabilities become decisions: which calibrator, and what a threshold shall maximise.

    ``objective`` is ``f1`` or ``precision`` (then ``precision`` is the least wanted). Where there is no
    validation part, both are fitted on out-of-fold probabilities of ``inner_folds`` grouped folds.
    """

    calibrator: Calibrator | None = None
    objective: Literal["f1", "precision"] = "f1"
    precision: float = 0.8
    minimum_positives: int = 10
    inner_folds: int = 5


@dataclass(frozen=True)
class Predictions:
    """What a model said of a part: probabilities ``(n, L)`` and decisions ``(n, L)``, rows as in the corpus."""

    corpus: Corpus
    probabilities: np.ndarray
    decided: np.ndarray
    thresholds: np.ndarray

    def metrics(self, **options: Any) -> Metrics:
        """Every metric with document-clustered intervals."""
        gold = self.corpus.indicators.to_numpy()
        names, documents = self.corpus.codebook.names, [s.document for s in self.corpus]
        return evaluate(gold, self.probabilities, self.decided, documents, names, self.thresholds, **options)

    def to_frame(self, part: str) -> pd.DataFrame:
        """``id, document, part, labels, predicted, prob_…``: what ``communique compare`` reads."""
        names = np.array(self.corpus.codebook.names)
        table = pd.DataFrame({"id": [s.id for s in self.corpus], "document": self.corpus.documents, "part": part})
        table["labels"] = [";".join(sorted(s.labels)) for s in self.corpus]
        table["predicted"] = [";".join(sorted(names[row])) for row in self.decided.astype(bool)]
        for i, name in enumerate(names):
            table[f"prob_{name}"] = self.probabilities[:, i]
            table[f"threshold_{name}"] = self.thresholds[i]
        return table


@dataclass(frozen=True)
class RunResult:
    """A finished run: the model of its last fold, and what was said of validation and test."""

    model: StanceModel
    metrics: Mapping[str, Metrics]
    predictions: pd.DataFrame
    seconds: float
    run_id: str = ""


def fit_model(
    model: StanceModel,
    train: Corpus,
    validation: Corpus | None = None,
    rule: DecisionRule | None = None,
    search: GridSearch | None = None,
) -> StanceModel:
    """Fit a model and its decision rule; returns it with calibrator, thresholds and codebook set.

    With ``validation`` the decision is fitted there; without, on out-of-fold probabilities over ``train``.
    ``search`` first chooses hyper-parameters by out-of-fold macro-F1 over ``train`` alone.
    """
    rule = rule or DecisionRule()
    chosen = None
    if search is not None:
        folds, repeats = search.folds, search.repeats
        chosen = search.choose(model, lambda trial: cross_validated_f1(trial, train, rule, folds, repeats))
        model = chosen.model
    held_out = None if validation is None else (validation.texts, validation.indicators)
    if validation is None:
        probabilities, gold = out_of_fold(model, train, rule.inner_folds), train.indicators.to_numpy()
    model.fit(train.texts, train.indicators, held_out)
    model.codebook = train.codebook
    if validation is not None:
        probabilities, gold = model.raw_proba(validation.texts), validation.indicators.to_numpy()
    _decide(model, probabilities, gold, rule)
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
        _decide(trial, probabilities, gold, rule)
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


def _decide(model: StanceModel, probabilities: np.ndarray, gold: np.ndarray, rule: DecisionRule) -> None:
    if rule.calibrator is not None:
        model.calibrator = deepcopy(rule.calibrator).fit(probabilities, gold)
        probabilities = model.calibrator.transform(probabilities)
    chosen: Thresholds = fit_thresholds(
        gold,
        probabilities,
        objective=rule.objective,
        precision=rule.precision,
        minimum_positives=rule.minimum_positives,
    )
    model.thresholds = chosen.values
    model.provenance["threshold_notes"] = {n: note for n, note in zip(model.labels, chosen.notes, strict=True) if note}


def predict(model: StanceModel, corpus: Corpus) -> Predictions:
    """Score a labelled corpus."""
    probabilities = model.predict_proba(corpus.texts)
    decided = model.decide(probabilities)  # refuses a model without thresholds
    return Predictions(corpus, probabilities, decided, np.asarray(model.thresholds))


def train_run(
    model: StanceModel,
    corpus: Corpus,
    splitter: Splitter,
    tracker: Tracker,
    *,
    config: Mapping[str, Any],
    study: str,
    name: str,
    identity: str,
    rule: DecisionRule | None = None,
    extra: Mapping[str, Corpus] | None = None,
    seed: int = 0,
    resamples: int = 2000,
    search: GridSearch | None = None,
) -> RunResult:
    """Fit on every fold, evaluate, and record the run; ``extra`` corpora are measured and never learned from."""
    code = revision()
    tags = {"communique.identity": identity, "communique.kind": model.kind, "communique.data": corpus.fingerprint}
    with tracker.run(name, study, tags | code) as run_id:
        tracker.log_params(flatten(config))
        tracker.log_dataset(corpus.to_frame().drop(columns="annotations"), "corpus", corpus.fingerprint, "train")
        started = time.perf_counter()
        said, fitted, fit_seconds = _fit_folds(model, corpus, splitter, rule, extra or {}, seed, search)
        metrics = {part: pooled(parts).metrics(resamples=resamples) for part, parts in said.items()}
        frame = pd.concat([p.to_frame(part) for part, parts in said.items() for p in parts], ignore_index=True)
        seconds = time.perf_counter() - started
        fitted.provenance |= {
            "name": name,
            "run": run_id,
            "data": corpus.fingerprint,
            "identity": identity,
            "seconds": round(fit_seconds, 1),
            **code,
            **environment(),
        }
        result = RunResult(fitted, metrics, frame, seconds, run_id)
        tracker.log_metrics(_flat_metrics(metrics) | {"fit_seconds": fit_seconds, "seconds": seconds})
        _record_files(result, said, config, tracker, keep_model=len(said["test"]) == 1)
    return result


def _fit_folds(
    model: StanceModel,
    corpus: Corpus,
    splitter: Splitter,
    rule: DecisionRule | None,
    extra: Mapping[str, Corpus],
    seed: int,
    search: GridSearch | None,
) -> tuple[dict[str, list[Predictions]], StanceModel, float]:
    said: dict[str, list[Predictions]] = {}
    seconds = 0.0
    fitted = model
    for parts in splitter.folds(corpus, seed):
        _check_parts(parts, extra)
        started = time.perf_counter()
        fitted = fit_model(clone(model), parts["train"], parts.get("validation"), rule, search)
        seconds += time.perf_counter() - started
        measured = {part: c for part, c in parts.items() if part != "train"}
        for part, held_out in measured.items():
            said.setdefault(part, []).append(predict(fitted, held_out))
    for part, outside in extra.items():
        said[part] = [predict(fitted, outside)]
    return said, fitted, seconds


def _check_parts(parts: Mapping[str, Corpus], extra: Mapping[str, Corpus]) -> None:
    if taken := sorted(set(extra) & {*parts, "train", "validation", "test"}):
        raise CommuniqueError(f"data.measure.{taken[0]}: is the name of a part of the split; give the file another")
    if missing := [part for part in ("train", "test") if part not in parts]:
        raise CommuniqueError(f"split: has no part '{missing[0]}'; it needs train and test")
    if empty := [part for part, held in parts.items() if not len(held)]:
        raise CommuniqueError(f"split: part '{empty[0]}' has no sentence; the corpus is too small for this split")


def pooled(parts: list[Predictions]) -> Predictions:
    """The folds' predictions as one; thresholds are averaged for the record, decisions stay the folds' own."""
    if len(parts) == 1:
        return parts[0]
    sentences = tuple(s for part in parts for s in part.corpus)
    return Predictions(
        Corpus(sentences, parts[0].corpus.codebook),
        np.concatenate([part.probabilities for part in parts]),
        np.concatenate([part.decided for part in parts]),
        np.mean([part.thresholds for part in parts], axis=0),
    )


def _flat_metrics(metrics: Mapping[str, Metrics]) -> dict[str, float]:
    flat: dict[str, float] = {}
    for part, result in metrics.items():
        numbers = {k: v for k, v in flatten(result.to_dict()).items() if isinstance(v, int | float)}
        flat |= {f"{part}.{key}": float(value) for key, value in numbers.items()}
    return flat


def _record_files(
    result: RunResult,
    said: Mapping[str, list[Predictions]],
    config: Mapping[str, Any],
    tracker: Tracker,
    keep_model: bool,
) -> None:
    with tempfile.TemporaryDirectory(prefix="communique-") as scratch:
        folder = Path(scratch) / "files"
        folder.mkdir()
        result.predictions.to_parquet(folder / "predictions.parquet", index=False)
        _write_json(folder / "config.json", config)
        _write_json(folder / "environment.json", environment())
        for part, metrics in result.metrics.items():
            _write_json(folder / f"metrics.{part}.json", metrics.to_dict())
        test = pooled(said["test"])
        gold, titles = (
            test.corpus.indicators.to_numpy(),
            [label.title for label in test.corpus.codebook.labels],
        )
        precision_recall_plot(gold, test.probabilities, titles, folder / "precision_recall.svg")
        reliability_plot(gold, test.probabilities, titles, folder / "reliability.svg")
        tracker.log_files(folder)
        if keep_model:
            tracker.log_model(result.model.save(Path(scratch) / "model"))


def _write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
