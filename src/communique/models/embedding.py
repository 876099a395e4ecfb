"""A frozen sentence encoder and one logistic regression a label on top of it."""

import shutil
from pathlib import Path
from typing import ClassVar

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.preprocessing import StandardScaler

from communique.models.base import Bounds, Size, StanceModel, Validation
from communique.models.encoder import PACKAGED, FrozenEncoder
from communique.models.linear import LinearHeads, linear_size
from communique.models.runtime import GRAPH, OnnxEncoder, OnnxNetwork

HEADS = "linear.safetensors"
ENCODER = "encoder"


class EmbeddingModel(StanceModel):
    """Linear heads on embeddings that are never trained; ``encoder`` is a name that ``locate`` knows.

    The packaged encoder is referred to; any other is copied into the model folder, and so is one in ONNX.
    """

    kind = "embedding"
    bounds: ClassVar[dict[str, Bounds]] = {"c": Bounds(open=True), "max_length": Bounds(8, 512)}

    def __init__(
        self,
        encoder: str = PACKAGED,
        c: float = 0.1,
        class_weight: str | None = "balanced",
        max_length: int = 128,
    ) -> None:
        self.encoder = encoder
        self.c = c
        self.class_weight = class_weight
        self.max_length = max_length

    def _fit(self, texts: list[str], labels: np.ndarray, validation: Validation | None) -> None:
        self.encoder_: FrozenEncoder | OnnxEncoder = FrozenEncoder(self.encoder, self.max_length)
        self._fit_head(texts, labels)

    def _fit_head(self, texts: list[str], labels: np.ndarray) -> None:
        linear = LogisticRegression(C=self.c, class_weight=self.class_weight, max_iter=2000)
        vectors, scaler = self.encoder_.embed(texts, progress=True), StandardScaler()
        fitted = OneVsRestClassifier(linear).fit(scaler.fit_transform(vectors), labels)
        self.heads_ = LinearHeads.of(scaler, fitted)

    def _proba(self, texts: list[str]) -> np.ndarray:
        vectors = self.encoder_.embed(texts, progress=len(texts) > 2000)
        return self.heads_.probabilities(vectors)

    def size(self) -> Size | None:
        """The frozen encoder's weights, the scaler's and the heads'; the last two are learned. None once exported."""
        if isinstance(self.encoder_, OnnxEncoder):
            return None
        learned = linear_size(self.heads_.weights, self.heads_.intercepts) + 2 * len(self.heads_.mean)
        return Size(learned + self.encoder_.model.num_parameters(), learned)

    @property
    def runtime(self) -> str:
        """What embeds the sentences."""
        return "ONNX Runtime" if isinstance(self.encoder_, OnnxEncoder) else "torch"

    def _save(self, folder: Path) -> None:
        self.heads_.save(folder / HEADS)
        if isinstance(self.encoder_, OnnxEncoder):
            self.encoder_.network.save(folder / ENCODER)
        elif self.encoder != PACKAGED:
            shutil.copytree(self.encoder_.folder, folder / ENCODER)

    def _load(self, folder: Path) -> None:
        copied = folder / ENCODER
        if (copied / GRAPH).is_file():
            self.encoder_ = OnnxEncoder(OnnxNetwork(copied, self.max_length))
        else:
            self.encoder_ = FrozenEncoder(str(copied) if copied.is_dir() else self.encoder, self.max_length)
        self.heads_ = LinearHeads.load(folder / HEADS)
