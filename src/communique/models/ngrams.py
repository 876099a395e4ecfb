"""Fitted tf-idf n-grams and linear heads, computed many times faster than scikit-learn does, to the same numbers.

scikit-learn cuts every n-gram of every sentence in Python. Here a word's character n-grams are cut once and kept,
and n-grams of words are looked up as numbers; the rest is sparse arithmetic, shared among threads. What a vectoriser
does otherwise (n-grams across words, presence for counts, no document frequencies) is left to scikit-learn.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from scipy.special import expit
from sklearn.feature_extraction.text import TfidfVectorizer

from communique.models.linear import linear_arrays
from communique.models.threads import threads

CHUNK = 256  # sentences that one thread takes at a time
REMEMBERED = 200_000  # distinct words kept, so that memory stays flat on an endless archive
OPTIONS = ("analyzer", "ngram_range", "lowercase", "binary", "use_idf")  # in which our vectorisers differ
SPACES = re.compile(r"\s\s+")


def write_vocabularies(path: Path, vocabularies: Sequence[Mapping[str, Any]]) -> None:
    """Write what ``LinearNgrams.to_arrays`` says of its vectorisers."""
    path.write_text(json.dumps(vocabularies, ensure_ascii=False), encoding="utf-8")


def read_vocabularies(path: Path) -> list[dict[str, Any]]:
    """Read it again."""
    return list(json.loads(path.read_text(encoding="utf-8")))


class LinearNgrams:
    """Tf-idf vectorisers of sublinear counts without accents, weights ``(features, L)`` and intercepts ``(L,)``."""

    def __init__(self, vectorisers: Sequence[Any], weights: np.ndarray, intercepts: np.ndarray) -> None:
        self.vectorisers, self.weights, self.intercepts = list(vectorisers), weights, intercepts
        ends = np.cumsum([len(v.vocabulary_) for v in vectorisers])[:-1]
        self.blocks = [_block(v, part) for v, part in zip(vectorisers, np.split(weights, ends), strict=True)]

    @classmethod
    def of(cls, pipeline: Any) -> "LinearNgrams":
        """The same as a fitted ``Pipeline(FeatureUnion(vectorisers), OneVsRest(linear model))``."""
        vectorisers = [vectoriser for _, vectoriser in pipeline["features"].transformer_list]
        return cls(vectorisers, *linear_arrays(pipeline["heads"], sum(len(v.vocabulary_) for v in vectorisers)))

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        """Probabilities ``(n, L)``, on all threads."""
        chunks = [texts[start : start + CHUNK] for start in range(0, len(texts), CHUNK)]
        with ThreadPoolExecutor(threads()) as pool:
            return np.asarray(expit(np.vstack(list(pool.map(self.scores, chunks)))))

    def scores(self, texts: Sequence[str]) -> np.ndarray:
        """Log-odds ``(n, L)``, on one thread."""
        return np.asarray(sum(block.scores(texts) for block in self.blocks) + self.intercepts)

    def in_halves(self) -> "LinearNgrams":
        """The same with every number rounded to 16 bits."""
        return self.from_arrays(*self.to_arrays(np.float16))

    def to_arrays(self, dtype: Any = np.float64) -> tuple[dict[str, np.ndarray], list[dict[str, Any]]]:
        """Numbers, and for each vectoriser what it cuts and its n-grams in the order of the columns."""
        numbers = {"weights": self.weights, "intercepts": self.intercepts}
        numbers["idf"] = np.concatenate([v.idf_ for v in self.vectorisers if v.use_idf] or [np.zeros(0)])
        vocabularies = [
            {option: getattr(v, option) for option in OPTIONS}
            | {"ngrams": sorted(v.vocabulary_, key=v.vocabulary_.__getitem__)}
            for v in self.vectorisers
        ]
        return {name: array.astype(dtype) for name, array in numbers.items()}, vocabularies

    @classmethod
    def from_arrays(
        cls, numbers: Mapping[str, np.ndarray], vocabularies: Sequence[Mapping[str, Any]]
    ) -> "LinearNgrams":
        """Back from what ``to_arrays`` gave."""
        idf, vectorisers = numbers["idf"].astype(float), []
        for known in vocabularies:
            columns = {gram: column for column, gram in enumerate(known["ngrams"])}
            options = {option: known[option] for option in OPTIONS if option in known}
            options |= {"ngram_range": tuple(known["ngram_range"]), "vocabulary": columns}
            made = TfidfVectorizer(strip_accents="unicode", sublinear_tf=True, **options).fit([""])
            if made.use_idf:
                made.idf_, idf = idf[: len(columns)], idf[len(columns) :]
            vectorisers.append(made)
        return cls(vectorisers, numbers["weights"].astype(float), numbers["intercepts"].astype(float))


def _block(vectoriser: Any, weights: np.ndarray) -> "_Block | _PlainBlock":
    counted = vectoriser.analyzer in ("word", "char_wb") and vectoriser.use_idf and not vectoriser.binary
    return _Block(vectoriser, weights) if counted else _PlainBlock(vectoriser, weights)


class _PlainBlock:
    """One vectoriser, computed by scikit-learn, and its weights ``(features, L)``."""

    def __init__(self, vectoriser: Any, weights: np.ndarray) -> None:
        self.vectoriser, self.weights = vectoriser, weights

    def scores(self, texts: Sequence[str]) -> np.ndarray:
        """The block's part of the log-odds, ``(n, L)``."""
        return np.asarray(self.vectoriser.transform(texts) @ self.weights)


class _Block:
    """One tf-idf vectoriser and its weights ``(features, L)``: sublinear counts, idf, each row of length one."""

    def __init__(self, vectoriser: Any, weights: np.ndarray) -> None:
        self.weights = weights * vectoriser.idf_[:, None]
        self.squares = vectoriser.idf_**2
        self.clean = vectoriser.build_preprocessor()
        self.count = _Characters(vectoriser) if vectoriser.analyzer == "char_wb" else _Words(vectoriser)

    def scores(self, texts: Sequence[str]) -> np.ndarray:
        """The block's part of the log-odds, ``(n, L)``."""
        counts = self.count([self.clean(text) for text in texts])
        counts.data = 1 + np.log(counts.data)
        found = counts @ self.weights
        counts.data **= 2
        lengths = np.sqrt(counts @ self.squares)
        return np.asarray(found / np.where(lengths == 0, 1, lengths)[:, None])


class _Characters:
    """Counts of character n-grams within words, through a memory of each word's columns."""

    def __init__(self, vectoriser: Any) -> None:
        self.columns: dict[str, int] = vectoriser.vocabulary_
        self.shortest, self.longest = vectoriser.ngram_range
        self.known: dict[str, np.ndarray] = {}

    def __call__(self, texts: Sequence[str]) -> csr_matrix:
        if len(self.known) > REMEMBERED:
            self.known = {}
        known = self.known  # another thread may begin a new memory
        numbers: dict[str, int] = {}
        words = [[numbers.setdefault(word, len(numbers)) for word in SPACES.sub(" ", t).split()] for t in texts]
        rows = [known[w] if w in known else known.setdefault(w, self._cut(w)) for w in numbers]
        return _counted(words, len(numbers)) @ _counted(rows, len(self.columns))

    def _cut(self, word: str) -> np.ndarray:
        """The columns of a word's n-grams, as scikit-learn's ``char_wb`` cuts them: a short word counts once."""
        padded = f" {word} "
        found = []
        for size in range(self.shortest, self.longest + 1):
            grams = [padded[i : i + size] for i in range(max(1, len(padded) - size + 1))]
            found += [self.columns[gram] for gram in grams if gram in self.columns]
            if len(padded) <= size:
                break
        return np.array(found, dtype=np.int32)


class _Words:
    """Counts of word n-grams, looked up as numbers: a word is one digit of base ``len(words)``."""

    def __init__(self, vectoriser: Any) -> None:
        self.tokenise = vectoriser.build_tokenizer()
        self.width = len(vectoriser.vocabulary_)
        grams = {tuple(gram.split(" ")): column for gram, column in vectoriser.vocabulary_.items()}
        self.numbers = {word: i for i, word in enumerate(sorted({word for gram in grams for word in gram}))}
        sizes = range(vectoriser.ngram_range[0], vectoriser.ngram_range[1] + 1)
        self.tables = {size: self._table({g: c for g, c in grams.items() if len(g) == size}) for size in sizes}

    def _table(self, grams: dict[tuple[str, ...], int]) -> tuple[np.ndarray, np.ndarray]:
        """The grams' keys in order, and their columns."""
        parts = np.array([[self.numbers[word] for word in gram] for gram in grams], dtype=np.int64)
        keys = self._keys(list(parts.T)) if len(grams) else np.zeros(0, dtype=np.int64)
        order = np.argsort(keys)
        return keys[order], np.array(list(grams.values()), dtype=np.int64)[order]

    def _keys(self, digits: Sequence[np.ndarray]) -> np.ndarray:
        keys = digits[0]
        for digit in digits[1:]:
            keys = keys * len(self.numbers) + digit
        return keys

    def __call__(self, texts: Sequence[str]) -> csr_matrix:
        coded = [[self.numbers.get(word, -1) for word in self.tokenise(text)] for text in texts]
        rows = np.repeat(np.arange(len(texts)), [len(row) for row in coded])
        flat = np.array([number for row in coded for number in row], dtype=np.int64)
        found = [self._found(size, flat, rows) for size in self.tables]
        at, columns = (np.concatenate(parts) for parts in zip(*found, strict=True))
        counts = csr_matrix((np.ones(len(at)), (at, columns)), shape=(len(texts), self.width))
        counts.sum_duplicates()
        return counts

    def _found(self, size: int, flat: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Rows and columns of the known n-grams of ``size`` words; an n-gram ends where its sentence does."""
        keys, columns = self.tables[size]
        starts = max(0, len(flat) - size + 1)
        if not starts or not len(keys):
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        digits = [flat[i : i + starts] for i in range(size)]
        whole = (rows[:starts] == rows[size - 1 :]) & np.all([digit >= 0 for digit in digits], axis=0)
        wanted = self._keys([digit[whole] for digit in digits])
        at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        hit = keys[at] == wanted
        return rows[:starts][whole][hit], columns[at[hit]]


def _counted(lists: Iterable[Sequence[int] | np.ndarray], width: int) -> csr_matrix:
    """Rows of column numbers as a matrix of counts."""
    rows = list(lists)
    ends = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    columns = np.concatenate([np.asarray(row, dtype=np.int32) for row in rows]) if rows else np.zeros(0, np.int32)
    counts = csr_matrix((np.ones(len(columns)), columns, ends), shape=(len(rows), width))
    counts.sum_duplicates()
    return counts
