"""One run of a protocol: fit on every fold, evaluate what all of them said, record it."""

import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pandas as pd
from sklearn.base import clone

from communique.data.dataset import Corpus
from communique.data.splits import Fold
from communique.errors import CommuniqueError
from communique.evaluation.metrics import Metrics
from communique.models.base import StanceModel
from communique.models.clock import save, spent
from communique.models.encoder import FrozenEncoder
from communique.models.search import GridSearch
from communique.provenance import environment, flatten, provenance_of, revision
from communique.tracking.base import Tracker
from communique.training.artifacts import GROUPS, fold_facts, write_files
from communique.training.decision import DecisionRule, fit_model
from communique.training.predictions import Predictions, pooled, predict
from communique.training.unfinished import FinishedFolds

Said = dict[str, list[Predictions]]


class Splitter(Protocol):
    """Cuts a corpus into parts, once or several times."""

    def folds(self, corpus: Corpus, seed: int) -> Iterable[Fold]:
        """Yield folds with the parts ``train``, ``test`` and, where there is one, ``validation``."""
        ...


@dataclass(frozen=True)
class RunResult:
    """A finished run: the model of its last fold, and what was said of validation and test.

    ``metrics`` are of all folds pooled; ``groups`` of each held-out group, where the protocol holds groups out.
    ``decided_on`` says what thresholds were chosen on: the figures of a part so named flatter. ``notes`` are what
    a reader must know, such as where a guard acted; ``folds`` the facts of each fold; ``repeats`` the test macro-F1
    of each repeat.
    """

    model: StanceModel
    metrics: Mapping[str, Metrics]
    predictions: pd.DataFrame
    seconds: float
    run_id: str = ""
    groups: Mapping[str, Metrics] = field(default_factory=dict)
    decided_on: str = ""
    notes: tuple[str, ...] = ()
    folds: tuple[Mapping[str, Any], ...] = ()
    repeats: tuple[float, ...] = ()


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
    saved: Mapping[str, str] | None = None,
    seed: int = 0,
    resamples: int = 2000,
    search: GridSearch | None = None,
    tell: Callable[[str], None] = lambda text: None,
    describe: Callable[[Path], object] = lambda folder: None,
    unfinished: Path | None = None,
) -> RunResult:
    """Fit on every fold, evaluate, and record the run.

    ``extra`` corpora are measured by every fold's model and never learned from. ``saved`` are the digests of saved
    models that this one is made of, by the names that ``config`` has for them. ``tell`` hears of each fold before
    it is fitted; ``describe`` may add files to the folder of the run's files before it is recorded. Folds are kept
    in the folder ``unfinished``, of this identity alone, until the run is on record: interrupted, it goes on there.
    """
    kept = FinishedFolds(unfinished)
    folds = _checked(list(splitter.folds(corpus, seed)), extra or {})
    cautions = _cautions(folds, extra or {})
    code = revision()
    with tracker.run(name, study, _tags(model, corpus, identity, cautions) | code) as run_id:
        tracker.log_params(flatten(config))
        tracker.log_dataset(corpus.to_frame().drop(columns="annotations"), "corpus", corpus.fingerprint, "train")
        started = spent()
        with _in_common(folds):
            said, fitted, facts = _fit_folds(model, folds, rule, extra or {}, search, tell, kept)
        fit_seconds = sum(fact["seconds"] for fact in facts)
        fitted.provenance |= {"name": name, "run": run_id, "data": corpus.fingerprint, "identity": identity}
        fitted.provenance |= {"seconds": round(fit_seconds, 1), **code, **environment()}
        result = _judged(fitted, said, facts, cautions, run_id, started, resamples)
        cost = {"fit_seconds": fit_seconds, "seconds": result.seconds, "train_sentences": len(folds[-1]["train"])}
        cost["sentences_per_second"] = _speed(said["test"])
        tracker.log_metrics(_flat_metrics(result.metrics) | cost)
        origin = provenance_of(config, corpus.fingerprint, identity, saved=saved)
        _record_files(result, corpus, said, config, origin, tracker, describe)
    kept.clear()
    return result


def _judged(
    fitted: StanceModel,
    said: Said,
    facts: Sequence[Mapping[str, Any]],
    cautions: Sequence[str],
    run_id: str,
    started: float,
    resamples: int,
) -> RunResult:
    """The run as it is once every fold has spoken; its seconds, counted from ``started``, include the intervals."""
    metrics = {part: pooled(parts).metrics(resamples=resamples) for part, parts in said.items()}
    groups = {p.group: p.metrics(resamples=resamples) for p in said["test"] if p.group}
    return RunResult(
        fitted,
        metrics,
        pd.concat([p.to_frame(part) for part, parts in said.items() for p in parts], ignore_index=True),
        spent() - started,
        run_id,
        groups,
        fitted.provenance["decided_on"],
        (*cautions, *_guards(facts)),
        tuple(facts),
        _by_repeat(said["test"]),
    )


def _tags(model: StanceModel, corpus: Corpus, identity: str, cautions: Sequence[str]) -> dict[str, str]:
    tags = {"communique.identity": identity, "communique.kind": model.kind, "communique.data": corpus.fingerprint}
    return tags | ({"communique.caution": "; ".join(cautions)} if cautions else {})


def _by_repeat(test: Sequence[Predictions]) -> tuple[float, ...]:
    repeats = sorted({p.repeat for p in test})
    return tuple(pooled([p for p in test if p.repeat == repeat]).macro_f1 for repeat in repeats)


def _in_common(folds: Sequence[Fold]) -> AbstractContextManager[None]:
    """What is done once for all folds where there are several: embedding the sentences in a frozen encoder."""
    texts = [text for fold in folds for part in fold.values() for text in part.texts]
    return FrozenEncoder.embedded_together(texts) if len(folds) > 1 else nullcontext()


def _fit_folds(
    model: StanceModel,
    folds: Sequence[Fold],
    rule: DecisionRule | None,
    extra: Mapping[str, Corpus],
    search: GridSearch | None,
    tell: Callable[[str], None],
    kept: FinishedFolds,
) -> tuple[Said, StanceModel, list[dict[str, Any]]]:
    """What every fold said by part, the last fold's model, the facts of each; the last is never taken from ``kept``."""
    said: Said = {}
    facts = []
    fitted = model
    for count, fold in enumerate(folds, 1):
        last = count == len(folds)
        measured = {part: corpus for part, corpus in fold.items() if part != "train"} | dict(extra)
        found = None if last else kept.load(count, fold, measured)
        if len(folds) > 1:
            held_out = f": without '{fold.group}'" if fold.group else ""
            done = "done before the interruption" if found else f"{len(fold['train']):,} training sentences"
            tell(f"fold {count} of {len(folds)}{held_out}, {done}")
        if found:
            of_fold, fact = found
            save(fact["seconds"] + sum(p.seconds for p in of_fold))
        else:
            started = spent()
            fitted = fit_model(clone(model), fold["train"], fold.get("validation"), rule, search)
            fact = fold_facts(fold, fitted, spent() - started)
            of_fold = [predict(fitted, corpus, fold) for corpus in measured.values()]
            if not last:
                kept.keep(count, dict(zip(measured, of_fold, strict=True)), fact)
        for part, predictions in zip(measured, of_fold, strict=True):
            said.setdefault(part, []).append(predictions)
        facts.append({**fact, "test_macro_f1": said["test"][-1].macro_f1})
    return said, fitted, facts


def _checked(folds: list[Fold], extra: Mapping[str, Corpus]) -> list[Fold]:
    """The folds, once all of them are known to hold what a run needs: before the first is fitted."""
    if not folds:
        raise CommuniqueError("split: gives no fold; it needs at least one")
    if odd := [name for name in extra if not re.fullmatch(r"\w[\w-]*", name)]:
        raise CommuniqueError(f"data.measure.{odd[0]}: names files, so give it letters, digits, _ and - alone")
    for fold in folds:
        if taken := sorted(set(extra) & {*fold, "train", "validation", "test", GROUPS}):
            raise CommuniqueError(f"data.measure.{taken[0]}: is the name of a part of the split; give the file another")
        if missing := [part for part in ("train", "test") if part not in fold]:
            raise CommuniqueError(f"split: has no part '{missing[0]}'; it needs train and test")
        if empty := [part for part, held in fold.items() if not len(held)]:
            raise CommuniqueError(f"split: part '{empty[0]}' has no sentence; the corpus is too small for this split")
    return folds


def _cautions(folds: Sequence[Fold], extra: Mapping[str, Corpus]) -> tuple[str, ...]:
    """What every reader of the figures must know: the folds' notes, and measured files that were learned from."""
    learned = {document for fold in folds for document in fold["train"].documents}
    said = [fold.note for fold in folds if fold.note]
    for name, corpus in extra.items():
        documents = set(corpus.documents)
        if known := len(documents & learned):
            flat = f"{known:,} of its {len(documents):,} documents were learned from; its figures flatter"
            said.append(f"measured file {name}: {flat}")
    return tuple(dict.fromkeys(said))


def _guards(facts: Sequence[Mapping[str, Any]]) -> list[str]:
    """What the guards of calibrators and thresholds said, each label once, with the number of folds."""
    said: dict[tuple[str, str], str] = {}
    count: Counter[tuple[str, str]] = Counter()
    for fact in facts:
        for kind in ("calibrator_notes", "threshold_notes", "training_notes"):
            for label, note in fact[kind].items():
                said.setdefault((label, kind), note)
                count[label, kind] += 1
    where = f" of {len(facts)} folds" if len(facts) > 1 else ""
    return [
        f"{kind.removesuffix('_notes')}, {label}: {note}" + (f" (in {count[label, kind]}{where})" if where else "")
        for (label, kind), note in said.items()
    ]


def _flat_metrics(metrics: Mapping[str, Metrics]) -> dict[str, float]:
    flat: dict[str, float] = {}
    for part, result in metrics.items():
        numbers = {k: v for k, v in flatten(result.to_dict()).items() if isinstance(v, int | float)}
        flat |= {f"{part}.{key}": float(value) for key, value in numbers.items()}
    return flat


def _speed(parts: Sequence[Predictions]) -> float:
    """Sentences scored a second, over all folds."""
    return sum(len(part.corpus) for part in parts) / max(sum(part.seconds for part in parts), 1e-9)


def _record_files(
    result: RunResult,
    corpus: Corpus,
    said: Said,
    config: Mapping[str, Any],
    origin: Mapping[str, Any],
    tracker: Tracker,
    describe: Callable[[Path], object],
) -> None:
    with tempfile.TemporaryDirectory(prefix="communique-") as scratch:
        folder = Path(scratch) / "files"
        folder.mkdir()
        write_files(folder, result, corpus, {part: pooled(parts) for part, parts in said.items()}, config, origin)
        describe(folder)
        tracker.log_files(folder)
        # a member's or a teacher's archive is in no configuration
        tracker.log_params(flatten({"archive": result.model.provenance.get("archive", {})}))
        model = result.model.save(Path(scratch) / "model")
        tracker.log_metrics({"model_bytes": sum(p.stat().st_size for p in model.rglob("*") if p.is_file())})
        if len(result.folds) == 1:
            tracker.log_model(model)
