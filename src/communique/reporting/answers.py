"""What several models said of the same labelled sentences: asked anew, or read from a run's predictions."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from communique.data.dataset import Corpus
from communique.errors import CommuniqueError
from communique.evaluation.hard_cases import Answers
from communique.evaluation.predictions import indicator_matrix
from communique.models import StanceModel
from communique.training import predict


def ask(model: StanceModel, corpus: Corpus, name: str = "") -> Answers:
    """Score a labelled corpus."""
    if model.labels != corpus.codebook.names:
        raise CommuniqueError(
            f"{name or model.name}: knows the labels {', '.join(model.labels)}, the first model "
            f"{', '.join(corpus.codebook.names)}; name models of one codebook"
        )
    said = predict(model, corpus)
    return Answers(name or model.name, said.probabilities, said.decided, said.thresholds)


def corpus_of(table: pd.DataFrame, corpus: Corpus, name: str) -> Corpus:
    """The sentences that a table of predictions speaks of, in its order, with all that the corpus knows of them.

    Raises CommuniqueError where the table has a sentence twice, one that the corpus has not, or other gold labels.
    """
    row_of = {sentence.id: row for row, sentence in enumerate(corpus)}
    ids = table["id"].astype(str).tolist()
    if twice := table["id"][table["id"].duplicated()].tolist():
        raise CommuniqueError(f"{name}: sentence '{twice[0]}' stands twice; keep one prediction for each")
    if unknown := [one for one in ids if one not in row_of]:
        raise CommuniqueError(
            f"{name}: sentence '{unknown[0]}' is not among the labelled sentences; name by --data the file it is in"
        )
    chosen = corpus.take([row_of[one] for one in ids])
    gold = indicator_matrix(table["labels"], corpus.codebook.names)
    if len(apart := np.flatnonzero((gold != chosen.indicators.to_numpy()).any(axis=1))):
        raise CommuniqueError(
            f"{name}: sentence '{ids[apart[0]]}' has other gold labels in the labelled sentences; name by --data the "
            "file that was predicted"
        )
    return chosen


def recorded(table: pd.DataFrame, labels: Sequence[str], name: str) -> Answers:
    """The answers in a table of predictions (``predicted, prob_…`` and, where known, ``threshold_…``)."""
    if missing := [label for label in labels if f"prob_{label}" not in table]:
        raise CommuniqueError(f"{name}: column 'prob_{missing[0]}' is missing; it was made with another codebook")
    thresholds = [table[f"threshold_{label}"].mean() if f"threshold_{label}" in table else 0.5 for label in labels]
    probabilities = table[[f"prob_{label}" for label in labels]].to_numpy(dtype=float)
    decided = indicator_matrix(table["predicted"], labels).astype(bool)
    return Answers(name, probabilities, decided, np.array(thresholds))


def distinct(names: Sequence[str]) -> list[str]:
    """Names that can be told apart: the second of one name gets a number."""
    return [name if name not in names[:i] else f"{name} ({names[:i].count(name) + 1})" for i, name in enumerate(names)]
