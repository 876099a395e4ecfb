"""Several systems on the same sentences: one leaderboard, paired differences, and who cannot be told apart.

Knows tables of predictions (``id, document, labels, predicted, prob_…``) and no model.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from communique.errors import CommuniqueError
from communique.evaluation.metrics import Metrics, cluster_counts, evaluate, macro_f1
from communique.evaluation.resampling import (
    Interval,
    approximate_randomisation,
    holm,
    indistinguishable_groups,
    paired_difference,
)

PRIMARY = "macro-F1"


@dataclass(frozen=True)
class System:
    """One system's predictions, one table a seed; ``facts`` are shown beside it (seconds, size …)."""

    name: str
    tables: tuple[pd.DataFrame, ...]
    facts: Mapping[str, str]


@dataclass(frozen=True)
class Row:
    """A line of the leaderboard: the first seed's metrics, macro-F1 of every seed, and the paired contrast."""

    name: str
    metrics: Metrics
    seeds: tuple[float, ...]
    facts: Mapping[str, str]
    group: str
    difference: Interval | None = None
    p_value: float | None = None
    p_adjusted: float | None = None


@dataclass(frozen=True)
class Leaderboard:
    """Rows from the best macro-F1 down; contrasts are against ``reference``, Holm-corrected over them."""

    rows: tuple[Row, ...]
    reference: str
    labels: tuple[str, ...]
    note: str

    def to_frame(self) -> pd.DataFrame:
        """One line a system, plain columns, for CSV, Markdown and LaTeX."""
        return pd.DataFrame([_flat_row(row) for row in self.rows])


def compare(
    systems: Sequence[System],
    reference: str | None = None,
    *,
    resamples: int = 2000,
    rounds: int = 10_000,
    seed: int = 0,
) -> Leaderboard:
    """Compare systems that scored the same sentences; the reference is the best one unless named.

    Intervals are percentile bootstraps over documents of each system's first seed; p-values come from
    approximate randomisation over documents. Raises CommuniqueError where sentences, documents, labels or gold
    differ.
    """
    tables, labels = _aligned(systems), _common_labels(systems)
    _check_same_gold(tables, labels)
    metrics = [table_metrics(table, labels, resamples, seed) for table in tables]
    counts = [_counts(table, labels) for table in tables]
    names = [system.name for system in systems]
    best = names[int(np.argmax([m.macro_f1.value for m in metrics]))]
    chosen = reference or best
    if chosen not in names:
        raise CommuniqueError(f"reference '{chosen}': is not among {', '.join(names)}")
    groups = _groups(names, metrics, counts, rounds, seed)
    contrasts = _contrasts(names, counts, names.index(chosen), resamples, rounds, seed)
    rows = [
        Row(
            s.name,
            m,
            _seed_scores(s, labels),
            s.facts,
            groups[s.name],
            *contrasts.get(s.name, (None, None, None)),
        )
        for s, m in zip(systems, metrics, strict=True)
    ]
    ranked = sorted(rows, key=lambda row: -row.metrics.macro_f1.value)
    return Leaderboard(tuple(ranked), chosen, labels, _note(metrics[0], chosen, len(names) - 1, resamples, rounds))


def table_metrics(table: pd.DataFrame, labels: Sequence[str], resamples: int = 2000, seed: int = 0) -> Metrics:
    """Metrics of one table of predictions."""
    gold, predicted = indicator_matrix(table["labels"], labels), indicator_matrix(table["predicted"], labels)
    probabilities = table[[f"prob_{label}" for label in labels]].to_numpy()
    thresholds = [table[f"threshold_{label}"].mean() if f"threshold_{label}" in table else 0.5 for label in labels]
    documents = table["document"].astype(str).tolist()
    return evaluate(gold, probabilities, predicted, documents, labels, thresholds, resamples=resamples, seed=seed)


def indicator_matrix(cells: pd.Series, labels: Sequence[str]) -> np.ndarray:
    """Cells of names joined by ``;`` as 0/1, shape ``(n, L)``."""
    sets = [_names(cell) for cell in cells]
    return np.array([[label in found for label in labels] for found in sets], dtype=int).reshape(len(sets), len(labels))


def _names(cell: object) -> set[str]:
    return {name.strip() for name in cell.split(";")} - {""} if isinstance(cell, str) else set()


def _counts(table: pd.DataFrame, labels: Sequence[str]) -> np.ndarray:
    gold, predicted = indicator_matrix(table["labels"], labels), indicator_matrix(table["predicted"], labels)
    return cluster_counts(gold, predicted, table["document"].astype(str).tolist())


def _aligned(systems: Sequence[System]) -> list[pd.DataFrame]:
    """Each system's first table in the order of the first system's sentences."""
    if not systems:
        raise CommuniqueError("compare: no system to compare; name runs of a study or prediction files")
    if len({s.name for s in systems}) != len(systems):
        raise CommuniqueError("compare: two systems have the same name; give each its own")
    order = systems[0].tables[0]["id"]
    aligned = []
    for system in systems:
        table = system.tables[0].set_index("id")
        if not table.index.is_unique:
            twice = table.index[table.index.duplicated()][0]
            raise CommuniqueError(f"{system.name}: sentence '{twice}' stands twice; keep one prediction for each")
        if len(table) != len(order) or set(table.index) != set(order):
            raise CommuniqueError(
                f"{system.name}: scored other sentences than {systems[0].name}; compare like with like"
            )
        aligned.append(table.loc[order].reset_index())
    return aligned


def _common_labels(systems: Sequence[System]) -> tuple[str, ...]:
    """The labels that every table has probabilities for, in the order of the first table."""
    labels = _probability_labels(systems[0].tables[0])
    for system in systems:
        for table in system.tables:
            if odd := sorted(set(labels) ^ set(_probability_labels(table))):
                raise CommuniqueError(
                    f"{system.name}: column 'prob_{odd[0]}' stands in some tables only; compare systems of one codebook"
                )
            named = set().union(*map(_names, table["labels"]), *map(_names, table["predicted"]))
            if unknown := sorted(named - set(labels)):
                raise CommuniqueError(f"{system.name}: label '{unknown[0]}' has no column 'prob_{unknown[0]}'; add it")
    return labels


def _probability_labels(table: pd.DataFrame) -> tuple[str, ...]:
    return tuple(name.removeprefix("prob_") for name in table.columns.astype(str) if name.startswith("prob_"))


def _check_same_gold(tables: Sequence[pd.DataFrame], labels: Sequence[str]) -> None:
    """Paired tests need the same documents with the same gold labels on both sides."""
    documents, gold = tables[0]["document"].astype(str), indicator_matrix(tables[0]["labels"], labels)
    for table in tables[1:]:
        if (table["document"].astype(str) != documents).any():
            raise CommuniqueError("compare: the systems' files disagree on the documents; evaluate them on one file")
        if (indicator_matrix(table["labels"], labels) != gold).any():
            raise CommuniqueError("compare: the systems' files disagree on the gold labels; evaluate them on one file")


def _contrasts(
    names: list[str], counts: list[np.ndarray], reference: int, resamples: int, rounds: int, seed: int
) -> dict[str, tuple[Interval, float, float]]:
    others = [i for i in range(len(names)) if i != reference]
    base = counts[reference]
    differences = [paired_difference(counts[i], base, macro_f1, resamples=resamples, seed=seed) for i in others]
    p_values = [approximate_randomisation(counts[i], base, macro_f1, rounds=rounds, seed=seed) for i in others]
    adjusted = holm(p_values)
    return {names[i]: (d, p, float(a)) for i, d, p, a in zip(others, differences, p_values, adjusted, strict=True)}


def _groups(
    names: list[str], metrics: list[Metrics], counts: list[np.ndarray], rounds: int, seed: int
) -> dict[str, str]:
    pairs = list(combinations(range(len(names)), 2))
    p = [approximate_randomisation(counts[i], counts[j], macro_f1, rounds=rounds, seed=seed) for i, j in pairs]
    adjusted = {(names[i], names[j]): float(a) for (i, j), a in zip(pairs, holm(p), strict=True)}
    return indistinguishable_groups(names, [m.macro_f1.value for m in metrics], adjusted)


def _seed_scores(system: System, labels: Sequence[str]) -> tuple[float, ...]:
    return tuple(float(macro_f1(_counts(table, labels).sum(axis=0))) for table in system.tables)


def _note(metrics: Metrics, reference: str, contrasts: int, resamples: int, rounds: int) -> str:
    note = (
        f"{metrics.n:,} sentences of {metrics.documents:,} documents. Intervals: 95%, percentile bootstrap over "
        f"documents, {resamples:,} resamples. Differences: paired against {reference}; p by approximate "
        f"randomisation over documents ({rounds:,} rounds), Holm-corrected over the {contrasts} contrasts of "
        f"{PRIMARY}. Systems that share a letter are not distinguishable (all pairs, Holm, 5%)."
    )
    return f"{note} Caution: {metrics.interval.warning}." if metrics.interval.warning else note


def _flat_row(row: Row) -> dict[str, Any]:
    m = row.metrics
    flat: dict[str, Any] = {"model": row.name, "group": row.group}
    for name in ("macro_f1", "micro_f1", "none_f1", "subset_accuracy"):
        interval = getattr(m, name)
        flat |= {name: interval.value, f"{name}_low": interval.low, f"{name}_high": interval.high}
    flat |= {"ap": m.macro_ap, "brier": m.macro_brier, "ece": m.macro_ece}
    for label, figures in m.labels.items():
        flat |= {f"{label}_{k}": getattr(figures, k) for k in ("precision", "recall", "f1", "f1_low", "f1_high")}
    if row.difference is not None:
        d = row.difference
        flat |= {"difference": d.value, "difference_low": d.low, "difference_high": d.high}
        flat |= {"p": row.p_value, "p_holm": row.p_adjusted}
    return flat | {"seeds": " ".join(f"{score:.4f}" for score in row.seeds)} | dict(row.facts)
