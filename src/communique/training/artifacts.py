"""The files of a run: what was configured, what made it, what came out, fold by fold and group by group."""

import inspect
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from communique.data.dataset import Corpus
from communique.data.description import count_labels, describe_corpus
from communique.data.splits import Fold
from communique.evaluation.plots import precision_recall_plot, reliability_plot
from communique.models.base import StanceModel
from communique.training.predictions import Predictions

if TYPE_CHECKING:
    from communique.training.run import RunResult

GROUPS = "groups"  # no part's name: a file of metrics is called so


def write_files(
    folder: Path,
    result: "RunResult",
    corpus: Corpus,
    said: Mapping[str, Predictions],
    config: Mapping[str, Any],
    origin: Mapping[str, Any],
) -> None:
    """Write a run's files; ``said`` are the pooled predictions by part, ``origin`` is its provenance.

    ``predictions.parquet``; ``config.json`` and ``provenance.json``; ``data.json``, ``folds.json`` and
    ``model.summary.json``; ``metrics.PART.json`` and, where groups are held out, ``metrics.groups.json``; plots of
    the test part.
    """
    result.predictions.to_parquet(folder / "predictions.parquet", index=False)
    contents = {
        "config": config,
        "provenance": dict(origin) | {"run": result.run_id, "seconds": result.seconds, "notes": result.notes},
        "data": describe_corpus(corpus),
        "folds": {"decided_on": result.decided_on, "test_macro_f1": result.repeats, "folds": result.folds},
        "model.summary": model_facts(result.model),
        **{f"metrics.{part}": metrics.to_dict() for part, metrics in result.metrics.items()},
    }
    if result.groups:
        contents[f"metrics.{GROUPS}"] = {group: metrics.to_dict() for group, metrics in result.groups.items()}
    for name, content in contents.items():
        text = json.dumps(content, indent=1, ensure_ascii=False, default=str)
        (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    _plot(folder, said["test"])


def _plot(folder: Path, test: Predictions) -> None:
    gold = test.corpus.indicators.to_numpy()
    titles = [label.title for label in test.corpus.codebook.labels]
    precision_recall_plot(gold, test.probabilities, titles, folder / "precision_recall.svg")
    reliability_plot(gold, test.probabilities, titles, folder / "reliability.svg")
    reliability_plot(gold, test.raw, titles, folder / "reliability.uncalibrated.svg")


def fold_facts(fold: Fold, fitted: StanceModel, seconds: float) -> dict[str, Any]:
    """What is on record of a fold: its place, the size of its parts, its decisions, where a guard acted, its cost."""
    thresholds = [] if fitted.thresholds is None else fitted.thresholds.tolist()
    return {
        "repeat": fold.repeat,
        "fold": fold.number,
        "group": fold.group,
        "note": fold.note,
        "parts": {part: count_labels(corpus) for part, corpus in fold.items()},
        "thresholds": dict(zip(fitted.labels, thresholds, strict=True)),
        "calibrator": None if fitted.calibrator is None else fitted.calibrator.to_dict(),
        "calibrator_notes": fitted.provenance.get("calibrator_notes", {}),
        "threshold_notes": fitted.provenance.get("threshold_notes", {}),
        "training_notes": _unlearned(fold["train"]),
        "seconds": seconds,
    }


def _unlearned(train: Corpus) -> dict[str, str]:
    counts = train.indicators.sum()
    return {str(name): "no training sentence carries it, so nothing is learned" for name in counts[counts == 0].index}


def _described(model: StanceModel) -> str:
    """What the kind's module and class say of themselves, their first paragraphs."""
    told = [inspect.getdoc(inspect.getmodule(type(model))) or "", inspect.getdoc(type(model)) or ""]
    return " ".join(" ".join(text.split("\n\n")[0].split()) for text in told).replace("``", "`").strip()


def model_facts(model: StanceModel) -> dict[str, Any]:
    """What a model is: kind, description, hyper-parameters, number of weights, decisions."""
    return {
        "kind": model.kind,
        "description": _described(model),
        "parameters": {name: repr(value) for name, value in model.get_params(deep=False).items()},
        "size": None if (size := model.size()) is None else size._asdict(),
        "labels": model.titles,
        "calibrator": None if model.calibrator is None else model.calibrator.kind,
        "archive": model.provenance.get("archive"),
        "teacher": model.provenance.get("teacher"),
    }
