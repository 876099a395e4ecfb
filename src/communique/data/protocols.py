"""Protocols that put a question of their own: does a model transfer, and how much would a careless cut flatter?"""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from communique.data.dataset import METADATA, Corpus
from communique.data.splits import PARTS, Fold, check_shares, with_validation
from communique.errors import CommuniqueError

OTHER = "other"
LEAK = (
    "sentences were cut at random, so documents stand on both sides of the cut: "
    "these figures leak and flatter, quote them only beside a split by document"
)


class LeaveOneGroupOut:
    """Every group of a metadata ``column`` is the test part once, and no document that holds it is learned from.

    Groups with fewer than ``minimum`` sentences, and sentences of which the column says nothing, are one group,
    "other". Of a document that holds several groups only the held-out group's sentences are measured; the fold's
    note counts the rest. The other documents give ``validation_share`` of themselves to validation; of those left
    ``train_share`` are learned from.
    """

    def __init__(
        self, column: str = "genre", minimum: int = 100, validation_share: float = 0.15, train_share: float = 1.0
    ) -> None:
        self.column = column
        self.minimum = minimum
        self.validation_share = validation_share
        self.train_share = train_share

    def folds(self, corpus: Corpus, seed: int) -> Iterator[Fold]:
        """Yield a cut a group into train, validation and test, in alphabetical order, "other" last."""
        group_of = self.groups(corpus)
        names = sorted(set(group_of), key=lambda name: (name == OTHER, name))
        if len(names) < 2:
            raise CommuniqueError(
                f"leave one group out: column '{self.column}' has one group of at least {self.minimum} sentences; "
                f"choose another column or a lower split.minimum"
            )
        for number, name in enumerate(names):
            held = group_of == name
            test, touched = corpus.take(np.flatnonzero(held)), set(corpus.documents[held])
            rest = corpus.where(lambda s, touched=touched: s.document not in touched)  # type: ignore[misc]
            if not len(rest):
                raise CommuniqueError(f"leave one group out: every document holds {self.column} '{name}'; none is left")
            inner = with_validation(rest, self.validation_share, seed + number, self.train_share)
            yield Fold({**inner, "test": test}, 0, number, name, _left_out(len(corpus) - len(rest) - len(test), name))

    def groups(self, corpus: Corpus) -> np.ndarray:
        """The group of each sentence, shape ``(n,)``."""
        if self.minimum < 1:
            raise CommuniqueError(f"leave one group out: minimum {self.minimum}; give at least 1 sentence")
        if self.column not in METADATA:
            raise CommuniqueError(f"leave one group out: no column '{self.column}'; columns are {', '.join(METADATA)}")
        values = ["" if (value := getattr(s, self.column)) is None else str(value) for s in corpus]
        large = {name for name, count in Counter(values).items() if name and count >= self.minimum}
        return np.array([value if value in large else OTHER for value in values], dtype=object)


def _left_out(number: int, group: str) -> str:
    return f"{number:,} sentences of documents that hold '{group}' beside others are in no part" if number else ""


class RandomSplit:
    """Sentences to train, validation and test at random, documents torn apart. IT LEAKS, and is here to show it.

    Sentences of one document resemble each other, so a model is tested on what it has half seen.
    """

    def __init__(self, shares: Sequence[float] = (0.7, 0.15, 0.15)) -> None:
        self.shares = shares

    def folds(self, corpus: Corpus, seed: int) -> Iterator[Fold]:
        """Yield one cut, whose note says that it leaks."""
        check_shares(self.shares)
        order = np.random.default_rng(seed).permutation(len(corpus))
        ends = np.round(np.cumsum(self.shares)[:-1] * len(corpus)).astype(int)
        rows = zip(PARTS, np.split(order, ends), strict=False)
        yield Fold({part: corpus.take(np.sort(taken)) for part, taken in rows}, note=LEAK)
