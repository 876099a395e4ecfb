"""Which label sets are taken for which: gold sets against predicted sets, whole."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from communique.evaluation.metrics import Array

LabelSet = tuple[str, ...]


@dataclass(frozen=True, eq=False)
class SetConfusion:
    """``counts (S + 1, S + 1)``: sentences by gold set (rows) and predicted set (columns), means over fits.

    The last row and column pool all sets that are not among ``sets``; ``pooled`` is how many different ones they are.
    """

    sets: tuple[LabelSet, ...]
    counts: Array
    pooled: int


def common_sets(gold: Array, labels: Sequence[str], most: int = 7) -> tuple[LabelSet, ...]:
    """The label sets that most gold sentences ``(n, L)`` carry, commonest first; ties by size, then name."""
    counted = Counter(_sets(gold, labels))
    return tuple(sorted(counted, key=lambda found: (-counted[found], len(found), found))[:most])


def set_confusion(
    gold: Array, predicted: Sequence[Array], labels: Sequence[str], sets: Sequence[LabelSet]
) -> SetConfusion:
    """Confusion of gold ``(n, L)`` with the decisions ``(n, L)`` of each fit over the given sets."""
    place = {found: i for i, found in enumerate(sets)}
    rows = _sets(gold, labels)
    counts = np.zeros((len(sets) + 1, len(sets) + 1))
    others = set(rows) - set(place)
    for said in predicted:
        columns = _sets(said, labels)
        others |= set(columns) - set(place)
        pairs = [[place.get(found, len(sets)) for found in side] for side in (rows, columns)]
        np.add.at(counts, tuple(pairs), 1 / len(predicted))
    return SetConfusion(tuple(sets), counts, len(others))


def _sets(matrix: Array, labels: Sequence[str]) -> list[LabelSet]:
    return [tuple(label for label, on in zip(labels, row, strict=True) if on) for row in matrix.astype(bool).tolist()]
