"""The contract of every model, and the folder of safe files that a saved model is.

A model turns sentences into one probability a label. It splits no data and loads no weights at
construction; decision thresholds and calibrators are fitted by ``training`` and only kept here.
"""

import hashlib
import json
import tempfile
from abc import abstractmethod
from collections.abc import Mapping, Sequence
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

MANIFEST = "model.json"
FORMAT = 1
Validation = tuple[Sequence[str], pd.DataFrame]


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
    ``calibrator``. ``codebook`` travels with the model so that pages can explain its labels. ``bounds`` says
    which numbers a hyper-parameter may be; ``fit`` refuses others.
    """

    kind: ClassVar[str]
    bounds: ClassVar[Mapping[str, Bounds]] = {}
    soft_labels: ClassVar[bool] = False  # whether ``fit`` learns from probabilities as well as from 0 and 1
    labels: tuple[str, ...] = ()
    codebook: Codebook | None = None
    thresholds: np.ndarray | None = None
    calibrator: Calibrator | None = None
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
        try:
            self._fit(list(texts), targets, validation)
        except InvalidParameterError as error:
            raise CommuniqueError(f"{self.kind}: {' '.join(str(error).split())}") from error
        return self

    def _check_bounds(self) -> None:
        for name, bounds in self.bounds.items():
            if (value := getattr(self, name)) not in bounds:
                raise CommuniqueError(f"{self.kind}: {name}={value} must be a number {bounds}")

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
        folder = Path(folder)
        check_destination(folder)
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".saving-") as temporary:
            staged = Path(temporary) / "model"
            staged.mkdir()
            self._save(staged)
            manifest = self._manifest(_digests(staged))
            text = json.dumps(manifest, indent=1, ensure_ascii=False, default=_plain)
            (staged / MANIFEST).write_text(text + "\n", encoding="utf-8")
            if folder.exists():
                folder.rename(Path(temporary) / "replaced")
            staged.rename(folder)
        self.fingerprint = manifest["digest"]
        return folder

    def _manifest(self, files: dict[str, str]) -> dict[str, Any]:
        content = {
            "format": FORMAT,
            "kind": self.kind,
            "communique": communique.__version__,
            "labels": list(self.labels),
            "codebook": self.codebook.to_dict() if self.codebook else None,
            "parameters": self._parameters(),
            "thresholds": None if self.thresholds is None else [float(t) for t in self.thresholds],
            "calibrator": None if self.calibrator is None else self.calibrator.to_dict(),
            "provenance": self.provenance,
            "files": files,
        }
        content = json.loads(json.dumps(content, default=_plain))
        return content | {"digest": _manifest_digest(content)}

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


def linear_size(heads: Any) -> int:
    """The coefficients and intercepts of one-vs-rest linear heads; a label that was constant has none."""
    fitted = [head for head in heads.estimators_ if hasattr(head, "coef_")]
    return int(sum(head.coef_.size + head.intercept_.size for head in fitted))


def training_fingerprint(texts: Sequence[str], labels: pd.DataFrame) -> str:
    """SHA-256 over sentences and their labels, whatever their order: what a model was fitted on."""
    rows = zip(texts, labels.to_numpy(dtype=float).round(6).tolist(), strict=True)
    lines = sorted(json.dumps([text, row]) for text, row in rows)
    return hashlib.sha256(json.dumps([[str(name) for name in labels.columns], *lines]).encode()).hexdigest()


def origin(model: StanceModel) -> dict[str, str]:
    """Which model this is, for the record of one that builds on it: kind, name, run, and its folder's digest."""
    run = str(model.provenance.get("run", ""))
    return {"kind": model.kind, "name": model.name, "run": run, "digest": model.fingerprint}


def check_trained_alike(model: StanceModel, trained_on: str, what: str) -> None:
    """Raise CommuniqueError where a saved model was fitted on other sentences than ``trained_on`` stands for.

    Such a model may have seen what this run keeps for its test; ``what`` leads the sentence.
    """
    known = model.provenance.get("trained_on")
    if known is None:
        raise CommuniqueError(f"{what}: does not say which sentences it was fitted on; train it again")
    if known != trained_on:
        raise CommuniqueError(
            f"{what}: was fitted on other sentences than this training part, so the test may hold what it "
            "learned from; train it on this corpus and split"
        )


def read_manifest(folder: str | Path) -> dict[str, Any]:
    """Read and check a model folder's manifest and the digest of every file it names.

    Raises CommuniqueError where the folder is no model folder, or where a byte of it has changed.
    """
    folder = Path(folder)
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        content = {key: value for key, value in manifest.items() if key != "digest"}
        stated, files = manifest["digest"], manifest["files"]
    except OSError as error:
        raise CommuniqueError(f"{folder}: is not a model folder (it has no readable {MANIFEST})") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CommuniqueError(f"{folder / MANIFEST}: is damaged; save or download the model again") from error
    if stated != _manifest_digest(content):
        raise CommuniqueError(f"{folder / MANIFEST}: has changed since it was saved; save or download the model again")
    if content.get("format") != FORMAT:
        raise CommuniqueError(f"{folder}: has format {content.get('format')}, this version reads {FORMAT}; update it")
    present = _digests(folder)
    for name, digest in files.items():
        if present.get(name) != digest:
            state = "has changed since it was saved" if name in present else "is missing"
            raise CommuniqueError(f"{folder / name}: {state}; save or download the model again")
    if added := sorted(set(present) - set(files)):
        raise CommuniqueError(f"{folder / added[0]}: was not saved with the model; save or download it again")
    return manifest


def check_destination(folder: Path) -> None:
    """Raise CommuniqueError where something stands that a model may not replace: anything but another model."""
    if folder.exists() and not (folder / MANIFEST).is_file() and not _is_empty(folder):
        raise CommuniqueError(f"{folder}: holds something that is no model; name a new folder")


def _is_empty(folder: Path) -> bool:
    return folder.is_dir() and not any(folder.iterdir())


def _digests(folder: Path) -> dict[str, str]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / MANIFEST)
    return {path.relative_to(folder).as_posix(): file_digest(path) for path in paths}


def file_digest(path: Path) -> str:
    """SHA-256 of a file, read in pieces."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _manifest_digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"not plain data: {type(value).__name__}")
