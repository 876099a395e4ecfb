"""Do the words that explanations name move a stored model's decisions more than random words?

Usage: python experiments/checks/deletion.py MODEL DATA.jsonl [SENTENCES]   (MODEL: folder, MLflow URI or name@alias)
"""

import os
import sys
import time
from pathlib import Path

import numpy as np

from communique.cli.options import URI, load
from communique.data.codebook import Codebook
from communique.data.dataset import read_corpus
from communique.evaluation.resampling import Interval
from communique.models.deletion import UNBOUNDED, deletion_check
from communique.models.explain import explain


def main(reference: str, data: str, sentences: str = "100") -> None:
    """Explain a random draw of labelled sentences, take out 1, 3 and 5 words, tell what that moved."""
    model = load(reference, os.environ.get("MLFLOW_TRACKING_URI", URI))
    book = model.codebook or Codebook.from_dict({"labels": [{"name": name} for name in model.labels]})
    corpus = read_corpus(Path(data), book).where(lambda s: bool(s.labels))
    drawn = np.random.default_rng(0).permutation(len(corpus))[: int(sentences)]
    part = corpus.take(np.sort(drawn))
    started = time.process_time()
    explained = explain(model, part.texts, progress=True)
    seconds = time.process_time() - started
    given = model.predict(part.texts)
    print(f"{model.name}: {len(part)} sentences, {seconds / max(1, len(part)):.2f} s of processor each")
    for words in (1, 3, 5):
        check = deletion_check(model, part.texts, given, list(part.documents), words=words, explanations=explained)
        print(
            f"{check.method}, {words} words: probability falls by {_show(check.named)}, by {_show(check.random)} for "
            f"random words; ratio {_show(check.ratio)}; {check.decisions} decisions in {check.documents} documents, "
            f"{check.too_short} too short; {'passed' if check.passed else 'NOT PASSED'}"
        )


def _show(interval: Interval) -> str:
    value, low, high = (
        "unbounded" if end >= UNBOUNDED else f"{end:.3f}" for end in (interval.value, interval.low, interval.high)
    )
    return f"{value} [{low}, {high}]"


if __name__ == "__main__":
    main(*sys.argv[1:])
