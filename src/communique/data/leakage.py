"""The leakage report: documents, and near-duplicate sentences, that stand on both sides of a split."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from datasketch import MinHash, MinHashLSH

from communique.data.dataset import Corpus, Sentence

PERMUTATIONS = 128
BULK = 2000  # sentences hashed at a time


@dataclass(frozen=True)
class NearDuplicate:
    """Two sentences of different parts whose word shingles overlap by ``similarity`` (Jaccard)."""

    first: Sentence
    first_part: str
    second: Sentence
    second_part: str
    similarity: float


@dataclass(frozen=True)
class LeakageReport:
    """What two parts of a split share; clean means nothing."""

    shared_documents: tuple[str, ...]
    near_duplicates: tuple[NearDuplicate, ...]
    threshold: float

    @property
    def clean(self) -> bool:
        """True where no document and no near-duplicate crosses the split."""
        return not self.shared_documents and not self.near_duplicates


def shingles(text: str, size: int = 3) -> frozenset[str]:
    """The set of word n-grams of a sentence, lower-cased, punctuation dropped."""
    words = re.findall(r"\w+", text.lower())
    return frozenset(" ".join(words[i : i + size]) for i in range(max(1, len(words) - size + 1)))


def leakage_report(parts: Mapping[str, Corpus], threshold: float = 0.6) -> LeakageReport:
    """Find what crosses the parts: candidates by MinHash (datasketch), each confirmed by exact Jaccard."""
    documents = {part: set(corpus.documents) for part, corpus in parts.items()}
    shared = {d for a, b in combinations(documents, 2) for d in documents[a] & documents[b]}
    found = [pair for pair in near_duplicates(parts, threshold) if pair.first_part != pair.second_part]
    return LeakageReport(tuple(sorted(shared)), tuple(found), threshold)


def near_duplicates(parts: Mapping[str, Corpus], threshold: float) -> list[NearDuplicate]:
    """All pairs of sentences at or above the threshold, within and across parts, most similar first."""
    # candidates are sought below the threshold, so that the hashes miss next to none above it
    index = MinHashLSH(threshold=0.6 * threshold, num_perm=PERMUTATIONS)
    seen: dict[str, tuple[Sentence, str, frozenset[str]]] = {}
    pairs = []
    for part, corpus in parts.items():
        grams = [shingles(sentence.text) for sentence in corpus]
        for sentence, gram, minhash in zip(corpus, grams, _hashes(grams), strict=True):
            for key in sorted(index.query(minhash)):
                other, other_part, other_gram = seen[key]
                similarity = len(gram & other_gram) / len(gram | other_gram)
                if similarity >= threshold:
                    pairs.append(NearDuplicate(other, other_part, sentence, part, similarity))
            key = f"{part}\t{sentence.id}"
            seen[key] = (sentence, part, gram)
            index.insert(key, minhash)
    return sorted(pairs, key=lambda pair: (-pair.similarity, pair.first.id, pair.second.id))


@dataclass(frozen=True)
class Repeat:
    """The row of the sentence that is repeated, and whether nearly as a whole or only in some words."""

    row: int
    whole: bool


def repeats(
    texts: Sequence[str], held_out: Sequence[str], threshold: float = 0.6, run: int = 8
) -> Iterator[Repeat | None]:
    """For each text the ``held_out`` sentence that it repeats, or None.

    It repeats one as a whole where their word trigrams overlap by ``threshold`` (Jaccard; candidates by MinHash), and
    in part where they share ``run`` consecutive words. A sentence shorter than ``run`` words counts as one run.
    """
    index = MinHashLSH(threshold=0.6 * threshold, num_perm=PERMUTATIONS)
    grams = [shingles(text) for text in held_out]
    for row, minhash in enumerate(_hashes(grams)):
        index.insert(row, minhash)
    runs = {words: row for row, text in enumerate(held_out) for words in shingles(text, run)}
    for start in range(0, len(texts), BULK):
        chunk = texts[start : start + BULK]
        own = [shingles(text) for text in chunk]
        for text, gram, minhash in zip(chunk, own, _hashes(own), strict=True):
            near = [row for row in index.query(minhash) if len(gram & grams[row]) >= threshold * len(gram | grams[row])]
            shared = next((runs[words] for words in shingles(text, run) if words in runs), None)
            yield Repeat(min(near), True) if near else None if shared is None else Repeat(shared, False)


def _hashes(grams: Sequence[frozenset[str]]) -> list[MinHash]:
    hashes: list[MinHash] = MinHash.bulk([[g.encode() for g in gram] for gram in grams], num_perm=PERMUTATIONS)
    return hashes
