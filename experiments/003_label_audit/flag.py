"""Confident learning over the corpus: which labels does a cross-validated model doubt? (Northcutt et al. 2021)

Out-of-fold probabilities of the tf-idf model, folds grouped by document; cleanlab flags. Writes a shuffled list of
the flagged sentences among as many unflagged ones, without labels or suggestions, to be judged blind, and its key.
Usage: python experiments/003_label_audit/flag.py OUT_FOLDER [FIRST_DOCUMENT]   (needs `pip install cleanlab`; from
that document on sentences are listed, all are learned from)
"""

import json
import sys
from pathlib import Path

import numpy as np
from cleanlab.multilabel_classification.filter import find_label_issues

from communique.data.codebook import Codebook
from communique.data.dataset import read_corpus
from communique.models.tfidf import TfidfModel
from communique.training import out_of_fold


def main(out: Path, first: str = "") -> None:
    """Flag, draw as many unflagged, shuffle, write."""
    corpus = read_corpus("data/sentences.jsonl", Codebook.load("data/codebook.yaml"))
    gold = [list(np.flatnonzero(row)) for row in corpus.indicators.to_numpy()]
    probabilities = out_of_fold(TfidfModel(class_weight=None), corpus, folds=5)
    flagged = find_label_issues(gold, probabilities, return_indices_ranked_by="self_confidence")
    listed = [row for row, sentence in enumerate(corpus.sentences) if sentence.document >= first]
    flagged = flagged[np.isin(flagged, listed)]
    rng = np.random.default_rng(0)
    rest = rng.choice(np.setdiff1d(listed, flagged), len(flagged), replace=False)
    order = rng.permutation(np.concatenate([flagged, rest]))
    out.mkdir(parents=True, exist_ok=True)
    lines = [f"{n}\t{corpus.sentences[row].text}\n" for n, row in enumerate(order, 1)]
    (out / "audit.txt").write_text("".join(lines), encoding="utf-8")
    doubted = set(flagged.tolist())
    key = {n: [corpus.sentences[row].id, int(row) in doubted] for n, row in enumerate(order, 1)}
    (out / "key.json").write_text(json.dumps(key, indent=0) + "\n", encoding="utf-8")
    print(f"{len(flagged)} of {len(listed)} sentences flagged")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
