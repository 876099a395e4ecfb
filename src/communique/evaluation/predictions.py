"""Systems as tables of predictions, brought onto one set of sentences: what every comparison starts from.

Knows tables (``id, document, labels, prob_…``; optional ``predicted``, ``threshold_…``, ``repeat``, ``fold``) and no
model. A system has several fits: one a seed and, under repeated k-fold, one a repeat.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from communique.errors import CommuniqueError
from communique.evaluation.metrics import Array

DEFAULT_CUT = 0.5


@dataclass(frozen=True, eq=False)
class System:
    """One system's predictions, one table a seed; ``facts`` are numbers shown beside it (``fit_seconds`` …).

    ``seeds`` names the tables (default: 1, 2, …); ``recipe`` is the name without the ``share`` of the training
    documents, and ``sentences`` how many it learned from, both for learning curves; ``remark`` is what a reader
    must know. ``runs`` names the run behind each table; of tables that pool several runs, ``pooled`` tells by sentence
    which value of the setting between them it belongs to.
    """

    name: str
    tables: tuple[pd.DataFrame, ...]
    facts: Mapping[str, float] = field(default_factory=dict)
    seeds: tuple[str, ...] = ()
    recipe: str = ""
    share: float = 1.0
    sentences: float = float("nan")
    remark: str = ""
    runs: tuple[str, ...] = ()
    pooled: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Fit:
    """One fit's answers, rows in the common order: probabilities and decisions ``(n, L)``, thresholds ``(L,)``.

    ``name`` is its seed and, where there are several, its repeat. Thresholds are means over the rows, NaN where the
    table has decisions and no thresholds.
    """

    name: str
    probabilities: Array
    predicted: Array
    thresholds: Array


@dataclass(frozen=True, eq=False)
class Aligned:
    """The fits of several systems on the same sentences, documents and gold labels ``(n, L)``.

    ``cut_at_half`` names the systems whose files held neither decisions nor thresholds.
    """

    ids: tuple[str, ...]
    documents: tuple[str, ...]
    labels: tuple[str, ...]
    gold: Array
    fits: Mapping[str, tuple[Fit, ...]]
    cut_at_half: tuple[str, ...]


def align(systems: Sequence[System]) -> Aligned:
    """Every fit of every system in the order of the first one's sentences.

    Raises CommuniqueError where there is nothing to compare, or where names, labels, sentences, documents or gold
    labels do not fit together.
    """
    _check_names(systems)
    labels = _common_labels(systems)
    tables = {system.name: dict(_fit_tables(system)) for system in systems}
    first = next(iter(tables[systems[0].name].values()))
    order, gold = list(first["id"]), indicator_matrix(first["labels"], labels)
    fits = {}
    for name, by_fit in tables.items():
        ordered = {fit: _reordered(table, order, name, systems[0].name) for fit, table in by_fit.items()}
        for table in ordered.values():
            _check_same_gold(table, first, gold, labels)
        fits[name] = tuple(_fit(name, fit, table, labels) for fit, table in ordered.items())
    halved = tuple(s.name for s in systems if any(_rule(t, labels) == "default" for t in s.tables))
    return Aligned(tuple(order), tuple(first["document"].astype(str)), labels, gold, fits, halved)


def indicator_matrix(cells: pd.Series, labels: Sequence[str]) -> Array:
    """Cells of label names (joined by ``;``, or lists) as 0/1, shape ``(n, L)``."""
    sets = [_names(cell) for cell in cells]
    return np.array([[label in found for label in labels] for found in sets], dtype=int).reshape(len(sets), len(labels))


def probability_labels(table: pd.DataFrame) -> tuple[str, ...]:
    """The labels that a table has probabilities for, in its order."""
    return tuple(name.removeprefix("prob_") for name in table.columns.astype(str) if name.startswith("prob_"))


def _names(cell: Any) -> set[str]:
    """The label names of a cell: joined by ``;``, or a list as Parquet files may hold; empty for a missing cell."""
    if isinstance(cell, str):
        return {name.strip() for name in cell.split(";")} - {""}
    if isinstance(cell, list | tuple | set | frozenset | np.ndarray):
        return {str(name) for name in cell}
    return set() if pd.isna(cell) else {str(cell)}


def _check_names(systems: Sequence[System]) -> None:
    if not systems:
        raise CommuniqueError("compare: no system to compare; name runs of a study or prediction files")
    names = [system.name for system in systems]
    if twice := [name for i, name in enumerate(names) if name in names[:i]]:
        raise CommuniqueError(f"compare: two systems have the same name '{twice[0]}'; give each its own")


def _common_labels(systems: Sequence[System]) -> tuple[str, ...]:
    """The labels of every table, in the order of the first; no other label may be named in a cell."""
    labels = probability_labels(systems[0].tables[0])
    for system, table in ((s, t) for s in systems for t in s.tables):
        if odd := sorted(set(labels) ^ set(probability_labels(table))):
            raise CommuniqueError(
                f"{system.name}: column 'prob_{odd[0]}' stands in some tables only; compare systems of one codebook"
            )
        cells = [table[column] for column in ("labels", "predicted") if column in table]
        named: set[str] = set().union(*(_names(cell) for column in cells for cell in column))
        if named - set(labels) == {"none"}:
            raise CommuniqueError(f"{system.name}: label 'none' is no column; leave the cell empty where none applies")
        if unknown := sorted(named - set(labels)):
            raise CommuniqueError(f"{system.name}: label '{unknown[0]}' has no column 'prob_{unknown[0]}'; add it")
    return labels


def _fit_tables(system: System) -> list[tuple[str, pd.DataFrame]]:
    """One table a fit, all of the same sentences; seeds that tested disjoint sentences are pooled into one."""
    seeds = system.seeds or tuple(str(i) for i, _ in enumerate(system.tables, 1))
    found = [pair for seed, table in zip(seeds, system.tables, strict=True) for pair in _by_repeat(seed, table)]
    for _, table in found:
        if not table["id"].is_unique:
            twice = table["id"][table["id"].duplicated()].iloc[0]
            raise CommuniqueError(
                f"{system.name}: sentence '{twice}' stands twice; keep one prediction for each, "
                "or number repeated ones in a column 'repeat'"
            )
    if len({frozenset(table["id"]) for _, table in found}) == 1:
        return found
    together = pd.concat([table for _, table in found], ignore_index=True)
    if together["id"].is_unique:
        return [("pooled", together)]
    raise CommuniqueError(
        f"{system.name}: its seeds or repeats tested different sentences, as split=fresh makes them and the validation "
        "parts of folds are, so they have no common mean; compare the test part of runs with split=fixed or split=kfold"
    )


def _by_repeat(seed: str, table: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """A seed's table cut by repeat; and by fold where several folds' models measured the same sentences."""
    for columns in (["repeat"], ["repeat", "fold"]):
        present = [column for column in columns if column in table and table[column].nunique(dropna=False) > 1]
        if not table.duplicated(["id", *present]).any():
            break
    if not present:
        yield seed, table
        return
    for key, part in table.groupby(present, dropna=False):
        yield ".".join(str(name) for name in (seed, *key)), part


def _reordered(table: pd.DataFrame, order: list[str], name: str, first: str) -> pd.DataFrame:
    """The table in the given order of sentences; refused where it holds others."""
    ids, wanted = set(table["id"]), set(order)
    if ids != wanted:
        more, less = len(ids - wanted), len(wanted - ids)
        example = min(ids ^ wanted)
        raise CommuniqueError(
            f"{name}: scored other sentences than {first} ({more} more, {less} missing, such as '{example}'); "
            "compare like with like: runs on another corpus or split want a study of their own"
        )
    return table.set_index("id").loc[order].reset_index()


def _check_same_gold(table: pd.DataFrame, first: pd.DataFrame, gold: Array, labels: Sequence[str]) -> None:
    """Paired tests need the same documents with the same gold labels on both sides."""
    what = "documents"
    differ = table["document"].astype(str).to_numpy() != first["document"].astype(str).to_numpy()
    if not differ.any():
        what, differ = "gold labels", (indicator_matrix(table["labels"], labels) != gold).any(axis=1)
    if differ.any():
        raise CommuniqueError(
            f"compare: the systems' files disagree on the {what} of {int(differ.sum())} sentences, such as "
            f"'{table['id'][differ].iloc[0]}'; evaluate them on one file"
        )


def _fit(system: str, name: str, table: pd.DataFrame, labels: Sequence[str]) -> Fit:
    probabilities = _numbers(system, table, "prob", labels)
    rule = _rule(table, labels)
    cuts = np.full(probabilities.shape, DEFAULT_CUT if rule == "default" else np.nan)
    if _has_thresholds(system, table, labels):
        cuts = _numbers(system, table, "threshold", labels)
    decided = indicator_matrix(table["predicted"], labels) if rule == "predicted" else probabilities >= cuts
    return Fit(name, probabilities, decided.astype(int), cuts.mean(axis=0))


def _rule(table: pd.DataFrame, labels: Sequence[str]) -> str:
    """What decides: the column ``predicted``, the thresholds, or the default cut."""
    if "predicted" in table:
        return "predicted"
    return "thresholds" if any(f"threshold_{label}" in table for label in labels) else "default"


def _has_thresholds(system: str, table: pd.DataFrame, labels: Sequence[str]) -> bool:
    missing = [label for label in labels if f"threshold_{label}" not in table]
    if 0 < len(missing) < len(labels):
        raise CommuniqueError(f"{system}: column 'threshold_{missing[0]}' is missing; give every label one, or none")
    return not missing


def _numbers(system: str, table: pd.DataFrame, kind: str, labels: Sequence[str]) -> Array:
    """The columns ``kind_…`` as numbers ``(n, L)``; probabilities must lie in 0 to 1."""
    cells = table[[f"{kind}_{label}" for label in labels]]
    numbers = cells.apply(pd.to_numeric, errors="coerce").to_numpy(dtype=float)
    wrong = np.argwhere(~((numbers >= 0) & (numbers <= 1)) if kind == "prob" else ~np.isfinite(numbers))
    if len(wrong):
        row, column = wrong[0]
        wanted = "a number between 0 and 1" if kind == "prob" else "a number"
        raise CommuniqueError(
            f"{system}: sentence '{table['id'].iloc[row]}', column '{cells.columns[column]}': "
            f"'{cells.iat[row, column]!s}' must be {wanted}"
        )
    return numbers
