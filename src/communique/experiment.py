"""From a composed configuration to a run: the only place where Hydra's world meets ours."""

import os
from pathlib import Path
from typing import Any

import hydra
from hydra.errors import InstantiationException
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from rich.console import Console
from rich.markup import escape
from threadpoolctl import threadpool_limits

from communique.data.codebook import Codebook
from communique.data.dataset import Corpus, read_corpora, read_corpus
from communique.errors import CommuniqueError
from communique.provenance import run_identity
from communique.training import RunResult, train_run

console = Console()
BESIDE_THE_POINT = ("tracking", "force", "study", "name")  # no part of what a run computes


def main() -> None:
    """``communique train …``: hand the command line to Hydra, with ``conf/`` of the working folder."""
    folder = Path.cwd() / "conf"
    if not (folder / "train.yaml").exists():
        raise CommuniqueError(f"{folder}: holds no train.yaml; run experiments from the root of the repository")
    hydra.main(version_base="1.3", config_path=str(folder), config_name="train")(_job)()


def _job(config: DictConfig) -> None:
    try:
        run(config)
    except CommuniqueError as error:
        Console(stderr=True).print(f"[red]error:[/red] {escape(str(error))}", highlight=False, soft_wrap=True)
        raise SystemExit(2) from error


def run(config: DictConfig) -> RunResult | None:
    """One run as configured; None where the same run is on record already."""
    _set_threads(config.threads)
    corpus = _corpus(config)
    plain = _plain(config)
    decisive = {key: value for key, value in plain.items() if key not in BESIDE_THE_POINT}
    identity = run_identity(decisive, corpus.fingerprint)
    tracker = _made(config.tracking)
    if not config.force and (known := tracker.finished(config.study, identity)):
        console.print(
            f"{config.name}, seed {config.seed}: on record as run {known.id}, skipped (force=true repeats it)"
        )
        return None
    console.print(
        f"[bold]{escape(str(config.name))}[/bold], seed {config.seed}, study {config.study}: {len(corpus):,} sentences"
    )
    extra = {name: read_corpus(path, corpus.codebook) for name, path in config.data.measure.items()}
    result = train_run(
        _made(config.model, _convert_="all"),
        corpus,
        _made(config.split),
        tracker,
        config=plain,
        study=config.study,
        name=config.name,
        identity=identity,
        rule=_made(config.decision),
        extra=extra,
        seed=config.seed,
        resamples=config.resamples,
        search=_made(config.search, _convert_="all") if config.search else None,
    )
    _tell(result)
    return result


def _plain(config: DictConfig) -> dict[str, Any]:
    content = OmegaConf.to_container(config, resolve=True)
    assert isinstance(content, dict)
    return {str(key): value for key, value in content.items() if key != "hydra"}


def _made(config: DictConfig, **options: Any) -> Any:
    """The object that a group of the configuration describes; our own refusals come out of Hydra unwrapped."""
    try:
        return instantiate(config, **options)
    except InstantiationException as error:
        if isinstance(error.__cause__, CommuniqueError):
            raise error.__cause__ from error
        raise


def _corpus(config: DictConfig) -> Corpus:
    files, where = config.data.corpus, OmegaConf.to_container(config.data.get("where") or OmegaConf.create({}))
    assert isinstance(where, dict)
    paths = [files] if isinstance(files, str) else list(files)
    corpus = read_corpora(paths, Codebook.load(config.data.codebook), {str(k): v for k, v in where.items()})
    if config.limit is None:
        return corpus
    kept = set(sorted(set(corpus.documents))[: config.limit])
    return corpus.where(lambda s: s.document in kept)


def _set_threads(threads: int) -> None:
    """Joblib and Ray workers start with one thread; digits depend on the number, so it is always set.

    Torch, where a model needs it, takes the number over when it is loaded (``models.encoder``).
    """
    if not isinstance(threads, int) or threads < 1:
        raise CommuniqueError(f"threads={threads}: give a whole number, at least 1")
    os.environ["OMP_NUM_THREADS"] = str(threads)
    threadpool_limits(threads)  # what is loaded already


def _tell(result: RunResult) -> None:
    for part, metrics in result.metrics.items():
        f1 = metrics.macro_f1
        console.print(f"  {part:<12} macro-F1 {f1.value:.3f} [{f1.low:.3f}, {f1.high:.3f}]")
    console.print(f"  {result.seconds:.0f} s, run {result.run_id}")
