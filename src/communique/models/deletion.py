"""Do the words that an explanation names move the decision? Take them out, and as many random ones, and compare.

The check of DeYoung et al. 2020 ("comprehensiveness") with random words beside it, as intervals over documents.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from communique.errors import CommuniqueError
from communique.evaluation.resampling import Interval, bootstrap_intervals
from communique.models.explain import Explainable, Explanation, explain, without

UNBOUNDED = 1e6  # the ratio where random words move nothing; finite, so that quantiles can be taken


@dataclass(frozen=True)
class DeletionCheck:
    """How far a label's probability falls without its ``words`` strongest words, and without random ones.

    Means over ``decisions`` (sentence and label, the label given) with 95% intervals over ``documents``;
    ``ratio`` is ``UNBOUNDED`` where random words move nothing;
    ``too_short`` decisions have no more words than are taken out and are left aside.
    """

    method: str
    words: int
    decisions: int
    documents: int
    too_short: int
    named: Interval
    random: Interval
    difference: Interval
    ratio: Interval

    @property
    def passed(self) -> bool:
        """True where the named words move the probability more than random ones, beyond doubt at 95%."""
        return self.difference.low > 0


def deletion_check(
    model: Explainable,
    texts: Sequence[str],
    given: np.ndarray,
    documents: Sequence[str],
    *,
    words: int = 3,
    draws: int = 5,
    explanations: Sequence[Explanation] | None = None,
    resamples: int = 2000,
    seed: int = 0,
) -> DeletionCheck:
    """Check the explanations of every label ``given``, booleans ``(n, L)`` in the model's order of labels.

    Each decision is compared with the mean of ``draws`` random choices of as many words of its sentence.
    Raises CommuniqueError where no decision has more than ``words`` words.
    """
    explained = explain(model, texts) if explanations is None else list(explanations)
    rows, columns = np.nonzero(np.asarray(given, dtype=bool))
    long = [len(explained[row].words) > words for row in rows]
    pairs = [(int(r), int(c)) for r, c, kept in zip(rows, columns, long, strict=True) if kept]
    if not pairs:
        raise CommuniqueError(f"deletion check: no label given to a sentence of more than {words} words; give others")
    falls = _falls(model, texts, explained, pairs, words, draws, np.random.default_rng(seed))
    names, index = np.unique([documents[row] for row, _ in pairs], return_inverse=True)
    sums = np.zeros((len(names), 3))
    np.add.at(sums, index, np.column_stack([falls[:, 0], falls[:, 1:].mean(axis=1), np.ones(len(pairs))]))
    intervals = bootstrap_intervals(_means, sums, resamples=resamples, seed=seed, bounds=(-np.inf, np.inf))
    method = explained[0].method
    return DeletionCheck(method, words, len(pairs), len(names), len(rows) - len(pairs), *intervals)


def _means(sums: np.ndarray) -> np.ndarray:
    """Mean fall by named and by random words, their difference and their ratio: ``(..., 4)``."""
    number = np.maximum(sums[..., 2], 1)
    named, random = sums[..., 0] / number, sums[..., 1] / number
    ratio = np.divide(named, random, out=np.full_like(named, UNBOUNDED), where=random > 0)
    return np.stack([named, random, named - random, ratio], axis=-1)


def _falls(
    model: Explainable,
    texts: Sequence[str],
    explained: Sequence[Explanation],
    pairs: Sequence[tuple[int, int]],
    words: int,
    draws: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """How far the probability falls, ``(pairs, 1 + draws)``: without the named words, then without random ones."""
    variants: list[str] = []
    for row, column in pairs:
        spans = [(word.start, word.end) for word in explained[row].words]
        values = explained[row].values(model.labels[column])
        chosen = [np.argsort(-values, kind="stable")[:words]]
        chosen += [rng.choice(len(spans), words, replace=False) for _ in range(draws)]
        variants += [texts[row], *(without(texts[row], spans, left_out) for left_out in chosen)]
    said = model.predict_proba(variants).reshape(len(pairs), draws + 2, -1)
    of_label = said[np.arange(len(pairs)), :, [column for _, column in pairs]]
    return np.asarray(of_label[:, :1] - of_label[:, 1:])
