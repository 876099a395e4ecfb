"""What the scorer asks of a model, and how its probabilities become labels and marks for review."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from communique.errors import CommuniqueError

# Probabilities are written, and compared with the thresholds, at this many decimals.
DECIMALS = 6


class ScoringModel(Protocol):
    """Anything that gives every text a probability for every label.

    Three further attributes are used where a model has them. ``max_words: int``: it reads only so many words, so
    that a longer sentence reaches it in overlapping windows. ``windows(texts)``: it cuts long texts into windows
    itself, and says into how many, shape (texts,). ``decide(probabilities)``: it has its own rule from
    probabilities to decisions, as a model has whose labels exclude one another.
    """

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels' names, in the order of the probability columns."""

    @property
    def titles(self) -> dict[str, str]:
        """A short title for each label, as a page shows it."""

    @property
    def thresholds(self) -> np.ndarray:
        """The probability from which a label is given, shape (labels,)."""

    @property
    def name(self) -> str:
        """What the model is called where it is shown."""

    @property
    def fingerprint(self) -> str:
        """What identifies the model's weights."""

    def predict_proba(self, texts: Sequence[str]) -> np.ndarray:
        """Probabilities, shape (texts, labels)."""


def windows(text: str, size: int | None) -> list[str]:
    """The text itself, or where it has more than ``size`` words, windows of that size that overlap by half."""
    words = text.split()
    if size is None or len(words) <= size:
        return [text]
    step = max(1, size // 2)
    starts = range(0, len(words) - size + step, step)
    return [" ".join(words[start : start + size]) for start in starts]


def probabilities(model: ScoringModel, texts: Sequence[str], batch: int) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of shape (texts, labels) and, for each text, whether it was read in windows.

    Of a text's windows the largest probability counts, label by label. Raises CommuniqueError where the model
    gives something other than one probability a label.
    """
    pieces = [windows(text, getattr(model, "max_words", None)) for text in texts]
    flat = [piece for parts in pieces for piece in parts]
    found = [_checked(model, flat[i : i + batch]) for i in range(0, len(flat), batch)]
    counts = np.array([len(parts) for parts in pieces])
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    own = np.asarray(model.windows(texts)) if hasattr(model, "windows") else counts
    return np.maximum.reduceat(np.concatenate(found), starts).round(DECIMALS), (counts > 1) | (own > 1)


def decisions(model: ScoringModel, probability: np.ndarray) -> np.ndarray:
    """Which labels each text is given, booleans of shape (texts, labels)."""
    decided = model.decide(probability) if hasattr(model, "decide") else probability >= model.thresholds
    return np.asarray(decided, dtype=bool)


def _checked(model: ScoringModel, texts: Sequence[str]) -> np.ndarray:
    found = np.asarray(model.predict_proba(texts), dtype=float)
    wanted = (len(texts), len(model.labels))
    if found.shape != wanted:
        raise CommuniqueError(f"model {model.name} gave an array of shape {found.shape} where {wanted} was due")
    if not ((found >= 0) & (found <= 1)).all():
        raise CommuniqueError(f"model {model.name} gave a value that is no probability; train or export it again")
    return found
