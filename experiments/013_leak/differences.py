"""What a cut by sentence adds to a cut by document: Welch's interval over cuts, by kind, from ``results.json``.

Cuts of one corpus share sentences, so the interval is a little too narrow. Of a kind with one cut of each sort the
two bootstrap intervals are combined, as if the test parts were independent.
Usage: python experiments/013_leak/differences.py
"""

import json
from pathlib import Path

import numpy as np
from scipy.stats import ttest_ind

KINDS, SORTS = ("tfidf", "lexicon", "embedding"), {"RandomSplit": 0, "FreshSplit": 1, "FixedSplit": 1}


def main() -> None:
    """Print a line a kind."""
    runs = json.loads((Path(__file__).parent / "results.json").read_text(encoding="utf-8"))
    for kind in KINDS:
        found: tuple[list[dict[str, float]], ...] = ([], [])
        for name, run in runs.items():
            if name.startswith(f"{kind}, "):
                found[SORTS[name.rpartition(" ")[2]]].append(run["parts"]["test"]["macro_f1"])
        by_sentence, by_document = ([one["value"] for one in sort] for sort in found)
        difference = np.mean(by_sentence) - np.mean(by_document)
        if min(len(by_sentence), len(by_document)) > 1:
            low, high = ttest_ind(by_sentence, by_document, equal_var=False).confidence_interval()
        else:
            half = np.hypot(*[(one["high"] - one["low"]) / 2 for sort in found for one in sort])
            low, high = difference - half, difference + half
        print(f"{kind:10} {len(by_sentence)} and {len(by_document)} cuts: {difference:+.3f} [{low:+.3f}, {high:+.3f}]")


if __name__ == "__main__":
    main()
