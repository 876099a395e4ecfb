"""Turn probabilities into decisions: one threshold a label, by an objective, with guards.

Arrays are ``(n, L)``: sentences in rows, labels in columns; every label is treated on its own. Which sentences
the thresholds are chosen on, the caller decides; what is measured on the same sentences flatters.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from communique.errors import CommuniqueError
from communique.evaluation.reliability import check_indicators, check_probabilities

Array = np.ndarray[Any, Any]
Objective = Literal["f1", "fbeta", "precision"]

PLATEAU = 0.03  # the F that a threshold in the middle of the good cuts may lose against the best cut


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


@dataclass(frozen=True)
class _Cuts:
    """Every cut of one label that decides differently, from the lowest up, and its weighted counts ``(K,)``."""

    at: Array
    hits: Array
    predicted: Array
    gold: float

    @property
    def precision(self) -> Array:
        return self.hits / self.predicted

    def f(self, beta: float) -> Array:
        return (1 + beta**2) * self.hits / (self.predicted + beta**2 * self.gold)


def fit_thresholds(
    gold: Array,
    probabilities: Array,
    *,
    objective: Objective = "f1",
    precision: float = 0.8,
    beta: float = 1.0,
    minimum_positives: int = 10,
    target_prevalence: float | Sequence[float] | Array | None = None,
    plateau: float = PLATEAU,
) -> Thresholds:
    """Thresholds from gold and probabilities ``(n, L)``, each label by itself.

    ``f1`` and ``fbeta`` (recall counts ``beta`` times as much as precision; van Rijsbergen 1979): the middle of
    the unbroken run of cuts round the best one whose F is within ``plateau`` of it, because the best single cut
    chases noise (0: the best cut all the same). ``precision``: the lowest cut that reaches ``precision``, else the
    cut of the best precision, with a note. A label with fewer than ``minimum_positives`` gold sentences takes the
    median of the other labels' thresholds (0.5 where there is none), with a note.

    ``target_prevalence``, one share or one a label (NaN: as it is): the share of sentences that carry the label
    where the model will be used. Positives and negatives are weighted so that they stand in that proportion
    before the cut is chosen. This holds under label shift, where only the shares differ and what positives and
    negatives look like does not (Saerens, Latinne & Decaestecker 2002, "Adjusting the outputs of a classifier to
    new a priori probabilities", Neural Computation 14(1)); why the F1-best cut moves with the share: Lipton, Elkan
    & Naryanaswamy 2014, "Optimal thresholding of classifiers to maximize F1 measure", ECML PKDD.

    Raises CommuniqueError for shapes, values or an objective that cannot be.
    """
    p = check_probabilities(probabilities)
    y = check_indicators(gold, p.shape)
    check_objective(objective, precision, beta)
    shares = wanted_shares(target_prevalence, p.shape[1])
    positives = y.sum(axis=0)
    enough = positives >= max(minimum_positives, 1)
    values, notes = np.full(len(enough), np.nan), [""] * len(enough)
    for c in np.flatnonzero(enough):
        cuts = _cuts(y[:, c], p[:, c], shares[c])
        if objective == "precision":
            values[c], notes[c] = _lowest_precise(cuts, precision)
        else:
            values[c] = _middle_of_plateau(cuts.at, cuts.f(1.0 if objective == "f1" else beta), plateau)
    fallback = float(np.median(values[enough])) if enough.any() else 0.5
    for c in np.flatnonzero(~enough):
        values[c] = fallback
        source = "the median of the other labels' thresholds" if enough.any() else "the default"
        notes[c] = f"{positives[c]} positive sentences, too few to fit: {fallback:.3g} is {source}"
    return Thresholds(values, tuple(notes))


def check_objective(objective: str, precision: float, beta: float) -> None:
    """Raise CommuniqueError for an objective that ``fit_thresholds`` does not know or cannot reach."""
    if objective not in ("f1", "fbeta", "precision"):
        raise CommuniqueError(f"objective '{objective}': choose 'f1', 'fbeta' or 'precision'")
    if not 0 < precision <= 1:
        raise CommuniqueError(f"objective 'precision' at {precision}: must lie in 0 to 1")
    if not 0 < beta < np.inf:
        raise CommuniqueError(f"objective 'fbeta' with beta {beta}: must be above 0")


def wanted_shares(target: float | Sequence[float] | Array | None, labels: int) -> Array:
    """The wanted share of each label ``(L,)``, NaN where it stays as it is; CommuniqueError for one that cannot be."""
    given = np.asarray(np.nan if target is None else target, dtype=float)
    if given.ndim > 1 or (given.ndim == 1 and len(given) != labels):
        raise CommuniqueError(f"target_prevalence of shape {given.shape}: give one share, or one for each of {labels}")
    shares = np.broadcast_to(given, labels)
    if wrong := [share for share in shares if not np.isnan(share) and not 0 < share < 1]:
        raise CommuniqueError(f"target_prevalence {wrong[0]:g}: must lie between 0 and 1, both excluded")
    return shares


def _cuts(gold: Array, p: Array, share: float) -> _Cuts:
    values, index = np.unique(p, return_inverse=True)
    below = np.concatenate([[0.0], values[:-1]])
    middle = (below + values) / 2
    at = np.where(middle > below, middle, values)  # between neighbouring floats there is no middle
    hits, predicted = (np.bincount(index, weights)[::-1].cumsum()[::-1] for weights in (gold, None))
    observed = gold.mean()
    if np.isnan(share) or observed == 1:
        return _Cuts(at, hits, predicted, gold.sum())
    positive, negative = share / observed, (1 - share) / (1 - observed)
    return _Cuts(at, positive * hits, positive * hits + negative * (predicted - hits), positive * gold.sum())


def _middle_of_plateau(at: Array, f: Array, plateau: float) -> float:
    best = int(f.argmax())
    poor = np.flatnonzero(f < f[best] - plateau)
    edge = int(np.searchsorted(poor, best))
    low = poor[edge - 1] + 1 if edge > 0 else 0
    high = poor[edge] - 1 if edge < len(poor) else len(at) - 1
    return float((at[low] + at[high]) / 2)


def _lowest_precise(cuts: _Cuts, wanted: float) -> tuple[float, str]:
    reached = np.flatnonzero(cuts.precision >= wanted)
    if len(reached):
        return float(cuts.at[reached[0]]), ""
    best = int(cuts.precision.argmax())
    return float(cuts.at[best]), f"no cut reaches precision {wanted:g}: the best is {cuts.precision[best]:.3g}"
