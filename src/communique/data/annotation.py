"""What to label next: sentences drawn from a scored table by a recorded design; and what annotators made of them.

The design goes beside every sheet (``data.sheets``) as ``NAME.design.json``: how rows were chosen and with which
inclusion probability. Only a random design can later stand for the whole; what was picked by uncertainty can train.
A sentence that was not scored (it is not in English) is never drawn, and the population does not count it: shares are
shares of what was scored.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from communique.data.codebook import Codebook
from communique.data.dataset import Corpus, Sentence
from communique.errors import CommuniqueError
from communique.files import write_text

Query = Literal["random", "documents", "uncertainty", "disagreement"]
QUERIES = ("random", "documents", "uncertainty", "disagreement")
RANDOM = ("random", "documents")


@dataclass(frozen=True)
class Design:
    """How a sheet's rows were chosen from ``population`` scored units (sentences, or documents for ``documents``).

    A draw stratified ``by`` a column has ``strata``: of each of its values, how many sentences there are and how many
    were drawn, so that a sentence's inclusion probability is their ratio.
    """

    query: str
    unit: str
    population: int
    drawn: int
    seed: int | None
    source: str
    by: str = ""
    strata: Mapping[str, Sequence[int]] = field(default_factory=dict)

    @property
    def random(self) -> bool:
        """True where every unit had a known chance to be drawn: the same for all, or for all of its stratum."""
        return self.query in RANDOM

    def save(self, sheet: Path) -> None:
        """Write the design beside a sheet."""
        content = asdict(self) | {"random": self.random}
        write_text(design_path(sheet), json.dumps(content, indent=1) + "\n")

    @classmethod
    def load(cls, sheet: Path) -> "Design":
        """Read the design beside a sheet; raises CommuniqueError where it is missing or malformed."""
        path = design_path(sheet)
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            return cls(**{key: value for key, value in content.items() if key != "random"})
        except OSError as error:
            raise CommuniqueError(
                f"{path}: is missing; the sampling design lies beside the sheet as exported; on import name that by "
                "--exported, and keep the design beside what import wrote"
            ) from error
        except (ValueError, TypeError, AttributeError) as error:
            raise CommuniqueError(f"{path}: is no sampling design; export the sheet again") from error


def design_path(sheet: Path) -> Path:
    """Where a sheet's design lies: one for all its formats."""
    return sheet.with_suffix(".design.json")


def draw(
    table: pd.DataFrame,
    labels: Sequence[str],
    number: int,
    query: Query = "random",
    seed: int = 0,
    thresholds: Mapping[str, float] | None = None,
    source: str = "",
    by: str = "",
) -> tuple[pd.DataFrame, Design]:
    """Choose what to label next, in shuffled order, with each row's ``inclusion_probability``.

    ``random`` draws sentences (with ``by``, equally many for each value of that column), ``documents`` whole documents
    (``number`` of them); ``uncertainty`` takes the sentences nearest to a threshold, ``disagreement`` those whose
    ``prob_<label>`` columns of several models (``prob_<label>@<model>``) differ most. The last two have no inclusion
    probability. Rows that were not scored are passed over.
    """
    table = table[is_scored(table)].reset_index(drop=True)
    rng = np.random.default_rng(seed)
    units = table["document"].astype(str).unique() if query == "documents" else np.arange(len(table))
    if not 1 <= number <= len(units):
        raise CommuniqueError(f"draw {number}: there are {len(units)} to draw from; ask for 1 to {len(units)}")
    if by:
        return _draw_strata(table, number, query, seed, source, by)
    if query == "documents":
        drawn = set(rng.choice(units, number, replace=False))
        chosen = np.flatnonzero(table["document"].astype(str).isin(drawn))
    elif query == "random":
        chosen = rng.choice(units, number, replace=False)
    else:
        score = _uncertainty(table, labels, thresholds) if query == "uncertainty" else _disagreement(table, labels)
        chosen = np.argsort(-score, kind="stable")[:number]
    sheet = table.iloc[rng.permutation(chosen)].reset_index(drop=True)
    sheet["inclusion_probability"] = number / len(units) if query in RANDOM else np.nan
    unit = "document" if query == "documents" else "sentence"
    return sheet, Design(query, unit, len(units), number, seed if query in RANDOM else None, source)


def _draw_strata(
    table: pd.DataFrame, number: int, query: str, seed: int, source: str, by: str
) -> tuple[pd.DataFrame, Design]:
    """Equally many sentences of every value of a column; a value with fewer gives all, the others share the rest."""
    if query != "random":
        raise CommuniqueError(f"query '{query}': only single sentences are drawn by a column; use 'random' or no 'by'")
    if by not in table:
        raise CommuniqueError(f"by '{by}': the table has no such column; its columns are {', '.join(map(str, table))}")
    rng, values = np.random.default_rng(seed), stratum_of(table, by)
    sizes = values.value_counts().sort_index()
    wanted = equal_shares(sizes.to_numpy(), number)
    if wanted.min() < min(2, int(sizes.min())):
        raise CommuniqueError(f"draw {number} by '{by}': it has {len(sizes)} values; ask for at least {2 * len(sizes)}")
    rows = [rng.choice(np.flatnonzero(values == v), n, replace=False) for v, n in zip(sizes.index, wanted, strict=True)]
    sheet = table.iloc[rng.permutation(np.concatenate(rows))].reset_index(drop=True)
    strata = {str(v): (int(sizes[v]), int(n)) for v, n in zip(sizes.index, wanted, strict=True)}
    sheet["inclusion_probability"] = [strata[v][1] / strata[v][0] for v in stratum_of(sheet, by)]
    return sheet, Design(query, "sentence", len(table), number, seed, source, by, strata)


def stratum_of(table: pd.DataFrame, by: str) -> pd.Series:
    """The stratum of every row, as text; a missing value is a stratum of its own, the empty one."""
    return table[by].map(lambda value: "" if pd.isna(value) else str(value))


def equal_shares(sizes: np.ndarray, number: int) -> np.ndarray:
    """How many to draw from groups of these sizes ``(H,)``, as equal as they allow, ``number`` in all."""
    wanted, left = np.zeros(len(sizes), dtype=int), number
    for done, group in enumerate(np.argsort(sizes, kind="stable")):
        wanted[group] = min(int(sizes[group]), left // (len(sizes) - done))
        left -= int(wanted[group])
    return wanted


def is_scored(table: pd.DataFrame) -> pd.Series:
    """Which rows a model has read: those with a probability; all, where the table has no column of probabilities."""
    columns = [name for name in table.columns.astype(str) if name.startswith("prob_")]
    return table[columns].notna().any(axis=1) if columns else pd.Series(True, index=table.index)


def sentence_ids(table: pd.DataFrame) -> pd.Series:
    """The id of every row of a table of scores, ``document:sentence``, or its own where it does not count sentences.

    A scored table's column ``id``, where it has one, is its documents' and stands on every sentence of each.
    """
    if "sentence" not in table and "id" in table:
        return table["id"].astype(str)
    if "sentence" not in table:
        raise CommuniqueError("scored table: has neither 'sentence' nor 'id'; name one that communique score wrote")
    return table["document"].astype(str) + ":" + table["sentence"].astype(str)


def _uncertainty(table: pd.DataFrame, labels: Sequence[str], thresholds: Mapping[str, float] | None) -> np.ndarray:
    """Nearness of the nearest label to its threshold; 0 at the threshold, negative away from it."""
    cuts = thresholds or {}
    distance = [np.abs(table[f"prob_{name}"].to_numpy() - cuts.get(name, 0.5)) for name in labels]
    return -np.min(distance, axis=0)


def _disagreement(table: pd.DataFrame, labels: Sequence[str]) -> np.ndarray:
    """The largest spread between models over the labels."""
    spreads = []
    for name in labels:
        columns = [c for c in table.columns if c == f"prob_{name}" or c.startswith(f"prob_{name}@")]
        if len(columns) < 2:
            raise CommuniqueError(f"disagreement: label '{name}' has {len(columns)} models; give tables of two or more")
        spreads.append(table[columns].std(axis=1).to_numpy())
    return np.max(spreads, axis=0)


def merge(sheets: Mapping[str, Mapping[str, Sentence]], codebook: Codebook) -> tuple[Corpus, Corpus]:
    """Annotators' sheets to one corpus, and the sentences they disagree on.

    A sentence's labels are those of all its annotators where they agree; the others come back apart, to be
    adjudicated, with the annotations of each.
    """
    agreed: list[Sentence] = []
    disputed: list[Sentence] = []
    for key in sorted({key for sheet in sheets.values() for key in sheet}):
        votes = {who: sheet[key] for who, sheet in sheets.items() if key in sheet}
        first = next(iter(votes.values()))
        if other := [who for who, s in votes.items() if not same_words(s.text, first.text)]:
            raise CommuniqueError(
                f"sheets: sentence '{key}' reads otherwise in that of {other[0]} than in that of {next(iter(votes))}; "
                "put the exported text back"
            )
        annotations = {who: tuple(sorted(s.labels)) for who, s in votes.items()}
        same = len({s.labels for s in votes.values()}) == 1
        labels = first.labels if same else frozenset()
        sentence = Sentence(key, first.document, first.text, labels, annotations=annotations)
        (agreed if same else disputed).append(sentence)
    return Corpus(tuple(agreed), codebook), Corpus(tuple(disputed), codebook)


def same_words(one: str, other: str) -> bool:
    """Whether two texts differ in nothing but white space, which spreadsheets change."""
    return one.split() == other.split()
