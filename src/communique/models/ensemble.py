"""The plain average of several models' probabilities: models fitted together, or saved ones put together."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone

from communique.errors import CommuniqueError
from communique.models.base import Size, StanceModel, Validation


class EnsembleModel(StanceModel):
    """Averages its members' calibrated probabilities with ``weights`` (equal where not given).

    ``members`` are unfitted models; ``fit`` fits a clone of each. ``of`` makes one of fitted models.
    """

    kind = "ensemble"

    def __init__(self, members: Sequence[StanceModel] = (), weights: Sequence[float] | None = None) -> None:
        self.members = members
        self.weights = weights

    @classmethod
    def of(cls, fitted: Sequence[StanceModel], weights: Sequence[float] | None = None) -> "EnsembleModel":
        """An ensemble of models that are fitted already; they must share their labels."""
        if not fitted or len({model.labels for model in fitted}) != 1:
            raise CommuniqueError(
                "ensemble: give at least one fitted model, all with the same labels in the same order"
            )
        ensemble = cls((), weights)
        ensemble.fitted_, ensemble.labels = list(fitted), fitted[0].labels
        ensemble.codebook, ensemble.provenance = fitted[0].codebook, {}
        return ensemble

    def _fit(self, texts: list[str], labels: np.ndarray, validation: Validation | None) -> None:
        if not self.members:
            raise CommuniqueError("ensemble: has no members to fit; name some")
        table = pd.DataFrame(labels, columns=list(self.labels))
        self.fitted_ = [clone(member).fit(texts, table, validation) for member in self.members]

    def _proba(self, texts: list[str]) -> np.ndarray:
        stacked = np.stack([model.predict_proba(texts) for model in self.fitted_])
        return np.average(stacked, axis=0, weights=self.weights)

    def windows(self, texts: Sequence[str]) -> np.ndarray:
        """The most windows that any member needs for each text."""
        counts: np.ndarray = np.max([model.windows(texts) for model in self.fitted_], axis=0)
        return counts

    def size(self) -> Size | None:
        """The sum of the members' sizes."""
        sizes = [size for model in self.fitted_ if (size := model.size()) is not None]
        if len(sizes) < len(self.fitted_):
            return None
        return Size(sum(size.total for size in sizes), sum(size.trained for size in sizes))

    def _parameters(self) -> dict[str, Any]:
        return {"weights": None if self.weights is None else list(self.weights)}

    def _save(self, folder: Path) -> None:
        for number, model in enumerate(self.fitted_):
            model.save(folder / f"member-{number:03d}")

    def _load(self, folder: Path) -> None:
        from communique.models import load_model

        self.fitted_ = [load_model(path) for path in sorted(folder.glob("member-*"))]
