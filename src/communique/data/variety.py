"""How varied sentences are: distinct word 4-grams, the commonest opening, lengths, near-duplicates."""

import gzip
import json
import re
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from communique.errors import CommuniqueError


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


def read_texts(path: str | Path) -> list[str]:
    """The ``text`` of every line of a JSONL file, packed (``.gz``) or not."""
    path = Path(path)
    try:
        open_text = gzip.open if path.suffix == ".gz" else open
        with open_text(path, "rt", encoding="utf-8") as lines:
            return [_text(json.loads(line)) for line in lines if line.strip()]
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise CommuniqueError(f"{path}: cannot be read ({reason}); check the path") from error
    except (ValueError, KeyError, TypeError) as error:
        raise CommuniqueError(f"{path}: must be JSON objects with a 'text', one a line") from error


def _text(record: Mapping[str, object]) -> str:
    if not isinstance(text := record["text"], str):
        raise TypeError(f"text is {text!r}")
    return text
