"""Write the figures of a study's pooled systems as results.json: over all parts, per part, with the runs' ids."""

import json
import sys
from pathlib import Path

from communique.evaluation.comparison import compare
from communique.evaluation.pooling import measure_parts
from communique.reporting.systems import by_share, gather
from communique.tracking.mlflow_tracker import MlflowTracker


def main(study: str, over: str, out: str) -> None:
    """Compare the study's systems as ``communique compare --pool`` does, and keep what the notes quote."""
    systems = by_share(gather([study], [], "test", MlflowTracker(), over)).ranked
    board = compare(systems)
    pooling = measure_parts(board.answers, systems[0].pooled, over)
    runs = {system.name: system.runs for system in systems}
    results = {
        row.name: {
            "f_avg_pooled": row.macro_f1.to_dict(),
            "f_avg_per_target": pooling.systems[row.name].mean.to_dict(),
            "n": len(board.answers.ids),
            "targets": {value: one.to_dict() for value, one in pooling.systems[row.name].parts.items()},
            "runs": runs[row.name],
        }
        for row in board.rows
    }
    Path(out).write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
