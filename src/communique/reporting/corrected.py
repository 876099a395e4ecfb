"""Shares corrected for the classifier's errors, as ``communique prevalence --out FILE.json`` wrote them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from communique.errors import CommuniqueError
from communique.evaluation.resampling import Interval

ADVICE = "write one with 'communique prevalence … --out FILE.json'"


@dataclass(frozen=True)
class CorrectedRow:
    """One group with its corrected shares, label by label; None where too little is labelled."""

    kind: str
    name: str
    sentences: int
    shares: tuple[Interval | None, ...]
    raw: tuple[float, ...]


@dataclass(frozen=True)
class Corrected:
    """Everything the page shows of a file of corrected shares."""

    file: str
    by: tuple[str, ...]
    labelled: int
    documents: int
    rows: tuple[CorrectedRow, ...]
    notes: tuple[str, ...]

    @property
    def sentences(self) -> int:
        """How many sentences the shares of the whole are shares of."""
        return next(row.sentences for row in self.rows if row.kind == "all")

    def shares(self, column: str, name: str) -> tuple[Interval | None, ...] | None:
        """The shares of all sentences (``column`` ""), or of one group of a column, where the file has them."""
        kind = "group" if column else "all"
        if column and self.by != (column,):
            return None
        return next((row.shares for row in self.rows if row.kind == kind and (not column or row.name == name)), None)


def read_corrected(path: Path, labels: Sequence[str]) -> Corrected:
    """The file's shares; raises CommuniqueError where it is no such file, or one of other labels or of documents."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CommuniqueError(f"{path}: is not readable as corrected shares ({error}); {ADVICE}") from error
    try:
        return _corrected(path, content, list(labels))
    except (KeyError, TypeError, ValueError) as error:
        raise CommuniqueError(f"{path}: does not hold corrected shares as expected ({error!r}); {ADVICE}") from error


def _corrected(path: Path, content: dict[str, Any], labels: list[str]) -> Corrected:
    if content["unit"] != "sentence":
        raise CommuniqueError(f"{path}: holds shares of {content['unit']}s, not of sentences; {ADVICE}")
    if {share["label"] for share in content["shares"]} != set(labels):
        raise CommuniqueError(f"{path}: is of other labels than the model's, {', '.join(labels)}; {ADVICE}")
    groups: dict[tuple[str, str], dict[str, Any]] = {}
    for share in content["shares"]:
        groups.setdefault((share["kind"], share["name"]), {})[share["label"]] = share
    rows = tuple(_row(key, [shares[label] for label in labels]) for key, shares in groups.items())
    if not any(row.kind == "all" for row in rows):
        raise ValueError("no share of the whole")
    counts = content["labelled"], content["labelled_documents"]
    return Corrected(path.name, tuple(content["by"]), *counts, rows, tuple(content["notes"]))


def _row(key: tuple[str, str], shares: Sequence[dict[str, Any]]) -> CorrectedRow:
    found = tuple(_interval(share["corrected"]) for share in shares)
    return CorrectedRow(*key, int(shares[0]["rows"]), found, tuple(float(share["raw"]["value"]) for share in shares))


def _interval(found: dict[str, float] | None) -> Interval | None:
    return Interval(*(float(found[end]) for end in ("value", "low", "high"))) if found else None
