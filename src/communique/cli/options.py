"""Options that several commands share, so that each is worded once."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from communique.errors import CommuniqueError
from communique.files import write_text as write_text

if TYPE_CHECKING:
    from communique.data.codebook import Codebook
    from communique.data.dataset import Corpus
    from communique.models import StanceModel
    from communique.tracking.base import Tracker

console = Console(markup=False)  # a file or model may be called x[1]

CORPUS, CODEBOOK, SPLIT = Path("data/sentences.jsonl"), Path("data/codebook.yaml"), Path("data/splits.json")
MODEL, URI = "communique@champion", "sqlite:///mlruns.db"
SHIPPED = "packaged"  # the model inside the package

ModelOption = Annotated[
    str, typer.Option(help="a model folder, an MLflow URI, study:STUDY/RUN, name@alias, or packaged")
]
UriOption = Annotated[
    str, typer.Option("--tracking-uri", envvar="MLFLOW_TRACKING_URI", help="where MLflow keeps its runs")
]
CorpusOption = Annotated[Path, typer.Option("--data", help="labelled sentences (.jsonl or .csv)")]
CodebookOption = Annotated[Path, typer.Option(help="the codebook")]
SplitOption = Annotated[Path, typer.Option(help="the committed split")]
SeedOption = Annotated[int, typer.Option(help="of all that is drawn at random")]
ResamplesOption = Annotated[int, typer.Option(min=1, help="of the bootstrap over documents")]
StudyOption = Annotated[str, typer.Option(help="the study whose runs are meant")]


def read_labelled(path: Path, codebook: Path) -> "Corpus":
    """A labelled file by the codebook in another."""
    from communique.data.codebook import Codebook
    from communique.data.dataset import read_corpus

    return read_corpus(path, Codebook.load(codebook))


def keep_inputs(outputs: Iterable[Path], inputs: Iterable[Path | None]) -> None:
    """Refuse, before any work, to write over a file that is read."""
    read = {path.resolve() for path in inputs if path is not None}
    for path in outputs:
        if path.resolve() in read:
            raise CommuniqueError(f"{path}: would replace the file that is read; give the output another name")


def split_of(data: Path, split: Path) -> Path | None:
    """The split that cuts ``data``; None, which is said, where there is none, or only the shipped corpus's own."""
    if split == SPLIT and data != CORPUS:
        console.print(f"{SPLIT} cuts {CORPUS}, not {data}: no split; name its own with --split")
        return None
    if not split.exists():
        console.print(f"no split at {split}; 'communique split' makes one")
        return None
    return split


def codebook_of(model: "StanceModel") -> "Codebook":
    """The codebook a model was fitted by; of a model that kept none, one with its labels' names."""
    from communique.data.codebook import Codebook

    return model.codebook or Codebook.of_names(model.labels)


def read_labelled_for(model: "StanceModel", path: Path) -> "Corpus":
    """A labelled file by a model's own codebook."""
    from communique.data.dataset import read_corpus

    return read_corpus(path, codebook_of(model))


def caution_of(model: "StanceModel", corpus: "Corpus") -> str:
    """What to say of figures on sentences that a model was made of; nothing of other sentences."""
    from communique.models.lineage import known_sentences

    known = known_sentences(model, corpus.texts)
    if known is None and model.provenance.get("data") == corpus.fingerprint:  # saved before it kept its sentences
        known = len(corpus)
    if not known:
        return ""
    return (
        f"Caution: {known:,} of {len(corpus):,} sentences are among those that {model.name} learned from or was "
        "decided on, so that these figures flatter; leave them out, or take the test part's from 'communique compare'"
    )


def load(reference: str, uri: str) -> "StanceModel":
    """A model by folder, MLflow URI, ``name@alias``, or ``packaged``."""
    from communique.models import load_model

    return load_model(model_folder(reference, uri))


def model_folder(reference: str, uri: str, fallback: bool = True) -> Path:
    """The folder of a model; where no champion is registered, the default is the packaged model, which is said.

    Without ``fallback`` a missing champion is refused like any other model that is not there.
    """
    from communique.models import PACKAGED_MODEL
    from communique.models.folder import is_model_folder

    if is_model_folder(reference):
        return Path(reference)
    if reference == SHIPPED:
        return PACKAGED_MODEL
    fallback = fallback and reference == MODEL
    if fallback and _no_store(uri):
        return _fallback(f"no MLflow store at {uri}")
    from communique.tracking.references import is_registered, resolve_model_folder  # MLflow is slow to load

    if fallback and not is_registered(reference, uri):
        return _fallback(f"no {reference} in {uri}")
    return resolve_model_folder(reference, uri)


def _no_store(uri: str) -> bool:
    return uri.startswith("sqlite:///") and not Path(uri.removeprefix("sqlite:///")).exists()


def _fallback(why: str) -> Path:
    from communique.models import PACKAGED_MODEL

    console.print(f"no champion is registered ({why}): the small model that ships with Communique is used")
    return PACKAGED_MODEL


def open_tracker(uri: str) -> "Tracker":
    """The record of runs at an MLflow URI; reading makes no new store, so a missing one is refused."""
    if _no_store(uri):
        raise CommuniqueError(f"there is no MLflow store at {uri}; run 'make run' first or name another --tracking-uri")
    from communique.tracking.mlflow_tracker import MlflowTracker

    return MlflowTracker(uri)


def decided_here(part: str, studies: Sequence[str] | None, uri: str) -> str:
    """What to say of a part's figures where some of the studies' runs chose their thresholds on that part."""
    if not studies or part != "validation":
        return ""
    tracker = open_tracker(uri)
    places = {run.params.get("decision.fitted_on", part) for study in studies for run in tracker.runs(study)}
    return " (thresholds decided here, so these figures flatter)" if part in places else ""
