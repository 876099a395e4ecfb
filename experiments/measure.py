"""Measure the stored models of studies on a labelled file; write their figures there and on the test part.

What they said is kept for ``communique compare`` in reports/predictions/DATA, one file a model, its seeds in a column.
Usage: python experiments/measure.py DATA.jsonl OUT.json STUDY...
"""

import json
import sys
from collections import defaultdict
from pathlib import Path

import pandas as pd

from communique.data.codebook import Codebook
from communique.data.dataset import read_corpus
from communique.models import load_model
from communique.tracking.mlflow_tracker import MlflowTracker
from communique.tracking.references import resolve_model_folder
from communique.training import predict

PREDICTIONS = Path("reports/predictions")


def main(data: str, out: str, *studies: str) -> None:
    """One entry a run, latest of each name and seed."""
    corpus = read_corpus(data, Codebook.load("data/codebook.yaml"))
    tracker = MlflowTracker()
    runs = {(run.name, int(run.params["seed"])): run for study in studies for run in tracker.runs(study) if run.whole}
    results, tables = {}, defaultdict(list)
    for (name, seed), run in runs.items():
        model_id = tracker.client.get_run(run.id).outputs.model_outputs[0].model_id
        said = predict(load_model(resolve_model_folder(f"models:/{model_id}", tracker.uri)), corpus)
        tables[name].append(said.to_frame(Path(data).stem).assign(seed=seed))
        results[f"{name}_{seed}"] = {
            "run": run.id,
            "commit": run.tags.get("git.commit", ""),
            "fit_seconds": round(run.metrics["fit_seconds"], 1),
            "test": json.loads((run.artifacts / "metrics.test.json").read_text(encoding="utf-8")),
            "real": said.metrics().to_dict(),
        }
    Path(out).write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    folder = PREDICTIONS / Path(data).stem
    folder.mkdir(parents=True, exist_ok=True)
    for name, seeds in tables.items():
        pd.concat(seeds).to_parquet(folder / f"{name}.parquet", index=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
