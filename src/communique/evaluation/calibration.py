"""Make probabilities mean what they say, and turn them into decisions: calibrators and thresholds a label.

Arrays are ``(n, L)``: sentences in rows, labels in columns; every label is treated on its own. Both
are fitted on data that neither trains nor tests the model; which data that is, the caller decides.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import numpy as np
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit, logit
from sklearn.isotonic import IsotonicRegression

from communique.errors import CommuniqueError
from communique.evaluation.reliability import check_indicators, check_probabilities

Array = np.ndarray[Any, Any]

CLIP = 1e-6  # probabilities are kept this far from 0 and 1 before their log-odds are taken
PLATEAU = 0.03  # the F1 that a threshold in the middle of the good cuts may lose against the best cut


class Calibrator(ABC):
    """A monotone map of each label's probabilities, fitted on their log-odds.

    A label with fewer than ``minimum_positives`` gold or non-gold sentences keeps its probabilities;
    ``notes`` holds one text a label, empty where there is nothing to say.
    """

    kind: ClassVar[str]

    def __init__(self, minimum_positives: int = 10) -> None:
        self.minimum_positives = minimum_positives
        self.parameters: tuple[dict[str, Any] | None, ...] | None = None
        self.notes: tuple[str, ...] = ()

    def fit(self, probabilities: Array, gold: Array) -> Self:
        """Fit each label on probabilities and gold, both ``(n, L)``."""
        p = check_probabilities(probabilities)
        y = check_indicators(gold, p.shape)
        fitted = [self._fit_if_enough(_log_odds(p[:, c]), y[:, c]) for c in range(p.shape[1])]
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
                p[:, column] = self._apply(_log_odds(p[:, column]), parameters)
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


def _log_odds(p: Array) -> Array:
    return np.asarray(logit(np.clip(p, CLIP, 1 - CLIP)))


def _log_loss(z: Array, target: Array) -> float:
    return float((np.logaddexp(0, z) - target * z).mean())


@dataclass(frozen=True, eq=False)
class Thresholds:
    """A label is predicted where its probability >= its threshold: ``values (L,)``, and a note a label."""

    values: Array
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain data: two lists."""
        return {"values": self.values.tolist(), "notes": list(self.notes)}

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> "Thresholds":
        """The thresholds that ``to_dict`` wrote down."""
        return cls(np.array(content["values"], dtype=float), tuple(content["notes"]))


def fit_thresholds(
    gold: Array,
    probabilities: Array,
    *,
    objective: Literal["f1", "precision"] = "f1",
    precision: float = 0.8,
    minimum_positives: int = 10,
) -> Thresholds:
    """Thresholds from gold and probabilities ``(n, L)``, each label by itself.

    ``f1``: the middle of the unbroken run of cuts round the best one whose F1 is within ``PLATEAU`` of it,
    because the best single cut chases noise. ``precision``: the lowest cut that reaches ``precision``, else
    the cut of the best precision, with a note. A label with fewer than ``minimum_positives`` gold sentences
    takes the median of the other labels' thresholds (0.5 where there is none), with a note.
    Raises CommuniqueError for shapes, values or an objective that cannot be.
    """
    p = check_probabilities(probabilities)
    y = check_indicators(gold, p.shape)
    if objective not in ("f1", "precision") or not 0 < precision <= 1:
        raise CommuniqueError(f"objective '{objective}' at {precision}: choose 'f1', or 'precision' in 0 to 1")
    positives = y.sum(axis=0)
    enough = positives >= max(minimum_positives, 1)
    values, notes = np.full(len(enough), np.nan), [""] * len(enough)
    for c in np.flatnonzero(enough):
        cuts, hits, predicted = _cuts(y[:, c], p[:, c])
        if objective == "f1":
            values[c] = _middle_of_plateau(cuts, 2 * hits / (predicted + positives[c]))
        else:
            values[c], notes[c] = _lowest_precise(cuts, hits / predicted, precision)
    fallback = float(np.median(values[enough])) if enough.any() else 0.5
    for c in np.flatnonzero(~enough):
        values[c] = fallback
        source = "the median of the other labels' thresholds" if enough.any() else "the default"
        notes[c] = f"{positives[c]} positive sentences, too few to fit: {fallback:.3g} is {source}"
    return Thresholds(values, tuple(notes))


def _cuts(gold: Array, p: Array) -> tuple[Array, Array, Array]:
    """Every cut that decides differently, from the lowest up, with its true positives and its predictions."""
    values, index = np.unique(p, return_inverse=True)
    below = np.concatenate([[0.0], values[:-1]])
    middle = (below + values) / 2
    cuts = np.where(middle > below, middle, values)  # between neighbouring floats there is no middle
    hits, predicted = np.bincount(index, gold), np.bincount(index)
    return cuts, hits[::-1].cumsum()[::-1], predicted[::-1].cumsum()[::-1]


def _middle_of_plateau(cuts: Array, f1: Array) -> float:
    best = int(f1.argmax())
    poor = np.flatnonzero(f1 < f1[best] - PLATEAU)
    edge = int(np.searchsorted(poor, best))
    low = poor[edge - 1] + 1 if edge > 0 else 0
    high = poor[edge] - 1 if edge < len(poor) else len(cuts) - 1
    return float((cuts[low] + cuts[high]) / 2)


def _lowest_precise(cuts: Array, precision: Array, wanted: float) -> tuple[float, str]:
    reached = np.flatnonzero(precision >= wanted)
    if len(reached):
        return float(cuts[reached[0]]), ""
    best = int(precision.argmax())
    return float(cuts[best]), f"no cut reaches precision {wanted:g}: the best is {precision[best]:.3g}"
