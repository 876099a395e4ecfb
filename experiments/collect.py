"""Write a study's figures as results.json: every run, every measured part, with the run's id."""

import json
import sys
from pathlib import Path
from typing import Any

from communique.tracking.mlflow_tracker import MlflowTracker

KEPT = ("n", "documents", "macro_f1", "micro_f1", "none_f1", "subset_accuracy", "labels", "interval")


def main(study: str, out: str) -> None:
    """Collect the latest run of each name, seed and share, one a line."""
    results = {}
    for run in MlflowTracker().runs(study):
        parts = {path.name.split(".")[1]: path for path in sorted(run.artifacts.glob("metrics.*.json"))}
        figures = {part: json.loads(path.read_text(encoding="utf-8")) for part, path in parts.items()}
        results[f"{run.name}, seed {run.params['seed']}, share {run.params['split.train_share']}"] = {
            "run": run.id,
            "fit_seconds": round(run.metrics["fit_seconds"], 1),
            "commit": run.tags.get("git.commit", ""),
            "parts": {part: {key: figure[key] for key in KEPT} for part, figure in figures.items()},
        }
    lines = [f" {json.dumps(name)}: {json.dumps(rounded(run))}" for name, run in results.items()]
    Path(out).write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def rounded(value: Any) -> Any:
    """The same with every number to four decimals."""
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    return round(value, 4) if isinstance(value, float) else value


if __name__ == "__main__":
    main(*sys.argv[1:])
