"""What was scored, by what and with what outcome: counts that grow part by part, and the provenance of a table."""

import hashlib
import json
import shlex
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

import communique
from communique.errors import CommuniqueError
from communique.files import file_digest
from communique.provenance import PACKAGE, environment, source_hash
from communique.scoring.inputs import ReadingLog
from communique.scoring.language import identifier
from communique.scoring.model import ScoringModel
from communique.scoring.rows import NOT_ENGLISH, Cursor
from communique.scoring.source import Source, whole


@dataclass
class Counts:
    """Counts of sentences. Every one is not English, or a reprint, or counted under its labels or ``unlabelled``.

    ``labels``, ``unlabelled``, ``review`` (near a threshold) and ``windowed`` count a sentence that several
    documents print once; ``holders`` counts all sentences with a holder, by where the text says so.
    """

    documents: int = 0
    sentences: int = 0
    not_english: int = 0
    reprints: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    unlabelled: int = 0
    review: int = 0
    windowed: int = 0
    languages: Counter[str] = field(default_factory=Counter)
    holders: Counter[str] = field(default_factory=Counter)

    def add(self, table: pd.DataFrame) -> None:
        """Count the rows of one more table; tables come in the order of the documents."""
        scored = table["review_reason"] != NOT_ENGLISH
        reprinted = table["reprint_of"] != ""
        once = table[scored & ~reprinted]
        self.documents += int((table["sentence"] == 0).sum())
        self.sentences += len(table)
        self.not_english += int((~scored).sum())
        self.reprints += int((scored & reprinted).sum())
        self.labels.update(label for labels in once["labels"] for label in labels)
        self.unlabelled += int((once["labels"].map(len) == 0).sum())
        self.review += int(once["review"].sum())
        self.windowed += int(once["windowed"].sum())
        self.languages.update(table["language"])
        self.holders.update(source for source in table["holder_source"] if source)

    def to_dict(self) -> dict[str, Any]:
        """The counts as plain data, the inner ones sorted by name."""
        return {
            name: dict(sorted(value.items())) if isinstance(value, Counter) else value
            for name, value in vars(self).items()
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "Counts":
        """The counts as ``to_dict`` gave them."""
        plain: dict[str, Any] = {n: Counter(v) if isinstance(v, dict) else v for n, v in stored.items()}
        return cls(**plain)


@dataclass
class Summary:
    """The outcome of scoring: where the table lies, how much is in it, what was left out and why.

    ``resumed`` is how many sentences earlier, interrupted starts had scored already; ``starts`` counts them all.
    """

    out: Path
    options: Mapping[str, Any]
    log: ReadingLog
    counts: Counts = field(default_factory=Counts)
    resumed: int = 0
    finished: bool = False
    began: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    starts: int = 1
    earlier: float = 0.0
    clock: float = field(default_factory=time.monotonic)

    def resume(self, state: Mapping[str, Any]) -> int:
        """Take up what ``state`` gave at an earlier start; returns how far the document in work is done."""
        if not state:
            return 0
        self.counts = Counts.from_dict(state["counts"])
        self.resumed, self.finished = self.counts.sentences, state["place"] is None
        self.began, self.starts, self.earlier = state["began"], state["starts"] + 1, state["seconds"]
        if self.finished:
            self.log.restore(state["log"])
        return int(state["sentences"])

    def state(self, cursor: Cursor | None) -> dict[str, Any]:
        """All that it takes to go on from ``cursor``, as plain data; without a cursor everything is scored."""
        return {
            "place": cursor.place if cursor else None,
            "sentences": cursor.sentences if cursor else 0,
            "counts": self.counts.to_dict(),
            "log": self.log.to_dict(),
            "began": self.began,
            "starts": self.starts,
            "seconds": self.seconds,
        }

    @property
    def seconds(self) -> float:
        """How long scoring took, all starts together."""
        return self.earlier + time.monotonic() - self.clock

    @property
    def dropped(self) -> Counter[str]:
        """How many files or documents were left out, by reason."""
        return self.log.dropped

    @property
    def notes(self) -> list[str]:
        """How files were read where that was not plain: an encoding, an id that came twice."""
        further = self.log.further
        return [*self.log.notes, *([f"{further:,} further notes like these are left out"] if further else [])]


def input_hashes(sources: Iterable[Source]) -> dict[str, str]:
    """SHA-256 of every file read, archives as a whole, by path."""
    found: dict[str, str] = {}
    for source in sources:
        if str(source.file) not in found:
            content = source.content
            digest = file_digest(source.file) if content is None else hashlib.sha256(content).hexdigest()
            found[str(source.file)] = digest
    return found


def job(
    model: ScoringModel, options: Mapping[str, Any], sources: Sequence[Source], hashes: Mapping[str, str]
) -> dict[str, Any]:
    """What makes two scorings the same: model, options, inputs by name and content, and this package's code."""
    inputs = hashlib.sha256()
    for source in sources:
        parts = [source.id, source.format, source.encoding, source.member, hashes[str(source.file)]]
        inputs.update(json.dumps(parts).encode())
    return {
        "communique": communique.__version__,
        "source": source_hash(PACKAGE),
        "model": model.fingerprint or f"unsaved {id(model)} of {datetime.now(UTC).isoformat()}",
        "thresholds": {n: float(t) for n, t in zip(model.labels, model.thresholds, strict=True)},
        "options": {**options, "identifier": identifier()},
        "inputs": {"files": len(hashes), "texts": len(sources), "sha256": inputs.hexdigest()},
    }


def input_stamps(sources: Iterable[Source]) -> dict[Path, tuple[int, int]]:
    """When each file was last written to, in nanoseconds, and its size in bytes."""
    files = {source.file: source.file.stat() for source in sources if source.content is None}
    return {path: (status.st_mtime_ns, status.st_size) for path, status in files.items()}


def check_unchanged(sources: Iterable[Source], stamps: Mapping[Path, tuple[int, int]]) -> None:
    """Raise CommuniqueError where a file is not what it was when it was hashed."""
    now = input_stamps(sources)
    if changed := next((path for path in now if now[path] != stamps[path]), None):
        raise CommuniqueError(f"{changed}: has changed while it was scored; give --force to score anew")


def provenance(
    summary: Summary, model: ScoringModel, sources: Iterable[Source], hashes: Mapping[str, str], table: Path, page: str
) -> dict[str, Any]:
    """Everything needed to say where a table comes from; ``table`` is the file as it lies now.

    The model's ``fingerprint`` is the SHA-256 of its folder's manifest, which holds that of every file in the folder.
    """
    encodings = {str(source.file): source.encoding.replace("utf-8-sig", "utf-8") for source in sources}
    counts = summary.counts.to_dict()
    counts["labels"] = {name: summary.counts.labels[name] for name in model.labels}
    return {
        "model": {"name": model.name, "fingerprint": model.fingerprint, "runtime": getattr(model, "runtime", "")},
        "thresholds": {n: float(t) for n, t in zip(model.labels, model.thresholds, strict=True)},
        "options": dict(summary.options),
        "communique": communique.__version__,
        "language_identifier": identifier(),
        "environment": environment(),
        "inputs": [{"file": name, "sha256": digest, "encoding": encodings[name]} for name, digest in hashes.items()],
        "counts": {**counts, "dropped": dict(sorted(summary.dropped.items()))},
        "notes": summary.notes,
        "output": {"file": summary.out.name, "sha256": file_digest(table)},
        **({"page": page} if page else {}),
        "command": shlex.join(sys.argv),
        "began": summary.began,
        "seconds": round(summary.seconds, 3),
        "starts": summary.starts,
    }


def as_json(content: dict[str, Any]) -> str:
    """Provenance as the text of its file."""
    return whole(json.dumps(content, indent=1, ensure_ascii=False)) + "\n"
