"""Precision and recall of the ``holder`` column on hand-marked mini-documents, with 95% intervals over documents.

Usage: python experiments/005_holder/measure.py [development] [held_out]   (both by default; --errors lists them)
"""

import json
import re
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from communique.evaluation.resampling import Interval, bootstrap_interval
from communique.scoring.holder import holders
from communique.scoring.sentences import split

DATA = Path(__file__).parents[2] / "tests" / "data"
_MARK = re.compile(r"\s?⟦([^⟧]*)⟧")
_DETERMINER = re.compile(r"^(?:the|a|an|my|our|its|his|her|their)\s+", re.IGNORECASE)
_TAIL = re.compile(r"\s(?:of|for|in|at|from|to|on|close)\s.*")


class Case(NamedTuple):
    """A sentence, its document, the holder marked by hand, the holder found, and by what it was found."""

    document: str
    sentence: str
    gold: str
    found: str
    source: str


def normal(name: str) -> str:
    """A name without determiner, case and double spaces."""
    return _DETERMINER.sub("", " ".join(name.casefold().split()))


def head(name: str) -> frozenset[str]:
    """The head nouns of a name: the last word of each part that "and" or a comma joins."""
    parts = re.split(r",\s| and ", normal(re.sub(r"\s\([^)]*\)", "", name)))
    return frozenset(_TAIL.sub("", part).split()[-1] for part in parts if part.strip())


def cases(part: str) -> list[Case]:
    """All sentences of a part; raises ValueError where our splitter cuts a text elsewhere than the marks."""
    found = []
    for line in (DATA / f"holders_{part}.jsonl").read_text(encoding="utf-8").splitlines():
        document = json.loads(line)
        gold = _MARK.findall(document["marked"])
        text = _MARK.sub("", document["marked"])
        sentences = split(text)
        if len(sentences) != len(gold):
            raise ValueError(f"{document['id']}: {len(sentences)} sentences, {len(gold)} marks")
        held = holders(text, sentences, document["metadata"])
        found += [
            Case(document["id"], s.text, g, h.name, h.source) for s, g, h in zip(sentences, gold, held, strict=True)
        ]
    return found


def figures(given: list[Case]) -> dict[str, float]:
    """Counts, and precision and recall by exact (normalised) name and by head noun."""
    marked, named = sum(bool(c.gold) for c in given), sum(bool(c.found) for c in given)
    exact = sum(bool(c.found) and normal(c.found) == normal(c.gold) for c in given)
    heads = sum(bool(c.found and c.gold) and head(c.found) == head(c.gold) for c in given)
    return {
        "sentences": len(given), "marked": marked, "named": named,
        "precision": exact / named, "recall": exact / marked,
        "head_precision": heads / named, "head_recall": heads / marked,
    }  # fmt: skip


def intervals(given: list[Case]) -> dict[str, Interval]:
    """Precision and recall by exact name, with the percentile bootstrap over documents."""
    rows = [
        (c.document, bool(c.found) and normal(c.found) == normal(c.gold), bool(c.found), bool(c.gold)) for c in given
    ]
    counts = pd.DataFrame(rows).groupby(0).sum().to_numpy(dtype=float)
    return {
        name: bootstrap_interval(lambda totals, of=of: totals[..., 0] / totals[..., of], counts)
        for of, name in ((1, "precision"), (2, "recall"))
    }


def main(*arguments: str) -> None:
    """Print the figures of each part and, if asked, what is wrong."""
    parts = [a for a in arguments if not a.startswith("-")] or ["development", "held_out"]
    for part in parts:
        given = cases(part)
        print(part, json.dumps({name: round(value, 3) for name, value in figures(given).items()}))
        told = (f"{name} {i.value:.3f} [{i.low:.3f}, {i.high:.3f}]" for name, i in intervals(given).items())
        print("  over documents:", ", ".join(told))
        right = Counter(c.source for c in given if c.found and normal(c.found) == normal(c.gold))
        named = Counter(c.source for c in given if c.found)
        print("  by source:", ", ".join(f"{name} {right[name]}/{n}" for name, n in named.most_common()))
        if "--errors" in arguments:
            for c in given:
                if normal(c.found) != normal(c.gold):
                    print(f"  {'+' if c.found else '-'} [{c.gold}] ≠ [{c.found}] {c.source} | {c.sentence}")


if __name__ == "__main__":
    main(*sys.argv[1:])
