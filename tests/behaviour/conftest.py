"""A model made of rules, whose one flaw can be planted, and test material that it otherwise answers without a fault."""

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from communique.data.codebook import Codebook
from communique.data.contrast import Case, Pair
from communique.data.dataset import Sentence
from communique.models.base import StanceModel, Validation

CUES = {"rejects": "reject", "joins": "cooperat", "lifts": "embargo"}
ANNULLED = {
    "negation": r"\bnot\b",
    "private attribution": r"\ba student\b",
    "question": r"\?",
    "topic only": r"\bagenda\b",
}


class RuleModel(StanceModel):
    """Cue words, annulled by what annuls a stance; ``flaw`` is what it overlooks, ``pull`` what names do to labels."""

    kind = "rules"

    def __init__(self, flaw: str = "", pull: Mapping[str, tuple[str, float]] | None = None) -> None:
        self.flaw = flaw
        self.pull = pull
        self.labels = tuple(CUES)
        self.thresholds = np.full(len(CUES), 0.5)
        self.provenance = {"name": f"rules without {flaw}" if flaw else "rules"}

    def raw_proba(self, texts):
        return self._proba(list(texts))

    def _proba(self, texts: list[str]) -> np.ndarray:
        return np.array([[self._one(text, label) for label in self.labels] for text in texts]).reshape(-1, 3)

    def _one(self, text: str, label: str) -> float:
        annulled = any(re.search(p, text, re.I) for name, p in ANNULLED.items() if name != self.flaw)
        p = 0.9 if CUES[label] in text.lower() and not annulled else 0.1
        for name, (pulled, by) in (self.pull or {}).items():
            p += by if name in text and label == pulled else 0.0
        return float(np.clip(p, 0, 1))

    def _fit(self, texts: list[str], labels: np.ndarray, validation: Validation | None) -> None: ...

    def _save(self, folder: Path) -> None: ...

    def _load(self, folder: Path) -> None: ...


SAID = {
    "negation": "The minister did not say that we {}.",
    "private attribution": "A student said that we {}.",
    "question": "Do we {}?",
    "topic only": "The agenda holds an item on why we {}.",
}
STANCES = {"rejects": "reject this bill", "joins": "cooperate on rail", "lifts": "oppose the embargo"}


@pytest.fixture
def cases() -> list[Case]:
    """Three plain sentences a capability."""
    return [
        Case(f"{name}-{label}", frame.format(words), frozenset(), name.replace(" ", "_"))
        for name, frame in SAID.items()
        for label, words in STANCES.items()
    ]


@pytest.fixture
def pairs() -> list[Pair]:
    """Three minimal pairs a capability, and one that moves nothing."""
    made = []
    for name, frame in SAID.items():
        for label, words in STANCES.items():
            held = Sentence("a", "d", f"We {words}.", frozenset({label}))
            annulled = Sentence("b", "d", frame.format(words), frozenset())
            made.append(Pair(f"{name}-{label}", name, (held, annulled), frozenset({label})))
    still = (Sentence("a", "d", "Peru left.", frozenset()), Sentence("b", "d", "Norway left.", frozenset()))
    return [*made, Pair("still", "swap_actors", still, frozenset())]


@pytest.fixture
def sentences(codebook: Codebook) -> list[Sentence]:
    """Twenty documents of two sentences: one without a label that names a state, one with."""
    made = []
    for d in range(20):
        plain, stance = (
            f"Peru sent {d + 2} “observers” to the lake.",
            f"We reject the ban that Ghana drafted in {1990 + d}.",
        )
        made.append(Sentence(f"{d}-0", f"d{d}", plain, frozenset()))
        made.append(Sentence(f"{d}-1", f"d{d}", stance, frozenset({"rejects"})))
    return made
