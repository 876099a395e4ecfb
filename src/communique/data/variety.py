"""How varied sentences are: distinct word 4-grams, the commonest opening, lengths, near-duplicates."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Variety:
    """Figures of one set of sentences; ``opening_share`` is of the commonest first three words."""

    sentences: int
    distinct_4grams: int
    opening: str
    opening_share: float
    mean_words: float
    quantiles: tuple[float, float, float]  # 10%, 50%, 90% of words a sentence


def variety(texts: Sequence[str]) -> Variety:
    """Measure a set of sentences; words are runs of letters and digits, lower-cased."""
    words = [re.findall(r"\w+", text.lower()) for text in texts]
    grams = {tuple(row[i : i + 4]) for row in words for i in range(len(row) - 3)}
    openings = Counter(" ".join(row[:3]) for row in words)
    opening, count = openings.most_common(1)[0]
    lengths = np.array([len(text.split()) for text in texts])
    low, middle, high = np.quantile(lengths, [0.1, 0.5, 0.9])
    return Variety(len(texts), len(grams), opening, count / len(texts), float(lengths.mean()), (low, middle, high))


def near_pairs(vectors: np.ndarray, documents: np.ndarray, threshold: float = 0.9) -> list[tuple[int, int, float]]:
    """Rows ``(i, j, cosine)`` of different documents at or above the threshold; ``vectors`` have length one."""
    found = []
    for start in range(0, len(vectors), 1024):
        similarity = vectors[start : start + 1024] @ vectors.T
        for i, j in np.argwhere(similarity >= threshold):
            row = start + int(i)
            if row < j and documents[row] != documents[j]:
                found.append((row, int(j), float(similarity[i, j])))
    return sorted(found, key=lambda pair: -pair[2])
