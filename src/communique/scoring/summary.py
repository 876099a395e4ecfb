"""What was scored, by what and with what outcome: the counts, and the provenance beside a table."""

import hashlib
import json
import shlex
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

import communique
from communique.scoring.documents import ReadingLog
from communique.scoring.model import ScoringModel
from communique.scoring.source import Source


@dataclass
class Summary:
    """The outcome of scoring: where the table lies, how much is in it, what was left out and why."""

    out: Path
    margin: float
    log: ReadingLog
    documents: int = 0
    sentences: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    unlabelled: int = 0
    review: int = 0
    windowed: int = 0
    began: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def dropped(self) -> Counter[str]:
        """How many files or documents were left out, by reason."""
        return self.log.dropped

    @property
    def notes(self) -> list[str]:
        """How files were read where that was not plain: an encoding, an id that came twice."""
        return self.log.notes

    def add(self, table: pd.DataFrame) -> None:
        """Count one more table of rows; a document never comes in two tables."""
        self.documents += table["document"].nunique()
        self.sentences += len(table)
        self.labels.update(label for labels in table["labels"] for label in labels)
        self.unlabelled += int((table["labels"].map(len) == 0).sum())
        self.review += int(table["review"].sum())
        self.windowed += int(table["windowed"].sum())


def provenance(summary: Summary, model: ScoringModel, sources: Sequence[Source], table: Path) -> dict[str, Any]:
    """Everything needed to say where a table comes from; ``table`` is the file as it lies now."""
    now = datetime.now(UTC)
    return {
        "model": {"name": model.name, "fingerprint": model.fingerprint},
        "thresholds": {n: float(t) for n, t in zip(model.labels, model.thresholds, strict=True)},
        "margin": summary.margin,
        "communique": communique.__version__,
        "inputs": [_input(source) for source in sources],
        "counts": {
            "documents": summary.documents,
            "sentences": summary.sentences,
            "labels": {name: summary.labels[name] for name in model.labels},
            "unlabelled": summary.unlabelled,
            "review": summary.review,
            "windowed": summary.windowed,
            "dropped": dict(sorted(summary.dropped.items())),
        },
        "notes": summary.notes,
        "output": {"file": summary.out.name, "sha256": _digest(table)},
        "command": shlex.join(sys.argv),
        "began": summary.began.isoformat(timespec="seconds"),
        "seconds": round((now - summary.began).total_seconds(), 3),
    }


def as_json(content: dict[str, Any]) -> str:
    """Provenance as the text of its file."""
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _input(source: Source) -> dict[str, Any]:
    digest = _digest(source.path) if source.content is None else hashlib.sha256(source.content).hexdigest()
    encoding = "utf-8" if source.encoding == "utf-8-sig" else source.encoding
    return {"file": str(source.path), "sha256": digest, "encoding": encoding}


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
