"""Totals of a scored table by label, holder and date, streamed: classify-and-count, with document-clustered intervals.

The table may be larger than memory, so every document is given Poisson(1) weights, one a replicate, and only the
weighted sums are kept (the online bootstrap: Oza & Russell 2001; Chamandy et al. 2012). The intervals tell how the
counts vary with the documents at hand; they know nothing of the classifier's errors.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from communique.evaluation.resampling import Interval
from communique.scoring.periods import Periods, date_column
from communique.scoring.rows import NOT_ENGLISH

Array = np.ndarray[Any, Any]
Tables = Callable[[], Iterable[pd.DataFrame]]

FEWEST = 5  # documents below which an interval would be false, as it hardly sees their variation
HOLDERS = 12  # shown by name; the others together
REPLICATES = 400
BLOCK = 4096  # sentences that are counted at a time
ALL, HOLDER, DATE = "all", "holder", "date"


class Share(NamedTuple):
    """Sentences that carry a label, as a share; no interval under ``FEWEST`` documents."""

    sentences: int
    value: float
    interval: Interval | None


@dataclass(frozen=True)
class TotalRow:
    """One group: how many documents and sentences, one share a label."""

    name: str
    documents: int
    sentences: int
    shares: tuple[Share, ...]


@dataclass(frozen=True)
class Section:
    """Groups of one kind: ``kind`` is all, holder or date, ``column`` where the groups' names come from."""

    kind: str
    column: str
    rows: tuple[TotalRow, ...]


@dataclass
class Survey:
    """What a first reading finds: which holders and periods there are, and how much is counted at all."""

    sentences: int = 0
    documents: int = 0
    review: int = 0
    unlabelled: int = 0
    not_english: int = 0
    reprints: int = 0
    holders: Counter[str] = field(default_factory=Counter)
    dates: Counter[str] = field(default_factory=Counter)
    date_column: str = ""

    def add(self, table: pd.DataFrame) -> None:
        """Count the rows of one more table."""
        kept = counted(table)
        foreign = table["review_reason"] == NOT_ENGLISH
        self.sentences += len(table)
        self.documents += int((table["sentence"] == 0).sum())
        self.review += int((table["review"] & kept).sum())
        self.unlabelled += int((table["labels"][kept].map(len) == 0).sum())
        self.not_english += int(foreign.sum())
        self.reprints += int((~foreign & ~kept).sum())
        self.holders.update(table["holder"][kept])
        self.date_column = self.date_column or date_column(table.columns)
        if self.date_column in table:
            self.dates.update(table[self.date_column][kept].astype(str))


@dataclass(frozen=True)
class Totals:
    """The whole table's totals; every section counts each sentence once."""

    survey: Survey
    sections: tuple[Section, ...]

    @property
    def scale(self) -> float:
        """The share at which the plots end: the largest end of an interval, rounded up to a tenth."""
        shares = [share for section in self.sections for row in section.rows for share in row.shares]
        ends = [share.interval.high if share.interval else share.value for share in shares]
        return float(min(1.0, max(1, np.ceil(10 * max(ends, default=0) - 1e-9)) / 10))


def counted(table: pd.DataFrame) -> pd.Series:
    """Which sentences are counted: those that were scored and reprint no earlier one."""
    return (table["review_reason"] != NOT_ENGLISH) & (table["reprint_of"] == "")


def totals(tables: Tables, labels: Sequence[str], seed: int = 0) -> Totals:
    """Totals of a table that ``tables`` gives in pieces, twice: once to see its groups, once to count them."""
    survey = Survey()
    for table in tables():
        survey.add(table)
    groups = _Groups(survey)
    sums = _Sums(len(groups.names), len(labels), seed)
    for block in _whole_documents(tables(), ["sentence", "holder", *filter(None, [survey.date_column])], labels):
        sums.add(block, groups.of(block), labels)
    rows = [_row(name, sums, number) for number, name in enumerate(groups.names)]
    kinds = [(ALL, ""), (HOLDER, "holder"), (DATE, survey.date_column)]
    sections = (Section(k, column, tuple(rows[i] for i in groups.numbers(k))) for k, column in kinds)
    return Totals(survey, tuple(section for section in sections if section.rows))


class _Groups:
    """The groups a page shows, numbered: all, then holders, then periods."""

    def __init__(self, survey: Survey) -> None:
        named = Counter({name: n for name, n in survey.holders.items() if name})
        ranked = [name for name, _ in sorted(named.items(), key=lambda item: (-item[1], item[0]))]
        others = len(ranked) - HOLDERS
        self.periods = Periods(survey.dates)
        names = {name: (HOLDER, name) for name in ranked[:HOLDERS]}
        names |= dict.fromkeys(ranked[HOLDERS:], (HOLDER, f"{others:,} other holder{'s' if others > 1 else ''}"))
        names |= {"": (HOLDER, "no holder found")} if ranked and survey.holders[""] else {}
        dates = [(DATE, name) for name in self.periods.names]
        keys = [(ALL, "All"), *dict.fromkeys(names.values()), *dates]
        self.keys = {key: number for number, key in enumerate(keys)}
        self.holder = {name: self.keys[key] for name, key in names.items()}
        self.column = survey.date_column

    @property
    def names(self) -> list[str]:
        return [name for _, name in self.keys]

    def numbers(self, kind: str) -> list[int]:
        return [number for (k, _), number in self.keys.items() if k == kind]

    def of(self, block: pd.DataFrame) -> list[Array]:
        """The group numbers of every row, one array a kind; -1 where there is none."""
        found = [np.zeros(len(block), dtype=int), _numbers(block["holder"], self.holder)]
        if self.periods.names:
            periods = block[self.column].astype(str).map(self.periods.name)
            found.append(_numbers(periods, {n: self.keys[DATE, n] for n in self.periods.names}))
        return found


def _numbers(values: pd.Series, known: dict[str, int]) -> Array:
    return np.array([known.get(value, -1) for value in values], dtype=int)


class _Sums:
    """Sums by group: plain, and one for every replicate; the last axis is (sentences, one a label)."""

    def __init__(self, groups: int, labels: int, seed: int) -> None:
        self.documents = np.zeros(groups, dtype=int)
        self.plain = np.zeros((groups, 1 + labels))
        self.replicates = np.zeros((REPLICATES, groups, 1 + labels))
        self.rng = np.random.default_rng(seed)

    def add(self, block: pd.DataFrame, groups: Sequence[Array], labels: Sequence[str]) -> None:
        document = block["document_number"].to_numpy()
        counts = np.zeros((int(document[-1]) + 1, *self.plain.shape))
        values = block[["one", *labels]].to_numpy(dtype=float)
        for group in groups:
            inside = (group >= 0) & (values[:, 0] > 0)
            np.add.at(counts, (document[inside], group[inside]), values[inside])
        self.documents += (counts[:, :, 0] > 0).sum(axis=0)
        self.plain += counts.sum(axis=0)
        weights = self.rng.poisson(1.0, (len(counts), REPLICATES)).astype(float)
        self.replicates += np.tensordot(weights, counts, (0, 0))


def _whole_documents(
    tables: Iterable[pd.DataFrame], columns: Sequence[str], labels: Sequence[str]
) -> Iterator[pd.DataFrame]:
    """What is counted, in blocks that end where a document ends; documents are numbered within a block."""
    waiting: list[pd.DataFrame] = []
    for table in tables:
        for start in range(0, len(table), BLOCK):
            piece = _slim(table.iloc[start : start + BLOCK], columns, labels)
            first = np.flatnonzero(piece["sentence"] == 0)
            if waiting and len(first):
                yield _numbered([*waiting, piece.iloc[: first[-1]]])
                waiting = []
                piece = piece.iloc[first[-1] :]
            waiting.append(piece)
    if waiting:
        yield _numbered(waiting)


def _slim(table: pd.DataFrame, columns: Sequence[str], labels: Sequence[str]) -> pd.DataFrame:
    flags = {label: [label in given for given in table["labels"]] for label in labels}
    return table[list(columns)].assign(one=counted(table), **flags)


def _numbered(pieces: Sequence[pd.DataFrame]) -> pd.DataFrame:
    block = pd.concat(pieces, ignore_index=True)
    return block.assign(document_number=(block["sentence"] == 0).cumsum() - 1)


def _row(name: str, sums: _Sums, group: int) -> TotalRow:
    sentences, *counts = sums.plain[group]
    drawn = sums.replicates[:, group]
    drawn = drawn[drawn[:, 0] > 0]
    shares = []
    for label, count in enumerate(counts, 1):
        value = float(count / sentences) if sentences else 0.0
        known = sums.documents[group] >= FEWEST
        ends = np.quantile(drawn[:, label] / drawn[:, 0], [0.025, 0.975]) if known else None
        interval = None if ends is None else Interval(value, float(ends[0]), float(ends[1]))
        shares.append(Share(int(count), value, interval))
    return TotalRow(name, int(sums.documents[group]), int(sentences), tuple(shares))
