"""One test at a time: a plain sentence, a minimal pair, an edited sentence, each passed or failed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from communique.behaviour.answers import Answer, Answers
from communique.behaviour.report import WorstCase
from communique.data.contrast import Case, Pair

PASSED = -1.0  # how wrong a label is that is right


@dataclass(frozen=True)
class Outcome:
    """One test: whether it was passed, the cluster it belongs to, and the label on which it went most wrong."""

    cluster: str
    passed: bool
    case: WorstCase

    @property
    def row(self) -> tuple[str, str, str]:
        """Capability, test and criterion: the row of the report that it counts in."""
        return self.case.capability, self.case.test, self.case.criterion


@dataclass(frozen=True)
class Edited:
    """Two texts that must carry the same labels."""

    capability: str
    cluster: str
    before: str
    after: str


def minimum(capability: str, case: Case, answers: Answers, labels: Sequence[str]) -> Outcome:
    """Minimum functionality: a plain sentence gets exactly its labels."""
    answer = answers[case.text]
    wrong = _wrong(answer, _gold(case.labels, labels))
    worst = int(wrong.argmax())
    p, most = float(answer.probabilities[worst]), float(wrong[worst])
    shown = WorstCase(capability, "MFT", "label set", labels[worst], case.text, p, "", None, most)
    return Outcome(case.id, most < 0, shown)


def directional(
    capability: str, pair: Pair, answers: Answers, labels: Sequence[str], margin: float
) -> tuple[Outcome, Outcome]:
    """A pair on the labels that it moves: both sides decided rightly, and each moved the right way by ``margin``."""
    moved = [i for i, label in enumerate(labels) if label in pair.moves]
    both = answers.stacked(side.text for side in pair.sides)
    gold = np.stack([_gold(side.labels, labels) for side in pair.sides])
    wrong = _wrong(both, gold)[:, moved]
    side, column = np.unravel_index(int(wrong.argmax()), wrong.shape)
    rises = np.where(gold[0], 1, -1) * (both.probabilities[0] - both.probabilities[1])
    short = (margin - rises)[moved]
    least = int(short.argmax())
    decision = _of_pair(
        capability, "decision", pair, int(side), labels[moved[column]], both, moved[column], wrong.max()
    )
    direction = _of_pair(capability, "direction", pair, 0, labels[moved[least]], both, moved[least], short.max())
    return Outcome(pair.id, bool(wrong.max() < 0), decision), Outcome(pair.id, bool(short.max() <= 0), direction)


def invariant(item: Edited, answers: Answers, labels: Sequence[str]) -> Outcome:
    """Invariance: the edited sentence gets the label set that it got before."""
    before, after = answers[item.before], answers[item.after]
    change = np.abs(after.probabilities - before.probabilities)
    wrong = np.where(before.decided != after.decided, change, PASSED)
    worst = int(wrong.argmax())
    p, p_before, most = float(after.probabilities[worst]), float(before.probabilities[worst]), float(wrong[worst])
    label = labels[worst]
    shown = WorstCase(item.capability, "INV", "same labels", label, item.after, p, item.before, p_before, most)
    return Outcome(item.cluster, most < 0, shown)


def _gold(carried: frozenset[str], labels: Sequence[str]) -> np.ndarray:
    return np.array([label in carried for label in labels])


def _wrong(answer: Answer, gold: np.ndarray) -> np.ndarray:
    """The probability given to the wrong answer where the decision is wrong, ``PASSED`` where it is right."""
    against = np.where(gold, 1 - answer.probabilities, answer.probabilities)
    return np.where(answer.decided != gold, against, PASSED)


def _of_pair(
    capability: str, criterion: str, pair: Pair, side: int, label: str, both: Answer, column: int, wrong: float
) -> WorstCase:
    shown, beside = pair.sides[side].text, pair.sides[1 - side].text
    p, p_beside = both.probabilities[[side, 1 - side], column]
    return WorstCase(capability, "DIR", criterion, label, shown, float(p), beside, float(p_beside), float(wrong))
