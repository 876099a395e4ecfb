"""The static student: vectors of word pieces seen through narrow windows, beside tf-idf n-grams; no layers above.

Its log-odds are the mean of two parts, learned apart from a fitted model's probabilities (``models.taught``). Deep:
a vector a word piece, a convolution over a few neighbours, the largest value of each channel and a weighted mean of
the vectors (Kim 2014). Wide: word and character n-grams, one weight a label each. Numpy, scikit-learn and tokenizers
score it, tens of times faster than an encoder.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from scipy.special import expit

from communique.errors import CommuniqueError
from communique.models.base import Bounds, Validation
from communique.models.encoder import PACKAGED, require_transformers
from communique.models.linear import read_arrays, write_arrays
from communique.models.ngrams import CHUNK, LinearNgrams, read_vocabularies, write_vocabularies
from communique.models.taught import TaughtModel
from communique.models.threads import threads

WEIGHTS, TOKENIZER, NGRAMS = "student.safetensors", "tokenizer.json", "ngrams.json"


class StaticModel(TaughtModel):
    """A student of the model saved in the folder ``teacher``; without one it learns from the labels alone.

    ``teacher``, ``mix`` and ``unlabelled`` as in ``TaughtModel``. ``width`` is the length of a word piece's vector,
    begun from the words of ``encoder``; each of ``channels`` looks at ``span`` neighbours. ``c`` is the inverse
    regularisation of the n-grams' weights, of which those in fewer than ``min_df`` sentences are none.
    """

    kind = "static"
    bounds: ClassVar[dict[str, Bounds]] = {
        "mix": Bounds(0, 1),
        "width": Bounds(low=1),
        "channels": Bounds(low=1),
        "span": Bounds(low=1),
        "epochs": Bounds(low=1),
        "learning_rate": Bounds(open=True),
        "batch_size": Bounds(low=1),
        "dropout": Bounds(0, 0.99),
        "c": Bounds(open=True),
    }

    def __init__(
        self,
        teacher: str | None = None,
        encoder: str = PACKAGED,
        mix: float = 0.5,
        unlabelled: str | None = None,
        width: int = 64,
        channels: int = 256,
        span: int = 5,
        epochs: int = 10,
        learning_rate: float = 2e-3,
        batch_size: int = 64,
        dropout: float = 0.3,
        c: float = 4.0,
        min_df: int = 2,
        seed: int = 0,
    ) -> None:
        self.teacher = teacher
        self.encoder = encoder
        self.mix = mix
        self.unlabelled = unlabelled
        self.width = width
        self.channels = channels
        self.span = span
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.dropout = dropout
        self.c = c
        self.min_df = min_df
        self.seed = seed

    def _fit(self, texts: list[str], labels: np.ndarray, validation: Validation | None) -> None:
        if self.span % 2 == 0:
            raise CommuniqueError(f"static: span {self.span} must be odd, as many neighbours on either side")
        require_transformers()
        from communique.models.distillation import fit_deep, fit_wide

        sentences, targets = self._lesson(texts, labels)
        self.wide_ = fit_wide(sentences, targets, self.c, self.min_df)
        self.tokenizer_, self.deep_ = fit_deep(self, sentences, targets)

    def _proba(self, texts: list[str]) -> np.ndarray:
        chunks = [texts[start : start + CHUNK] for start in range(0, len(texts), CHUNK)]
        with ThreadPoolExecutor(threads()) as pool:
            return np.vstack(list(pool.map(self._chunk, chunks)))

    def _chunk(self, texts: Sequence[str]) -> np.ndarray:
        deep = deep_scores(self.deep_, *_laid_out(self.tokenizer_, texts))
        return np.asarray(expit((deep + self.wide_.scores(texts)) / 2), dtype=float)

    def _save(self, folder: Path) -> None:
        arrays, vocabularies = self.wide_.to_arrays(np.float16)
        write_arrays(folder / WEIGHTS, {**self.deep_, **arrays})
        write_vocabularies(folder / NGRAMS, vocabularies)
        (folder / TOKENIZER).write_text(self.tokenizer_.to_str(), encoding="utf-8")

    def _load(self, folder: Path) -> None:
        from tokenizers import Tokenizer

        arrays = read_arrays(folder / WEIGHTS)
        self.wide_ = LinearNgrams.from_arrays(arrays, read_vocabularies(folder / NGRAMS))
        self.deep_ = {name: array for name, array in arrays.items() if name in DEEP}
        self.tokenizer_ = Tokenizer.from_file(str(folder / TOKENIZER))


DEEP = ("vectors", "scales", "gates", "kernels", "kernel_bias", "head", "head_bias")


def deep_scores(weights: Mapping[str, np.ndarray], pieces: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """The deep part's log-odds ``(n, L)``: sentences lie one after the other in ``pieces``, gaps of zeros between.

    ``weights`` as ``models.distillation`` gives them: int8 vectors with a scale each, everything else in halves.
    """
    kernels = weights["kernels"].astype(np.float32)
    reach, starts = len(kernels) // 2, np.concatenate([[0], np.cumsum(lengths)[:-1]])
    rows = np.arange(len(pieces)) + reach * (1 + np.repeat(np.arange(len(lengths)), lengths))
    vectors = weights["vectors"][pieces] * weights["scales"][pieces, None].astype(np.float32)
    laid = np.zeros((len(pieces) + reach * (len(lengths) + 1), vectors.shape[1]), dtype=np.float32)
    laid[rows] = vectors
    seen = sum(laid[k : len(laid) - 2 * reach + k] @ kernel for k, kernel in enumerate(kernels))
    seen = np.maximum(seen[rows - reach] + weights["kernel_bias"].astype(np.float32), 0)
    gates = weights["gates"][pieces].astype(np.float32)[:, None]
    mean = np.add.reduceat(vectors * gates, starts) / np.add.reduceat(gates, starts)
    pooled = np.hstack([mean, np.maximum.reduceat(seen, starts)])
    return np.asarray(pooled @ weights["head"].astype(np.float32) + weights["head_bias"])


def _laid_out(tokenizer: Any, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """All word pieces one after the other, and how many each text has; a text without any has the unknown piece."""
    coded = [part.ids for part in tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)]
    rows = [ids or [unknown_piece(tokenizer)] for ids in coded]
    return np.concatenate([np.asarray(ids, dtype=np.int64) for ids in rows]), np.array([len(ids) for ids in rows])


def unknown_piece(tokenizer: Any) -> int:
    """The piece that stands for what the tokeniser does not know."""
    return int(tokenizer.token_to_id(tokenizer.model.unk_token) or 0)
