"""Memory and time of streamed scoring, by a model that costs nothing, on a generated table of so many sentences.

Usage: python experiments/009_scoring/memory.py NUMBER FOLDER
"""

import json
import random
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from communique.scoring.scorer import score_table

NAMES, VERBS = ("Marenia", "Oland", "Corvania", "Velden"), ("rejected", "welcomed", "condemned", "discussed")
THINGS = ("the sanctions", "a plan for cooperation", "the talks in Lessing", "new tariffs on steel")


class Cues:
    """Two labels by a cue word each."""

    labels = ("against", "for")
    titles = {"against": "Against", "for": "For"}  # noqa: RUF012
    thresholds = np.array([0.5, 0.5])
    name, fingerprint = "cues", "0" * 64

    def predict_proba(self, texts: Sequence[str]) -> np.ndarray:
        """0.9 where the cue stands, 0.1 where not."""
        return np.array([[0.9 if cue in text else 0.1 for cue in ("sanction", "cooperat")] for text in texts])


def main(number: int, folder: Path) -> None:
    """Write the table, score it, print what it took."""
    rng = random.Random(0)
    inputs = folder / f"{number}.jsonl"
    with inputs.open("w", encoding="utf-8") as stream:
        for _ in range(0, number, 20):
            said = (f"{rng.choice(NAMES)} {rng.choice(VERBS)} {rng.choice(THINGS)} on day {rng.randrange(10**6)}."
                    for _ in range(20))  # fmt: skip
            stream.write(json.dumps({"text": " ".join(said)}) + "\n")
    began = time.process_time()
    summary = score_table(Cues(), [inputs], folder / f"{number}.csv")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    seconds = time.process_time() - began
    print(f"{summary.counts.sentences:,} sentences, {seconds:.0f} s of one core, at most {peak:.0f} MB")


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
