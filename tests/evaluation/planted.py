"""Tables of predictions with planted errors: two labels, the gold always the same."""

from typing import Any

import numpy as np
import pandas as pd

from communique.evaluation.predictions import System

LABELS = ("red", "green")
FAST: dict[str, Any] = {"resamples": 100, "rounds": 300}


def cells(matrix: np.ndarray) -> list[str]:
    """0/1 rows as names joined by ``;``."""
    return [";".join(np.array(LABELS)[row.astype(bool)]) for row in matrix]


def table(noise: float, seed: int = 0, documents: int = 40, size: int = 5) -> pd.DataFrame:
    """Predictions of a system that errs on a share ``noise`` of the decisions; the gold is always the same."""
    shape = (documents * size, len(LABELS))
    gold = np.random.default_rng(99).random(shape) < 0.4
    said = gold ^ (np.random.default_rng(seed).random(shape) < noise)
    ids = [f"d{i // size:02d}-{i % size}" for i in range(shape[0])]
    made = pd.DataFrame({"id": ids, "document": [name[:3] for name in ids]})
    made["labels"], made["predicted"] = cells(gold), cells(said)
    for i, label in enumerate(LABELS):
        made[f"prob_{label}"] = np.where(said[:, i], 0.8, 0.2)
    return made


def system(name: str, *tables: pd.DataFrame, **facts: float) -> System:
    """A system of so many seeds."""
    return System(name, tables, facts)
