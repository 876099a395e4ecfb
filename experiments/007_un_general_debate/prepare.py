"""The speeches to score, and, once they are scored, the labelled sample with its texts put back.

The corpus is the UN General Debate as gzipped JSON Lines, one speech a line: ``id`` (as ``AFG_45_1990``), ``year`` and
``text``, at least. Speeches named in ``left_out.txt`` are left out: sets to measure models on were drawn from them.
Usage: prepare.py speeches CORPUS.jsonl.gz OUT.jsonl | prepare.py labels SCORED.parquet OUT.csv
"""

import gzip
import json
import re
import sys
from hashlib import blake2b
from pathlib import Path

import pandas as pd

from communique.data.annotation import design_path, sentence_ids
from communique.errors import CommuniqueError

HERE = Path(__file__).parent
LABELS = HERE / "labels.csv"
YEARS = 5


def period(year: int) -> str:
    """The five years that a year lies in, as ``1990–94``."""
    first = year - year % YEARS
    return f"{first}–{(first + YEARS - 1) % 100:02d}"


def speeches(corpus: Path, out: Path) -> None:
    """Write the speeches that are not left out, each with its period.

    Raises CommuniqueError where one of those to leave out is missing: it is another corpus, or another edition of it.
    """
    left_out = set((HERE / "left_out.txt").read_text(encoding="utf-8").split())
    with gzip.open(corpus, "rt", encoding="utf-8") as stream:
        found = [json.loads(line) for line in stream]
    if missing := left_out - {speech["id"] for speech in found}:
        raise CommuniqueError(f"{corpus}: lacks speech '{min(missing)}', which it should have; give the whole corpus")
    kept = [speech | {"period": period(int(speech["year"]))} for speech in found if speech["id"] not in left_out]
    part = out.with_suffix(".part")
    part.write_text("".join(json.dumps(speech) + "\n" for speech in kept), encoding="utf-8")
    part.rename(out)
    print(f"{len(kept):,} of {len(found):,} speeches → {out}")


def labels(scored: Path, out: Path) -> None:
    """Write ``labels.csv`` with the id and text that each sentence has in the scored table, its design beside it.

    A sentence is known again by the digest of its words, since its number moves when another version splits another
    sentence of the speech. What is no sentence of its speech any more is left out and counted; the design is told the
    number of sentences that this table has scored, and both numbers are printed. Raises CommuniqueError where a speech
    is missing.
    """
    table = pd.read_parquet(scored, columns=["document", "sentence", "text", "language"])
    population = int((table["language"] == "en").sum())
    table = table.assign(id=sentence_ids(table))
    sample = pd.read_csv(LABELS, keep_default_na=False)
    if missing := set(sample["document"]) - set(table["document"]):
        raise CommuniqueError(f"{scored}: lacks speech '{min(missing)}'; give the whole corpus")
    table = table[table["document"].isin(set(sample["document"]))]
    table = table.assign(digest=table["text"].map(digest)).drop_duplicates(["document", "digest"])
    found = sample.drop(columns="id").merge(table[["document", "digest", "id", "text"]], on=["document", "digest"])
    found[["id", *sample.columns.drop("id"), "text"]].to_csv(out, index=False)
    design = json.loads(design_path(LABELS).read_text(encoding="utf-8"))
    now = design | {"drawn": len(found), "population": population}
    design_path(out).write_text(json.dumps(now, indent=1) + "\n", encoding="utf-8")
    lost = len(sample) - len(found)
    print(f"{len(found)} labelled sentences → {out}; {lost} are no sentence of their speech any more")
    print(f"drawn from {design['population']:,} sentences; this version splits the speeches into {population:,}")


def digest(text: str) -> str:
    """Sixteen hexadecimal digits that stand for the words of a sentence."""
    return blake2b(" ".join(re.findall(r"\w+", text.casefold())).encode(), digest_size=8).hexdigest()


if __name__ == "__main__":
    try:
        {"speeches": speeches, "labels": labels}[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
    except CommuniqueError as error:
        sys.exit(f"error: {error}")
