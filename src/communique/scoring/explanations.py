"""The words that moved the decisions in a scored table, within a budget: what a reader will click on first."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from communique.errors import CommuniqueError
from communique.models.explain import Explainable, Explanation, explain

BUDGET = 300  # sentences; at some 30 words each that is ten thousand predictions, where occlusion is needed


@dataclass(frozen=True)
class TableExplanations:
    """Explanations by the table's row number; ``left_out`` rows were worth one and beyond the budget."""

    by_row: dict[int, Explanation]
    left_out: int


def explain_table(
    model: Explainable, table: pd.DataFrame, budget: int = BUDGET, progress: bool = False
) -> TableExplanations:
    """Explain the sentences of a scored table that carry a label or a mark for review, in the table's order.

    ``table`` has ``text``, ``labels`` (lists) and ``review``; rows are counted from 0 whatever its index says.
    Where there are more than ``budget``, the marked ones go first.
    """
    if budget < 0:
        raise CommuniqueError(f"budget {budget}: give a number of sentences, 0 for none")
    review = table["review"].to_numpy(dtype=bool)
    worth = np.flatnonzero(review | (table["labels"].map(len) > 0).to_numpy())
    first = worth[np.argsort(~review[worth], kind="stable")]
    chosen = np.sort(first[:budget])
    texts = table["text"].to_numpy()[chosen].tolist()
    explained = explain(model, texts, progress=progress)
    return TableExplanations(dict(zip(chosen.tolist(), explained, strict=True)), len(worth) - len(chosen))
