"""Folds of a run that is not on record yet: an interrupted run of hours goes on after its last finished fold."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from communique.data.dataset import Corpus
from communique.data.splits import Fold
from communique.files import all_or_nothing
from communique.training.predictions import Predictions

SAID = ("probabilities", "decided", "thresholds", "raw")


class FinishedFolds:
    """What each finished fold said, a file a fold below ``folder``, which must be the run's own.

    The digits are kept as they were, and the seconds that a fold took with them. Without a folder nothing is kept.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    def load(
        self, number: int, fold: Fold, measured: Mapping[str, Corpus]
    ) -> tuple[list[Predictions], dict[str, Any]] | None:
        """What was said of ``measured`` parts, in their order, and the fold's facts; None where nothing is kept."""
        path = self._path(number)
        if path is None or not path.exists():
            return None
        with np.load(path, allow_pickle=False) as kept:
            facts = json.loads(str(kept["facts"]))
            said = [self._said(kept, part, corpus, fold) for part, corpus in measured.items()]
        return said, facts

    @staticmethod
    def _said(kept: Mapping[str, np.ndarray], part: str, corpus: Corpus, fold: Fold) -> Predictions:
        arrays = {name: kept[f"{part}.{name}"] for name in SAID}
        place = {"repeat": fold.repeat, "fold": fold.number, "group": fold.group}
        return Predictions(corpus, **arrays, **place, seconds=float(kept[f"{part}.seconds"]))  # type: ignore[arg-type]

    def keep(self, number: int, said: Mapping[str, Predictions], facts: Mapping[str, Any]) -> None:
        """Keep what a fold said of each part, and its facts, whole or not at all."""
        path = self._path(number)
        if path is None:
            return
        arrays = {f"{part}.{name}": getattr(p, name) for part, p in said.items() for name in (*SAID, "seconds")}
        with all_or_nothing(path) as (staged,), staged.open("wb") as stream:
            np.savez(stream, facts=np.array(json.dumps(facts)), **arrays)

    def clear(self) -> None:
        """Forget the folds: the run is on record."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, number: int) -> Path | None:
        return None if self.folder is None else self.folder / f"fold-{number}.npz"
