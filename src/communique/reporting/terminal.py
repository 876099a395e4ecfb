"""The leaderboard on a terminal of any width."""

from collections.abc import Mapping, Sequence

from rich.console import Group, JustifyMethod
from rich.table import Table
from rich.text import Text

from communique.evaluation.comparison import Leaderboard
from communique.evaluation.learning_curve import LearningCurve
from communique.evaluation.pooling import Pooling
from communique.reporting.leaderboard import (
    Block,
    cost,
    f1_by_label,
    further_figures,
    label_titles,
    learned,
    parts,
    ranking,
)

WIDEST_NAME = 22  # columns that a system's name gets before it is folded


def terminal(
    board: Leaderboard,
    title: str,
    width: int,
    *,
    titles: Mapping[str, str] | None = None,
    curves: Sequence[LearningCurve] = (),
    pooling: Pooling | None = None,
) -> Group:
    """The leaderboard for a terminal ``width`` columns wide: what does not fit beside stands below."""
    beside = [ranking(board, pooling), *([parts(board, pooling)] if pooling else [])]
    beside += [further_figures(board), f1_by_label(board, label_titles(board, titles))]
    if any(row.facts for row in board.rows):
        beside.append(cost(board))
    tables = _stacks(beside, width)
    if curves:
        tables += [Text("Learning curve", style="italic"), *_stacks([learned(curves)], width)]
    remarks = [Text(f"{row.name}: {row.remark}") for row in board.rows if row.remark]
    return Group(Text(title, style="italic"), *tables, Text(board.note), *remarks)


def _stacks(beside: Sequence[Block], width: int) -> list[Table | Text]:
    """Blocks with the same systems as one table, cut into stacks that fit the width."""
    names = [str(row[0]) for row in beside[0].rows]
    header = [name for block in beside for name in block.header[1:]]
    lines = zip(*(block.rows for block in beside), strict=True)
    rows = [[str(cell) for parts in line for cell in parts[1:]] for line in lines]
    tables = (_table(names, header, rows, columns, width) for columns in _packed(names, header, rows, width))
    return [part for table in tables for part in (table, Text())]


def _packed(names: Sequence[str], header: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> list[list[int]]:
    """Columns in stacks of tables that each fit the width beside the names."""
    left = min(WIDEST_NAME, max(map(len, names)))
    stacks: list[list[int]] = []
    room = 0
    for i in range(len(header)):
        wide = _width(i, header, rows) + 1
        if wide > room or not stacks:
            stacks.append([])
            room = width - left - 1
        stacks[-1].append(i)
        room -= wide
    return stacks


def _width(i: int, header: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """A column's width: that of its cells; a header may be folded at its spaces."""
    longest = max((len(word) for word in header[i].split()), default=0)
    return max(min(longest, WIDEST_NAME), *(len(row[i]) for row in rows))


def _table(
    names: Sequence[str], header: Sequence[str], rows: Sequence[Sequence[str]], columns: Sequence[int], width: int
) -> Table:
    """One stack; headers are folded where they would not all fit, which rich leaves to its widest column of cells."""
    unfolded = [max(len(header[i]), _width(i, header, rows)) + 1 for i in columns]
    crowded = min(WIDEST_NAME, max(map(len, names))) + 1 + sum(unfolded) > width
    table = Table(box=None, header_style="bold", padding=(0, 1, 0, 0))
    table.add_column("model", overflow="fold", max_width=WIDEST_NAME)
    for i in columns:
        side: JustifyMethod = "right" if header[i] else "left"
        least = _width(i, header, rows)
        table.add_column(
            header[i], justify=side, min_width=least, max_width=least if crowded else None, overflow="fold"
        )
    for name, row in zip(names, rows, strict=True):
        table.add_row(Text(name), *[Text(row[i]) for i in columns])
    return table
