"""Splits: whole documents to one side, every label balanced; and the report that nothing leaks across.

Grouped and multi-label-stratified at once, by a greedy of ours with restarts (Sechidis et al. 2011's
iterative idea, with documents in place of sentences); no scikit-learn splitter does both.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from communique.data.dataset import Corpus
from communique.errors import CommuniqueError
from communique.files import write_text

PARTS = ("train", "validation", "test")
RESTARTS = 60


@dataclass(frozen=True, eq=False)
class Fold(Mapping[str, Corpus]):
    """One cut of a protocol: its parts by name, and where it stands among the protocol's cuts.

    ``repeat`` and ``number`` count from 0; ``group`` names the group that is held out, where a protocol holds
    one out; ``note`` says what every reader of the fold's figures must know.
    """

    parts: Mapping[str, Corpus]
    repeat: int = 0
    number: int = 0
    group: str = ""
    note: str = ""

    def __getitem__(self, part: str) -> Corpus:
        return self.parts[part]

    def __iter__(self) -> Iterator[str]:
        return iter(self.parts)

    def __len__(self) -> int:
        return len(self.parts)


def _counts(corpus: Corpus) -> tuple[np.ndarray, np.ndarray]:
    """Documents ``(G,)`` and their counts ``(G, L + 2)``: each label, none, and sentences."""
    labels = corpus.indicators.to_numpy()
    none = (labels.sum(axis=1, keepdims=True) == 0).astype(int)
    table = pd.DataFrame(np.hstack([labels, none, np.ones_like(none)]))
    grouped = table.groupby(corpus.documents).sum()
    return grouped.index.to_numpy(), grouped.to_numpy(dtype=float)


def balanced_groups(counts: np.ndarray, shares: Sequence[float], seed: int) -> np.ndarray:
    """Assign each group to a part so that every column's total comes near its share.

    ``counts`` is ``(G, C)``; returns part numbers ``(G,)``. The greedy places large groups first where the
    relative shortfall is greatest, from several shuffles, and keeps the assignment whose worst relative
    deviation over columns and parts is least. Deterministic by ``seed``.
    """
    targets = np.outer(shares, counts.sum(axis=0))
    scale = np.maximum(targets, 1.0)
    rng = np.random.default_rng(seed)
    best, best_score = np.zeros(len(counts), dtype=int), np.inf
    for _ in range(RESTARTS):
        order = np.argsort(-counts[:, -1] * rng.uniform(0.5, 1.5, len(counts)), kind="stable")
        assigned = _greedy(counts, targets, scale, order)
        totals = np.stack([counts[assigned == part].sum(axis=0) for part in range(len(shares))])
        score = float(np.max(np.abs(totals - targets) / scale))
        if score < best_score:
            best, best_score = assigned, score
    return best


def _greedy(counts: np.ndarray, targets: np.ndarray, scale: np.ndarray, order: np.ndarray) -> np.ndarray:
    assigned = np.zeros(len(counts), dtype=int)
    gaps = targets.copy()
    for group in order:
        after = (gaps - counts[group]) / scale
        before = gaps / scale
        cost = (after**2 - before**2).sum(axis=1)
        part = int(np.argmin(cost))
        assigned[group] = part
        gaps[part] -= counts[group]
    return assigned


@dataclass(frozen=True)
class Split:
    """A fixed assignment of documents to train, validation and test."""

    parts: Mapping[str, tuple[str, ...]]
    source: str = field(default="split", compare=False)  # leads its errors: the file it was read from

    def apply(self, corpus: Corpus) -> dict[str, Corpus]:
        """Cut the corpus; raises CommuniqueError where a document is in two parts, in none, or unknown."""
        part_of: dict[str, str] = {}
        for part, documents in self.parts.items():
            for document in documents:
                if document in part_of:
                    raise CommuniqueError(
                        f"{self.source}: document '{document}' is in {part_of[document]} and in {part}; "
                        "keep it in one part"
                    )
                part_of[document] = part
        present = set(corpus.documents)
        if unknown := sorted(set(part_of) - present):
            raise CommuniqueError(
                f"{self.source}: document '{unknown[0]}' is not in the corpus; name the split of this "
                "corpus (split.path=FILE, --split FILE; 'communique split' makes one), choose split=fresh, or take off "
                "a limit on the corpus"
            )
        if missing := sorted(present - set(part_of)):
            raise CommuniqueError(f"{self.source}: document '{missing[0]}' is in no part; make the split again")
        return {part: corpus.where(lambda s, p=part: part_of[s.document] == p) for part in self.parts}  # type: ignore[misc]

    def save(self, path: str | Path) -> None:
        """Write the document ids of each part as JSON."""
        content = {part: sorted(documents) for part, documents in self.parts.items()}
        write_text(Path(path), json.dumps(content, indent=1, ensure_ascii=False) + "\n")

    @classmethod
    def load(cls, path: str | Path) -> "Split":
        """Read a committed split; raises CommuniqueError where it is missing or malformed."""
        try:
            content = json.loads(Path(path).read_text(encoding="utf-8"))
            parts = {str(part): tuple(map(str, documents)) for part, documents in content.items()}
        except OSError as error:
            raise CommuniqueError(f"{path}: cannot be read ({error.strerror}); run 'communique split'") from error
        except (ValueError, AttributeError, TypeError) as error:
            raise CommuniqueError(f"{path}: must be a JSON object of document lists by part") from error
        return cls(parts, str(path))

    @classmethod
    def make(cls, corpus: Corpus, shares: Sequence[float] = (0.7, 0.15, 0.15), seed: int = 0) -> "Split":
        """A new grouped and stratified split; CommuniqueError for shares that do not add up to 1."""
        check_shares(shares)
        documents, counts = _counts(corpus)
        assigned = balanced_groups(counts, shares, seed)
        return cls({part: tuple(documents[assigned == i]) for i, part in enumerate(PARTS[: len(shares)])})


class FixedSplit:
    """The committed split: train, validation and test.

    With ``train_share`` below 1 only so many of the training documents are used (the seed draws them): the
    points of a learning curve.
    """

    def __init__(self, path: str | Path = "data/splits.json", train_share: float = 1.0) -> None:
        self.path = path
        self.train_share = train_share

    def folds(self, corpus: Corpus, seed: int) -> Iterator[Fold]:
        """Yield the one committed cut."""
        parts = Split.load(self.path).apply(corpus)
        if "train" not in parts:
            raise CommuniqueError(f"{self.path}: has no part 'train'; run 'communique split'")
        yield Fold(parts | {"train": sample_documents(parts["train"], self.train_share, seed)})


def sample_documents(corpus: Corpus, share: float, seed: int) -> Corpus:
    """A random share of the documents, at least one, with all their sentences."""
    if not 0 < share <= 1:
        raise CommuniqueError(f"share of documents {share}: give a number above 0, at most 1")
    documents = np.unique(corpus.documents.astype(str))
    drawn = np.random.default_rng(seed).permutation(documents)[: max(1, round(share * len(documents)))]
    kept = set(drawn)
    return corpus.where(lambda s: s.document in kept)


class GroupedKFold:
    """k folds of whole documents, balanced over the labels, ``repeats`` times; each fold is the test part once.

    The rest of the documents give ``validation_share`` of themselves to validation. The seed moves the folds, and
    every repeat cuts anew: a sentence is tested once a repeat. ``train_share`` is as of ``FixedSplit``, fold by fold.
    """

    def __init__(self, k: int = 5, validation_share: float = 0.15, repeats: int = 1, train_share: float = 1.0) -> None:
        self.k = k
        self.validation_share = validation_share
        self.repeats = repeats
        self.train_share = train_share

    def folds(self, corpus: Corpus, seed: int) -> Iterator[Fold]:
        """Yield k cuts a repeat into train, validation and test."""
        if self.repeats < 1:
            raise CommuniqueError(f"k-fold: {self.repeats} repeats; give at least 1")
        for repeat in range(self.repeats):
            cut = seed if repeat == 0 else int(np.random.SeedSequence([seed, repeat]).generate_state(1)[0])
            for number, (rest, test) in enumerate(grouped_kfold(corpus, self.k, cut)):
                inner = with_validation(corpus.take(rest), self.validation_share, cut + number, self.train_share)
                yield Fold({**inner, "test": corpus.take(test)}, repeat, number)


def with_validation(rest: Corpus, share: float, seed: int, train_share: float = 1.0) -> dict[str, Corpus]:
    """Train and validation of what is not tested: whole documents, every label balanced.

    Below 1, ``train_share`` keeps only so many of the training documents.
    """
    if not 0 < share < 1:
        raise CommuniqueError(f"validation_share {share}: give a number between 0 and 1")
    parts = Split.make(rest, (1 - share, share), seed).apply(rest)
    return parts | {"train": sample_documents(parts["train"], train_share, seed)}


def check_shares(shares: Sequence[float]) -> None:
    """CommuniqueError unless the shares are two or three positive numbers that add up to 1."""
    if len(shares) not in (2, 3) or min(shares) <= 0 or abs(sum(shares) - 1) > 1e-9:
        told = ", ".join(f"{share:g}" for share in shares)
        raise CommuniqueError(f"shares {told}: give train, validation and test positive shares that add up to 1")


def grouped_kfold(corpus: Corpus, k: int, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield ``(train rows, test rows)`` k times; every document is in exactly one test part."""
    documents, counts = _counts(corpus)
    if k < 2 or k > len(documents):
        raise CommuniqueError(f"k-fold: {k} folds over {len(documents)} documents; choose 2 to {len(documents)}")
    assigned = dict(zip(documents, balanced_groups(counts, [1 / k] * k, seed), strict=True))
    fold_of = np.array([assigned[document] for document in corpus.documents])
    for fold in range(k):
        yield np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)


class FreshSplit:
    """A new train, validation and test cut made by the seed; for corpora that have no committed one."""

    def __init__(self, shares: Sequence[float] = (0.7, 0.15, 0.15)) -> None:
        self.shares = shares

    def folds(self, corpus: Corpus, seed: int) -> Iterator[Fold]:
        """Yield one cut."""
        yield Fold(Split.make(corpus, self.shares, seed).apply(corpus))
