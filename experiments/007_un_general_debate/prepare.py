"""The speeches to score, and, once they are scored, the labelled sample with its texts put back.

The corpus is the UN General Debate as gzipped JSON Lines, one speech a line: ``id`` (as ``AFG_45_1990``), ``year`` and
``text``, at least. Speeches named in ``left_out.txt`` are left out: sets to measure models on were drawn from them.
Usage: prepare.py speeches CORPUS.jsonl.gz OUT.jsonl | prepare.py labels SCORED.parquet OUT.csv
"""

import gzip
import json
import shutil
import sys
from pathlib import Path

import pandas as pd

from communique.data.annotation import Design, design_path, sentence_ids
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
    """Write ``labels.csv`` with the text that each id has in the scored table, its sampling design beside it.

    Raises CommuniqueError where the table is not of the population that the labelled sentences were drawn from.
    """
    table = pd.read_parquet(scored, columns=["document", "sentence", "text"])
    design, sample = Design.load(LABELS), pd.read_csv(LABELS, keep_default_na=False)
    texts = pd.Series(table["text"].to_numpy(), index=sentence_ids(table))
    if len(table) != design.population or (missing := set(sample["id"]) - set(texts.index)):
        lost = "" if len(table) != design.population else f" and no sentence '{min(missing)}'"
        raise CommuniqueError(
            f"{scored}: has {len(table):,} sentences{lost}; the labels are of {design.population:,}: "
            "give the same edition of the corpus, split by the same version"
        )
    sample.assign(text=texts[sample["id"]].to_numpy()).to_csv(out, index=False)
    shutil.copyfile(design_path(LABELS), design_path(out))
    print(f"{len(sample)} labelled sentences → {out}")


if __name__ == "__main__":
    try:
        {"speeches": speeches, "labels": labels}[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
    except CommuniqueError as error:
        sys.exit(f"error: {error}")
