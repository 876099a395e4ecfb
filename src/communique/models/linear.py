"""Linear classifiers, one a label, as plain arrays: a fitted estimator would load all of scikit-learn to be read."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import expit

from communique.errors import CommuniqueError

Array = np.ndarray[Any, Any]


def linear_arrays(heads: Any, width: int) -> tuple[Array, Array]:
    """Coefficients ``(width, L)`` and intercepts ``(L,)`` of a fitted ``OneVsRestClassifier`` of linear models.

    A label that was constant in training has no coefficients and is certain either way.
    """
    weights, intercepts = np.zeros((width, len(heads.estimators_))), np.zeros(len(heads.estimators_))
    for column, head in enumerate(heads.estimators_):
        if hasattr(head, "coef_"):
            weights[:, column], intercepts[column] = head.coef_[0], head.intercept_[0]
        else:
            intercepts[column] = np.inf if head.y_[0] else -np.inf
    return weights, intercepts


def linear_size(weights: Array, intercepts: Array) -> int:
    """The coefficients and intercepts that were learned; a label that was constant in training has none."""
    return int(np.isfinite(intercepts).sum()) * (len(weights) + 1)


@dataclass(frozen=True)
class LinearHeads:
    """Features are brought to ``mean`` 0 and ``scale`` 1 ``(F,)``, then ``weights (F, L)`` and ``intercepts (L,)``."""

    mean: Array
    scale: Array
    weights: Array
    intercepts: Array

    @classmethod
    def of(cls, scaler: Any, heads: Any) -> "LinearHeads":
        """The same as a fitted ``StandardScaler`` and a ``OneVsRestClassifier`` of logistic regressions after it."""
        return cls(scaler.mean_, scaler.scale_, *linear_arrays(heads, len(scaler.mean_)))

    def probabilities(self, features: Array) -> Array:
        """Probabilities ``(n, L)`` of features ``(n, F)``."""
        return np.asarray(expit((features - self.mean) / self.scale @ self.weights + self.intercepts))

    def save(self, path: Path) -> None:
        """Write the arrays to a safetensors file."""
        write_arrays(path, asdict(self))

    @classmethod
    def load(cls, path: Path) -> "LinearHeads":
        """Back from the file that ``save`` wrote."""
        return cls(**read_arrays(path))


def write_arrays(path: Path, arrays: Mapping[str, Array]) -> None:
    """Write named arrays as safetensors."""
    from safetensors.numpy import save

    path.write_bytes(save({name: np.ascontiguousarray(array) for name, array in arrays.items()}))


def read_arrays(path: Path) -> dict[str, Array]:
    """Read them again; CommuniqueError where the model's folder has no such file."""
    from safetensors.numpy import load_file

    if not path.is_file():
        raise CommuniqueError(f"{path.parent}: holds no {path.name}; another version saved this model, so fit it again")
    return dict(load_file(path))
