"""What the behavioural suite found: pass rates, changes a label, the worst cases, and the pull of actors' names."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import pandas as pd

from communique.errors import CommuniqueError

TESTS = {"MFT": "minimum functionality", "INV": "invariance", "DIR": "direction"}
INTERVALS = (
    "95% Wilson intervals; pairs and single sentences count as independent, edited corpus sentences by their "
    "effective number given the documents"
)


@dataclass(frozen=True)
class RateRow:
    """Pass rate of one capability under one test (``MFT``, ``INV`` or ``DIR``) and criterion, with its interval."""

    capability: str
    test: str
    criterion: str
    n: int
    passed: int
    rate: float
    low: float
    high: float


@dataclass(frozen=True)
class ChangeRow:
    """How an edit that must change nothing moves one label: share of decisions flipped with its interval, mean |Δp|."""

    capability: str
    label: str
    n: int
    flips: int
    rate: float
    low: float
    high: float
    change: float


@dataclass(frozen=True)
class WorstCase:
    """A failed test: the text (``beside`` is the other side), the label, its probabilities, and how wrong that is.

    ``wrong`` is the probability given to the wrong answer; for an invariance test, and for a pair's direction, how
    far the probability moved or failed to move.
    """

    capability: str
    test: str
    criterion: str
    label: str
    text: str
    probability: float
    beside: str
    probability_beside: float | None
    wrong: float


@dataclass(frozen=True)
class ActorRow:
    """What an actor's name alone does to a label: mean shift of the probability against the average over actors.

    The 95% t-interval is over carrier sentences, one a document; ``p`` is Holm-adjusted over the whole table;
    ``flips`` is the share of carriers whose decision differs from that with most other names.
    """

    actor: str
    label: str
    shift: float
    low: float
    high: float
    p: float
    flips: float


@dataclass(frozen=True)
class BehaviourReport:
    """All findings on one model; ``actors`` has the largest shifts first, ``notes`` say what was left out."""

    model: str
    fingerprint: str
    labels: tuple[str, ...]
    titles: Mapping[str, str]
    settings: Mapping[str, float]
    carriers: int
    rows: tuple[RateRow, ...]
    changes: tuple[ChangeRow, ...]
    worst: tuple[WorstCase, ...]
    actors: tuple[ActorRow, ...]
    notes: tuple[str, ...] = ()

    def row(self, capability: str, test: str, criterion: str | None = None) -> RateRow:
        """The one row of a capability, test and criterion (the first criterion where none is given)."""
        for row in self.rows:
            if (row.capability, row.test) == (capability, test) and criterion in (None, row.criterion):
                return row
        raise CommuniqueError(f"the report has no {test} row for '{capability}'")

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as the JSON file keeps it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any], source: str = "report") -> "BehaviourReport":
        """The report out of plain data; CommuniqueError where that is something else."""
        kinds = {"rows": RateRow, "changes": ChangeRow, "worst": WorstCase, "actors": ActorRow}
        try:
            given: dict[str, Any] = {f.name: content[f.name] for f in fields(cls)}
            given |= {name: tuple(kind(**row) for row in given[name]) for name, kind in kinds.items()}
            given |= {"labels": tuple(given["labels"]), "notes": tuple(given["notes"])}
        except (KeyError, TypeError) as error:
            raise CommuniqueError(f"{source}: is no behaviour report; write one with 'communique behave'") from error
        return cls(**given)

    def to_frame(self) -> pd.DataFrame:
        """The pass rates, one row each."""
        return pd.DataFrame(self.rows, columns=[f.name for f in fields(RateRow)])

    def actors_frame(self) -> pd.DataFrame:
        """The shifts of actors' names, one row an actor and label."""
        return pd.DataFrame(self.actors, columns=[f.name for f in fields(ActorRow)])

    def changes_frame(self) -> pd.DataFrame:
        """The changes under edits that must change nothing, one row an edit and label."""
        return pd.DataFrame(self.changes, columns=[f.name for f in fields(ChangeRow)])
