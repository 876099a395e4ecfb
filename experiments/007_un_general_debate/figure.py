"""The figure and ``results.json`` of experiment 7, from the corrected shares and the scored table in a folder.

Usage: figure.py FOLDER (``prevalence.json``, ``scored.parquet`` and its provenance, ``labels.csv``)
"""

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes

from communique.data.annotation import sentence_ids

HERE = Path(__file__).parent
SHOWN = {"anti_interference": "opposes interference", "anti_sanctions": "opposes sanctions"}
CORRECTED, RAW = "#0072B2", "#D55E00"  # Okabe and Ito's blue and vermilion
WHOLE = "1990–2024"


def main(folder: Path) -> None:
    """Write results.json and shares.svg beside this file."""
    prevalence = json.loads((folder / "prevalence.json").read_text(encoding="utf-8"))
    provenance = json.loads((folder / "scored.parquet.provenance.json").read_text(encoding="utf-8"))
    result = {
        "model": provenance["model"] | {"thresholds": provenance["thresholds"]},
        "counts": provenance["counts"],
        "on_the_labelled": agreement(folder, [*provenance["thresholds"]]),
        "prevalence": prevalence,
    }
    (HERE / "results.json").write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    draw(prevalence["shares"])


def agreement(folder: Path, labels: list[str]) -> dict[str, dict[str, int]]:
    """Of the labelled sentences, how many carry each label by the annotators, by the model, and by both."""
    sample = pd.read_csv(folder / "labels.csv", keep_default_na=False).set_index("id")
    table = pd.read_parquet(folder / "scored.parquet", columns=["document", "sentence", "labels"])
    decided = pd.Series(table["labels"].to_numpy(), index=sentence_ids(table))[sample.index]
    found = {}
    for label in labels:
        by_people = sample["labels"].map(lambda held, label=label: label in held.split(";")).to_numpy()
        by_model = decided.map(lambda held, label=label: label in set(held)).to_numpy()
        both = by_people & by_model
        found[label] = {"gold": int(by_people.sum()), "model": int(by_model.sum()), "both": int(both.sum())}
    return found


def draw(shares: list[dict[str, Any]]) -> None:
    """A panel a label: corrected shares with intervals by period and for all years, raw counts beside them."""
    plt.rcParams["svg.hashsalt"] = "communique"
    figure, panels = plt.subplots(1, len(SHOWN), figsize=(9, 3.9), layout="constrained", facecolor="white")
    for axes, (label, title) in zip(panels, SHOWN.items(), strict=True):
        rows = [share for share in shares if share["label"] == label and share["kind"] == "group"]
        rows += [share for share in shares if share["label"] == label and share["kind"] == "all"]
        panel(axes, rows)
        axes.set_title(title, loc="left", fontsize=10)
    panels[0].set_ylabel("% of sentences")
    handles, names = panels[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=2, fontsize=9, frameon=False)
    figure.savefig(HERE / "shares.svg", metadata={"Date": None})


def panel(axes: Axes, rows: list[dict[str, Any]]) -> None:
    """Periods from left to right, then all years, set apart; an exact interval of the labels alone is dashed."""
    places = [*range(len(rows) - 1), len(rows) - 0.5]
    for place, row in zip(places, rows, strict=True):
        found = row["corrected"]
        if found is None:
            continue
        value, low, high = (100 * found[key] for key in ("value", "low", "high"))
        alone = found["method"] == "labels alone"
        bars = axes.errorbar(
            place - 0.12,
            value,
            yerr=[[max(value - low, 0)], [max(high - value, 0)]],
            fmt="o",
            markersize=5,
            capsize=3,
            color=CORRECTED,
            label="corrected, 95% (dashed: from the labels alone)" if place == places[-1] else None,
        )
        bars[2][0].set_linestyle("--" if alone else "-")
    raw = [100 * row["raw"]["value"] for row in rows]
    axes.plot([p + 0.12 for p in places], raw, "D", mfc="none", markersize=5, color=RAW, label="the model's raw count")
    names = [row["group"].get("period", WHOLE) for row in rows]
    axes.set_xticks(places, names, rotation=45, ha="right", fontsize=8)
    axes.axvline(len(rows) - 1.25, color="#bbbbbb", linewidth=0.8)
    axes.set_ylim(bottom=-0.015 * axes.get_ylim()[1])  # room for the mark of a share of 0
    axes.grid(axis="y", color="#dddddd", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
