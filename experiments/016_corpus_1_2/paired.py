"""Two models on the plain cases and on the minimal pairs' sentences: how many label sets are right, with a sign test.

Usage: paired.py MODEL MODEL   (folders, or named as --model elsewhere; the second is told against the first)
"""

import json
import sys
from pathlib import Path

import numpy as np
from scipy.stats import binomtest

from communique.cli.options import URI, load
from communique.models.base import StanceModel

FILES = ("data/behaviour.jsonl", "data/contrast.jsonl")


def main(first: str, second: str) -> None:
    """Print one line a file."""
    models = [load(reference, URI) for reference in (first, second)]
    for file in FILES:
        rows = [json.loads(line) for line in Path(file).read_text(encoding="utf-8").splitlines()]
        before, now = (right(model, rows) for model in models)
        better, worse = int((now & ~before).sum()), int((before & ~now).sum())
        p = binomtest(better, better + worse).pvalue if better + worse else 1.0
        print(f"{file}: {before.sum()} and {now.sum()} of {len(rows)}; {better} better, {worse} worse, p = {p:.3f}")


def right(model: StanceModel, rows: list[dict[str, object]]) -> np.ndarray:
    """Whether each row gets exactly its labels, ``(n,)``."""
    decided = model.decide(model.predict_proba([str(row["text"]) for row in rows])).astype(bool)
    names = np.array(model.labels)
    return np.array([set(names[said]) == set(row["labels"]) for said, row in zip(decided, rows, strict=True)])


if __name__ == "__main__":
    main(*sys.argv[1:])
