"""Write the README's table of models from leaderboards: our test part beside real sentences, those that designs were
chosen by and those that nothing was.

Usage: python experiments/readme_table.py OURS.csv REAL.csv FRESH.csv [README.md]   (written by `communique compare`)
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


def table(ours: pd.DataFrame, real: pd.DataFrame, fresh: pd.DataFrame) -> str:
    """One row a model, in the order of the fresh sentences; intervals are the leaderboards'."""
    ours, real, fresh = (board.set_index("model") for board in (ours, real, fresh))
    rows = ["| model | seeds | ours | real, development | real, fresh | fresh, none-F1 |", "|---|---|---|---|---|---|"]
    for name, there in fresh.sort_values("macro_f1").iterrows():
        cells = [_estimate(board.loc[name], "macro_f1") for board in (ours, real, fresh)]
        cells = [TITLES.get(str(name), str(name)), str(int(there["fits"])), *cells, _estimate(there, "none_f1")]
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


def main(ours: str, real: str, fresh: str, readme: str = "README.md") -> None:
    """Write the table in place."""
    path = Path(readme)
    new = table(*map(pd.read_csv, (ours, real, fresh)))
    path.write_text(replaced(path.read_text(encoding="utf-8"), new), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
