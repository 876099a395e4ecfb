"""The codebook: which labels there are, in which order, and what they mean.

It is read from a YAML file, so that another codebook makes another study; nothing else in the package
spells a label's name.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from communique.errors import CommuniqueError


@dataclass(frozen=True)
class Label:
    """One stance: its name (a column), a short title (a page), its definition, and the words that cue it.

    ``hypothesis`` is what a sentence of this stance entails, worded for zero-shot models; it may be empty.
    """

    name: str
    title: str
    definition: str
    cues: tuple[str, ...] = ()
    hypothesis: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain data; a hypothesis only where there is one."""
        return {key: value for key, value in asdict(self).items() if key != "hypothesis" or value}


@dataclass(frozen=True)
class Codebook:
    """An ordered set of labels; every array in the package has its label columns in this order.

    With ``exclusive`` a sentence carries at most one label (favour / against / none).
    """

    labels: tuple[Label, ...]
    version: str = ""
    exclusive: bool = False
    phenomena: tuple[str, ...] = field(default=())

    @property
    def names(self) -> tuple[str, ...]:
        """The labels' names, in order."""
        return tuple(label.name for label in self.labels)

    def check(self, labels: Iterable[str]) -> frozenset[str]:
        """The label set, or a CommuniqueError that names the unknown label."""
        found = frozenset(labels)
        if unknown := sorted(found - set(self.names)):
            told = "; in one cell labels are separated by ;" if {",", "|"} & set(unknown[0]) else ""
            raise CommuniqueError(f"unknown label '{unknown[0]}': the codebook knows {', '.join(self.names)}{told}")
        if self.exclusive and len(found) > 1:
            raise CommuniqueError(f"labels {', '.join(sorted(found))} together: this codebook allows one")
        return found

    def encode(self, label_sets: Sequence[Iterable[str]]) -> pd.DataFrame:
        """Label sets to an indicator table: one row a set, one 0/1 column a label."""
        rows = [self.check(labels) for labels in label_sets]
        matrix = np.array([[name in row for name in self.names] for row in rows], dtype=np.int8)
        return pd.DataFrame(matrix.reshape(len(rows), len(self.names)), columns=list(self.names))

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as a model folder keeps it."""
        return asdict(self) | {"labels": tuple(label.to_dict() for label in self.labels)}

    @property
    def fingerprint(self) -> str:
        """SHA-256 over everything the codebook says of the labels; hypotheses are a model's wording and no part."""
        labels = tuple(replace(label, hypothesis="").to_dict() for label in self.labels)
        return hashlib.sha256(json.dumps(self.to_dict() | {"labels": labels}, sort_keys=True).encode()).hexdigest()

    @classmethod
    def from_dict(cls, content: dict[str, Any], source: str = "codebook") -> "Codebook":
        """Check plain data and make a codebook of it; ``source`` names the file in errors."""
        entries = content.get("labels") if isinstance(content, dict) else None
        if not isinstance(entries, list | tuple) or not entries:
            raise CommuniqueError(f"{source}: field 'labels' must be a list with at least one label")
        labels = tuple(_label(entry, f"{source}, label {i}") for i, entry in enumerate(entries, 1))
        names = [label.name for label in labels]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise CommuniqueError(f"{source}: label '{twice[0]}' stands twice; give each label one entry")
        exclusive = content.get("exclusive", False)
        if not isinstance(exclusive, bool):
            raise CommuniqueError(f"{source}, field 'exclusive': must be true or false, not {exclusive!r}")
        return cls(labels, str(content.get("version", "")), exclusive, _texts(content, "phenomena", source))

    @classmethod
    def of_names(cls, names: Iterable[str], source: str = "codebook") -> "Codebook":
        """A codebook of labels of which nothing but the names is known."""
        return cls.from_dict({"labels": [{"name": name} for name in names]}, source)

    @classmethod
    def load(cls, path: str | Path) -> "Codebook":
        """Read a codebook file; raises CommuniqueError where it is missing or malformed."""
        path = Path(path)
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise CommuniqueError(f"{path}: cannot be read ({error.strerror}); name a codebook YAML file") from error
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise CommuniqueError(f"{path}: is not valid YAML ({' '.join(str(error).split())})") from error
        for where, entry, known in _entries(content, str(path)):
            for strange in sorted(map(str, set(entry) - known)):
                if meant := get_close_matches(strange, known, 1, 0.8):  # further fields of one's own are no mistake
                    raise CommuniqueError(f"{where}: unknown field '{strange}'; write '{meant[0]}'")
        return cls.from_dict(content, str(path))


def _entries(content: Any, source: str) -> Iterator[tuple[str, Mapping[str, Any], set[str]]]:
    """The parts of a codebook file that have fields, where they stand, and the fields that are known there."""
    if isinstance(content, dict):
        yield source, content, {part.name for part in fields(Codebook)}
        labels = content.get("labels")
        for number, entry in enumerate(labels if isinstance(labels, list) else [], 1):
            if isinstance(entry, dict):
                yield f"{source}, label {number}", entry, {part.name for part in fields(Label)}


def _label(entry: Any, where: str) -> Label:
    if not isinstance(entry, dict) or not entry.get("name"):
        raise CommuniqueError(f"{where}: needs at least a 'name'")
    name = str(entry["name"])
    if not name.isidentifier():
        raise CommuniqueError(f"{where}: name '{name}' must be letters, digits and underscores (it names columns)")
    return Label(
        name=name,
        title=str(entry.get("title", name.replace("_", " "))),
        definition=" ".join(str(entry.get("definition", "")).split()),
        cues=_texts(entry, "cues", where),
        hypothesis=_hypothesis(entry.get("hypothesis"), where),
    )


def _hypothesis(value: Any, where: str) -> str:
    """One sentence on one line; absent is empty."""
    if value is not None and not isinstance(value, str):
        raise CommuniqueError(f"{where}, field 'hypothesis': must be a sentence, not {value!r}")
    return " ".join((value or "").split())


def _texts(entry: dict[str, Any], field_name: str, where: str) -> tuple[str, ...]:
    """A list of texts, which may be absent; a bare text would fall apart into its letters."""
    value = entry.get(field_name, ())
    if not isinstance(value, list | tuple):
        raise CommuniqueError(f"{where}, field '{field_name}': must be a list, not {value!r}")
    return tuple(str(item) for item in value)
