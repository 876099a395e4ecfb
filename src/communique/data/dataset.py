"""The corpus: labelled sentences, read and checked line by line, with a fingerprint of what they say.

Knows the file formats and nothing of splits or models.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from communique.data.codebook import Codebook
from communique.data.records import records
from communique.errors import CommuniqueError, missing_extra
from communique.files import write_text

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

REQUIRED = ("id", "document", "text", "labels")
METADATA = ("genre", "forum", "actor", "year")  # what is known of where a sentence comes from


@dataclass(frozen=True)
class Sentence:
    """One sentence, its label set (empty means none), and what is known of where it stands.

    ``position`` counts from 0 within the document; ``annotations`` maps an annotator to the labels that
    annotator gave before adjudication.
    """

    id: str
    document: str
    text: str
    labels: frozenset[str]
    position: int = 0
    genre: str = ""
    actor: str = ""
    forum: str = ""
    year: int | None = None
    phenomena: tuple[str, ...] = ()
    annotations: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)

    def to_dict(self) -> dict[str, Any]:
        """The sentence as a line of ``sentences.jsonl``, keys in the format's order."""
        return {
            "id": self.id,
            "document": self.document,
            "position": self.position,
            "text": self.text,
            "labels": sorted(self.labels),
            "genre": self.genre,
            "actor": self.actor,
            "forum": self.forum,
            "year": self.year,
            "phenomena": list(self.phenomena),
            "annotations": {who: sorted(labels) for who, labels in self.annotations.items()},
        }


@dataclass(frozen=True)
class Corpus:
    """Sentences in a fixed order with the codebook they were labelled by."""

    sentences: tuple[Sentence, ...]
    codebook: Codebook

    def __len__(self) -> int:
        return len(self.sentences)

    def __iter__(self) -> Iterator[Sentence]:
        return iter(self.sentences)

    @property
    def texts(self) -> list[str]:
        """The sentences' texts, in order."""
        return [sentence.text for sentence in self.sentences]

    @property
    def documents(self) -> np.ndarray:
        """The document id of each sentence, shape ``(n,)``."""
        return np.array([sentence.document for sentence in self.sentences], dtype=object)

    @cached_property
    def indicators(self) -> pd.DataFrame:
        """The labels as a 0/1 table, shape ``(n, L)``, columns in codebook order."""
        return self.codebook.encode([sentence.labels for sentence in self.sentences])

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over ids, documents, texts and labels: what an experiment's result can depend on."""
        digest = hashlib.sha256(self.codebook.fingerprint.encode())
        for s in self.sentences:
            digest.update(json.dumps([s.id, s.document, s.text, sorted(s.labels)]).encode())
        return digest.hexdigest()

    def where(self, keep: Callable[[Sentence], bool]) -> "Corpus":
        """The sub-corpus of the sentences for which ``keep`` holds, in the same order."""
        return Corpus(tuple(s for s in self.sentences if keep(s)), self.codebook)

    def take(self, rows: Sequence[int] | np.ndarray) -> "Corpus":
        """The sub-corpus of the given rows, in the order given."""
        return Corpus(tuple(self.sentences[i] for i in rows), self.codebook)

    def to_frame(self) -> pd.DataFrame:
        """One row a sentence, columns as in the file format."""
        return pd.DataFrame([s.to_dict() for s in self.sentences])

    def to_jsonl(self, path: str | Path) -> None:
        """Write ``sentences.jsonl`` sorted by id."""
        ordered = sorted(self.sentences, key=lambda s: s.id)
        write_text(Path(path), "".join(json.dumps(s.to_dict(), ensure_ascii=False) + "\n" for s in ordered))

    def to_datasets(self, splits: Mapping[str, "Corpus"] | None = None) -> "DatasetDict":
        """A Hugging Face ``DatasetDict``: one entry a split, or ``all`` where none are given."""
        try:
            from datasets import DatasetDict
        except ImportError as error:
            raise missing_extra("transformers", "datasets") from error
        parts = splits or {"all": self}
        return DatasetDict({name: part._to_dataset() for name, part in parts.items()})

    def _to_dataset(self) -> "Dataset":
        from datasets import Dataset, Features, List, Value

        strings = ("id", "document", "text", "genre", "actor", "forum")
        features = Features(
            {name: Value("string") for name in strings}
            | {"position": Value("int32"), "year": Value("int32")}
            | {"labels": List(Value("string")), "phenomena": List(Value("string"))}
        )
        rows = [{key: row for key, row in s.to_dict().items() if key in features} for s in self.sentences]
        return Dataset.from_list(rows, features=features)


def read_corpora(paths: Sequence[str | Path], codebook: Codebook, where: Mapping[str, Any] | None = None) -> Corpus:
    """Several labelled files as one corpus; CommuniqueError where an id stands in two of them."""
    files: dict[str, str | Path] = {}
    sentences: list[Sentence] = []
    for path in paths:
        for sentence in read_corpus(path, codebook, where):
            if sentence.id in files:
                raise CommuniqueError(f"{path}: id '{sentence.id}' stands in {files[sentence.id]} too; make it unique")
            files[sentence.id] = path
            sentences.append(sentence)
    return Corpus(tuple(sentences), codebook)


def read_corpus(path: str | Path, codebook: Codebook, where: Mapping[str, Any] | None = None) -> Corpus:
    """Read and check a labelled file (``.jsonl`` or ``.csv``).

    ``where`` keeps the records whose fields have the given values: of any field, also one that a Sentence lacks.
    Raises CommuniqueError naming file, line and field at the first thing that is wrong: a line that is no
    JSON object, a missing or mistyped field, an unknown label, an id that stands twice, an empty text.
    In CSV the labels of a cell are separated by ``;``.
    """
    path = Path(path)
    sentences: list[Sentence] = []
    lines_by_id: dict[str, int] = {}
    for number, record in records(path):
        place = f"{path}, line {number}"
        if not _meets(record, where or {}, place):
            continue
        sentence = parse_sentence(record, codebook, place)
        refuse_repeated(sentence.id, lines_by_id, number, place)
        sentences.append(sentence)
    if not sentences:
        wanted = " where " + ", ".join(f"{k} is {v}" for k, v in where.items()) if where else ""
        raise CommuniqueError(f"{path}: holds no sentence{wanted}; give one a line, as JSON or CSV")
    return Corpus(tuple(sentences), codebook)


def refuse_repeated(identity: str, seen: dict[str, int], number: int, where: str) -> None:
    """Note the line of an id; CommuniqueError where an earlier line has it."""
    if identity in seen:
        raise CommuniqueError(
            f"{where}, field 'id': '{identity}' already stands on line {seen[identity]}; make it unique"
        )
    seen[identity] = number


def _meets(record: Mapping[str, Any], where: Mapping[str, Any], place: str) -> bool:
    if missing := [name for name in where if name not in record]:
        raise CommuniqueError(f"{place}: field '{missing[0]}' is missing, by which the sentences are chosen")
    return all(str(record[name]) == str(value) for name, value in where.items())


def parse_sentence(record: Mapping[str, Any], codebook: Codebook, where: str) -> Sentence:
    """Check one record and make a Sentence of it; unknown fields are ignored, ``where`` leads every error."""
    for name in REQUIRED:
        if name not in record:
            raise CommuniqueError(
                f"{where}: field '{name}' is missing; every sentence needs {', '.join(REQUIRED)}, "
                f"and here stand {', '.join(map(str, record)) or 'none'}"
            )
    for name in ("id", "document", "text"):
        if not isinstance(record[name], str) or not record[name].strip():
            raise CommuniqueError(f"{where}, field '{name}': must be a text that is not empty, not {record[name]!r}")
    labels = _strings(record["labels"], f"{where}, field 'labels'")
    try:
        label_set = codebook.check(labels)
        annotations = _annotations(record.get("annotations") or {}, codebook, where)
    except CommuniqueError as error:
        raise (
            error if str(error).startswith(where) else CommuniqueError(f"{where}, field 'labels': {error}")
        ) from error
    phenomena = _strings(record.get("phenomena") or [], f"{where}, field 'phenomena'")
    if codebook.phenomena and (unknown := sorted(set(phenomena) - set(codebook.phenomena))):
        raise CommuniqueError(
            f"{where}, field 'phenomena': unknown '{unknown[0]}'; the codebook knows {', '.join(codebook.phenomena)}"
        )
    return Sentence(
        id=record["id"],
        document=record["document"],
        text=record["text"],
        labels=label_set,
        position=_integer(record.get("position"), f"{where}, field 'position'") or 0,
        genre=str(record.get("genre") or ""),
        actor=str(record.get("actor") or ""),
        forum=str(record.get("forum") or ""),
        year=_year(record.get("year"), f"{where}, field 'year'"),
        phenomena=tuple(phenomena),
        annotations=annotations,
    )


def _strings(value: Any, where: str) -> list[str]:
    if isinstance(value, str):
        return [part.strip() for part in value.split(";") if part.strip()]
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise CommuniqueError(f"{where}: must be a list of names, not {value!r}; write [] for none")
    return value


def _integer(value: Any, where: str) -> int | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,9}", str(value)):
        raise CommuniqueError(f"{where}: must be a whole number of at most nine digits, not {value!r}")
    return int(value)


def _year(value: Any, where: str) -> int | None:
    year = _integer(value, where)
    if year is not None and not 1 <= year <= 9999:
        raise CommuniqueError(f"{where}: {year} is no year (a spreadsheet's date?); give it as in 2024")
    return year


def _annotations(value: Any, codebook: Codebook, where: str) -> dict[str, tuple[str, ...]]:
    if isinstance(value, str):
        return {}
    if not isinstance(value, dict):
        raise CommuniqueError(f"{where}, field 'annotations': must map annotators to label lists")
    checked = {}
    for annotator, labels in value.items():
        named = f"{where}, field 'annotations', annotator '{annotator}'"
        try:
            checked[annotator] = tuple(sorted(codebook.check(_strings(labels, named))))
        except CommuniqueError as error:
            raise error if str(error).startswith(where) else CommuniqueError(f"{named}: {error}") from error
    return checked
