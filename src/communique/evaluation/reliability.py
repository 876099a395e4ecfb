"""Do probabilities mean what they say? Brier score, reliability curves and calibration error, label by label.

Arrays are ``(n, L)``: sentences in rows, labels in columns. The two checks are those of the whole room.
"""

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from communique.errors import CommuniqueError

Array = np.ndarray[Any, Any]


def check_probabilities(probabilities: Any) -> Array:
    """Probabilities as floats ``(n, L)``; CommuniqueError for another shape, NaN, or a value outside 0..1."""
    p = np.asarray(probabilities, dtype=float)
    if p.ndim != 2 or not p.shape[1]:
        raise CommuniqueError(f"probabilities of shape {p.shape}: must be sentences by labels, at least one label")
    wrong = np.argwhere(~((p >= 0) & (p <= 1)))
    if len(wrong):
        row, column = wrong[0]
        raise CommuniqueError(
            f"probability {p[row, column]} in row {row}, label column {column} ({len(wrong)} such in all): "
            "must be a number between 0 and 1"
        )
    return p


def check_indicators(matrix: Any, shape: tuple[int, ...], name: str = "gold") -> Array:
    """0/1 labels as integers of the given shape ``(n, L)``, n at least 1; ``name`` is theirs in errors."""
    labels = np.asarray(matrix)
    if labels.shape != shape:
        raise CommuniqueError(
            f"{name} labels of shape {labels.shape} beside probabilities of shape {shape}: make them equal"
        )
    if not len(labels):
        raise CommuniqueError(f"{name} labels of no sentence: give at least one labelled sentence")
    if not np.isin(labels, (0, 1)).all():
        raise CommuniqueError(f"{name} labels hold values other than 0 and 1: encode them as indicators")
    return labels.astype(np.int64)


@dataclass(frozen=True)
class Bins:
    """How probabilities are grouped: bins of equal mass (the same number of sentences) or of equal width.

    Equal probabilities always share a bin, so neither the order of the rows nor ties change a figure.
    """

    scheme: Literal["equal_mass", "equal_width"] = "equal_mass"
    count: int = 15

    def __post_init__(self) -> None:
        if self.scheme not in ("equal_mass", "equal_width") or self.count < 1:
            raise CommuniqueError(f"bins '{self.name}': choose 'equal_mass' or 'equal_width' and at least 1 bin")

    @property
    def name(self) -> str:
        """The scheme in one word, as reports quote it."""
        return f"{self.scheme}_{self.count}"

    def assign(self, probabilities: Array) -> Array:
        """The bin ``(n,)`` of each probability ``(n,)``, from 0 up."""
        inner = np.linspace(0, 1, self.count + 1)[1:-1]
        edges = np.quantile(probabilities, inner) if self.scheme == "equal_mass" else inner
        return np.searchsorted(edges, probabilities, side="left")


@dataclass(frozen=True)
class ReliabilityCurve:
    """One label's filled bins in rising order: mean probability, observed share of gold, sentences."""

    mean_probability: tuple[float, ...]
    observed: tuple[float, ...]
    count: tuple[int, ...]

    @property
    def ece(self) -> float:
        """Expected calibration error: the mean gap between the two shares, weighted by sentences."""
        gaps = np.abs(np.subtract(self.mean_probability, self.observed))
        return float(np.average(gaps, weights=self.count))

    def to_dict(self) -> dict[str, Any]:
        """Plain data: the three lists."""
        return {name: list(column) for name, column in asdict(self).items()}


EQUAL_MASS = Bins()


def reliability_curves(gold: Array, probabilities: Array, bins: Bins = EQUAL_MASS) -> tuple[ReliabilityCurve, ...]:
    """One reliability curve a label."""
    p = check_probabilities(probabilities)
    y = check_indicators(gold, p.shape)
    return tuple(_curve(y[:, column], p[:, column], bins) for column in range(p.shape[1]))


def expected_calibration_error(gold: Array, probabilities: Array, bins: Bins = EQUAL_MASS) -> Array:
    """ECE ``(L,)`` under the named bins (Naeini et al. 2015; equal mass: Nguyen & O'Connor 2015)."""
    return np.array([curve.ece for curve in reliability_curves(gold, probabilities, bins)])


def brier_score(gold: Array, probabilities: Array) -> Array:
    """Mean squared error of the probabilities ``(L,)``, lower is better (Brier 1950)."""
    p = check_probabilities(probabilities)
    return np.asarray(((p - check_indicators(gold, p.shape)) ** 2).mean(axis=0))


def _curve(gold: Array, p: Array, bins: Bins) -> ReliabilityCurve:
    index = bins.assign(p)
    count = np.bincount(index)
    filled = count > 0
    mean, share = (np.bincount(index, column)[filled] / count[filled] for column in (p, gold))
    return ReliabilityCurve(tuple(mean.tolist()), tuple(share.tolist()), tuple(count[filled].tolist()))
