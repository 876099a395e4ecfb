"""Soft-label self-training: our sentences with our labels, the archive's with a saved model's probabilities."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pandas as pd

from communique.adaptation.archive import Archive, HeldOut, apart
from communique.data.dataset import Corpus
from communique.data.splits import FixedSplit
from communique.errors import CommuniqueError
from communique.evaluation.calibration import PlattCalibrator
from communique.models.base import StanceModel, Validation
from communique.models.lineage import check_trained_alike, origin, sentence_digests, training_fingerprint
from communique.models.transformer import TransformerModel
from communique.provenance import run_identity
from communique.tracking.base import Tracker
from communique.training import DecisionRule, Predictions, RunResult, predict, train_run

NAME = "adapted"
FIXED = f"{FixedSplit.__module__}.{FixedSplit.__qualname__}"


class AdaptedModel(TransformerModel):
    """A fine-tuned encoder that learns from an archive too, with a teacher's probabilities as labels.

    Archive, ``soft`` labels ``(n, L)`` and ``facts`` for the record are set after construction, so that no text is
    ever a parameter; saved, the model is a ``transformer`` like any other.
    """

    archive: Archive
    soft: pd.DataFrame
    facts: Mapping[str, Any]

    def taught(self, archive: Archive, soft: pd.DataFrame, facts: Mapping[str, Any]) -> Self:
        """Set what is learned beside the training part, and what provenance says of it."""
        self.archive, self.soft, self.facts = archive, soft, facts
        return self

    def __sklearn_clone__(self) -> "AdaptedModel":
        return type(self)(**self.get_params(deep=False)).taught(self.archive, self.soft, self.facts)

    def fit(self, texts: Sequence[str], labels: pd.DataFrame, validation: Validation | None = None) -> Self:
        """Learn from ``texts`` and their labels, and from the archive and its soft labels."""
        table = pd.concat([labels.astype(float), self.soft[list(labels.columns)]], ignore_index=True)
        super().fit([*texts, *self.archive.texts], table, validation)
        self.provenance |= {"trained_on": training_fingerprint(texts, labels), **self.facts}
        self.learned = sentence_digests([*texts, *(validation[0] if validation else ())])  # of the archive, nothing
        return self


@dataclass(frozen=True)
class Adaptation:
    """The adapted run, what the teacher said of the same parts, and the archive as it was used."""

    result: RunResult
    teacher: Mapping[str, Predictions]
    archive: Archive


def adapt(
    teacher: StanceModel,
    archive: Archive,
    corpus: Corpus,
    split: str | Path,
    student: AdaptedModel,
    tracker: Tracker,
    *,
    measure: Mapping[str, Corpus] | None = None,
    exclude: Sequence[HeldOut] = (),
    leave_out: bool = False,
    limit: int = 10_000,
    target_prevalence: float | None = None,
    study: str = "adapt",
    force: bool = False,
    resamples: int = 2000,
    data: Mapping[str, Any] | None = None,
    describe: Callable[[Path], object] = lambda folder: None,
) -> Adaptation:
    """Train ``student`` on our training part and on ``archive`` as ``teacher`` sees it; measure both alike.

    ``target_prevalence`` is that of ``DecisionRule``, for the student's thresholds: a teacher keeps its own in no
    file, so one that was cut for a rarer stance says so here again. ``data`` names the files, as that group of a
    configuration does, for the record; ``describe`` is as of ``train_run``.
    Raises CommuniqueError where the teacher learned from other sentences than our training part, where the archive
    shares documents with validation, test, a measured or an excluded file, and where this very run is on record.
    """
    measure = measure or {}
    rule = DecisionRule(PlattCalibrator(), target_prevalence=target_prevalence)
    rule.prevalence(corpus.codebook.names)  # refused before the archive is scored, not after it
    (parts,) = FixedSplit(split).folds(corpus, student.seed)
    _check_teacher(teacher, parts["train"])
    held_out = {name: part for name, part in parts.items() if name != "train"} | dict(measure)
    avoided = [*(HeldOut.of_corpus(name, part) for name, part in held_out.items()), *exclude]
    used = apart(archive, avoided, leave_out).usable(limit, student.seed)
    if not len(used):
        raise CommuniqueError("archive: no usable sentence is left; see what was dropped, and name more documents")
    facts = {"archive": used.facts(), "teacher": origin(teacher)}
    config: dict[str, Any] = {"model": student.get_params(deep=False), **facts, "seed": student.seed}
    config |= {"split": {"_target_": FIXED, "path": str(split)}, "data": dict(data or {})}
    config["measure"] = {name: part.fingerprint for name, part in measure.items()}
    if target_prevalence is not None:
        config["decision"] = {"target_prevalence": target_prevalence}
    identity = run_identity(config, corpus.fingerprint)
    if not force and (known := tracker.finished(study, identity)):
        raise CommuniqueError(
            f"this adaptation is on record as run {known.id}: use --model runs:/{known.id}, or --force"
        )
    config |= {"study": study, "name": NAME}  # no part of the identity
    said = {name: predict(teacher, part) for name, part in held_out.items()}
    soft = pd.DataFrame(teacher.predict_proba(used.texts), columns=list(teacher.labels))
    result = train_run(
        student.taught(used, soft, facts),
        corpus,
        FixedSplit(split),
        tracker,
        config=config,
        study=study,
        name=NAME,
        identity=identity,
        rule=rule,
        extra=measure,
        seed=student.seed,
        resamples=resamples,
        describe=describe,
    )
    return Adaptation(result, said, used)


def _check_teacher(teacher: StanceModel, train: Corpus) -> None:
    trained_on = training_fingerprint(train.texts, train.indicators)
    check_trained_alike(teacher, trained_on, f"model {teacher.name}")
