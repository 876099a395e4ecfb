"""Tables of a comparison in LaTeX, with booktabs: values in one line, their intervals small beneath."""

from collections.abc import Sequence

from communique.reporting.leaderboard import Block, Cell, Estimate

SPECIAL = {c: rf"\{c}" for c in "&%$#_{}"} | {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
SPECIAL |= {"\\": r"\textbackslash{}", "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", "–": "--"}
PREAMBLE = "% needs \\usepackage{booktabs}\n"


def document(blocks: Sequence[Block], title: str, note: str) -> str:
    """Every block as a table; the first caption carries the title and how the figures were made."""
    captions = [f"{title}. {note}", *(f"{title}: {block.title}." for block in blocks[1:])]
    return PREAMBLE + "\n".join(table(block, caption) for block, caption in zip(blocks, captions, strict=True))


def table(block: Block, caption: str) -> str:
    """One block as a booktabs table; what LaTeX would take for a command is escaped."""
    columns = f"@{{}}{'l' * block.words}{'r' * (len(block.header) - block.words)}@{{}}"
    lines = [
        r"\begin{table}",
        r"\centering\footnotesize\setlength{\tabcolsep}{4pt}",
        rf"\caption{{{escape(caption)}}}",
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        " & ".join(escape(name.removesuffix(" [95%]")) for name in block.header) + r" \\",
        r"\midrule",
        *(line for row in block.rows for line in _row(row)),
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _row(row: Sequence[Cell]) -> list[str]:
    values = [_minus(cell.value) if isinstance(cell, Estimate) else escape(cell) for cell in row]
    beneath = [rf"{{\scriptsize {_minus(cell.interval)}}}" if isinstance(cell, Estimate) else "" for cell in row]
    first = " & ".join(values) + r" \\"
    return [first, " & ".join(beneath) + r" \\[2pt]"] if any(beneath) else [first]


def _minus(number: str) -> str:
    return number.replace("-", "$-$")


def escape(text: str) -> str:
    """Text in which LaTeX sees no command, nor at its start an argument of the one before it."""
    guard = "{}" if text[:1] in ("[", "*") else ""
    return guard + "".join(SPECIAL.get(character, character) for character in text)
