"""Exports made once and kept in the user's cache, named by the digest of the model that they come from."""

import os
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np

import communique
from communique.errors import CommuniqueError
from communique.models import load_model
from communique.models.base import StanceModel
from communique.models.export import export_model
from communique.models.folder import read_manifest

AGREEMENT = 1e-4  # probabilities of a float export and of torch; beyond it something is wrong
PROBES = (
    "The two ministers agreed to resume talks.",
    "No.",
    "Measures of this kind, imposed by one side alone and renewed year after year without any decision of the "
    "Council, were rejected by the delegation, which asked that they be lifted at once and in full.",
)


def cache_folder() -> Path:
    """Where exports are kept: ``communique`` in XDG_CACHE_HOME, else in ``~/.cache``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "communique"


def can_export() -> bool:
    """Whether the packages of the extra [onnx] are there."""
    return all(find_spec(package) for package in ("onnx", "onnxruntime", "tokenizers", "safetensors"))


def cached_path(folder: Path) -> Path:
    """Where the float export of the model in ``folder`` lies, or would lie."""
    digest = read_manifest(folder)["digest"]
    return cache_folder() / "exports" / f"{digest}-{communique.__version__}"


def cached_export(folder: Path) -> tuple[StanceModel, bool]:
    """The float export of the model in ``folder``, and whether it was made just now; a damaged one is made again."""
    target = cached_path(folder)
    if target.is_dir():
        try:
            return load_model(target), False
        except CommuniqueError:
            pass  # damaged, or of another version: made again below
    model = export_model(folder).model
    if find_spec("torch") and find_spec("transformers"):
        check_agreement(folder, model)
    try:
        model.save(target)
    except OSError as error:
        raise CommuniqueError(
            f"{target}: the export cannot be kept ({error.strerror}); set XDG_CACHE_HOME, or score with --runtime torch"
        ) from error
    return model, True


def check_agreement(folder: Path, exported: StanceModel, texts: Sequence[str] = PROBES) -> float:
    """The largest difference of a float export's probabilities from torch's; CommuniqueError beyond 1e-4."""
    difference = float(np.abs(load_model(folder).predict_proba(texts) - exported.predict_proba(texts)).max())
    if difference > AGREEMENT:
        raise CommuniqueError(
            f"{folder}: its export differs from torch by {difference:.2g} in probability; score with --runtime torch"
        )
    return difference
