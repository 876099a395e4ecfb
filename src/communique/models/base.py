"""The contract of every model; the folder that a saved one is, ``models.folder`` writes and reads.

A model turns sentences into one probability a label. It splits no data and loads no weights at
construction; decision thresholds and calibrators are fitted by ``training`` and only kept here.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from inspect import signature
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import InvalidParameterError

import communique
from communique.data.codebook import Codebook
from communique.errors import CommuniqueError
from communique.evaluation.calibration import Calibrator, calibrator_from_dict
from communique.models.folder import write_folder
from communique.models.lineage import sentence_digests, training_fingerprint
from communique.models.linear import read_arrays, write_arrays

Validation = tuple[Sequence[str], pd.DataFrame]
LEARNED, SENTENCES = "learned.safetensors", "sentences"  # in a model's folder: digests of what it learned from


class Bounds(NamedTuple):
    """The numbers that a hyper-parameter may be: from ``low`` to ``high``, without ``low`` where it is ``open``."""

    low: float = 0.0
    high: float = np.inf
    open: bool = False

    def __contains__(self, value: object) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return self.low <= value <= self.high and not (self.open and value == self.low)

    def __str__(self) -> str:
        start = f"above {self.low:g}" if self.open else f"at least {self.low:g}"
        return start if self.high == np.inf else f"{start}, at most {self.high:g}"


class Size(NamedTuple):
    """How many numbers a fitted model holds, and how many of them were learned in fitting."""

    total: int
    trained: int


class StanceModel(BaseEstimator):
    """Base of all model kinds: the constructor holds hyper-parameters untouched, ``fit`` does the work.

    After ``fit``: ``labels`` (L names). After ``training`` has decided: ``thresholds`` ``(L,)`` and
    ``calibrator``. ``codebook`` travels with the model so that pages can explain its labels, ``learned`` so that a
    sentence it learned from is known again (``models.lineage``). ``bounds`` says which numbers a hyper-parameter may
    be; ``fit`` refuses others, and parts of one where it is declared ``int``.
    """

    kind: ClassVar[str]
    bounds: ClassVar[Mapping[str, Bounds]] = {}
    soft_labels: ClassVar[bool] = False  # whether ``fit`` learns from probabilities as well as from 0 and 1
    labels: tuple[str, ...] = ()
    codebook: Codebook | None = None
    thresholds: np.ndarray | None = None
    calibrator: Calibrator | None = None
    learned: np.ndarray | None = None
    provenance: dict[str, Any]
    fingerprint: str = ""

    def fit(self, texts: Sequence[str], labels: pd.DataFrame, validation: Validation | None = None) -> Self:
        """Learn from ``texts`` (n) and a 0/1 table ``labels`` (n, L); returns self.

        A kind with ``soft_labels`` also learns from probabilities. ``validation``, where given, may stop training
        early and nothing else.
        """
        if len(texts) != len(labels):
            raise CommuniqueError(f"fit: {len(texts)} texts but {len(labels)} rows of labels; give one row a text")
        if not len(texts):
            raise CommuniqueError("fit: no sentences to learn from")
        self._check_bounds()
        targets = self._targets(labels)
        self.labels = tuple(str(name) for name in labels.columns)
        self.thresholds, self.calibrator = None, None
        self.provenance = {"trained_on": training_fingerprint(texts, labels)}
        self.learned = sentence_digests([*texts, *(validation[0] if validation else ())])
        try:
            self._fit(list(texts), targets, validation)
        except InvalidParameterError as error:
            raise CommuniqueError(f"{self.kind}: {' '.join(str(error).split())}") from error
        return self

    def _check_bounds(self) -> None:
        declared = signature(type(self)).parameters
        for name, bounds in self.bounds.items():
            value, whole = getattr(self, name), declared[name].annotation is int
            if value not in bounds or (whole and not isinstance(value, int)):
                raise CommuniqueError(f"{self.kind}: {name}={value} must be a {'whole ' * whole}number {bounds}")

    def size(self) -> Size | None:
        """How many numbers the fitted model holds; None where a kind does not say."""
        return None

    def _targets(self, labels: pd.DataFrame) -> np.ndarray:
        """The labels as an array: whole numbers, or float32 where some are probabilities."""
        values = labels.to_numpy(dtype=float)
        if not ((values >= 0) & (values <= 1)).all():
            raise CommuniqueError("fit: a label is neither 0, 1 nor a probability between them; mend the table")
        if not ((values == 0) | (values == 1)).all():
            if not self.soft_labels:
                raise CommuniqueError(
                    f"{self.kind}: learns from labels 0 and 1, not from probabilities; cut them first"
                )
            return values.astype(np.float32)
        return values.astype(np.int8)

    def raw_proba(self, texts: Sequence[str]) -> np.ndarray:
        """Uncalibrated probabilities, shape ``(n, L)``; each row depends on its own text alone."""
        self._check_fitted()
        if isinstance(texts, str):
            raise CommuniqueError("predict: give a list of sentences, not one text")
        if not len(texts):
            return np.zeros((0, len(self.labels)))
        return self._proba(list(texts))

    def predict_proba(self, texts: Sequence[str]) -> np.ndarray:
        """Calibrated probabilities, shape ``(n, L)``, columns in the order of ``labels``."""
        raw = self.raw_proba(texts)
        return raw if self.calibrator is None else self.calibrator.transform(raw)

    def predict(self, texts: Sequence[str]) -> np.ndarray:
        """Decisions at the stored thresholds, booleans of shape ``(n, L)``."""
        return self.decide(self.predict_proba(texts))

    def decide(self, probabilities: np.ndarray) -> np.ndarray:
        """Cut probabilities ``(n, L)`` at the stored thresholds."""
        if self.thresholds is None:
            raise CommuniqueError(
                f"{self.kind}: has no decision thresholds yet; fit it with communique.training.fit_model"
            )
        decided = probabilities >= self.thresholds
        if self.codebook is not None and self.codebook.exclusive:
            margins = np.where(decided, probabilities - self.thresholds, -np.inf)
            decided = decided & (np.arange(decided.shape[1]) == margins.argmax(axis=1)[:, None])
        return decided

    def windows(self, texts: Sequence[str]) -> np.ndarray:
        """How many windows each text is scored in, shape ``(n,)``; 1 where the model reads any length."""
        return np.ones(len(texts), dtype=int)

    @property
    def titles(self) -> dict[str, str]:
        """A short title a label, for tables and pages."""
        known = {label.name: label.title for label in self.codebook.labels} if self.codebook else {}
        return {name: known.get(name, name.replace("_", " ")) for name in self.labels}

    @property
    def runtime(self) -> str:
        """What computes the probabilities where that can differ ("torch", "ONNX Runtime, int8"); else empty."""
        return ""

    @property
    def name(self) -> str:
        """How the model is called in tables."""
        return str(self.provenance.get("name", self.kind)) if hasattr(self, "provenance") else self.kind

    def save(self, folder: str | Path) -> Path:
        """Write the model as a folder of safe files; all of it or nothing. Returns the folder.

        Only a model's own folder is ever replaced: CommuniqueError where another file or folder stands there.
        """
        self._check_fitted()
        self.fingerprint = write_folder(Path(folder), self._manifest(), self._save_all)
        return Path(folder)

    def _save_all(self, folder: Path) -> None:
        self._save(folder)
        if self.learned is not None:
            write_arrays(folder / LEARNED, {SENTENCES: self.learned})

    def _manifest(self) -> dict[str, Any]:
        """What the manifest says beside the digests of the files."""
        return {
            "kind": self.kind,
            "communique": communique.__version__,
            "labels": list(self.labels),
            "codebook": self.codebook.to_dict() if self.codebook else None,
            "parameters": self._parameters(),
            "thresholds": None if self.thresholds is None else [float(t) for t in self.thresholds],
            "calibrator": None if self.calibrator is None else self.calibrator.to_dict(),
            "provenance": self.provenance,
        }

    def restore(self, folder: Path, manifest: dict[str, Any]) -> None:
        """Take everything fitted back from a checked folder (used by ``load_model``)."""
        self.restore_state(folder, manifest)
        self._load(folder)

    def restore_state(self, folder: Path, manifest: dict[str, Any]) -> None:
        """Take back what every kind has: labels, codebook, decisions and provenance; weights are left alone."""
        self.labels = tuple(manifest["labels"])
        self.codebook = Codebook.from_dict(manifest["codebook"], str(folder)) if manifest["codebook"] else None
        thresholds = manifest["thresholds"]
        self.thresholds = None if thresholds is None else np.array(thresholds)
        stored = manifest["calibrator"]
        self.calibrator = None if stored is None else calibrator_from_dict(stored)
        known = folder / LEARNED  # models of before this file was kept have none
        self.learned = read_arrays(known)[SENTENCES] if known.is_file() else None
        self.provenance = manifest["provenance"]
        self.fingerprint = manifest["digest"]

    def _parameters(self) -> dict[str, Any]:
        """The constructor's arguments as plain data, for the manifest."""
        return self.get_params(deep=False)

    def _check_fitted(self) -> None:
        if not self.labels:
            raise CommuniqueError(f"{self.kind}: is not fitted; call fit or load a saved model first")

    @abstractmethod
    def _fit(self, texts: list[str], labels: np.ndarray, validation: Validation | None) -> None: ...

    @abstractmethod
    def _proba(self, texts: list[str]) -> np.ndarray: ...

    @abstractmethod
    def _save(self, folder: Path) -> None: ...

    @abstractmethod
    def _load(self, folder: Path) -> None: ...
