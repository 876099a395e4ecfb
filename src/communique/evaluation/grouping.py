"""Which systems cannot be told apart: the compact letter display of pairwise tests."""

from collections.abc import Iterator, Mapping, Sequence
from string import ascii_letters
from typing import Any

import numpy as np

from communique.errors import CommuniqueError

Array = np.ndarray[Any, Any]


def indistinguishable_groups(
    names: Sequence[str],
    values: Sequence[float] | Array,
    adjusted: Mapping[tuple[str, str], float],
    alpha: float = 0.05,
) -> dict[str, str]:
    """Compact letter display: names from the best value down, each with the letters of its groups.

    Two names share a letter exactly when their adjusted p is at least ``alpha``; ``adjusted`` holds every
    pair once, in either order. Groups come from insertion and absorption (Piepho 2004).
    Raises CommuniqueError where a pair is missing or the letters run out.
    """
    ranked = [name for _, name in sorted(zip(values, names, strict=True), key=lambda pair: -pair[0])]
    groups = [frozenset(ranked)]
    for first, second in _distinct_pairs(ranked, adjusted, alpha):
        split = {part for group in groups for part in _without_both(group, first, second)}
        groups = [group for group in split if not any(group < other for other in split)]
    if len(groups) > len(ascii_letters):
        raise CommuniqueError(f"{len(groups)} overlapping groups outrun the alphabet: compare fewer systems")
    groups.sort(key=lambda group: sorted(map(ranked.index, group)))
    lettered = list(zip(ascii_letters, groups, strict=False))
    return {name: "".join(letter for letter, group in lettered if name in group) for name in ranked}


def _distinct_pairs(
    ranked: Sequence[str], adjusted: Mapping[tuple[str, str], float], alpha: float
) -> Iterator[tuple[str, str]]:
    for i, first in enumerate(ranked):
        for second in ranked[i + 1 :]:
            p = adjusted.get((first, second), adjusted.get((second, first)))
            if p is None:
                raise CommuniqueError(f"no p-value for the pair '{first}', '{second}': compare every pair")
            if p < alpha:
                yield first, second


def _without_both(group: frozenset[str], first: str, second: str) -> Iterator[frozenset[str]]:
    together = first in group and second in group
    yield from (group - {first}, group - {second}) if together else (group,)
