"""What a model says of many texts: every text asked once, in batches, with a progress bar."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from communique.models.base import StanceModel

BATCH = 128


@dataclass(frozen=True)
class Answer:
    """One text's probabilities and decisions, each of shape ``(L,)``."""

    probabilities: np.ndarray
    decided: np.ndarray


class Answers:
    """A model's answers by text."""

    def __init__(self, model: StanceModel, texts: Iterable[str], progress: bool = False) -> None:
        # of like length together: a network pads every text of a batch to the longest
        distinct = sorted(dict.fromkeys(texts), key=len)
        probabilities = [model.predict_proba(batch) for batch in _batches(distinct, progress)]
        self._row = {text: i for i, text in enumerate(distinct)}
        self._probabilities = np.concatenate(probabilities) if distinct else np.zeros((0, len(model.labels)))
        self._decided = np.asarray(model.decide(self._probabilities), dtype=bool)

    def __getitem__(self, text: str) -> Answer:
        row = self._row[text]
        return Answer(self._probabilities[row], self._decided[row])

    def __len__(self) -> int:
        return len(self._row)

    def stacked(self, texts: Iterable[str]) -> Answer:
        """The answers to ``n`` texts as arrays ``(n, L)``."""
        rows = [self._row[text] for text in texts]
        return Answer(self._probabilities[rows], self._decided[rows])


def _batches(texts: list[str], progress: bool) -> Iterator[list[str]]:
    from rich.console import Console
    from rich.progress import track

    batches = [texts[start : start + BATCH] for start in range(0, len(texts), BATCH)]
    title = f"asking the model {len(texts):,} sentences"
    yield from track(batches, title, console=Console(stderr=True), disable=not progress, transient=True)
