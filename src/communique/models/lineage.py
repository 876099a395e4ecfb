"""What a model learned from, and which model it is: so that no member, teacher or export is taken on trust."""

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from communique.errors import CommuniqueError

if TYPE_CHECKING:
    from communique.models.base import StanceModel


def training_fingerprint(texts: Sequence[str], labels: pd.DataFrame) -> str:
    """SHA-256 over sentences and their labels, whatever their order: what a model was fitted on."""
    rows = zip(texts, labels.to_numpy(dtype=float).round(6).tolist(), strict=True)
    lines = sorted(json.dumps([text, row]) for text, row in rows)
    return hashlib.sha256(json.dumps([[str(name) for name in labels.columns], *lines]).encode()).hexdigest()


def sentence_digests(texts: Iterable[str]) -> np.ndarray:
    """64 bits a distinct sentence, sorted, ``uint64``; case, punctuation and spaces make no difference.

    They tell whether a sentence that one holds is among them, and nothing else of them.
    """
    return np.array(sorted({_digest(text) for text in texts}), dtype=np.uint64)


def _digest(text: str) -> int:
    words = " ".join(re.findall(r"\w+", text.casefold()))
    return int.from_bytes(hashlib.blake2b(words.encode(), digest_size=8).digest())


def learned_by(models: Sequence["StanceModel"]) -> np.ndarray | None:
    """The digests of all sentences that one of ``models`` learned from; None where one does not say."""
    known = [model.learned for model in models if model.learned is not None]
    return reduce(np.union1d, known) if known and len(known) == len(models) else None


def known_sentences(model: "StanceModel", texts: Sequence[str]) -> int | None:
    """How many of ``texts`` the model learned from or was decided on; None where it does not say."""
    if model.learned is None:
        return None
    digests = np.array([_digest(text) for text in texts], dtype=np.uint64)
    return int(np.isin(digests, model.learned).sum())


def origin(model: "StanceModel") -> dict[str, str]:
    """Which model this is, for the record of one that builds on it: kind, name, run, and its folder's digest."""
    run = str(model.provenance.get("run", ""))
    return {"kind": model.kind, "name": model.name, "run": run, "digest": model.fingerprint}


def archive_of(models: Sequence["StanceModel"]) -> dict[str, Any]:
    """The archive that one of ``models`` was adapted to, for the provenance of one that builds on them; else nothing.

    What builds on an adapted model is as much adapted as that model is, and becomes no champion either.
    """
    found = [model.provenance["archive"] for model in models if model.provenance.get("archive")]
    return {"archive": found[0]} if found else {}


def check_trained_alike(model: "StanceModel", trained_on: str, what: str) -> None:
    """Raise CommuniqueError where a saved model was fitted on other sentences than ``trained_on`` stands for.

    Such a model may have seen what this run keeps for its test; ``what`` leads the sentence.
    """
    known = model.provenance.get("trained_on")
    if known is None:
        raise CommuniqueError(f"{what}: does not say which sentences it was fitted on; train it again")
    if known != trained_on:
        raise CommuniqueError(
            f"{what}: was fitted on other sentences than this training part, so the test may hold what it "
            "learned from; train it on this corpus and split"
        )
