"""Model kinds behind one contract, and the one way to load a saved one."""

from importlib import import_module
from pathlib import Path

from communique.errors import CommuniqueError
from communique.models.base import StanceModel, read_manifest

KINDS = {
    "lexicon": "communique.models.lexicon:LexiconModel",
    "tfidf": "communique.models.tfidf:TfidfModel",
    "embedding": "communique.models.embedding:EmbeddingModel",
    "transformer": "communique.models.transformer:TransformerModel",
    "setfit": "communique.models.setfit:SetFitModel",
    "nli": "communique.models.nli:NliModel",
    "ensemble": "communique.models.ensemble:EnsembleModel",
}

__all__ = ["KINDS", "StanceModel", "load_model"]


def load_model(folder: str | Path) -> StanceModel:
    """Load a saved model after checking every byte of its folder; nothing in it is executed."""
    folder = Path(folder)
    manifest = read_manifest(folder)
    if manifest["kind"] not in KINDS:
        raise CommuniqueError(f"{folder}: kind '{manifest['kind']}' is unknown here; kinds are {', '.join(KINDS)}")
    module, name = KINDS[manifest["kind"]].split(":")
    model: StanceModel = getattr(import_module(module), name)(**manifest["parameters"])
    model.restore(folder, manifest)
    return model
