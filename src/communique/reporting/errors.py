"""The page and the sheet of the sentences to look at: gold, what each model said, the words that moved it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from communique.data.dataset import METADATA, Corpus
from communique.data.spreadsheet import inert
from communique.errors import CommuniqueError
from communique.evaluation.hard_cases import Case, HardCases, Said
from communique.evaluation.slice_fields import FIELDS, sliced_columns
from communique.files import all_or_nothing
from communique.models.explain import Explainable, Explanation, explain
from communique.reporting.pages import rendered
from communique.reporting.spreadsheet import write_xlsx

VERDICTS = ("false positive", "false negative", "uncertain", "right")
WIDTHS = {"text": 90, "for": 40, "against": 40, "document": 16, "id": 16, "phenomena": 24, "actor": 20}
Explained = Mapping[tuple[str, int], Explanation]  # by model and row


@dataclass(frozen=True)
class Piece:
    """A stretch of a sentence; ``value`` is how far it moved the log-odds, ``strength`` 0 to 1 within the sentence."""

    text: str
    value: float = 0.0
    strength: float = 0.0


@dataclass(frozen=True)
class Line:
    """What one model said of a label, with the sentence as that model read it."""

    said: Said
    pieces: tuple[Piece, ...]
    method: str


@dataclass(frozen=True)
class Block:
    """One label of a sentence."""

    label: str
    title: str
    gold: bool
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Card:
    """One sentence: where it stands, which slices it belongs to, and its blocks."""

    id: str
    text: str
    facts: tuple[str, ...]
    gold: tuple[str, ...]
    slices: Mapping[str, Sequence[str]]
    blocks: tuple[Block, ...]


def explain_cases(
    found: HardCases, corpus: Corpus, models: Mapping[str, Explainable], progress: bool = False
) -> dict[tuple[str, int], Explanation]:
    """The words that moved each model in the sentences of the cases, by model name and row."""
    rows = list(dict.fromkeys(case.row for case in found.cases))
    texts = [corpus.sentences[row].text for row in rows]
    return {
        (name, row): one
        for name, model in models.items()
        for row, one in zip(rows, explain(model, texts, progress=progress), strict=True)
    }


def case_table(found: HardCases, corpus: Corpus, explained: Explained) -> pd.DataFrame:
    """One row a sentence, label and model, in the order of the cases; texts cannot run as formulas."""
    rows = [_row(case, said, corpus, explained) for case in found.cases for said in case.said]
    return pd.DataFrame(rows, columns=list(rows[0]) if rows else ["id", "label", "model", "verdict"])


def _row(case: Case, said: Said, corpus: Corpus, explained: Explained) -> dict[str, Any]:
    sentence = corpus.sentences[case.row]
    words = explained.get((said.model, case.row))
    record: dict[str, Any] = {
        "id": sentence.id,
        "document": sentence.document,
        "text": sentence.text,
        "label": case.label,
        "gold": "yes" if case.gold else "no",
        "model": said.model,
        "said": "yes" if said.decided else "no",
        "verdict": said.verdict,
        "probability": round(said.probability, 4),
        "threshold": round(said.threshold, 4),
        "distance": round(said.distance, 4),
        "for": _words(words, case.label, 1),
        "against": _words(words, case.label, -1),
        "explained": words.method if words else "",
    }
    facts = {name: getattr(sentence, name) for name in METADATA}
    record |= {**facts, "phenomena": ";".join(sentence.phenomena)}
    return {key: inert(value) for key, value in record.items()}


def _words(explanation: Explanation | None, label: str, sign: int) -> str:
    """The words that moved a label one way, strongest first, each with its change of the log-odds."""
    if explanation is None:
        return ""
    strongest = explanation.strongest(label)
    return ", ".join(f"{word.word} {value:+.2f}" for word, value in strongest if value * sign > 0)


def cards(found: HardCases, corpus: Corpus, explained: Explained) -> list[Card]:
    """The cases gathered by sentence, in the order of their first case."""
    titles = {label.name: label.title for label in corpus.codebook.labels}
    slices = sliced_columns(corpus.to_frame())
    gathered: dict[int, list[Case]] = {}
    for case in found.cases:
        gathered.setdefault(case.row, []).append(case)
    return [_card(row, cases, corpus, explained, titles, slices.iloc[row]) for row, cases in gathered.items()]


def _card(
    row: int,
    cases: Sequence[Case],
    corpus: Corpus,
    explained: Explained,
    titles: Mapping[str, str],
    slices: pd.Series,
) -> Card:
    sentence = corpus.sentences[row]
    facts = (sentence.document, sentence.genre, sentence.forum, sentence.actor, str(sentence.year or ""))
    return Card(
        id=sentence.id,
        text=sentence.text,
        facts=tuple(fact for fact in (*facts, *sentence.phenomena) if fact),
        gold=tuple(titles[name] for name in corpus.codebook.names if name in sentence.labels),
        slices={name: list(slices[name]) for name in FIELDS if name in slices and len(slices[name])},
        blocks=tuple(
            Block(case.label, titles[case.label], case.gold, tuple(_lines(case, sentence.text, explained)))
            for case in cases
        ),
    )


def _lines(case: Case, text: str, explained: Explained) -> Iterator[Line]:
    for said in case.said:
        words = explained.get((said.model, case.row))
        yield Line(said, tuple(pieces(text, words, case.label)), words.method if words else "")


def pieces(text: str, explanation: Explanation | None, label: str) -> Iterator[Piece]:
    """The text in stretches, the words that moved the label most apart from the rest; they join to the text."""
    moved = sorted(explanation.strongest(label), key=lambda pair: pair[0].start) if explanation else []
    most = max((abs(value) for _, value in moved), default=1.0)
    at = 0
    for word, value in moved:
        if word.start > at:
            yield Piece(text[at : word.start])
        yield Piece(word.word, value, float(np.clip(abs(value) / most, 0, 1)))
        at = word.end
    if at < len(text):
        yield Piece(text[at:])


def count_note(found: HardCases, margin: float) -> str:
    """What is shown and what is not, in one paragraph."""
    shown = f"{found.sentences:,} of them are shown" if found.left_out else "all are shown"
    left = f"; the limit left out {found.left_out:,}" if found.left_out else ""
    return (
        f"{found.wrong:,} sentences with a wrong label, {found.uncertain:,} more with a probability within {margin:g} "
        f"of its threshold (on a scale where the threshold lies at one half); {shown}{left}. Mistakes come first, the "
        "most confident leading, then the least certain."
    )


WORDS_NOTE = (
    "Marked words moved the label's log-odds most: up (solid underline) or down (dashed). They add up exactly where a "
    "model is a sum over words; for others (occlusion) a word's mark is what its absence changes, one word at a time."
)


def _notes(note: str, explained: Explained) -> list[str]:
    return [note, WORDS_NOTE] if explained else [note]


def errors_page(found: HardCases, corpus: Corpus, explained: Explained, title: str, margin: float = 0.1) -> str:
    """The whole page as HTML: filters, keys, every card; self-contained."""
    shown = cards(found, corpus, explained)
    values = {name: sorted({v for card in shown for v in card.slices.get(name, ())}) for name in FIELDS}
    present = {case.label for case in found.cases}
    return rendered(
        "errors.html",
        title=title,
        notes=_notes(count_note(found, margin), explained),
        cards=shown,
        labels=[label for label in corpus.codebook.labels if label.name in present],
        models=list(dict.fromkeys(said.model for case in found.cases for said in case.said)),
        verdicts=[v for v in VERDICTS if any(s.verdict == v for case in found.cases for s in case.said)],
        fields={name: found_values for name, found_values in values.items() if len(found_values) > 1},
    )


def write_errors(
    found: HardCases, corpus: Corpus, explained: Explained, out: Path, title: str, margin: float = 0.1
) -> list[Path]:
    """Write ``out`` (.html or .xlsx) with .xlsx and .csv beside it; all of them or none. Returns the paths.

    Raises CommuniqueError for another ending.
    """
    if out.suffix not in (".html", ".htm", ".xlsx"):
        raise CommuniqueError(f"{out}: errors are written as .html (with .xlsx and .csv beside) or .xlsx; name it so")
    table = case_table(found, corpus, explained)
    note = " ".join(_notes(count_note(found, margin), explained))
    outputs = [out.with_suffix(".xlsx"), out.with_suffix(".csv"), *([] if out.suffix == ".xlsx" else [out])]
    with all_or_nothing(*outputs) as staged:
        write_xlsx(table, staged[0], "sentences", WIDTHS, note)
        table.to_csv(staged[1], index=False)
        if len(staged) > 2:
            staged[2].write_text(errors_page(found, corpus, explained, title, margin), encoding="utf-8")
    return outputs
