"""What several models said of the same labelled sentences: asked anew, or read from a run's predictions."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from communique.data.dataset import Corpus
from communique.errors import CommuniqueError
from communique.evaluation.hard_cases import Answers
from communique.evaluation.predictions import DEFAULT_CUT, Aligned, indicator_matrix
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


def compared_sentences(answers: Aligned, corpus: Corpus, name: str = "the comparison") -> Corpus:
    """The compared sentences in the answers' order, with all that the corpus knows of them.

    Raises CommuniqueError where the corpus has other labels, lacks a sentence, or has it with other gold labels.
    """
    if set(answers.labels) != set(corpus.codebook.names):
        theirs, ours = ", ".join(answers.labels), ", ".join(corpus.codebook.names)
        raise CommuniqueError(f"the predictions have the labels {theirs}, the labelled sentences {ours}")
    names = np.array(corpus.codebook.names)
    gold = answers.gold[:, [answers.labels.index(name) for name in names]].astype(bool)
    table = pd.DataFrame({"id": answers.ids, "labels": [";".join(names[row]) for row in gold]})
    return corpus_of(table, corpus, name)


def answers_of(said: Aligned, name: str, corpus: Corpus) -> Answers:
    """The first fit of a system on the sentences of ``corpus``, labels in the order of its codebook.

    Raises CommuniqueError where the system answered other sentences.
    """
    row_of = {sentence: row for row, sentence in enumerate(said.ids)}
    ids = [sentence.id for sentence in corpus]
    if set(ids) != set(row_of):
        raise CommuniqueError(f"{name}: scored other sentences than the first run; name one by --run")
    fit, rows = said.fits[name][0], [row_of[one] for one in ids]
    columns = [said.labels.index(label) for label in corpus.codebook.names]
    cuts = np.nan_to_num(fit.thresholds[columns], nan=DEFAULT_CUT)
    return Answers(name, fit.probabilities[rows][:, columns], fit.predicted[rows][:, columns].astype(bool), cuts)


def distinct(names: Sequence[str]) -> list[str]:
    """Names that can be told apart: the second of one name gets a number."""
    return [name if name not in names[:i] else f"{name} ({names[:i].count(name) + 1})" for i, name in enumerate(names)]
