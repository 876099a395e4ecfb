"""The document page: scored documents as running text with their stances marked, in one file without network."""

from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from communique.errors import CommuniqueError
from communique.files import write_text
from communique.models.explain import Explanation
from communique.reporting.corrected import Corrected, CorrectedRow
from communique.reporting.document_text import PageLabel, page_documents, page_labels
from communique.reporting.document_totals import ALL, DATE, FEWEST, HOLDER, Totals, totals
from communique.reporting.pages import rendered
from communique.scoring.documents import Document, read_documents
from communique.scoring.explanations import BUDGET, TableExplanations, explain_table
from communique.scoring.language import ENGLISH
from communique.scoring.model import ScoringModel
from communique.scoring.rows import NOT_ENGLISH
from communique.scoring.table import first_documents, read_batches

# Okabe and Ito's palette, which stays distinct for colour-blind readers; lighter tones on a dark page.
LIGHT = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#b3a500", "#666666")
DARK = ("#4aa8e0", "#f08a4b", "#35c79b", "#e3a3c6", "#f0b429", "#8fd0f5", "#f0e442", "#b5b5b5")
# Documents beyond this many are left to the table: a browser should open the page at once.
MOST = 500
FURTHER = 40  # corrected groups that are no section of the page's own
WORDS = 6  # shown for a label of a sentence
HEADINGS = {ALL: "", HOLDER: "By holder, as found in the text", DATE: "By date"}


@dataclass(frozen=True)
class Extras:
    """What a page shows beside the table: the words behind decisions, corrected shares, totals of more than it shows.

    Without ``totals`` those of the table are shown; ``left`` counts the documents that only the totals know.
    """

    explanations: TableExplanations | None = None
    corrected: Corrected | None = None
    totals: Totals | None = None
    left: int = 0


def document_page(
    table: pd.DataFrame,
    documents: Mapping[str, str],
    labels: Sequence[str],
    titles: Mapping[str, str],
    thresholds: Sequence[float] | np.ndarray,
    *,
    title: str,
    model_name: str,
    notes: Sequence[str] = (),
    extras: Extras | None = None,
) -> str:
    """The page as HTML: ``table`` as ``score`` gives it, ``documents`` the texts that its offsets count in.

    Raises CommuniqueError where a document's text is missing or does not fit its offsets.
    """
    table, extras = table.reset_index(drop=True), extras or Extras()
    found = page_labels(table, labels, titles, thresholds)
    counted = extras.totals or totals(lambda: [table], labels)
    script = rendered("documents.js")
    return rendered(
        "documents.html",
        title=title,
        model_name=model_name,
        notes=notes,
        labels=found,
        documents=list(page_documents(table, documents, found)),
        shown=len(table),
        review=int(table["review"].sum()),
        totals=counted,
        headings=HEADINGS,
        fewest=FEWEST,
        corrected=extras.corrected,
        most_further=FURTHER,
        further=_further(counted, extras.corrected),
        explanations=extras.explanations,
        left=extras.left,
        light=LIGHT,
        dark=DARK,
        data=_data(table, found, extras.explanations),
        script=Markup(script),
        digest=b64encode(sha256(script.encode()).digest()).decode(),
    )


def write_document_page(
    scores: str | Path,
    inputs: Sequence[str | Path],
    model: ScoringModel,
    page: str | Path,
    *,
    text_column: str = "text",
    id_column: str | None = None,
    title: str = "Scored documents",
    most: int = MOST,
    explain: int = BUDGET,
    corrected: Corrected | None = None,
    progress: bool = False,
    skip_unreadable: bool = False,
) -> Path:
    """Write the page of a table of scores; the inputs are read again for their running text. Returns the path.

    The first ``most`` documents are shown and the page says how many it leaves to the table; the totals are over all,
    read in pieces. The words behind the decision are worked out for ``explain`` sentences with a label or a mark.
    """
    page, scores = Path(page), Path(scores)
    if most < 1:
        raise CommuniqueError(f"{most} documents on the page: give at least 1")
    table, left = first_documents(scores, most)
    documents = read_documents(inputs, text_column, id_column, skip_unreadable=skip_unreadable)
    texts = _texts(set(table["document"]), documents)
    counted = totals(lambda: read_batches(scores), model.labels)
    explained = _explained(model, table, explain, progress)
    html = document_page(
        table,
        texts,
        model.labels,
        model.titles,
        model.thresholds,
        title=title,
        model_name=model.name,
        notes=[f"{left:,} further documents are in {scores.name} only."] if left else [],
        extras=Extras(explained, corrected, counted, left),
    )
    write_text(page, html)
    return page


def _texts(wanted: set[str], documents: Iterable[Document]) -> dict[str, str]:
    texts: dict[str, str] = {}
    for document in documents:
        if document.id in wanted:
            texts[document.id] = document.text
        if len(texts) == len(wanted):
            break
    return texts


def _explained(model: ScoringModel, table: pd.DataFrame, budget: int, progress: bool) -> TableExplanations:
    """Explanations of what the model has read: another language is marked for review without a decision."""
    read = table.assign(review=table["review"] & (table["review_reason"] != NOT_ENGLISH))
    return explain_table(model, read, budget, progress)


def _further(counted: Totals, corrected: Corrected | None) -> list[CorrectedRow]:
    """Corrected groups that none of the page's own sections shows, as where they are by actor."""
    if corrected is None or not corrected.by:
        return []
    own = {section.column: {row.name for row in section.rows} for section in counted.sections}
    known = own.get(corrected.by[0], set()) if len(corrected.by) == 1 else set()
    rows = [row for row in corrected.rows if row.kind != "all" and row.name not in known]
    return sorted(rows, key=lambda row: -row.sentences)


def _data(table: pd.DataFrame, labels: Sequence[PageLabel], explanations: TableExplanations | None) -> dict[str, Any]:
    """What the panel shows of each sentence, as short as it can be: probabilities in thousandths, row by row.

    A sentence that was not scored has -1.
    """
    found = table[[f"prob_{label.name}" for label in labels]].to_numpy(dtype=float)
    thousandths = np.where(np.isnan(found), -1, np.nan_to_num(found) * 1000).round().astype(int)
    names = [label.name for label in labels]
    return {
        "titles": [label.title for label in labels],
        "letters": [label.letter for label in labels],
        "thresholds": [round(label.threshold, 3) for label in labels],
        "p": thousandths.ravel().tolist(),
        "reason": [names.index(reason) if reason in names else -1 for reason in table["review_reason"]],
        "speaker": _coded(table["speaker"]),
        "holder": _coded(table["holder"]),
        "source": _coded(table["holder_source"]),
        "language": _rare(table["language"], lambda code: code != ENGLISH),
        "reprint": _rare(table["reprint_of"], bool),
        "windowed": [int(row) for row in np.flatnonzero(table["windowed"])],
        "words": _words(table, names, explanations),
        "left_out": explanations.left_out if explanations else 0,
    }


def _coded(column: pd.Series) -> dict[str, list[Any]]:
    """A column as its different values and, row by row, which of them."""
    values = {value: number for number, value in enumerate(dict.fromkeys(column))}
    return {"values": list(values), "rows": [values[value] for value in column]}


def _rare(column: pd.Series, said: Callable[[str], bool]) -> dict[str, str]:
    return {str(row): value for row, value in enumerate(column) if said(value)}


def _words(
    table: pd.DataFrame, names: Sequence[str], explanations: TableExplanations | None
) -> dict[str, dict[str, list[tuple[int, float]]]]:
    """By row and label number: the words that moved it most, by their number in the sentence, with their log-odds.

    Shown are the labels that were given and the one near its threshold.
    """
    found: dict[str, dict[str, list[tuple[int, float]]]] = {}
    columns = zip(table["labels"], table["review_reason"], strict=True)
    for row, (given, reason) in enumerate(columns):
        if explanations and (explanation := explanations.by_row.get(row)):
            wanted = [(i, name) for i, name in enumerate(names) if name in given or name == reason]
            found[str(row)] = {str(i): _strongest(explanation, name) for i, name in wanted}
    return found


def _strongest(explanation: Explanation, label: str) -> list[tuple[int, float]]:
    number = {word.start: i for i, word in enumerate(explanation.words)}
    return [(number[word.start], round(value, 2)) for word, value in explanation.strongest(label, WORDS)]
