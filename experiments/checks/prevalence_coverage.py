"""How often do the intervals of ``communique prevalence`` hold the true share? Archives made, sampled, estimated.

Documents differ in how often they carry the label, and the classifier errs more in some documents than in others, to
one side; groups differ in size and in the classifier's bias. In some archives one actor has nine of ten sentences,
29 others share the rest, and 10 or 30 sentences of each are labelled.

Usage: prevalence_coverage.py [ARCHIVES [OUT.json]]
"""

import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import expit

from communique.evaluation.prevalence import Draw, best_predictor, corrected_share

Array = np.ndarray[Any, Any]
SUPERPOPULATION_DOCUMENTS = 100_000


@dataclass(frozen=True)
class Source:
    """Where documents come from, group by group: their shares, the label's log-odds in a middling one, the bias."""

    shares: tuple[float, ...]
    log_odds: tuple[float, ...]
    bias: tuple[float, ...]


def one_large(of_large: float, of_others: float, others: int = 29) -> Source:
    """One actor with nine of ten documents, and others who share the rest."""
    return Source((0.9, *[0.1 / others] * others), (of_large, *[of_others] * others), (0.5, *[-0.5] * others))


GROUPS = Source((0.5, 0.3, 0.15, 0.05), (-1.4, -0.6, -2.0, -1.4), (0.7, -0.6, 1.2, 0.4))


@dataclass(frozen=True, eq=False)
class Archive:
    """What is true, what is predicted, and where each sentence stands; all ``(N,)``."""

    gold: Array
    probability: Array
    documents: Array
    group: Array

    @property
    def decided(self) -> Array:
        """Decisions at one half."""
        return (self.probability >= 0.5).astype(float)


def make_archive(documents: int, rng: np.random.Generator, source: Source = GROUPS) -> Archive:
    """Documents of 5 to 60 sentences; gold and errors both cluster by document, and the bias differs by group."""
    sizes = rng.integers(5, 61, documents)
    group = rng.choice(len(source.shares), documents, p=source.shares)
    tendency = np.array(source.log_odds)[group] + rng.normal(0, 0.8, documents)
    bias = np.array(source.bias)[group] + rng.normal(0, 0.7, documents)
    at = np.repeat(np.arange(documents), sizes)
    gold = (rng.random(len(at)) < expit(tendency[at])).astype(float)
    seen = -1.3 + 2.6 * gold + bias[at] + rng.normal(0, 1.1, len(at))
    return Archive(gold, np.asarray(expit(seen)), at, group[at])


def draw_sentences(archive: Archive, number: int, rng: np.random.Generator) -> Draw:
    """Single sentences."""
    size = len(archive.gold)
    return Draw.simple(rng.choice(size, number, replace=False), size)


def draw_equal(archive: Archive, number: int, rng: np.random.Generator) -> Draw:
    """Equally many sentences of every group, or all that it has."""
    members = [np.flatnonzero(archive.group == g) for g in np.unique(archive.group)]
    each = number // len(members)
    drawn = [rng.choice(rows, min(each, len(rows)), replace=False) for rows in members]
    stratum = np.repeat(np.arange(len(drawn)), [len(rows) for rows in drawn])
    population = np.array([len(rows) for rows in members])
    rows = np.concatenate(drawn)
    return Draw.make(rows, np.arange(len(rows)), stratum, population)


def draw_documents(archive: Archive, number: int, rng: np.random.Generator) -> Draw:
    """Whole documents, about ``number`` sentences."""
    population = int(archive.documents.max()) + 1
    chosen = rng.choice(population, number * population // len(archive.gold), replace=False)
    rows = np.flatnonzero(np.isin(archive.documents, chosen))
    _, unit = np.unique(archive.documents[rows], return_inverse=True)
    return Draw.make(rows, unit, np.zeros(len(chosen), int), np.array([population]))


KINDS = {
    "sentences": (GROUPS, draw_sentences),
    "equal by group": (GROUPS, draw_equal),
    "documents": (GROUPS, draw_documents),
    "equal by actor, common label": (one_large(-0.6, -1.4), draw_equal),
    "equal by actor, rare label": (one_large(-4.5, -4.5), draw_equal),
    "equal by actor, label of the large one": (one_large(-2.5, -5.5), draw_equal),
    "equal by actor, label of the others": (one_large(-5.5, -1.4), draw_equal),
}
SETTINGS = (
    ("sentences", 400, 300, "archive"),
    ("sentences", 400, 1500, "archive"),
    ("sentences", 60, 500, "archive"),  # a dense sample: eight labels a document
    ("equal by group", 400, 600, "archive"),
    ("documents", 400, 2500, "archive"),
    ("sentences", 400, 600, "superpopulation"),
    ("documents", 400, 2500, "superpopulation"),
)
UNEQUAL = tuple((kind, 1200, labels, "archive") for kind in KINDS if "actor" in kind for labels in (300, 900))


def truths(archive: Archive) -> list[float]:
    """The share of gold in all, then in each group."""
    counts = np.bincount(archive.group)
    hits = np.bincount(archive.group, archive.gold)
    return [float(archive.gold.mean()), *(hits / np.maximum(counts, 1)).tolist()]


def trial(
    archive: Archive, draw: Draw, target: str, truth: list[float], shares: tuple[float, ...]
) -> Iterator[tuple[str, bool, bool, float]]:
    """For all and each group with an interval: name, whether it and the raw one held the truth, its width."""
    gold = archive.gold[draw.rows]
    candidates = (archive.probability, archive.decided)
    best, power = best_predictor(gold, candidates, draw)
    for i, true in enumerate(truth):
        group = None if i == 0 else archive.group == i - 1
        found = corrected_share(
            gold,
            candidates[best],
            archive.documents,
            draw,
            power,
            group=group,
            target=target,  # type: ignore[arg-type]
        )
        if found is not None:
            raw = archive.decided if group is None else archive.decided[group]
            reach = 1.96 * np.sqrt(raw.mean() * (1 - raw.mean()) / len(raw))
            low, high = found.interval.low, found.interval.high
            name = "all" if i == 0 else f"group of {shares[i - 1]:.0%}"
            yield name, low <= true <= high, abs(raw.mean() - true) <= reach, high - low


def coverage(
    archives: int, seed: int = 0, settings: tuple[tuple[str, int, int, str], ...] = SETTINGS
) -> list[dict[str, Any]]:
    """One line a setting and group: how often each interval held the truth, and how wide the corrected one was."""
    rng = np.random.default_rng(seed)
    source = truths(make_archive(SUPERPOPULATION_DOCUMENTS, rng)) if any(s[3] != "archive" for s in settings) else []
    lines = []
    for kind, documents, number, target in settings:
        origin, draw = KINDS[kind]
        held: dict[str, list[tuple[bool, bool, float]]] = defaultdict(list)
        for _ in range(archives):
            archive = make_archive(documents, rng, origin)
            truth = truths(archive) if target == "archive" else source
            for name, *rest in trial(archive, draw(archive, number, rng), target, truth, origin.shares):
                held[name].append((rest[0], rest[1], rest[2]))
        for name, results in held.items():
            ours, raw, width = np.mean(np.array(results, dtype=float), axis=0)
            setting = {"draw": kind, "documents": documents, "labels": number, "target": target, "group": name}
            figures = {"coverage": ours, "raw_coverage": raw, "width": width}
            lines.append(setting | {"archives": len(results)} | {k: round(float(v), 4) for k, v in figures.items()})
    return lines


if __name__ == "__main__":
    archives = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    found = coverage(archives) + coverage(archives // 2, settings=UNEQUAL)
    for line in found:
        print(" ".join(f"{value:<16}" if isinstance(value, str) else f"{value:<8}" for value in line.values()))
    if len(sys.argv) > 2:
        Path(sys.argv[2]).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
