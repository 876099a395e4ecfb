"""The user's own unlabelled documents as an archive of sentences, and whether the evaluation holds any of them."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any, Self

import numpy as np
from rich.progress import track

from communique.data.dataset import Corpus
from communique.data.leakage import repeats
from communique.errors import CommuniqueError
from communique.scoring.documents import Document, read_documents
from communique.scoring.inputs import ReadingLog
from communique.scoring.language import ENGLISH, languages
from communique.scoring.sentences import split

FEWEST_WORDS = 4
NAMED = 10  # documents that a refusal names


@dataclass(frozen=True)
class Archive:
    """Sentences of the user's documents: texts and the document of each (n), and the names each document goes by.

    ``log`` holds what was left out, by reason, and notes on the reading.
    """

    texts: tuple[str, ...]
    documents: tuple[str, ...]
    names: Mapping[str, frozenset[str]]
    log: ReadingLog = field(default_factory=ReadingLog)

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the sorted SHA-256 of its sentences: says which they are and not what they say."""
        return hashlib.sha256("".join(sorted(map(_digest, self.texts))).encode()).hexdigest()

    def without(self, overlap: "Overlap") -> "Archive":
        """The archive less what the evaluation holds of it, which the log counts."""
        left = [row for row, document in enumerate(self.documents) if document not in overlap.documents]
        kept = [row for row in left if row not in overlap.rows]
        gone = {
            "documents that the evaluation holds": len(overlap.documents),
            "sentences that share eight words with the evaluation": len(left) - len(kept),
        }
        log = ReadingLog(self.log.dropped + Counter(gone), self.log.notes)
        names = {name: known for name, known in self.names.items() if name not in overlap.documents}
        return Archive(*self._rows(kept), names, log)

    def usable(self, limit: int, seed: int) -> "Archive":
        """At most ``limit`` distinct English sentences of four words or more; the seed draws, whatever their order."""
        dropped, first = Counter[str](), dict[str, int]()
        for row, text in enumerate(track(self.texts, "looking for English sentences", transient=True)):
            if reason := _unfit(text, first):
                dropped[reason] += 1
            else:
                first[text] = row
        ordered = sorted(first, key=_digest)
        drawn = np.random.default_rng(seed).permutation(len(ordered))[:limit]
        dropped[f"sentences beyond the limit of {limit:,}"] = len(ordered) - len(drawn)
        log = ReadingLog(self.log.dropped + dropped, self.log.notes)
        return Archive(*self._rows([first[ordered[i]] for i in drawn]), self.names, log)

    def facts(self) -> dict[str, Any]:
        """What a run keeps of the archive."""
        return {"fingerprint": self.fingerprint, "documents": len(set(self.documents)), "sentences": len(self)}

    def _rows(self, rows: Sequence[int]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        return tuple(self.texts[i] for i in rows), tuple(self.documents[i] for i in rows)


def read_archive(inputs: Sequence[str | Path], text_column: str = "text", id_column: str | None = None) -> Archive:
    """Every sentence of the documents in ``inputs``, by the readers and the splitter that scoring uses."""
    log = ReadingLog()
    texts: list[str] = []
    owners: list[str] = []
    names: dict[str, frozenset[str]] = {}
    for document in track(read_documents(inputs, text_column, id_column, log), "reading documents", transient=True):
        found = [sentence.text for sentence in split(document.text)]
        texts += found
        owners += [document.id] * len(found)
        names[document.id] = _names(document)
    return Archive(tuple(texts), tuple(owners), names, log)


def _names(document: Document) -> frozenset[str]:
    """The names under which another collection may hold the document: its id, its file's stem, a column of a table."""
    stem = "" if "#" in document.id else PurePath(document.id).stem
    return frozenset({document.id, stem, document.metadata.get("document", "")} - {""})


def _unfit(text: str, taken: Mapping[str, int]) -> str:
    """Why a sentence is left out; empty where it is not."""
    if len(text.split()) < FEWEST_WORDS:
        return f"sentences of fewer than {FEWEST_WORDS} words"
    if text in taken:
        return "sentences that came before"
    return "" if _is_english(text) else "sentences not in English"


def _is_english(text: str) -> bool:
    return languages([text]) == [ENGLISH]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class HeldOut:
    """What a run is measured on, or what an archive must not hold for another reason: document names and texts."""

    name: str
    documents: frozenset[str]
    texts: tuple[str, ...]

    @classmethod
    def of_corpus(cls, name: str, corpus: Corpus) -> Self:
        """A part of our corpus, or a measured file."""
        return cls(name, frozenset(map(str, corpus.documents)), tuple(corpus.texts))

    @classmethod
    def of_file(cls, path: str | Path) -> Self:
        """A file of any format that scoring reads."""
        found = read_archive([path])
        return cls(str(path), frozenset().union(*found.names.values()), found.texts)


@dataclass(frozen=True)
class Overlap:
    """What an archive shares with the evaluation, each with the name of where.

    ``documents`` go by the same name there, or hold a sentence that nearly stands there; the sentences in ``rows``
    share eight words in a row with one there, as formulas of diplomacy do.
    """

    documents: Mapping[str, str]
    rows: Mapping[int, str]


def overlap_of(archive: Archive, held_out: Sequence[HeldOut]) -> Overlap:
    """Compare names, and every sentence of four words or more (``leakage.repeats``)."""
    named = {
        document: part.name for part in held_out for document, names in archive.names.items() if names & part.documents
    }
    texts = [text for part in held_out for text in part.texts]
    parts = [part.name for part in held_out for _ in part.texts]
    long = [row for row, text in enumerate(archive.texts) if len(text.split()) >= FEWEST_WORDS]
    compared = repeats([archive.texts[row] for row in long], texts)
    rows: dict[int, str] = {}
    for row, repeat in zip(long, track(compared, "comparing", total=len(long), transient=True), strict=True):
        if repeat and repeat.whole:
            named.setdefault(archive.documents[row], parts[repeat.row])
        elif repeat:
            rows[row] = parts[repeat.row]
    return Overlap(named, rows)


def apart(archive: Archive, held_out: Sequence[HeldOut], leave_out: bool = False) -> Archive:
    """The archive, if it shares nothing with the evaluation; with ``leave_out`` less what it shares.

    Raises CommuniqueError where it does share something: how many documents, and which.
    """
    overlap = overlap_of(archive, held_out)
    if leave_out:
        return archive.without(overlap)
    shared = {archive.documents[row]: where for row, where in overlap.rows.items()} | dict(overlap.documents)
    if not shared:
        return archive
    named = [f"{document} (in {where})" for document, where in sorted(shared.items())]
    more = f" and {len(named) - NAMED} more" if len(named) > NAMED else ""
    raise CommuniqueError(
        f"archive: {len(shared)} of {len(archive.names)} documents are in the evaluation or share eight words in a row "
        f"with it: {', '.join(named[:NAMED])}{more}; take them out, or let --leave-out do it"
    )
