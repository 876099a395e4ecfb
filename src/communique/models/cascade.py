"""A cascade: a cheap model reads every sentence, a costly one only those that the cheap one is unsure of.

Unsure is a sentence with a probability near its threshold on any label: nearer, on the scale of log-odds, than
``margin``, which is fitted so that at most ``budget`` of the validation sentences go up (Viola and Jones 2001).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone

from communique.errors import CommuniqueError
from communique.evaluation.calibration import PlattCalibrator, fit_thresholds, log_odds
from communique.models.base import StanceModel, Validation
from communique.models.lineage import archive_of, learned_by
from communique.models.members import member_folders, save_members


class CascadeModel(StanceModel):
    """``cheap`` decides where it is sure, ``costly`` where it is not; ``budget`` is the share that may go up.

    Without validation calibrators and margin are fitted on the training sentences, of which the cheap model is
    surer than of others: more than ``budget`` then goes up. ``margin`` is there for loading and left out by people.
    """

    kind = "cascade"

    def __init__(
        self,
        cheap: StanceModel | None = None,
        costly: StanceModel | None = None,
        budget: float = 0.3,
        margin: float | None = None,
    ) -> None:
        self.cheap = cheap
        self.costly = costly
        self.budget = budget
        self.margin = margin

    @classmethod
    def of(cls, cheap: StanceModel, costly: StanceModel, budget: float, texts: Sequence[str]) -> "CascadeModel":
        """A cascade of fitted, decided models; ``texts`` (validation) set the margin."""
        return cls.between(cheap, costly, budget, cheap.predict_proba(texts))

    @classmethod
    def between(cls, cheap: StanceModel, costly: StanceModel, budget: float, said: np.ndarray) -> "CascadeModel":
        """As ``of``, where the cheap model's probabilities ``said`` ``(n, L)`` of validation are known.

        Each sentence keeps the decision of the model that read it: the cheap model's probabilities are moved, on the
        scale of log-odds, so that its thresholds fall on the costly model's.
        """
        if cheap.labels != costly.labels:
            raise CommuniqueError("cascade: the two models must have the same labels in the same order")
        if cheap.thresholds is None or costly.thresholds is None:
            raise CommuniqueError("cascade: both models need decision thresholds; fit them with communique train")
        cascade = cls(budget=budget)
        cascade._check_budget()
        cascade.labels, cascade.codebook, cascade.provenance = costly.labels, costly.codebook, {}
        cascade.fitted_, cascade.thresholds = [cheap, costly], costly.thresholds
        cascade.learned = learned_by(cascade.fitted_)
        cascade.margin_ = fit_margin(cascade.doubt(said), budget)
        return cascade

    def _fit(self, texts: list[str], labels: np.ndarray, validation: Validation | None) -> None:
        if self.cheap is None or self.costly is None:
            raise CommuniqueError("cascade: name a cheap and a costly model")
        self._check_budget()
        table = pd.DataFrame(labels, columns=list(self.labels))
        held_out, gold = (texts, labels) if validation is None else (validation[0], validation[1].to_numpy())
        self.fitted_ = [clone(model).fit(texts, table, validation) for model in (self.cheap, self.costly)]
        self.provenance |= archive_of(self.fitted_)
        for model in self.fitted_:
            _decide(model, held_out, gold)
        self.margin_ = fit_margin(self.doubt(self.fitted_[0].predict_proba(held_out)), self.budget)

    def _check_budget(self) -> None:
        if not 0 <= self.budget <= 1:
            raise CommuniqueError(f"cascade: budget {self.budget} must be a share from 0 to 1")

    def doubt(self, probabilities: np.ndarray) -> np.ndarray:
        """How near each sentence's cheap probabilities ``(n, L)`` come to a threshold, in log-odds: ``(n,)``."""
        distances = np.abs(log_odds(probabilities) - log_odds(self.fitted_[0].thresholds))
        return np.asarray(distances.min(axis=1))

    def sent_up(self, texts: Sequence[str]) -> np.ndarray:
        """Which sentences the costly model reads, booleans ``(n,)``."""
        return self.doubt(self.fitted_[0].predict_proba(texts)) < self.margin_

    def _proba(self, texts: list[str]) -> np.ndarray:
        cheap, costly = self.fitted_
        found = cheap.predict_proba(texts)
        up = np.flatnonzero(self.doubt(found) < self.margin_)
        found = self._aligned(found)
        if len(up):
            found[up] = costly.predict_proba([texts[row] for row in up])
        self._last = (texts, up)
        return found

    def _aligned(self, probabilities: np.ndarray) -> np.ndarray:
        """Cheap probabilities moved so that the cheap thresholds fall on the costly ones."""
        cheap, costly = (log_odds(model.thresholds) for model in self.fitted_)
        return np.asarray(1 / (1 + np.exp(-(log_odds(probabilities) + costly - cheap))))

    def windows(self, texts: Sequence[str]) -> np.ndarray:
        """How many windows the costly model needs of each text that it reads, else 1; shape ``(n,)``."""
        counts = np.ones(len(texts), dtype=int)
        known, up = getattr(self, "_last", ([], np.zeros(0, dtype=int)))
        if known != list(texts):  # the scorer asks right after scoring
            up = np.flatnonzero(self.sent_up(texts))
        if len(up):
            counts[up] = self.fitted_[1].windows([texts[row] for row in up])
        return counts

    @property
    def runtime(self) -> str:
        """What computes the costly model."""
        return self.fitted_[1].runtime

    def restore_state(self, folder: Path, manifest: dict[str, Any]) -> None:
        """As of every kind, and the margin: an export takes it over too."""
        super().restore_state(folder, manifest)
        self.margin_ = float(self.margin or 0.0)

    def _parameters(self) -> dict[str, Any]:
        return {"budget": self.budget, "margin": self.margin_}

    def _save(self, folder: Path) -> None:
        save_members(self.fitted_, folder)

    def _load(self, folder: Path) -> None:
        from communique.models import load_model

        self.fitted_ = [load_model(path) for path in member_folders(folder)]


def fit_margin(doubts: np.ndarray, budget: float) -> float:
    """The largest margin below which at most ``budget`` of the distances ``(n,)`` lie; it sends up those below it."""
    ranked = np.sort(doubts)
    allowed = int(np.floor(budget * len(ranked)))
    return float(np.nextafter(ranked[-1], np.inf)) if allowed >= len(ranked) else float(ranked[allowed])


def _decide(model: StanceModel, texts: Sequence[str], gold: np.ndarray) -> None:
    """Calibrator and thresholds of a member, so that both members' probabilities mean the same."""
    raw = model.raw_proba(texts)
    model.calibrator = PlattCalibrator().fit(raw, gold)
    model.thresholds = fit_thresholds(gold, model.calibrator.transform(raw)).values
