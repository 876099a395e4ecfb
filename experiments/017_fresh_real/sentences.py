"""Real sentences that no design was chosen by: drawn by strata for annotators, and given back with their labels.

The corpus is gzipped JSON Lines of ``id``, ``document`` and ``text``. A sentence belongs to the first stratum whose
words it holds, else to "other"; from a shuffle by the seed the first SIZE of each stratum are taken, of a document at
most two, of the stratum of sanctions, which is short, four. ``labels.csv`` keeps, by id and without text, what two
annotators said (``first``, ``second``) and the labels that hold, a third reading's where they differ.
Usage: sentences.py draw CORPUS.jsonl.gz OUT.jsonl | sentences.py labels CORPUS.jsonl.gz OUT.jsonl
"""

import csv
import gzip
import json
import random
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from communique.errors import CommuniqueError

LABELS = Path(__file__).parent / "labels.csv"
SEED, SIZE, LEAST_WORDS, SHORT = 2026, 150, 5, "sanctions"
OTHER = "other"
STRATA = {
    "sanctions": r"sanction|embargo|blockade|coercive measure|asset.?freez|frozen assets",
    "terrorism": r"terror|extremis",
    "power": r"sovereign|interfer|interven|hegemon|self-determination|territorial integrity|occupation|aggression|bully"
    r"|meddl",
    "cooperation": r"cooperat|co-operat|partner|dialogue|jointly|working together|work together|solidarity"
    r"|multilateral",
}


def read(corpus: Path) -> list[dict[str, Any]]:
    """Every sentence of the corpus."""
    with gzip.open(corpus, "rt", encoding="utf-8") as stream:
        return [json.loads(line) for line in stream]


def stratum(text: str) -> str:
    """The stratum that a sentence belongs to."""
    return next((name for name, words in STRATA.items() if re.search(words, text, re.IGNORECASE)), OTHER)


def draw(corpus: Path) -> list[dict[str, Any]]:
    """The sentences to label, each with its stratum, in random order."""
    rng = random.Random(SEED)
    rows = read(corpus)
    rng.shuffle(rows)
    drawn, strata, documents = [], Counter[str](), Counter[str]()
    for row in rows:
        name = stratum(row["text"])
        most = 4 if name == SHORT else 2
        if len(row["text"].split()) < LEAST_WORDS or documents[row["document"]] >= most or strata[name] >= SIZE:
            continue
        strata[name] += 1
        documents[row["document"]] += 1
        drawn.append({**row, "stratum": name})
    rng.shuffle(drawn)
    return drawn


def labelled(corpus: Path) -> list[dict[str, Any]]:
    """The labelled sentences with their text; CommuniqueError where the corpus lacks one."""
    texts = {row["id"]: row["text"] for row in read(corpus)}
    with LABELS.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    if missing := [row["id"] for row in rows if row["id"] not in texts]:
        raise CommuniqueError(f"{corpus}: lacks sentence '{missing[0]}', which is labelled; give the whole corpus")
    names = ("id", "document", "stratum")
    return [
        {name: row[name] for name in names}
        | {"text": texts[row["id"]], "labels": row["labels"].split(";") if row["labels"] else []}
        for row in rows
    ]


def main(what: str, corpus: str, out: str) -> None:
    """Write what is asked for as JSON Lines."""
    rows = {"draw": draw, "labels": labelled}[what](Path(corpus))
    Path(out).write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    print(f"{len(rows)} sentences of {len({row['document'] for row in rows})} documents → {out}")


if __name__ == "__main__":
    main(*sys.argv[1:])
