"""The cascade's trade-off: what share goes up to the costly model against macro-F1, a margin for each budget.

The margin of a budget is fitted on validation; shares and macro-F1 are measured on validation, on test, and on a
labelled file where one is given. Each model scores each part once: any budget only chooses between the two.
Usage: python experiments/004_speed/cascade.py [--cheap packaged] [--costly communique@champion] [--real REAL.jsonl]
With --said FILE.parquet ... the costly model is what a run or measure.py has stored of it, and is not run again.
"""

import argparse
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.metrics import f1_score

from communique.cli.options import load
from communique.data.codebook import Codebook
from communique.data.dataset import Corpus, read_corpus
from communique.data.splits import Split
from communique.errors import CommuniqueError
from communique.models.base import StanceModel
from communique.models.cascade import CascadeModel

HERE = Path(__file__).parent
BUDGETS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0)


def main() -> None:
    """Score every part by both models, walk through the budgets, write results.json and tradeoff.svg."""
    options = arguments()
    corpus = read_corpus(options.data, Codebook.load(options.codebook))
    cut = Split.load(options.split).apply(corpus)
    parts = {name: cut[name] for name in ("validation", "test")}
    if options.real:
        parts["real"] = read_corpus(options.real, corpus.codebook)
    models = [load(options.cheap, options.tracking_uri)]
    if options.said:
        models.append(Stored(options.said, models[0], parts.values()))
    else:
        models.append(load(options.costly, options.tracking_uri))
    said = {name: [model.predict_proba(part.texts) for model in models] for name, part in parts.items()}
    curve = [point(budget, models, parts, said) for budget in BUDGETS]
    result = {"cheap": options.cheap, "costly": models[1].provenance.get("run", options.costly), "curve": curve}
    (HERE / "results.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    draw(curve, list(parts))
    for row in curve:
        print("  ".join(f"{key} {value:.3f}" for key, value in row.items()))


class Stored(StanceModel):
    """A model known by its stored predictions alone: its thresholds, and its probabilities by the text of each id."""

    def __init__(self, files: Sequence[str], like: StanceModel, parts: Iterable[Corpus]) -> None:
        table = pd.concat([pd.read_parquet(file) for file in files]).set_index("id")
        if table.index.has_duplicates:
            raise CommuniqueError(f"{files[0]}: a sentence stands twice; give one seed's predictions")
        self.labels, self.codebook, self.provenance = like.labels, like.codebook, {}
        self.thresholds = table[[f"threshold_{name}" for name in self.labels]].iloc[0].to_numpy()
        known = dict(zip(table.index, table[[f"prob_{name}" for name in self.labels]].to_numpy(), strict=True))
        self.by_text = {sentence.text: known[sentence.id] for part in parts for sentence in part}

    def predict_proba(self, texts: Sequence[str]) -> np.ndarray:
        """What was stored, ``(n, L)``."""
        return np.array([self.by_text[text] for text in texts])

    def _fit(self, *_: Any) -> None:
        raise CommuniqueError("stored predictions cannot be fitted")

    def _proba(self, texts: list[str]) -> np.ndarray:
        return self.predict_proba(texts)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cheap", default="packaged")
    parser.add_argument("--costly", default="communique@champion")
    parser.add_argument("--said", nargs="+", help="stored predictions (.parquet) of --costly for every part")
    parser.add_argument("--real", help="a labelled file, measured and never fitted on")
    parser.add_argument("--data", default="data/sentences.jsonl")
    parser.add_argument("--split", default="data/splits.json")
    parser.add_argument("--codebook", default="data/codebook.yaml")
    parser.add_argument("--tracking-uri", default="sqlite:///mlruns.db")
    return parser.parse_args()


def point(
    budget: float, models: list[StanceModel], parts: dict[str, Corpus], said: dict[str, list[np.ndarray]]
) -> dict[str, Any]:
    """Share sent up and macro-F1 on every part at the margin that validation gives the budget."""
    cascade = CascadeModel.between(models[0], models[1], budget, said["validation"][0])
    row: dict[str, Any] = {"budget": budget, "margin": cascade.margin_}
    for name, part in parts.items():
        cheap, costly = said[name]
        up = cascade.doubt(cheap) < cascade.margin_
        decided = np.where(up[:, None], models[1].decide(costly), models[0].decide(cheap))
        gold = part.indicators.to_numpy()
        row[f"{name}_share"] = float(up.mean())
        row[f"{name}_macro_f1"] = float(f1_score(gold, decided, average="macro", zero_division=0))
    return row


def draw(curve: list[dict[str, Any]], parts: list[str]) -> None:
    """Macro-F1 over the share sent up, a line a part."""
    plt.rcParams["svg.hashsalt"] = "communique"
    figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
    for name in parts:
        shares, scores = ([row[f"{name}_{key}"] for row in curve] for key in ("share", "macro_f1"))
        axes.plot(shares, scores, marker="o", label=name)
    axes.set(xlabel="share of sentences read by the costly model", ylabel="macro-F1")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(HERE / "tradeoff.svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
