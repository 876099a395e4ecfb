"""From a composed configuration to a run: the only place where Hydra's world meets ours."""

import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import hydra
from filelock import FileLock, Timeout
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from rich.console import Console
from rich.markup import escape
from threadpoolctl import threadpool_limits

from communique.configuration import CONFIGURATION_ERRORS, built, check, sentence
from communique.data.codebook import Codebook
from communique.data.dataset import Corpus, read_corpora, read_corpus
from communique.errors import CommuniqueError
from communique.models.folder import is_model_folder, read_manifest
from communique.provenance import run_identity
from communique.reporting.card import write_cards
from communique.reporting.groups import groups_table
from communique.tracking.base import Tracker, check_study
from communique.training import RunResult, train_run

console = Console(highlight=False)
STORE = "sqlite:///mlruns.db"
LOCKS = Path("runs") / "locks"  # of identities that are being run
UNFINISHED = Path("runs") / "unfinished"  # finished folds of runs that are not on record yet
FULL_ERROR = "HYDRA_FULL_ERROR"
END_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> None:
    """``communique train …``: hand the command line to Hydra, with ``conf/`` of the working folder.

    A mistake raises CommuniqueError; in a sweep after the other runs are done. With HYDRA_FULL_ERROR=1 in the
    environment mistakes in the configuration are raised as Hydra raises them.
    """
    folder = Path.cwd() / "conf"
    if not (folder / "train.yaml").exists():
        raise CommuniqueError(f"{folder}: holds no train.yaml; run experiments from the root of the repository")
    failures: list[CommuniqueError] = []
    with _ended_by_signals(), _raising_hydra() as asked:
        try:
            hydra.main(version_base="1.3", config_path=str(folder), config_name="train")(_job_into(failures))()
        except CONFIGURATION_ERRORS as error:
            if asked:
                raise
            raise CommuniqueError(f"configuration: {sentence(error)}") from error
    if failures:
        raise failures[0]


@contextmanager
def _raising_hydra() -> Iterator[bool]:
    """Hydra raises its errors to us in place of printing them over many lines; yields whether it was asked to."""
    before = os.environ.get(FULL_ERROR)
    os.environ[FULL_ERROR] = "1"
    try:
        yield before == "1"
    finally:
        os.environ.pop(FULL_ERROR)
        if before is not None:
            os.environ[FULL_ERROR] = before


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """A signal to end leaves by an exception, so that the run under way is put on record as killed."""

    def end(number: int, frame: FrameType | None) -> None:
        told = "told to end; finished runs of a sweep are on record, finished folds are kept: neither will be repeated"
        Console(stderr=True).print(told)
        raise SystemExit(128 + number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard = [number for number in END_SIGNALS if signal.getsignal(number) != signal.SIG_IGN]  # nohup ignores some
    before = {number: signal.signal(number, end) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _job_into(failures: list[CommuniqueError]) -> Callable[[DictConfig], None]:
    """What Hydra calls for every run: a mistake goes to ``failures``, and the other runs of a sweep go on.

    The workers of a parallel sweep share no list with us; from there it comes back as an exception.
    """

    def job(config: DictConfig) -> None:
        context = HydraConfig.get()
        with _ended_by_signals():
            try:
                run(config)
            except CommuniqueError as error:
                if context.mode == RunMode.MULTIRUN:  # said now: the sweep may go on for hours
                    told = f"a run of the sweep failed ({' '.join(context.overrides.task)}): {error}"
                    Console(stderr=True).print(escape(told), soft_wrap=True, highlight=False)
                    error = CommuniqueError(told)
                if not context.launcher._target_.endswith("BasicLauncher"):
                    raise error from None
                failures.append(error)

    return job


def run(config: DictConfig) -> RunResult | None:
    """One run as configured; None where the same run is on record already."""
    plain = plain_config(config)
    corpus, identity = prepare(plain)
    tracker = built(plain["tracking"])
    named = escape(f"{plain['name']}, seed {plain['seed']}")
    with _alone(identity, named):
        if not plain["force"] and (known := tracker.finished(plain["study"], identity)):
            console.print(f"{named}: on record as run {known.id}, skipped (force=true repeats it)")
            return None
        console.print(f"[bold]{named}[/bold], study {escape(str(plain['study']))}: {len(corpus):,} sentences")
        result = execute(plain, corpus, tracker, identity, UNFINISHED / identity)
    _tell(result)
    return result


@contextmanager
def _alone(identity: str, named: str) -> Iterator[None]:
    """Open while no other process makes the same run: the second of two sweeps at once waits, then finds it made."""
    LOCKS.mkdir(parents=True, exist_ok=True)
    lock = FileLock(LOCKS / identity)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        console.print(f"{named}: another process is making this very run; waiting for it")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def prepare(config: Mapping[str, Any]) -> tuple[Corpus, str]:
    """Check a plain configuration, set the threads, read the corpus; the corpus and the run's identity."""
    check(config)
    check_study(config["study"])
    check_study(config["name"])
    _set_threads(config["threads"])
    corpus = load_corpus(config)
    return corpus, run_identity({**config, "saved": saved_digests(config)}, corpus.fingerprint)


def execute(
    config: Mapping[str, Any], corpus: Corpus, tracker: Tracker, identity: str, unfinished: Path | None = None
) -> RunResult:
    """Run a checked, plain configuration on its corpus, whether it is on record or not.

    Finished folds are kept in the folder ``unfinished``, from where an interrupted run goes on.
    """
    extra = {name: read_corpus(path, corpus.codebook) for name, path in config["data"]["measure"].items()}
    model, saved = saved_models(config["model"], _store(config))
    return train_run(
        built(model),
        corpus,
        built(config["split"]),
        tracker,
        config=config,
        study=str(config["study"]),
        name=str(config["name"]),
        identity=identity,
        rule=built(config["decision"]),
        extra=extra,
        saved=saved,
        seed=config["seed"],
        resamples=config["resamples"],
        tell=lambda text: console.print(f"  {escape(text)}"),
        search=built(config["search"]) if config.get("search") else None,
        describe=write_cards,
        unfinished=unfinished,
    )


def plain_config(config: DictConfig) -> dict[str, Any]:
    """The composed configuration as plain data, every reference followed, without Hydra's own part."""
    kept = OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])
    content = OmegaConf.to_container(kept, resolve=True, throw_on_missing=True)
    assert isinstance(content, dict)
    return {str(key): value for key, value in content.items()}


def _store(config: Mapping[str, Any]) -> str:
    return str(config["tracking"].get("uri") or "")


def saved_models(model: Mapping[str, Any], uri: str) -> tuple[dict[str, Any], dict[str, str]]:
    """A model's configuration with the saved models it names, members or teachers, as folders; the digest of each."""
    digests: dict[str, str] = {}

    def folder(named: Any) -> Any:
        if isinstance(named, str):
            found = _saved_model(named, uri)
            digests[named] = str(read_manifest(found)["digest"])
            return str(found)
        return followed(named) if isinstance(named, Mapping) else named

    def followed(settings: Mapping[str, Any]) -> dict[str, Any]:
        found = {key: followed(value) if isinstance(value, Mapping) else value for key, value in settings.items()}
        if "members" in settings:
            found["members"] = [folder(member) for member in settings["members"]]
        if "teacher" in settings:
            found["teacher"] = folder(settings["teacher"])
        return found

    return followed(model), digests


def saved_digests(config: Mapping[str, Any]) -> dict[str, str]:
    """The digests of the saved models that a plain configuration names, by the names they have there."""
    return saved_models(config["model"], _store(config))[1]


def _saved_model(reference: str, uri: str) -> Path:
    """The folder of a saved model, looked up in the store where it is no folder itself."""
    if is_model_folder(reference):
        return Path(reference)
    from communique.tracking.references import resolve_model_folder  # MLflow is slow to load

    return resolve_model_folder(reference, uri or os.environ.get("MLFLOW_TRACKING_URI", STORE))


def load_corpus(config: Mapping[str, Any]) -> Corpus:
    """The corpus that a configuration names, cut to its ``limit`` of documents."""
    data = config["data"]
    paths = [data["corpus"]] if isinstance(data["corpus"], str) else list(data["corpus"])
    corpus = read_corpora(paths, Codebook.load(data["codebook"]), data.get("where") or {})
    if config["limit"] is None:
        return corpus
    kept = set(sorted(set(corpus.documents))[: config["limit"]])
    return corpus.where(lambda s: s.document in kept)


def _set_threads(threads: int) -> None:
    """Joblib and Ray workers start with one thread; digits depend on the number, so it is always set.

    Torch, where a model needs it, takes the number over when it is loaded (``models.encoder``).
    """
    os.environ["OMP_NUM_THREADS"] = str(threads)
    threadpool_limits(threads)  # what is loaded already


def _tell(result: RunResult) -> None:
    for part, metrics in result.metrics.items():
        f1 = metrics.macro_f1
        decided = "  (decided here)" if part == result.decided_on else ""
        console.print(f"  {part:<12} macro-F1 {f1.value:.3f} \\[{f1.low:.3f}, {f1.high:.3f}]{decided}")
    if len(result.repeats) > 1:
        console.print(f"  {'each repeat':<12} macro-F1 {', '.join(f'{f1:.3f}' for f1 in result.repeats)} on test")
    if result.groups:
        console.print(groups_table(result.groups))
    for note in result.notes:
        console.print(f"  [yellow]note:[/yellow] {escape(note)}", soft_wrap=True)
    console.print(f"  {result.seconds:.0f} s, run {result.run_id}")
