"""Write the README's table of models from the leaderboards of a study: our test part beside real sentences.

Usage: python experiments/readme_table.py OURS.csv REAL.csv [README.md]   (both written by `communique compare`)
"""

import sys
from pathlib import Path

import pandas as pd

BEGIN, END = "<!-- models: begin -->\n", "<!-- models: end -->"
TITLES = {
    "lexicon": "word lists",
    "tfidf": "word and character n-grams",
    "embedding": "frozen MiniLM, linear heads",
    "setfit": "SetFit, 600 steps",
    "transformer": "MiniLM fine-tuned, two epochs",
    "ensemble": "average of lists, n-grams, both MiniLM",
    "champion": "**champion** (`make champion`)",
}


def table(ours: pd.DataFrame, real: pd.DataFrame) -> str:
    """One row a model, in the order of real; intervals are the leaderboards'."""
    ours, real = ours.set_index("model"), real.set_index("model")
    rows = ["| model | seeds | ours | real | real, none-F1 |", "|---|---|---|---|---|"]
    for name, there in real.sort_values("macro_f1").iterrows():
        here = ours.loc[name]
        cells = [_estimate(here, "macro_f1"), _estimate(there, "macro_f1"), _estimate(there, "none_f1")]
        cells = [TITLES.get(str(name), str(name)), str(int(there["fits"])), *cells]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def _estimate(row: "pd.Series[float]", figure: str) -> str:
    return f"{row[figure]:.3f} [{row[f'{figure}_low']:.3f}, {row[f'{figure}_high']:.3f}]"


def replaced(text: str, new: str) -> str:
    """The text with the table between the marks replaced."""
    before, _, rest = text.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise SystemExit(f"the README holds no '{BEGIN.strip()}' … '{END}' to write between")
    return before + BEGIN + new + END + after


def main(ours: str, real: str, readme: str = "README.md") -> None:
    """Write the table in place."""
    path = Path(readme)
    new = table(pd.read_csv(ours), pd.read_csv(real))
    path.write_text(replaced(path.read_text(encoding="utf-8"), new), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
