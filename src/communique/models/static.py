"""The static student: vectors of word pieces, narrow windows over them, and n-grams; no layer, no attention.

A sentence's log-odds are the sum of a deep part (a vector a word piece, a convolution over a few neighbours, the
largest value of each channel and a weighted mean of the vectors: Kim 2014) and a wide part (a weight a label for
each hashed n-gram of word pieces: Cheng et al. 2016). It learns from a fitted model's probabilities (Hinton et al.
2015), scores with numpy and tokenizers alone, and is tens of times faster than an encoder.
"""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import expit

from communique.errors import CommuniqueError, missing_extra
from communique.models.base import StanceModel, Validation
from communique.models.encoder import PACKAGED, require_transformers
from communique.models.threads import threads

WEIGHTS, TOKENIZER = "student.safetensors", "tokenizer.json"
CHUNK = 256  # sentences that one thread takes at a time
PRIME = 1_000_003  # of an n-gram's hash


class StaticModel(StanceModel):
    """A student of the model saved in the folder ``teacher``; without one it learns from the labels alone.

    ``mix`` is the weight of the teacher's probabilities against the labels. ``unlabelled`` is a file of sentences of
    one's own (.txt, one a line, or .jsonl with ``text``) that the teacher alone labels. ``width`` is the length of a
    word piece's vector, begun from the words of ``encoder``; each of ``channels`` looks at ``span`` neighbours;
    n-grams of up to ``ngrams`` word pieces share ``buckets`` weights a label.
    """

    kind = "static"

    def __init__(
        self,
        teacher: str | None = None,
        encoder: str = PACKAGED,
        mix: float = 0.5,
        unlabelled: str | None = None,
        width: int = 64,
        channels: int = 128,
        span: int = 3,
        ngrams: int = 3,
        buckets: int = 2**18,
        epochs: int = 8,
        learning_rate: float = 2e-3,
        wide_learning_rate: float = 3e-2,
        batch_size: int = 64,
        dropout: float = 0.3,
        seed: int = 0,
    ) -> None:
        self.teacher = teacher
        self.encoder = encoder
        self.mix = mix
        self.unlabelled = unlabelled
        self.width = width
        self.channels = channels
        self.span = span
        self.ngrams = ngrams
        self.buckets = buckets
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.wide_learning_rate = wide_learning_rate
        self.batch_size = batch_size
        self.dropout = dropout
        self.seed = seed

    def _fit(self, texts: list[str], labels: np.ndarray, validation: Validation | None) -> None:
        if self.span % 2 == 0:
            raise CommuniqueError(f"static: span {self.span} must be odd, as many neighbours on either side")
        require_transformers()
        from communique.models.distillation import fit_student

        sentences, targets = self._lesson(texts, labels)
        self.tokenizer_, self.weights_ = fit_student(self, sentences, targets)

    def _lesson(self, texts: list[str], labels: np.ndarray) -> tuple[list[str], np.ndarray]:
        """The sentences to learn from and a probability for each label, ``(n, L)``."""
        further = [] if self.unlabelled is None else read_sentences(Path(self.unlabelled))
        if self.teacher is None:
            if further:
                raise CommuniqueError("static: unlabelled sentences need a teacher to label them; name one")
            return texts, labels.astype(np.float32)
        from communique.models import load_model

        teacher = load_model(self.teacher)
        if teacher.labels != self.labels:
            raise CommuniqueError(f"{self.teacher}: has other labels than these sentences; name a teacher of the same")
        self.provenance |= {"teacher": teacher.name, "teacher_digest": teacher.fingerprint}
        said = teacher.predict_proba([*texts, *further])
        known = self.mix * said[: len(texts)] + (1 - self.mix) * labels
        return [*texts, *further], np.concatenate([known, said[len(texts) :]]).astype(np.float32)

    def _proba(self, texts: list[str]) -> np.ndarray:
        chunks = [texts[start : start + CHUNK] for start in range(0, len(texts), CHUNK)]
        with ThreadPoolExecutor(threads()) as pool:
            return np.vstack(list(pool.map(self._chunk, chunks)))

    def _chunk(self, texts: Sequence[str]) -> np.ndarray:
        pieces, lengths = _laid_out(self.tokenizer_, texts)
        starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        deep = self._deep(pieces, lengths, starts)
        return np.asarray(expit(deep + self._wide(pieces, lengths, starts)), dtype=float)

    def _deep(self, pieces: np.ndarray, lengths: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """The deep part of the log-odds ``(n, L)``; sentences lie one after the other with gaps between."""
        weights, reach = self.weights_, self.span // 2
        rows = np.arange(len(pieces)) + reach * (1 + np.repeat(np.arange(len(lengths)), lengths))
        vectors = weights["vectors"][pieces]
        laid = np.zeros((len(pieces) + reach * (len(lengths) + 1), vectors.shape[1]), dtype=np.float32)
        laid[rows] = vectors
        seen = sum(laid[k : len(laid) - 2 * reach + k] @ kernel for k, kernel in enumerate(weights["kernels"]))
        seen = np.maximum(seen[rows - reach] + weights["kernel_bias"], 0)
        gates = weights["gates"][pieces]
        mean = np.add.reduceat(vectors * gates[:, None], starts) / np.add.reduceat(gates, starts)[:, None]
        pooled = np.hstack([mean, np.maximum.reduceat(seen, starts)])
        return np.asarray(pooled @ weights["head"] + weights["head_bias"])

    def _wide(self, pieces: np.ndarray, lengths: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """The wide part of the log-odds ``(n, L)``."""
        table = self.weights_["ngrams"]
        total = np.zeros((len(lengths), table.shape[1]), dtype=np.float32)
        left = np.repeat(lengths + starts, lengths) - np.arange(len(pieces))  # pieces from here to the sentence's end
        for size, keys in enumerate(ngram_keys(pieces, self.ngrams, len(table)), start=1):
            found = table[keys]
            found[left[: len(keys)] < size] = 0
            total += np.add.reduceat(np.pad(found, ((0, size - 1), (0, 0))), starts)
        return total / np.sqrt(lengths)[:, None]

    def _parameters(self) -> dict[str, Any]:
        return super()._parameters() | {"teacher": None, "unlabelled": None}  # of the machine that fitted it

    def _save(self, folder: Path) -> None:
        from safetensors.numpy import save_file

        save_file({name: array.astype(np.float16) for name, array in self.weights_.items()}, folder / WEIGHTS)
        (folder / TOKENIZER).write_text(self.tokenizer_.to_str(), encoding="utf-8")

    def _load(self, folder: Path) -> None:
        try:
            from safetensors.numpy import load_file
            from tokenizers import Tokenizer
        except ImportError as error:
            raise missing_extra("onnx", str(error.name)) from error
        self.weights_ = {name: array.astype(np.float32) for name, array in load_file(folder / WEIGHTS).items()}
        self.tokenizer_ = Tokenizer.from_file(str(folder / TOKENIZER))


def _laid_out(tokenizer: Any, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """All word pieces one after the other, and how many each text has; a text without any has the unknown piece."""
    coded = [part.ids for part in tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)]
    unknown = [tokenizer.token_to_id(tokenizer.model.unk_token) or 0]
    rows = [ids or unknown for ids in coded]
    return np.concatenate([np.asarray(ids, dtype=np.int64) for ids in rows]), np.array([len(ids) for ids in rows])


def ngram_keys(pieces: Any, longest: int, buckets: int) -> Iterator[Any]:
    """For each size up to ``longest`` the bucket of the n-gram that starts at each piece (last axis of ``pieces``).

    Works alike on numpy's and on torch's integers of 64 bits, which both wrap around.
    """
    keys = pieces
    for size in range(1, longest + 1):
        if size > 1:
            keys = keys[..., :-1] * PRIME + pieces[..., size - 1 :] + size
        yield (keys ^ (keys >> 17)) % buckets


def read_sentences(path: Path) -> list[str]:
    """Sentences of a .txt file (one a line) or a .jsonl file (``text``); CommuniqueError where there are none."""
    try:
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise CommuniqueError(f"{path}: cannot be read as UTF-8 text ({error}); check the path") from error
    found = [_text(line, f"{path}:{n}") for n, line in enumerate(lines, 1)] if path.suffix == ".jsonl" else lines
    if not found:
        raise CommuniqueError(f"{path}: holds no sentence; give one a line")
    return found


def _text(line: str, where: str) -> str:
    try:
        return str(json.loads(line)["text"])
    except (ValueError, KeyError, TypeError) as error:
        raise CommuniqueError(f"{where}: is no JSON object with a field 'text'; mend the line") from error
