"""The systems that a comparison is about: from the runs of studies, and from prediction files anyone made."""

import csv
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from communique.data.records import delimiter
from communique.errors import CommuniqueError
from communique.evaluation.predictions import System, probability_labels
from communique.reporting.leaderboard import FACTS
from communique.tracking.base import SHARE, RunRecord, Tracker, learned_share

NEEDED = ("id", "document", "labels")
NOT_TESTED = {"train", "validation"}  # what was learned or tuned on is never taken for a test unasked
MEMBER_SEED = re.compile(r'("seed": |"study:[^/"]+/[^/"]+/)\d+')  # of an ensemble's members, fitted or saved
Recipe = frozenset[tuple[str, str]]


def gather(
    studies: Sequence[str], files: Sequence[Path], part: str, tracker: Tracker | None, over: str | None = None
) -> list[System]:
    """The systems of studies and of files, with names of their own; CommuniqueError where neither is given.

    ``over``: see ``systems_of_study``.
    """
    if not studies and not files:
        raise CommuniqueError("compare: give --study or --predictions")
    of_studies = systems_of_studies(studies, part, tracker, over) if tracker else []
    of_files = systems_of_files(files, part)
    origins = ["runs"] * len(of_studies) + ["file"] * len(of_files)
    return _told_apart([*of_studies, *of_files], origins)


def systems_of_studies(studies: Sequence[str], part: str, tracker: Tracker, over: str | None = None) -> list[System]:
    """The systems of several studies; equal names get their study's name added."""
    distinct = dict.fromkeys(studies)
    found = [(study, system) for study in distinct for system in systems_of_study(study, part, tracker, over)]
    return _told_apart([system for _, system in found], [study for study, _ in found])


def systems_of_study(
    study: str, part: str, tracker: Tracker, over: str | None = None, names: Collection[str] = ()
) -> list[System]:
    """One system a run name, recipe and share of the training documents, with all its seeds' predictions of a part.

    Runs of one name that differ in more than the seed are told apart by what differs. Those that differ in the
    setting ``over`` (one model a target, say) are one system: their parts are pooled. ``names`` leaves out runs of
    other names. Raises CommuniqueError where the study has no run, or a run no such part or setting.
    """
    by_recipe: dict[tuple[str, Recipe], dict[float, list[RunRecord]]] = {}
    for run in (run for run in tracker.runs(study) if not names or run.name in names):
        if over and over not in run.params:
            raise CommuniqueError(f"run {run.id} ({run.name}): has no setting '{over}'; pool over one that runs vary")
        by_recipe.setdefault((run.name, _recipe(run, over)), {}).setdefault(learned_share(run.params), []).append(run)
    distinct = _distinct_names(list(by_recipe))
    return [
        _system(distinct[key], share, _latest_by_seed(runs, over), part, over)
        for key, by_share in by_recipe.items()
        for share, runs in sorted(by_share.items())
    ]


def systems_of_files(paths: Sequence[Path], part: str = "test") -> list[System]:
    """One system a prediction file (``.csv`` or ``.parquet``), named for it.

    Equal names get their folder's added, or are the whole path where that is equal too. Of a file with a column
    ``part`` that holds several, or train or validation, only ``part`` is read; a column ``seed`` makes tables.
    Raises CommuniqueError where a file cannot be read or a column is missing.
    """
    systems = [_system_of_file(path, part) for path in paths]
    named = _told_apart(systems, [path.absolute().parent.name for path in paths])
    count = Counter(system.name for system in named)
    return [
        replace(system, name=str(path)) if count[system.name] > 1 else system
        for system, path in zip(named, paths, strict=True)
    ]


@dataclass(frozen=True)
class Shares:
    """Systems by how much they learned from: those to rank, those of each recipe with a curve, names left unranked."""

    ranked: tuple[System, ...]
    curves: dict[str, tuple[System, ...]]
    unranked: tuple[str, ...]


def by_share(systems: Sequence[System]) -> Shares:
    """Systems that learned from the whole training part, or all where none did; and the recipes of several shares."""
    ranked = tuple(system for system in systems if system.share == 1) or tuple(systems)
    unranked = tuple(system.name for system in systems if system not in ranked)
    recipes = dict.fromkeys(system.recipe for system in systems if system.recipe)
    grouped = {recipe: tuple(s for s in systems if s.recipe == recipe) for recipe in recipes}
    return Shares(ranked, {recipe: found for recipe, found in grouped.items() if len(found) > 1}, unranked)


def _told_apart(systems: Sequence[System], origins: Sequence[str]) -> list[System]:
    count = Counter(system.name for system in systems)
    return [
        replace(system, name=f"{system.name} ({origin})", recipe=system.recipe and f"{system.recipe} ({origin})")
        if count[system.name] > 1
        else system
        for system, origin in zip(systems, origins, strict=True)
    ]


def _recipe(run: RunRecord, over: str | None = None) -> Recipe:
    """The parameters that make the recipe: neither seeds nor shares nor ``over`` nor where things are kept.

    Which records of a corpus are used (``data.where``) is part of it, whatever their fields are called.
    """
    beside = ("seed", "force", "study", "name", SHARE, over)
    kept = {
        key: value
        for key, value in run.params.items()
        if not key.startswith("tracking.") and key not in beside and not _is_seed(key)
    }
    return frozenset((key, MEMBER_SEED.sub(r"\1", value)) for key, value in kept.items())


def _is_seed(key: str) -> bool:
    """Whether a parameter is the seed of a part of a run, as ``model.members.0.seed`` is."""
    return key.endswith(".seed") and not key.startswith("data.")


def _distinct_names(keys: Sequence[tuple[str, Recipe]]) -> dict[tuple[str, Recipe], str]:
    """The runs' names; recipes of one name get what differs added: settings with several values, all if need be."""
    names = {}
    for name in dict.fromkeys(name for name, _ in keys):
        rivals = [recipe for rival, recipe in keys if rival == name]
        values = Counter(key for key, _ in frozenset.union(*rivals))
        apart = [sorted(recipe - frozenset.intersection(*rivals)) for recipe in rivals]
        brief = [[(key, value) for key, value in settings if values[key] > 1] for settings in apart]
        told = brief if len(set(map(str, brief))) == len(rivals) else apart
        for recipe, settings in zip(rivals, told, strict=True):
            said = ", ".join(_setting(*setting) for setting in settings if not _is_implied(setting, settings, rivals))
            names[name, recipe] = f"{name} ({said})" if said else name
    return names


def _is_implied(setting: tuple[str, str], told: Sequence[tuple[str, str]], rivals: Sequence[Recipe]) -> bool:
    """Whether a setting is a class that one of its arguments, told too, gives away: no rival has it otherwise."""
    key, _ = setting
    of = key.removesuffix("_target_")
    arguments = [other for other, _ in told if of != key and other != key and other.startswith(of)]
    holders = [[rival for rival in rivals if argument in dict(rival)] for argument in arguments]
    return any(all(setting in rival for rival in having) for having in holders)


def _setting(key: str, value: str) -> str:
    """A setting as a reader knows it: of a class its own name."""
    of = key.removesuffix("._target_")
    return f"{of}={value}" if of == key else f"{of}={value.rpartition('.')[2]}"


def _latest_by_seed(runs: Sequence[RunRecord], over: str | None = None) -> dict[str, list[RunRecord]]:
    """For every seed its newest run, or where runs are pooled the newest of each value of ``over``."""
    latest: dict[str, dict[str, RunRecord]] = {}
    for run in runs:
        latest.setdefault(run.params.get("seed", ""), {})[run.params[over] if over else ""] = run
    ordered = sorted(latest, key=lambda seed: (len(seed), seed))  # 2 before 10
    return {seed: [latest[seed][value] for value in sorted(latest[seed])] for seed in ordered}


def _predicted(name: str, run: RunRecord, part: str) -> pd.DataFrame:
    table = read_predictions(run.artifacts / "predictions.parquet")
    chosen = table[table["part"] == part]
    if chosen.empty:
        has = ", ".join(table["part"].unique())
        raise CommuniqueError(f"run {run.id} ({name}): has no part '{part}'; it has {has}")
    return chosen.reset_index(drop=True)


def _pooled(name: str, tables: Sequence[pd.DataFrame], over: str | None) -> pd.DataFrame:
    """One seed's tables as one; a sentence may stand in one of them only."""
    if len(tables) == 1:
        return tables[0]
    together = pd.concat(tables, ignore_index=True)
    if "repeat" not in together and not together["id"].is_unique:
        twice = together["id"][together["id"].duplicated()].iloc[0]
        raise CommuniqueError(f"{name}: sentence '{twice}' belongs to two values of {over}; give each an id of its own")
    return together


def _system(name: str, share: float, by_seed: Mapping[str, Sequence[RunRecord]], part: str, over: str | None) -> System:
    runs = [run for seed in by_seed.values() for run in seed]
    said = {run.id: _predicted(name, run, part) for run in runs}
    tables = [_pooled(name, [said[run.id] for run in seed], over) for seed in by_seed.values()]
    means = {fact: _mean(runs, fact) for fact in (*FACTS, "train_sentences")}
    return System(
        name if share == 1 else f"{name}, {100 * share:g}% of training",
        tuple(tables),
        {fact: means[fact] for fact in FACTS if not np.isnan(means[fact])},
        tuple(by_seed),
        name,
        share,
        means["train_sentences"],
        "; ".join(dict.fromkeys(caution for run in runs if (caution := run.tags.get("communique.caution")))),
        tuple(said),
        {one: run.params[over] for run in runs for one in said[run.id]["id"]} if over else {},
    )


def _mean(runs: Sequence[RunRecord], metric: str) -> float:
    """A metric's mean over the runs; NaN where one did not record it."""
    return float(np.mean([run.metrics.get(metric, np.nan) for run in runs]))


def _system_of_file(path: Path, part: str) -> System:
    table = read_predictions(path)
    if "part" in table and (table["part"].nunique() > 1 or table["part"].iloc[0] in NOT_TESTED - {part}):
        parts = ", ".join(map(str, table["part"].unique()))
        table = table[table["part"] == part].reset_index(drop=True)
        if table.empty:
            raise CommuniqueError(f"{path}: has no part '{part}'; it has {parts}: name one with --part")
    tables = dict(_by_seed(table))
    return System(path.stem, tuple(tables.values()), seeds=tuple(tables))


def _by_seed(table: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    if "seed" not in table or table["seed"].nunique(dropna=False) == 1:
        yield "1", table
        return
    for seed, rows in table.groupby("seed", dropna=False):
        yield str(seed), rows.reset_index(drop=True)


def read_predictions(path: Path) -> pd.DataFrame:
    """A table of predictions with ``id`` and ``document`` as texts; CommuniqueError for what is missing, and where."""
    try:
        table = _read(path)
    except (OSError, ValueError) as error:
        raise CommuniqueError(f"{path}: cannot be read as predictions ({' '.join(str(error).split())})") from error
    if missing := [column for column in NEEDED if column not in table]:
        raise CommuniqueError(f"{path}: column '{missing[0]}' is missing; predictions need {', '.join(NEEDED)}, prob_…")
    if not probability_labels(table):
        raise CommuniqueError(f"{path}: has no column 'prob_…'; predictions need a probability for each label")
    if table.empty:
        raise CommuniqueError(f"{path}: holds no prediction; give one row a sentence")
    for column in ("id", "document"):
        if table[column].isna().any():
            row = int(np.flatnonzero(table[column].isna())[0])
            raise CommuniqueError(f"{path}, row {row + 1}, column '{column}': is empty; name every sentence's {column}")
    return table.astype({"id": str, "document": str})


def _read(path: Path) -> pd.DataFrame:
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    if path.suffix != ".csv":
        raise CommuniqueError(f"{path}: ends in '{path.suffix}'; predictions are .csv or .parquet")
    with path.open(encoding="utf-8-sig", newline="") as stream:
        between = delimiter(header := stream.readline())
    names = next(csv.reader([header], delimiter=between), [])
    if twice := [name for i, name in enumerate(names) if name and name in names[:i]]:
        raise CommuniqueError(f"{path}: the column name '{twice[0]}' stands twice; give each column its own name")
    texts: dict[str, Any] = dict.fromkeys(("id", "document", "labels", "predicted", "part"), str)
    # a label may be called NA
    return pd.read_csv(path, sep=between, dtype=texts, keep_default_na=False, na_values=[""])
