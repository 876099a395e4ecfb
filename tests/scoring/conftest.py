"""A tiny model whose probabilities a reader can work out by hand."""

from collections.abc import Sequence

import numpy as np
import pytest

CUES = {"red": "sanction", "green": "cooperat"}


class CueModel:
    """0.9 where the label's cue stands in the text, 0.1 where not, 0.45 where the text has a question mark."""

    labels = tuple(CUES)
    titles = {"red": "Against red", "green": "For green"}  # noqa: RUF012
    thresholds = np.array([0.5, 0.5])
    name = "cues"
    fingerprint = "f" * 64

    def __init__(self) -> None:
        self.seen: list[str] = []

    def predict_proba(self, texts: Sequence[str]) -> np.ndarray:
        self.seen += texts
        found = [[0.9 if cue in text.lower() else 0.1 for cue in CUES.values()] for text in texts]
        asked = np.array([["?" in text] for text in texts])
        return np.where(asked, 0.45, np.array(found).reshape(len(texts), len(CUES)))


@pytest.fixture
def model() -> CueModel:
    return CueModel()
