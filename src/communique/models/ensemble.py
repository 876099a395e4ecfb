"""The average of several models' probabilities: models fitted together, or saved ones put together."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from scipy.special import expit
from sklearn.base import clone

from communique.errors import CommuniqueError
from communique.evaluation.calibration import log_odds
from communique.models.base import Size, StanceModel, Validation
from communique.models.clock import save
from communique.models.lineage import archive_of, check_trained_alike, learned_by, origin
from communique.models.members import member_folders, save_members

Average = Literal["probability", "logit"]


class EnsembleModel(StanceModel):
    """Averages its members' calibrated probabilities, or their log-odds, with ``weights`` (equal where not given).

    A member is an unfitted model, of which ``fit`` fits a clone, or the folder of a saved one, which ``fit`` only
    loads: it must have been fitted on the very sentences given, with the same codebook. ``of`` makes an ensemble
    of fitted models. Saved, an ensemble holds all its members.
    """

    kind = "ensemble"

    def __init__(
        self,
        members: Sequence[StanceModel | str] = (),
        weights: Sequence[float] | None = None,
        average: Average = "probability",
    ) -> None:
        self.members = members
        self.weights = weights
        self.average = average

    @classmethod
    def of(
        cls,
        fitted: Sequence[StanceModel],
        weights: Sequence[float] | None = None,
        average: Average = "probability",
    ) -> "EnsembleModel":
        """An ensemble of models that are fitted already; they must share their labels."""
        if not fitted or len({model.labels for model in fitted}) != 1:
            raise CommuniqueError(
                "ensemble: give at least one fitted model, all with the same labels in the same order"
            )
        ensemble = cls((), weights, average)
        ensemble.fitted_, ensemble.labels = list(fitted), fitted[0].labels
        ensemble.codebook, ensemble.provenance = fitted[0].codebook, {}
        ensemble.learned = learned_by(fitted)
        return ensemble

    def _fit(self, texts: list[str], labels: np.ndarray, validation: Validation | None) -> None:
        self._check_settings()
        table = pd.DataFrame(labels, columns=list(self.labels))
        loaded = {number: self._saved(m) for number, m in enumerate(self.members) if isinstance(m, str)}
        _check_one_codebook(list(loaded.values()))
        self.fitted_ = [
            loaded[number] if isinstance(member, str) else clone(member).fit(texts, table, validation)
            for number, member in enumerate(self.members)
        ]
        if loaded:
            self.provenance["members"] = [origin(model) for model in self.fitted_]
        self.provenance |= archive_of(self.fitted_)

    def _check_settings(self) -> None:
        if not self.members:
            raise CommuniqueError("ensemble: has no members to fit; name some")
        if self.average not in get_args(Average):
            raise CommuniqueError(f"ensemble: average '{self.average}' must be one of {', '.join(get_args(Average))}")
        weights = [1.0] * len(self.members) if self.weights is None else list(self.weights)
        if len(weights) != len(self.members) or min(weights) < 0 or sum(weights) <= 0:
            raise CommuniqueError(
                f"ensemble: weights {weights} for {len(self.members)} members; give each one weight, none below zero"
            )

    def _saved(self, folder: str) -> StanceModel:
        """A saved member, once it is sure that it knows these labels and learned from these sentences alone."""
        from communique.models import load_model

        model = load_model(folder)
        what = f"ensemble member {model.name} ({folder})"
        if model.labels != self.labels:
            known, wanted = ", ".join(model.labels), ", ".join(self.labels)
            raise CommuniqueError(f"{what}: knows the labels {known}, not {wanted}; train it by this codebook")
        check_trained_alike(model, self.provenance["trained_on"], what)
        save(model.provenance.get("seconds", 0.0))  # its fit is part of what the ensemble cost
        return model

    def _proba(self, texts: list[str]) -> np.ndarray:
        stacked = np.stack([model.predict_proba(texts) for model in self.fitted_])
        if self.average == "logit":
            return np.asarray(expit(np.average(log_odds(stacked), axis=0, weights=self.weights)))
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

    @property
    def runtime(self) -> str:
        """What computes the members, each named once."""
        return "; ".join(dict.fromkeys(model.runtime for model in self.fitted_ if model.runtime))

    def _parameters(self) -> dict[str, Any]:
        weights = None if self.weights is None else list(self.weights)
        return {"weights": weights, "average": self.average}

    def _save(self, folder: Path) -> None:
        save_members(self.fitted_, folder)

    def _load(self, folder: Path) -> None:
        from communique.models import load_model

        self.fitted_ = [load_model(path) for path in member_folders(folder)]


def _check_one_codebook(models: Sequence[StanceModel]) -> None:
    books = {model.codebook.fingerprint: model.name for model in models if model.codebook}
    if len(books) > 1:
        raise CommuniqueError(f"ensemble: {' and '.join(books.values())} have different codebooks; train them by one")
