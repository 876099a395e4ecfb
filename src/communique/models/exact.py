"""Models whose log-odds are a sum over words: tf-idf, cue lists, and ensembles of them.

An n-gram's part of the sum is shared by the words it covers. What is left over is the intercept.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from scipy.sparse import hstack
from scipy.special import expit
from sklearn.feature_extraction.text import strip_accents_unicode

from communique.evaluation.calibration import log_odds
from communique.models.lexicon import MOST, cue_pattern

Spans = Sequence[tuple[int, int]]
Gram = tuple[str, tuple[int, ...]]  # an n-gram, and the numbers of the words that its tokens stand in
STEP = 1e-6  # a shorter way than this is no ground for a slope


def is_exact(model: Any) -> bool:
    """Whether ``exact_values`` knows the model: of tf-idf only that of lower case, with n-grams within words."""
    kind = getattr(model, "kind", "")
    if kind == "ensemble":
        return all(is_exact(member) for member in model.fitted_)
    if kind == "tfidf":
        return bool(model.char_analyzer == "char_wb" and model.lowercase)
    return kind in _EXACT


def exact_values(model: Any, texts: Sequence[str], spans: Sequence[Spans]) -> list[np.ndarray]:
    """For each text the words' parts of the log-odds, ``(words, L)``."""
    return [values for values, _ in _parts(model, texts, spans)]


Parts = list[tuple[np.ndarray, np.ndarray]]  # a text: the words' parts (words, L), and what no word has (L,)


def _parts(model: Any, texts: Sequence[str], spans: Sequence[Spans]) -> Parts:
    return _ensemble(model, texts, spans) if model.kind == "ensemble" else _EXACT[model.kind](model, texts, spans)


def _tfidf(model: Any, texts: Sequence[str], spans: Sequence[Spans]) -> Parts:
    """A feature's weight times its value, shared by its occurrences, and there by the words it covers."""
    ngrams = model.ngrams_
    weights, intercept = ngrams.weights.T, np.clip(ngrams.intercepts, *log_odds(np.array([0.0, 1.0])))
    features = hstack([vectoriser.transform(texts) for vectoriser in ngrams.vectorisers]).tocsr()
    found: Parts = []
    for row, (text, where) in enumerate(zip(texts, spans, strict=True)):
        values = np.zeros((len(where), len(model.labels)))
        amounts = dict(zip(features[row].indices, features[row].data, strict=True))
        grams = [gram for gram in _columns(ngrams.vectorisers, text, where) if gram[0] in amounts]
        counts = Counter(column for column, _ in grams)
        for column, words in grams:
            part = weights[:, column] * amounts[column] / (counts[column] * len(words))
            for word in words:
                values[word] += part
        found.append((values, intercept))
    return found


def _columns(vectorisers: Sequence[Any], text: str, spans: Spans) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Every n-gram of a text that some vectoriser knows: its column, and the words it covers."""
    offset = 0
    for vectoriser in vectorisers:
        for gram, words in grams_of(vectoriser, text, spans):
            if (column := vectoriser.vocabulary_.get(gram)) is not None:
                yield offset + int(column), words
        offset += len(vectoriser.vocabulary_)


def grams_of(vectoriser: Any, text: str, spans: Spans) -> Iterator[Gram]:
    """The n-grams that scikit-learn's analyser finds, each with the words of ``text`` that it covers.

    The vectoriser is of words or ``char_wb``, lower case and without accents.
    """
    plain, word_at = _plain(text, spans)
    if vectoriser.analyzer == "char_wb":
        yield from _char_grams(plain, word_at, *vectoriser.ngram_range)
    else:
        matches = re.finditer(vectoriser.token_pattern, plain)
        tokens = [(match.group(), int(word_at[match.start()])) for match in matches]
        yield from _word_grams(tokens, *vectoriser.ngram_range)


def _plain(text: str, spans: Spans) -> tuple[str, np.ndarray]:
    """The text in lower case without accents, and for each of its characters the word it comes from."""
    words = np.full(len(text), -1)
    for number, (start, end) in enumerate(spans):
        words[start:end] = number
    lowered = np.repeat(words, [len(character.lower()) for character in text])
    bare = [strip_accents_unicode(character) for character in text.lower()]
    return "".join(bare), np.repeat(lowered, [len(characters) for characters in bare])


def _word_grams(tokens: Sequence[tuple[str, int]], low: int, high: int) -> Iterator[Gram]:
    for size in range(low, high + 1):
        for start in range(len(tokens) - size + 1):
            run = tokens[start : start + size]
            yield " ".join(token for token, _ in run), tuple(word for _, word in run)


def _char_grams(plain: str, word_at: np.ndarray, low: int, high: int) -> Iterator[Gram]:
    """N-grams inside a word and the spaces around it; a word shorter than ``n`` gives itself once, and no more."""
    for match in re.finditer(r"\S+", plain):
        padded, word = f" {match.group()} ", (int(word_at[match.start()]),)
        for size in range(low, high + 1):
            yield from ((padded[at : at + size], word) for at in range(max(1, len(padded) - size + 1)))
            if len(padded) <= size:
                break


def _lexicon(model: Any, texts: Sequence[str], spans: Sequence[Spans]) -> Parts:
    """The rise over a sentence without cues, equally by cue found (their Shapley values), then by word."""
    odds = log_odds(model.rates_)
    found: Parts = []
    for text, where in zip(texts, spans, strict=True):
        values = np.zeros((len(where), len(model.labels)))
        for column, label in enumerate(model.labels):
            covered = [words for cue in model.cues_[label] if (words := _cue_words(cue, text, where))]
            rise = odds[min(len(covered), MOST), column] - odds[0, column]
            for words in covered:
                values[words, column] += rise / (len(covered) * len(words))
        found.append((values, odds[0]))
    return found


def _cue_words(cue: str, text: str, spans: Spans) -> list[int]:
    matches = [match.span() for match in cue_pattern(cue).finditer(text)]
    return [n for n, (start, end) in enumerate(spans) if any(a < end and start < b for a, b in matches)]


def _ensemble(model: Any, texts: Sequence[str], spans: Sequence[Spans]) -> Parts:
    """Each member's words by the slope of its average's term over them, brought to the ensemble's log-odds.

    The slope goes from the member's intercept to what it said, so that the words' parts add up to the whole way
    (Aumann-Shapley values on the straight path).
    """
    members = [_parts(member, texts, spans) for member in model.fitted_]
    weights = np.ones(len(members)) if model.weights is None else np.asarray(model.weights, dtype=float)
    terms = [_term(member, getattr(model, "average", "probability")) for member in model.fitted_]
    found: Parts = []
    for row in range(len(texts)):
        moved, start = 0.0, 0.0
        for weight, term, member in zip(weights / weights.sum(), terms, members, strict=True):
            values, base = member[row]
            moved = moved + weight * values * _slope(term, base, base + values.sum(axis=0))
            start = start + weight * term(base)
        found.append(_to_log_odds(np.asarray(moved), np.asarray(start), getattr(model, "average", "probability")))
    return found


def _term(member: Any, average: str) -> Callable[[np.ndarray], np.ndarray]:
    """From a member's log-odds ``(L,)`` to what the ensemble averages."""

    def term(odds: np.ndarray) -> np.ndarray:
        raw = expit(odds)[None]
        said = (raw if member.calibrator is None else member.calibrator.transform(raw))[0]
        return log_odds(said) if average == "logit" else said

    return term


def _slope(term: Callable[[np.ndarray], np.ndarray], start: np.ndarray, end: np.ndarray) -> np.ndarray:
    far = np.where(np.abs(end - start) < STEP, start + STEP, end)
    return np.asarray((term(far) - term(start)) / (far - start))


def _to_log_odds(moved: np.ndarray, start: np.ndarray, average: str) -> tuple[np.ndarray, np.ndarray]:
    if average == "logit":
        return moved, start
    slope = _slope(log_odds, start, start + moved.sum(axis=0))
    values = moved * slope
    total = log_odds(start + moved.sum(axis=0))
    return values, total - values.sum(axis=0)


_EXACT: dict[str, Callable[[Any, Sequence[str], Sequence[Spans]], Parts]] = {"tfidf": _tfidf, "lexicon": _lexicon}
