"""Measure the stored models of studies on a labelled file; write their figures there and on the test part.

Usage: python experiments/measure.py DATA.jsonl OUT.json STUDY...
"""

import json
import sys
from pathlib import Path

from communique.data.codebook import Codebook
from communique.data.dataset import read_corpus
from communique.models import load_model
from communique.tracking.mlflow_tracker import MlflowTracker
from communique.tracking.references import resolve_model_folder
from communique.training import predict

PREDICTIONS = Path("reports/predictions")


def main(data: str, out: str, *studies: str) -> None:
    """One entry a run, latest of each name and seed; predictions for ``communique compare`` beside."""
    corpus = read_corpus(data, Codebook.load("data/codebook.yaml"))
    tracker = MlflowTracker()
    runs = {f"{run.name}_{run.params['seed']}": run for study in studies for run in tracker.runs(study)}
    results = {}
    PREDICTIONS.mkdir(parents=True, exist_ok=True)
    for name, run in runs.items():
        model_id = tracker.client.get_run(run.id).outputs.model_outputs[0].model_id
        said = predict(load_model(resolve_model_folder(f"models:/{model_id}", tracker.uri)), corpus)
        said.to_frame("real").to_parquet(PREDICTIONS / f"{name}.parquet", index=False)
        results[name] = {
            "run": run.id,
            "commit": run.tags.get("git.commit", ""),
            "fit_seconds": round(run.metrics["fit_seconds"], 1),
            "test": json.loads((run.artifacts / "metrics.test.json").read_text(encoding="utf-8")),
            "real": said.metrics().to_dict(),
        }
    Path(out).write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
