"""Sentence boundaries: ours and four libraries on hand-marked texts.

Two sets: the boundary tests, which our rules were written against, and the documents whose holders are marked, which
no rule for boundaries was written for. A boundary is where a sentence ends. Libraries that give sentences without
offsets are aligned by counting characters that are no white space.
Usage: python experiments/006_sentences/measure.py   (needs `pip install pysbd syntok sentencex blingfire`)
"""

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from communique.evaluation.resampling import bootstrap_interval
from communique.scoring.sentences import split

TESTS = Path(__file__).parents[2] / "tests"
SETS = {
    "boundary tests": ([TESTS / "scoring" / "boundaries.jsonl"], r"‖"),
    "holder documents": (sorted((TESTS / "data").glob("holders_*.jsonl")), r"\s?⟦[^⟧]*⟧"),
}
Ends = Callable[[str], set[int]]


def aligned(text: str, sentences: Iterable[str]) -> set[int]:
    """Where sentences end in a text; counted among characters that are no white space, so that none gets lost."""
    places = [i for i, character in enumerate(text) if not character.isspace()]
    ends: set[int] = set()
    done = 0
    for sentence in sentences:
        done += sum(not character.isspace() for character in sentence)
        if sentence.strip() and done <= len(places):
            ends.add(places[done - 1] + 1)
    return ends


def by_pysbd(text: str) -> set[int]:
    """Golden rules (Sadvilkar and Neumann 2020)."""
    import pysbd

    spans = pysbd.Segmenter(language="en", clean=False, char_span=True).segment(text)
    return {span.start + len(span.sent.rstrip()) for span in spans if span.sent.strip()}


def by_syntok(text: str) -> set[int]:
    """Rules over tokens (Leitner)."""
    from syntok import segmenter

    sentences = [sentence for paragraph in segmenter.analyze(text) for sentence in paragraph]
    return {sentence[-1].offset + len(sentence[-1].value) for sentence in sentences}


def by_sentencex(text: str) -> set[int]:
    """Wikimedia's splitter."""
    from sentencex import segment

    return aligned(text, segment("en", text))


def by_blingfire(text: str) -> set[int]:
    """Finite-state machine of Microsoft."""
    from blingfire import text_to_sentences

    return aligned(text, text_to_sentences(text).split("\n"))


def by_lines(ends: Ends) -> Ends:
    """A library given one paragraph of ours at a time: what it makes of running text, headlines and lists apart."""
    from communique.scoring.paragraphs import paragraphs

    def inside(text: str) -> set[int]:
        found = set()
        for start, end in paragraphs(text):
            flat = text[start:end].replace("\n", " ")
            found |= {start + position for position in ends(flat)}
        return found

    return inside


SYSTEMS: dict[str, Ends] = {
    "ours": lambda text: {sentence.end for sentence in split(text)},
    "pysbd": by_pysbd,
    "syntok": by_syntok,
    "sentencex": by_sentencex,
    "blingfire": by_blingfire,
}


def read(paths: Iterable[Path], mark: str) -> list[tuple[str, set[int]]]:
    """Texts without their marks, and where the marks stood."""
    texts = []
    for line in (line for path in paths for line in path.read_text(encoding="utf-8").splitlines()):
        parts = re.split(mark, json.loads(line)["marked"])
        texts.append(("".join(parts), {len("".join(parts[: i + 1])) for i in range(len(parts) - 1)}))
    return texts


def told(name: str, ends: Ends, texts: list[tuple[str, set[int]]]) -> str:
    """One line of figures; the interval is of the percentile bootstrap over texts."""
    pairs = [(ends(text), marks) for text, marks in texts]
    counts = np.array([(len(given & marks), len(given), len(marks)) for given, marks in pairs], dtype=float)
    right, found, wanted = counts.sum(axis=0)
    f1 = bootstrap_interval(lambda totals: 2 * totals[..., 0] / (totals[..., 1] + totals[..., 2]), counts)
    shares = f"precision {right / found:.3f}  recall {right / wanted:.3f}"
    return f"  {name:30} {shares}  F1 {f1.value:.3f} [{f1.low:.3f}, {f1.high:.3f}]"


def main() -> None:
    """Precision, recall and F1 of boundaries, as the libraries come and inside our paragraphs."""
    for about, (paths, mark) in SETS.items():
        texts = read(paths, mark)
        print(f"{about}: {len(texts)} texts, {sum(len(marks) for _, marks in texts)} boundaries")
        for name, ends in SYSTEMS.items():
            print(told(name, ends, texts))
            if name != "ours":
                print(told(f"{name} in our paragraphs", by_lines(ends), texts))


if __name__ == "__main__":
    main()
