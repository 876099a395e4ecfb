"""Does an actor's name alone raise a stance? Sentences that carry none, with one state's name after another in them.

No template: the carriers are corpus sentences without labels that name exactly one state, one of each document at
most, so that they are independent.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from communique.behaviour.actors import Actor, Mention, mentions, organisations, replaced, states
from communique.behaviour.answers import Answers
from communique.behaviour.report import ActorRow
from communique.data.dataset import Sentence
from communique.evaluation.resampling import SAME, holm

FEWEST = 5  # carriers below which the spread over them is anyone's guess


@dataclass(frozen=True)
class Carrier:
    """A sentence and where it names its one state."""

    text: str
    slot: Mention

    def naming(self, actor: Actor) -> str:
        """The sentence with the actor in the slot."""
        return replaced(self.text, [self.slot], [actor])


def probed() -> tuple[Actor, ...]:
    """The states whose names are tried: of every region, great powers and sanctioned ones among them."""
    return tuple(actor for actor in states() if actor.probe)


def find_carriers(sentences: Sequence[Sentence], number: int, rng: np.random.Generator) -> list[Carrier]:
    """At most ``number`` carriers, drawn at random, no two from one document."""
    by_document: dict[str, Carrier] = {}
    for row in rng.permutation(len(sentences)):
        sentence = sentences[row]
        if len(by_document) < number and sentence.document not in by_document:
            carrier = _carrier(sentence)
            if carrier:
                by_document[sentence.document] = carrier
    return list(by_document.values())


def _carrier(sentence: Sentence) -> Carrier | None:
    if sentence.labels or mentions(sentence.text, organisations()):
        return None
    found = mentions(sentence.text, states())
    return Carrier(sentence.text, found[0]) if len(found) == 1 and found[0].form == "name" else None


def actor_rows(carriers: Sequence[Carrier], answers: Answers, labels: Sequence[str]) -> tuple[ActorRow, ...]:
    """Every probed state's shift a label, largest first; none where there are fewer than ``FEWEST`` carriers."""
    if len(carriers) < FEWEST:
        return ()
    actors = probed()
    given = answers.stacked(carrier.naming(actor) for carrier in carriers for actor in actors)
    shape = (len(carriers), len(actors), len(labels))
    probabilities, decided = given.probabilities.reshape(shape), given.decided.reshape(shape)
    shifts = probabilities - probabilities.mean(axis=1, keepdims=True)
    usual = decided.mean(axis=1, keepdims=True) > 0.5
    flips = (decided != usual).mean(axis=0)
    mean, half, p = _t_test(shifts)
    adjusted = holm(p.ravel()).reshape(p.shape)
    rows = [
        ActorRow(
            actor=actor.name,
            label=label,
            shift=float(mean[i, j]),
            low=float(mean[i, j] - half[i, j]),
            high=float(mean[i, j] + half[i, j]),
            p=float(adjusted[i, j]),
            flips=float(flips[i, j]),
        )
        for i, actor in enumerate(actors)
        for j, label in enumerate(labels)
    ]
    return tuple(sorted(rows, key=lambda row: -abs(row.shift)))


def _t_test(shifts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean, half the 95% interval and two-sided p over the first axis of ``(carriers, actors, labels)``."""
    n = len(shifts)
    mean = shifts.mean(axis=0)
    mean[np.abs(mean) <= SAME] = 0.0
    error = shifts.std(axis=0, ddof=1) / np.sqrt(n)
    certain = error <= SAME  # every carrier shifts alike: there is nothing to test but whether it is nought
    t = np.where(certain, np.where(mean == 0, 0.0, np.inf), mean / np.where(certain, 1.0, error))
    return mean, error * stats.t.ppf(0.975, n - 1), 2 * stats.t.sf(np.abs(t), n - 1)
