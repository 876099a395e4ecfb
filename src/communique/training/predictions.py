"""What a model said of labelled sentences: probabilities and decisions, measured and as a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from communique.data.dataset import Corpus
from communique.data.splits import Fold
from communique.evaluation.metrics import Metrics, cluster_counts, evaluate, macro_f1
from communique.models.base import StanceModel
from communique.models.clock import spent


@dataclass(frozen=True)
class Predictions:
    """What a model said of a part: probabilities ``(n, L)`` and decisions ``(n, L)``, rows as in the corpus.

    ``raw`` are the probabilities before calibration; ``repeat``, ``fold`` and ``group`` tell which of a
    protocol's models spoke.
    """

    corpus: Corpus
    probabilities: np.ndarray
    decided: np.ndarray
    thresholds: np.ndarray
    raw: np.ndarray
    repeat: int = 0
    fold: int = 0
    group: str = ""
    seconds: float = 0.0  # that scoring took

    def metrics(self, **options: Any) -> Metrics:
        """Every metric with document-clustered intervals."""
        gold = self.corpus.indicators.to_numpy()
        names, documents = self.corpus.codebook.names, [s.document for s in self.corpus]
        return evaluate(gold, self.probabilities, self.decided, documents, names, self.thresholds, **options)

    @property
    def macro_f1(self) -> float:
        """Macro-F1 alone, without its interval."""
        counts = cluster_counts(self.corpus.indicators.to_numpy(), self.decided, list(self.corpus.documents))
        return float(macro_f1(counts.sum(axis=0)))

    def to_frame(self, part: str) -> pd.DataFrame:
        """``id, document, part, repeat, fold, labels, predicted, prob_…``: what ``communique compare`` reads.

        Where a protocol holds groups out, the column ``group`` names the one that the model did not see.
        """
        names = np.array(self.corpus.codebook.names)
        table = pd.DataFrame({"id": [s.id for s in self.corpus], "document": self.corpus.documents, "part": part})
        table["repeat"], table["fold"] = self.repeat, self.fold
        if self.group:
            table["group"] = self.group
        table["labels"] = [";".join(sorted(s.labels)) for s in self.corpus]
        table["predicted"] = [";".join(sorted(names[row])) for row in self.decided.astype(bool)]
        for i, name in enumerate(names):
            table[f"prob_{name}"] = self.probabilities[:, i]
            table[f"threshold_{name}"] = self.thresholds[i]
        return table


def predict(model: StanceModel, corpus: Corpus, fold: Fold | None = None) -> Predictions:
    """Score a labelled corpus; ``fold`` tells whose model it is."""
    started = spent()
    raw = model.raw_proba(corpus.texts)
    probabilities = raw if model.calibrator is None else model.calibrator.transform(raw)
    decided = model.decide(probabilities)  # refuses a model without thresholds
    seconds = spent() - started
    place = (0, 0, "") if fold is None else (fold.repeat, fold.number, fold.group)
    return Predictions(corpus, probabilities, decided, np.asarray(model.thresholds), raw, *place, seconds)


def pooled(parts: Sequence[Predictions]) -> Predictions:
    """The folds' predictions as one; thresholds are averaged for the record, decisions stay the folds' own.

    A sentence stands once for every model that measured it: once a repeat in the test part.
    """
    if len(parts) == 1:
        return parts[0]
    sentences = tuple(s for part in parts for s in part.corpus)
    return Predictions(
        Corpus(sentences, parts[0].corpus.codebook),
        np.concatenate([part.probabilities for part in parts]),
        np.concatenate([part.decided for part in parts]),
        np.mean([part.thresholds for part in parts], axis=0),
        np.concatenate([part.raw for part in parts]),
    )
