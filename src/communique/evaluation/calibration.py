"""Make probabilities mean what they say: one calibrator a label, and the thresholds that cut what it gives.

Arrays are ``(n, L)``: sentences in rows, labels in columns; every label is treated on its own. Both
are fitted on data that neither trains nor tests the model; which data that is, the caller decides.
"""

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Self

import numpy as np
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit, logit
from sklearn.isotonic import IsotonicRegression

from communique.errors import CommuniqueError
from communique.evaluation.reliability import check_indicators, check_probabilities
from communique.evaluation.thresholds import PLATEAU, Thresholds, fit_thresholds

__all__ = [
    "KINDS",
    "PLATEAU",
    "Calibrator",
    "IdentityCalibrator",
    "IsotonicCalibrator",
    "PlattCalibrator",
    "TemperatureCalibrator",
    "Thresholds",
    "calibrator_from_dict",
    "fit_thresholds",
    "log_odds",
]

Array = np.ndarray[Any, Any]

CLIP = 1e-6  # probabilities are kept this far from 0 and 1 before their log-odds are taken


class Calibrator(ABC):
    """A monotone map of each label's probabilities, fitted on their log-odds.

    A label with fewer than ``minimum_positives`` gold or non-gold sentences keeps its probabilities;
    ``notes`` holds one text a label, empty where there is nothing to say. ``makes_ties``: distinct probabilities
    may come out equal, so that thresholds chosen on the sentences it was fitted on would fit them twice.
    """

    kind: ClassVar[str]
    makes_ties: ClassVar[bool] = False

    def __init__(self, minimum_positives: int = 10) -> None:
        self.minimum_positives = minimum_positives
        self.parameters: tuple[dict[str, Any] | None, ...] | None = None
        self.notes: tuple[str, ...] = ()

    def fit(self, probabilities: Array, gold: Array) -> Self:
        """Fit each label on probabilities and gold, both ``(n, L)``."""
        p = check_probabilities(probabilities)
        y = check_indicators(gold, p.shape)
        fitted = [self._fit_if_enough(log_odds(p[:, c]), y[:, c]) for c in range(p.shape[1])]
        self.parameters = tuple(parameters for parameters, _ in fitted)
        self.notes = tuple(note for _, note in fitted)
        return self

    def transform(self, probabilities: Array) -> Array:
        """Calibrated probabilities ``(n, L)``; CommuniqueError before ``fit`` or for other labels."""
        if self.parameters is None:
            raise CommuniqueError(f"this {self.kind} calibrator is not fitted: call fit first")
        p = check_probabilities(probabilities).copy()
        if p.shape[1] != len(self.parameters):
            raise CommuniqueError(f"{p.shape[1]} labels given to a calibrator fitted on {len(self.parameters)}")
        for column, parameters in enumerate(self.parameters):
            if parameters is not None:
                p[:, column] = self._apply(log_odds(p[:, column]), parameters)
        return p

    def to_dict(self) -> dict[str, Any]:
        """Plain data from which ``calibrator_from_dict`` makes the same calibrator, digit for digit."""
        parameters = None if self.parameters is None else list(self.parameters)
        settings = {"kind": self.kind, "minimum_positives": self.minimum_positives}
        return {**settings, "parameters": parameters, "notes": list(self.notes)}

    def _fit_if_enough(self, z: Array, gold: Array) -> tuple[dict[str, Any] | None, str]:
        for name, number in (("positive", int(gold.sum())), ("negative", int((1 - gold).sum()))):
            if number < self.minimum_positives:
                return None, f"{number} {name} sentences, fewer than {self.minimum_positives}: left as it is"
        return self._fit_label(z, gold)

    @abstractmethod
    def _fit_label(self, z: Array, gold: Array) -> tuple[dict[str, Any] | None, str]:
        """One label's parameters (None: leave it as it is) and note, from log-odds and gold ``(n,)``."""

    @abstractmethod
    def _apply(self, z: Array, parameters: dict[str, Any]) -> Array:
        """Probabilities ``(n,)`` from log-odds ``(n,)`` and what ``_fit_label`` found."""


class IdentityCalibrator(Calibrator):
    """Leaves every probability as it is: the choice against which the others are compared."""

    kind = "identity"

    def _fit_label(self, z: Array, gold: Array) -> tuple[None, str]:
        return None, ""

    def _apply(self, z: Array, parameters: dict[str, Any]) -> Array:
        return np.asarray(expit(z))


class TemperatureCalibrator(Calibrator):
    """Log-odds divided by one temperature a label (Guo et al. 2017): above 1 for over-confidence."""

    kind = "temperature"
    limits: ClassVar[tuple[float, float]] = (0.05, 20.0)

    def _fit_label(self, z: Array, gold: Array) -> tuple[dict[str, Any], str]:
        bounds = np.log(self.limits)
        best = minimize_scalar(
            lambda log_t: _log_loss(z / np.exp(log_t), gold),
            bounds=bounds,
            method="bounded",
            options={"xatol": 1e-7},
        )
        temperature = float(np.exp(best.x))
        at_limit = np.abs(best.x - bounds).min() < 1e-3
        note = f"temperature {temperature:.3g} is at its limit" if at_limit else ""
        return {"temperature": temperature}, note

    def _apply(self, z: Array, parameters: dict[str, Any]) -> Array:
        return np.asarray(expit(z / parameters["temperature"]))


class PlattCalibrator(Calibrator):
    """A logistic curve through the log-odds (Platt 1999).

    Its targets are drawn in from 0 and 1, as in the paper, so that separable data give a finite slope.
    """

    kind = "platt"

    def _fit_label(self, z: Array, gold: Array) -> tuple[dict[str, Any] | None, str]:
        positives = gold.sum()
        target = np.where(gold == 1, (positives + 1) / (positives + 2), 1 / (len(gold) - positives + 2))

        def loss(x: Array) -> tuple[float, Array]:
            residual = expit(x[0] * z + x[1]) - target
            return _log_loss(x[0] * z + x[1], target), np.array([(residual * z).mean(), residual.mean()])

        slope, intercept = minimize(loss, np.array([1.0, 0.0]), jac=True, method="BFGS").x
        if slope <= 0:  # would turn the order round: calibration must not
            return None, "the probabilities do not rise with the gold labels: left as they are"
        return {"slope": float(slope), "intercept": float(intercept)}, ""

    def _apply(self, z: Array, parameters: dict[str, Any]) -> Array:
        return np.asarray(expit(parameters["slope"] * z + parameters["intercept"]))


class IsotonicCalibrator(Calibrator):
    """The best rising step curve, joined by lines (Zadrozny & Elkan 2002); wants many positives, makes ties.

    Its ends stay at 1/(n+2) from 0 and 1 (rule of succession): n sentences cannot show certainty.
    """

    kind = "isotonic"
    makes_ties = True

    def _fit_label(self, z: Array, gold: Array) -> tuple[dict[str, Any], str]:
        end = 1 / (len(gold) + 2)
        curve = IsotonicRegression(y_min=end, y_max=1 - end, out_of_bounds="clip").fit(z, gold)
        return {"log_odds": curve.X_thresholds_.tolist(), "probabilities": curve.y_thresholds_.tolist()}, ""

    def _apply(self, z: Array, parameters: dict[str, Any]) -> Array:
        return np.interp(z, parameters["log_odds"], parameters["probabilities"])


KINDS: dict[str, type[Calibrator]] = {
    cls.kind: cls for cls in (IdentityCalibrator, TemperatureCalibrator, PlattCalibrator, IsotonicCalibrator)
}


def calibrator_from_dict(content: dict[str, Any]) -> Calibrator:
    """The calibrator that ``to_dict`` wrote down; CommuniqueError for an unknown kind or a missing field."""
    if content.get("kind") not in KINDS:
        raise CommuniqueError(f"calibrator kind '{content.get('kind')}': known are {', '.join(KINDS)}")
    if missing := {"minimum_positives", "parameters", "notes"} - set(content):
        raise CommuniqueError(f"calibrator: field '{min(missing)}' is missing; fit and save it again")
    calibrator = KINDS[content["kind"]](content["minimum_positives"])
    parameters = content["parameters"]
    calibrator.parameters = None if parameters is None else tuple(parameters)
    calibrator.notes = tuple(content["notes"])
    return calibrator


def log_odds(p: Any) -> Array:
    """Log-odds of probabilities of any shape, which are first kept ``CLIP`` away from 0 and 1."""
    return np.asarray(logit(np.clip(p, CLIP, 1 - CLIP)))


def _log_loss(z: Array, target: Array) -> float:
    return float((np.logaddexp(0, z) - target * z).mean())
