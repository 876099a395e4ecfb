"""A run on record, made again: what differs beforehand, and whether every figure comes out the same."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from communique.errors import CommuniqueError
from communique.experiment import execute, prepare, saved_digests
from communique.provenance import flatten, provenance_of
from communique.tracking.base import NullTracker, RunRecord
from communique.training import RunResult

KEYS = ("part", "repeat", "fold", "id")
SHOWN = 5  # files that one sentence names
PIECES = {"files": "files that the configuration names", "sources": "source files", "environment": "environment"}


@dataclass(frozen=True)
class Difference:
    """A figure that came out otherwise: what it is, both values, and how far they lie apart (NaN: not numbers)."""

    what: str
    recorded: object
    repeated: object
    size: float


@dataclass(frozen=True)
class Reproduction:
    """A repeated run beside the recorded one; ``compared`` figures were held against each other."""

    result: RunResult
    compared: int
    differences: tuple[Difference, ...]


def reproduce(run: RunRecord, warn: Callable[[str], None] = lambda text: None) -> Reproduction:
    """Repeat a run without recording it and compare every metric and every prediction.

    ``warn`` hears beforehand of all that differs from what made the recorded run. Raises CommuniqueError where the
    run's files or its corpus are not to be had, and of a run that was adapted to an archive, which no run keeps.
    """
    config = _json(run, "config.json")
    if "archive" in config:
        raise CommuniqueError(
            f"run {run.id}: learned from an archive, of which a run keeps the fingerprint alone; "
            "run communique adapt on that archive again"
        )
    corpus, identity = prepare(config)
    now = provenance_of(config, corpus.fingerprint, identity, saved=saved_digests(config))
    for text in changes(_origin(run), now):
        warn(text)
    result = execute(config, corpus, NullTracker(), identity)
    recorded, repeated = recorded_metrics(run.artifacts), _plain_metrics(result)
    frame = _predictions(run.artifacts / "predictions.parquet")
    differences = metric_differences(recorded, repeated) + prediction_differences(frame, result.predictions)
    compared = len(recorded) + frame.size
    ordered = sorted(differences, key=lambda d: -math.inf if math.isnan(d.size) else -d.size)
    return Reproduction(result, compared, tuple(ordered))


def changes(recorded: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """A sentence for each piece of a run's provenance that is not what it was."""
    if not recorded:
        return ["the run is of a version that kept no provenance: what has changed since is not known"]
    said = [f"{what} differ: {told}" for piece, what in PIECES.items() if (told := _changed(recorded, now, piece))]
    if recorded["data"] != now["data"]:
        said.append(f"the data differ: fingerprint {recorded['data'][:12]} then, {now['data'][:12]} now")
    return said


def _changed(recorded: Mapping[str, Any], now: Mapping[str, Any], piece: str) -> str:
    then, today = recorded.get(piece, {}), now[piece]
    names = sorted(name for name in {*then, *today} if then.get(name) != today.get(name))
    if piece == "environment":
        told = [f"{name} {then.get(name, 'absent')} then, {today.get(name, 'absent')} now" for name in names]
        return "; ".join(told)
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def recorded_metrics(folder: Path) -> dict[str, Any]:
    """Every figure of a run's metrics files, by part and dotted name."""
    figures: dict[str, Any] = {}
    for path in sorted(folder.glob("metrics.*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        figures |= flatten(content, f"{path.name.removeprefix('metrics.').removesuffix('.json')}.")
    return figures


def _plain_metrics(result: RunResult) -> dict[str, Any]:
    parts: dict[str, Any] = {part: metrics.to_dict() for part, metrics in result.metrics.items()}
    if result.groups:
        parts["groups"] = {group: metrics.to_dict() for group, metrics in result.groups.items()}
    return flatten(json.loads(json.dumps(parts)))


def metric_differences(recorded: Mapping[str, Any], repeated: Mapping[str, Any]) -> list[Difference]:
    """Every figure that is not equal to the last digit, those that one side lacks included."""
    names = [name for name in {**recorded, **repeated} if not _same(recorded.get(name), repeated.get(name))]
    return [_difference(name, recorded.get(name, "absent"), repeated.get(name, "absent")) for name in names]


def _same(one: object, other: object) -> bool:
    both_undefined = isinstance(one, float) and isinstance(other, float) and math.isnan(one) and math.isnan(other)
    return one == other or both_undefined


def _difference(what: str, recorded: Any, repeated: Any) -> Difference:
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in (recorded, repeated))
    return Difference(what, recorded, repeated, abs(recorded - repeated) if numbers else math.nan)


def prediction_differences(recorded: pd.DataFrame, repeated: pd.DataFrame) -> list[Difference]:
    """One entry a column of the predictions that differs anywhere, with the place where it differs most."""
    then, now = (_keyed(frame) for frame in (recorded, repeated))
    if not then.index.equals(now.index):
        return [Difference("predictions: which sentences", f"{len(then)} rows", f"{len(now)} rows", math.nan)]
    columns = list(dict.fromkeys([*then.columns, *now.columns]))
    if lone := [name for name in columns if name not in then or name not in now]:
        return [Difference(f"predictions: column {lone[0]}", lone[0] in then, lone[0] in now, math.nan)]
    return [d for name in columns if (d := _column_difference(name, then[name], now[name])) is not None]


def _keyed(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows by part, repeat, fold and id; tables from before there were folds count as the one of the first repeat."""
    absent = {name: 0 for name in ("repeat", "fold") if name not in frame}
    return frame.assign(**absent).set_index(list(KEYS)).sort_index()


def _column_difference(name: str, then: pd.Series, now: pd.Series) -> Difference | None:
    unequal = (then.to_numpy() != now.to_numpy()).astype(bool)
    if not unequal.any():
        return None
    what = f"predictions: {name} ({int(unequal.sum()):,} of {len(then):,})"
    if not pd.api.types.is_numeric_dtype(then):
        at = int(np.flatnonzero(unequal)[0])
        return Difference(what, then.iloc[at], now.iloc[at], math.nan)
    at = int(np.abs(then.to_numpy(float) - now.to_numpy(float)).argmax())
    return _difference(what, float(then.iloc[at]), float(now.iloc[at]))


def _origin(run: RunRecord) -> dict[str, Any]:
    return _json(run, "provenance.json") if (run.artifacts / "provenance.json").is_file() else {}


def _json(run: RunRecord, name: str) -> dict[str, Any]:
    try:
        content = json.loads((run.artifacts / name).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CommuniqueError(f"run {run.id}: has no readable {name}, so it cannot be repeated") from error
    return dict(content)


def _predictions(path: Path) -> pd.DataFrame:
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise CommuniqueError(f"{path}: cannot be read, so there is nothing to compare with") from error


def largest(differences: Sequence[Difference]) -> float:
    """The largest distance between numbers; 0 where none differ."""
    return max((d.size for d in differences if not math.isnan(d.size)), default=0.0)
