"""Encoders in ONNX Runtime: a sentence's tokens in, a row of numbers out, with neither torch nor transformers.

Sentences are tokenised together and run in batches of like length, as many at once as there are cores
(``models.threads``), each on one core: that wastes less than cutting every product in pieces, and gives the same digits
on any number of cores. What a sentence gets does not depend on its batch: a float graph computes each row alone up to
rounding, and an int8 graph has fixed scales, set once from training sentences (``models.export``).
"""

import shutil
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.progress import track
from scipy.special import expit
from sklearn.base import clone

from communique.errors import CommuniqueError, missing_extra
from communique.models.base import StanceModel, Validation
from communique.models.encoder import averaged, batches_by_length
from communique.models.threads import threads

GRAPH, TOKENIZER = "encoder.onnx", "tokenizer.json"
STRIDE = 32  # tokens that two windows of a long sentence share, as in models.encoder
BATCH = 8  # larger batches were slower on every processor tried


class OnnxNetwork:
    """An exported encoder: the folder's ``encoder.onnx`` and ``tokenizer.json``; ``max_length`` in tokens.

    ``scratch`` is the temporary folder to keep as long as this, where ``folder`` lies in one.
    """

    def __init__(self, folder: Path, max_length: int = 128, scratch: Any = None) -> None:
        from tokenizers import Tokenizer

        try:
            import onnxruntime
        except ImportError as error:
            raise missing_extra("onnx", str(error.name)) from error
        self.folder, self.max_length, self._scratch = folder, max_length, scratch
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(folder / GRAPH, options, providers=["CPUExecutionProvider"])
        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_length, stride=min(STRIDE, max_length // 4))

    def windows_of(self, texts: Sequence[str]) -> tuple[list[list[int]], np.ndarray]:
        """Token ids of every window of every text, and the row of the text each window belongs to."""
        coded = self._tokenizer.encode_batch_fast(list(texts))
        windows = [(row, part.ids) for row, whole in enumerate(coded) for part in (whole, *whole.overflowing)]
        return [ids for _, ids in windows], np.array([row for row, _ in windows], dtype=int)

    def run(self, ids: Sequence[Sequence[int]], shown: str = "scoring sentences") -> np.ndarray:
        """The graph's output for each window, shape ``(windows, d)``; ``shown`` names the bar of long work."""
        plan = list(batches_by_length([len(row) for row in ids], BATCH))
        width = self._session.get_outputs()[0].shape[1]
        found = np.zeros((len(ids), width), dtype=np.float32)
        pool = ThreadPoolExecutor(threads())
        try:
            made = pool.map(lambda rows: self._session.run(None, feed([ids[i] for i in rows]))[0], plan)
            outputs = track(made, shown, len(plan), disable=len(ids) < 2000, transient=True)
            for rows, output in zip(plan, outputs, strict=True):
                found[rows] = output
        finally:
            pool.shutdown(cancel_futures=True)  # interrupted, it does not finish all that was planned
        return found

    def save(self, folder: Path) -> None:
        """Copy the graph and the tokeniser into ``folder``."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in (GRAPH, TOKENIZER):
            shutil.copyfile(self.folder / name, folder / name)


def feed(ids: Sequence[Sequence[int]]) -> dict[str, np.ndarray]:
    """Token ids padded to the longest row, and their attention mask, both ``(b, longest)``."""
    lengths = np.array([len(row) for row in ids])
    mask = (np.arange(lengths.max()) < lengths[:, None]).astype(np.int64)
    padded = np.zeros_like(mask)
    padded[mask.astype(bool)] = np.concatenate([np.asarray(row) for row in ids])
    return {"input_ids": padded, "attention_mask": mask}


class OnnxEncoder:
    """Sentence embeddings from an exported encoder: what ``models.encoder.FrozenEncoder`` gives, without torch."""

    def __init__(self, network: OnnxNetwork) -> None:
        self.network = network

    def embed(self, texts: Sequence[str], progress: bool = False) -> np.ndarray:
        """Length-normalised embeddings of shape ``(n, d)``; a long text's windows are averaged."""
        ids, owner = self.network.windows_of(texts)
        return averaged(self.network.run(ids, "embedding sentences"), owner, len(texts))


class OnnxModel(StanceModel):
    """A fine-tuned encoder scored by ONNX Runtime; ``precision`` is ``float32`` or ``int8``.

    ``source`` is the unfitted model that ``fit`` fits and then exports; a model fitted and saved before is
    exported by ``models.export.export_model``. int8 is kept where it costs at most 0.005 macro-F1 on validation.
    """

    kind = "onnx"
    network_: OnnxNetwork
    precision_: str

    def __init__(self, source: StanceModel | None = None, precision: str = "float32", max_length: int = 128) -> None:
        self.source = source
        self.precision = precision
        self.max_length = max_length

    def _fit(self, texts: list[str], labels: np.ndarray, validation: Validation | None) -> None:
        from communique.models.export import export_model

        if self.source is None:
            raise CommuniqueError("onnx: has no source to fit; name one, or export a fitted model")
        table = pd.DataFrame(labels, columns=list(self.labels))
        judged = (texts, labels) if validation is None else (validation[0], validation[1].to_numpy())
        with tempfile.TemporaryDirectory(prefix="communique-") as scratch:
            saved = clone(self.source).fit(texts, table, validation).save(Path(scratch) / "source")
            export = export_model(saved, self.precision, texts, judged)
        if not isinstance(export.model, OnnxModel):
            raise CommuniqueError(f"onnx: a source of kind '{export.model.kind}' is no encoder; name a transformer")
        self.network_, self.precision_ = export.model.network_, export.precision
        self.provenance["export"] = str(export)

    @property
    def runtime(self) -> str:
        """What computes it."""
        return f"ONNX Runtime, {self.precision_}"

    def windows(self, texts: Sequence[str]) -> np.ndarray:
        """How many windows of ``max_length`` tokens each text is scored in, shape ``(n,)``."""
        return np.bincount(self.network_.windows_of(texts)[1], minlength=len(texts))

    def _proba(self, texts: list[str]) -> np.ndarray:
        ids, owner = self.network_.windows_of(texts)
        best = np.zeros((len(texts), len(self.labels)))
        np.maximum.at(best, owner, expit(self.network_.run(ids).astype(float)))
        return best  # a stance anywhere in a long sentence is its stance

    def _parameters(self) -> dict[str, Any]:
        return {"precision": self.precision_, "max_length": self.network_.max_length}

    def _save(self, folder: Path) -> None:
        self.network_.save(folder)

    def _load(self, folder: Path) -> None:
        self.precision_ = self.precision
        self.network_ = OnnxNetwork(folder, self.max_length)
