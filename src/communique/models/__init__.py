"""Model kinds behind one contract, and the one way to load a saved one."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from communique.errors import CommuniqueError
from communique.models.base import StanceModel
from communique.models.folder import read_manifest

KINDS = {
    "lexicon": "communique.models.lexicon:LexiconModel",
    "tfidf": "communique.models.tfidf:TfidfModel",
    "embedding": "communique.models.embedding:EmbeddingModel",
    "transformer": "communique.models.transformer:TransformerModel",
    "setfit": "communique.models.setfit:SetFitModel",
    "nli": "communique.models.nli:NliModel",
    "ensemble": "communique.models.ensemble:EnsembleModel",
    "onnx": "communique.models.runtime:OnnxModel",
    "static": "communique.models.static:StaticModel",
    "cascade": "communique.models.cascade:CascadeModel",
}

PACKAGED_MODEL = Path(__file__).parent / "packaged"  # the small model that ships, made by ``communique distil``

__all__ = ["KINDS", "PACKAGED_MODEL", "StanceModel", "load_model", "new_model"]


def load_model(folder: str | Path) -> StanceModel:
    """Load a saved model after checking every byte of its folder; nothing in it is executed."""
    folder = Path(folder)
    manifest = read_manifest(folder)
    if manifest["kind"] not in KINDS:
        raise CommuniqueError(f"{folder}: kind '{manifest['kind']}' is unknown here; kinds are {', '.join(KINDS)}")
    model = new_model(manifest)
    model.restore(folder, manifest)
    return model


def new_model(manifest: Mapping[str, Any]) -> StanceModel:
    """An unfitted model of a manifest's kind and parameters."""
    module, name = KINDS[manifest["kind"]].split(":")
    model: StanceModel = getattr(import_module(module), name)(**manifest["parameters"])
    return model
