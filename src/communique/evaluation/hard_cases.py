"""The sentences to look at: the most confident mistakes, and the decisions that could have gone either way.

Arrays in, cases out; knows no model. Arrays are ``(n, L)``: sentences in rows, labels in columns.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from communique.errors import CommuniqueError
from communique.evaluation.nearness import nearness

Verdict = Literal["false positive", "false negative", "uncertain", "right"]
WRONG = ("false positive", "false negative")
WRONG_SHARE = 2 / 3  # of a list that cannot hold everything


@dataclass(frozen=True)
class Answers:
    """What one model said of the sentences: probabilities and decisions ``(n, L)``, thresholds ``(L,)``."""

    name: str
    probabilities: np.ndarray
    decided: np.ndarray
    thresholds: np.ndarray


@dataclass(frozen=True)
class Said:
    """What one model said of one label of one sentence.

    ``distance`` is how far the probability lies from the threshold: 0 at it, 0.5 at certainty.
    """

    model: str
    probability: float
    threshold: float
    decided: bool
    verdict: Verdict
    distance: float


@dataclass(frozen=True)
class Case:
    """A label of the sentence in ``row`` that some model got wrong or was uncertain of; ``said`` by every model."""

    row: int
    label: str
    gold: bool
    said: tuple[Said, ...]

    @property
    def wrong(self) -> bool:
        """True where some model got it wrong."""
        return any(one.verdict in WRONG for one in self.said)

    @property
    def order(self) -> tuple[bool, float]:
        """Mistakes first, the most confident leading; then the uncertain, nearest to the threshold leading."""
        if self.wrong:
            return False, -max(one.distance for one in self.said if one.verdict in WRONG)
        return True, min(one.distance for one in self.said if one.verdict == "uncertain")


@dataclass(frozen=True)
class HardCases:
    """Cases in the order in which to read them; ``wrong`` and ``uncertain`` count sentences, all there are.

    ``sentences`` counts those that were kept; an uncertain sentence has no wrong label.
    """

    cases: tuple[Case, ...]
    sentences: int
    wrong: int
    uncertain: int

    @property
    def left_out(self) -> int:
        """How many wrong or uncertain sentences the limit left out."""
        return self.wrong + self.uncertain - self.sentences


def hard_cases(
    gold: np.ndarray, answers: Sequence[Answers], labels: Sequence[str], *, margin: float = 0.1, limit: int = 300
) -> HardCases:
    """The cases of at most ``limit`` sentences; a right decision nearer than ``margin`` to its threshold is uncertain.

    Where there are more, two thirds of the places go to sentences with a mistake (all, where fewer are uncertain).
    Raises CommuniqueError where shapes or settings do not fit.
    """
    _check(gold, answers, margin, limit)
    verdicts = [_verdicts(np.asarray(gold, dtype=bool), one, margin) for one in answers]
    concerned = np.any([verdict != "right" for verdict, _ in verdicts], axis=0)
    cases = [
        Case(int(row), labels[column], bool(gold[row, column]), _said(answers, verdicts, row, column))
        for row, column in np.argwhere(concerned)
    ]
    cases.sort(key=lambda case: case.order)
    wrong = list(dict.fromkeys(case.row for case in cases if case.wrong))
    uncertain = [row for row in dict.fromkeys(case.row for case in cases) if row not in set(wrong)]
    room = max(limit - len(uncertain), round(WRONG_SHARE * limit))
    kept = {*wrong[:room], *uncertain[: limit - len(wrong[:room])]}
    chosen = tuple(case for case in cases if case.row in kept)
    return HardCases(chosen, len(kept), len(wrong), len(uncertain))


def _verdicts(gold: np.ndarray, answers: Answers, margin: float) -> tuple[np.ndarray, np.ndarray]:
    """Verdicts and distances from the threshold, both ``(n, L)``."""
    decided = np.asarray(answers.decided, dtype=bool)
    distance = nearness(answers.probabilities, answers.thresholds)
    right = np.where(distance < margin, "uncertain", "right")
    wrong = np.where(decided, "false positive", "false negative")
    return np.where(decided == gold, right, wrong), distance


def _said(answers: Sequence[Answers], verdicts: Sequence[Any], row: int, column: int) -> tuple[Said, ...]:
    return tuple(
        Said(
            one.name,
            float(one.probabilities[row, column]),
            float(one.thresholds[column]),
            bool(one.decided[row, column]),
            str(verdict[row, column]),  # type: ignore[arg-type]
            float(distance[row, column]),
        )
        for one, (verdict, distance) in zip(answers, verdicts, strict=True)
    )


def _check(gold: np.ndarray, answers: Sequence[Answers], margin: float, limit: int) -> None:
    if not answers:
        raise CommuniqueError("errors: no model's answers to look at; name at least one model")
    for one in answers:
        if not np.shape(gold) == one.probabilities.shape == one.decided.shape:
            raise CommuniqueError(
                f"{one.name}: answers of shape {one.probabilities.shape} for gold of shape {np.shape(gold)}; "
                "score the same sentences with the same labels"
            )
    if not 0 <= margin <= 0.5:
        raise CommuniqueError(f"margin {margin}: give a number between 0 and 0.5")
    if limit < 1:
        raise CommuniqueError(f"limit {limit}: ask for at least one sentence")
