"""Write a study's figures as results.json: every run, every measured part and held-out group, with the run's id."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from communique.tracking.base import RunRecord
from communique.tracking.mlflow_tracker import MlflowTracker

KEPT = ("n", "documents", "macro_f1", "micro_f1", "none_f1", "subset_accuracy", "labels", "interval")
KEPT_OF_GROUPS = ("n", "documents", "macro_f1", "none_f1")
GROUPS, TARGET = "groups", "split._target_"


def main(study: str, out: str) -> None:
    """Collect the latest run of each name, seed and split, one a line."""
    runs = MlflowTracker().runs(study)
    cuts = [told(run, runs) for run in runs]
    results = {}
    for run, cut in zip(runs, cuts, strict=True):
        parts = {path.name.split(".")[1]: path for path in sorted(run.artifacts.glob("metrics.*.json"))}
        figures = {part: json.loads(path.read_text(encoding="utf-8")) for part, path in parts.items()}
        groups = figures.pop(GROUPS, {})
        results[", ".join([run.name, f"seed {run.params['seed']}", *cut])] = {
            "run": run.id,
            "fit_seconds": round(run.metrics["fit_seconds"], 1),
            "commit": run.tags.get("git.commit", ""),
            "parts": {part: kept(figure) for part, figure in figures.items()},
            **({GROUPS: {group: kept(figure, KEPT_OF_GROUPS) for group, figure in groups.items()}} if groups else {}),
        }
    lines = [f" {json.dumps(name)}: {json.dumps(rounded(run))}" for name, run in results.items()]
    Path(out).write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def told(run: RunRecord, runs: Sequence[RunRecord]) -> list[str]:
    """What tells a run's split apart from the others': its class, and the arguments in which runs of it differ."""
    kind = run.params.get(TARGET, "")
    alike = [other.params for other in runs if other.params.get(TARGET, "") == kind]
    keys = sorted(key for key in run.params if key.startswith("split.") and len({p.get(key) for p in alike}) > 1)
    name = [] if len(alike) == len(runs) else [kind.split(".")[-1]]
    return name + [f"{key.removeprefix('split.')} {run.params[key]}" for key in keys]


def kept(figure: Mapping[str, Any], keys: Sequence[str] = KEPT) -> dict[str, Any]:
    """The figures that the log quotes."""
    return {key: figure[key] for key in keys}


def rounded(value: Any) -> Any:
    """The same with every number to four decimals."""
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    return round(value, 4) if isinstance(value, float) else value


if __name__ == "__main__":
    main(*sys.argv[1:])
