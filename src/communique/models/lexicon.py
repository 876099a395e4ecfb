"""Word lists from the codebook: the floor that every model must beat.

A label's score is how many of its cues a sentence holds; ``fit`` learns how often a sentence with that
many cues carries the label.
"""

import json
import re
from pathlib import Path

import numpy as np
from sklearn.isotonic import IsotonicRegression

from communique.data.codebook import Codebook
from communique.errors import CommuniqueError
from communique.models.base import Size, StanceModel, Validation

FILE = "lexicon.json"
MOST = 4  # cues beyond the fourth tell nothing more


class LexiconModel(StanceModel):
    """Cue counting. ``codebook_path`` names the codebook whose ``cues`` are counted.

    A cue is one or more words; ``*`` at a word's end stands for any ending.
    """

    kind = "lexicon"

    def __init__(self, codebook_path: str = "data/codebook.yaml") -> None:
        self.codebook_path = codebook_path

    def _fit(self, texts: list[str], labels: np.ndarray, validation: Validation | None) -> None:
        cues = {label.name: label.cues for label in Codebook.load(self.codebook_path).labels}
        if missing := [name for name in self.labels if not cues.get(name)]:
            raise CommuniqueError(f"{self.codebook_path}: label '{missing[0]}' has no cues; the lexicon needs some")
        self.cues_ = {name: list(cues[name]) for name in self.labels}
        counts = self._counts(texts)
        columns = range(len(self.labels))
        self.rates_ = np.stack([_rates(counts[:, i], labels[:, i]) for i in columns], axis=1)

    def _counts(self, texts: list[str]) -> np.ndarray:
        patterns = [[cue_pattern(cue) for cue in self.cues_[name]] for name in self.labels]
        rows = [[sum(bool(p.search(text)) for p in group) for group in patterns] for text in texts]
        return np.minimum(np.array(rows), MOST)

    def _proba(self, texts: list[str]) -> np.ndarray:
        counts = self._counts(texts)
        return np.take_along_axis(self.rates_, counts, axis=0)

    def size(self) -> Size:
        """The rates, one a label and number of cues."""
        return Size(self.rates_.size, self.rates_.size)

    def _save(self, folder: Path) -> None:
        content = {"cues": self.cues_, "rates": self.rates_.tolist()}
        (folder / FILE).write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    def _load(self, folder: Path) -> None:
        content = json.loads((folder / FILE).read_text(encoding="utf-8"))
        self.cues_, self.rates_ = content["cues"], np.array(content["rates"])


def cue_pattern(cue: str) -> re.Pattern[str]:
    """What finds a cue in a sentence."""
    words = [re.escape(word).replace(r"\*", r"\w*") for word in cue.split()]
    return re.compile(r"\b" + r"\s+".join(words) + r"\b", re.IGNORECASE)


def _rates(counts: np.ndarray, gold: np.ndarray) -> np.ndarray:
    """Share of positives at each count 0..MOST (Laplace-smoothed), made non-decreasing in the count."""
    at = np.arange(MOST + 1)
    sizes = np.array([(counts == c).sum() for c in at], dtype=float)
    positives = np.array([gold[counts == c].sum() for c in at], dtype=float)
    shares = (positives + 1) / (sizes + 2)
    return IsotonicRegression().fit_transform(at, shares, sample_weight=sizes + 1e-6)
