"""How far scoring is: a bar with the rate on a terminal, a line a minute where there is none."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from communique.scoring.source import Source
from communique.scoring.summary import Counts

EVERY = 60  # seconds between lines where there is no terminal


@contextmanager
def telling(text: str, shown: bool) -> Iterator[None]:
    """Say on a terminal what is being done while it lasts."""
    console = Console(stderr=True)
    with console.status(text) if shown and console.is_terminal else nullcontext():
        yield


class ScoringProgress:
    """A bar over the bytes of the inputs, on standard error, gone when the work is done.

    What an earlier start had scored counts for the bar and not for the rate.
    """

    def __init__(self, sources: Sequence[Source], shown: bool, before: int = 0) -> None:
        self.console = Console(stderr=True)
        self.shown = shown
        self.sources = sources
        self.total = sum(source.size for source in sources)
        self.before = before
        self.began = self.told = time.monotonic()
        columns = (BarColumn(30), TaskProgressColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        on = shown and self.console.is_terminal
        self.bar = Progress(*columns, TimeRemainingColumn(), console=self.console, transient=True, disable=not on)
        self.task = self.bar.add_task("reading …", total=self.total)
        self.finished = self.current = 0

    def __enter__(self) -> Self:
        self.bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.bar.stop()

    def update(self, counts: Counts) -> None:
        """Show what is done."""
        rate = (counts.sentences - self.before) / max(time.monotonic() - self.began, 1e-9)
        text = f"{counts.documents:,} documents, {counts.sentences:,} sentences, {rate:,.0f}/s"
        done = self._done()
        self.bar.update(self.task, description=text, completed=done)
        if self.shown and not self.console.is_terminal and time.monotonic() - self.told > EVERY:
            self.told = time.monotonic()
            self.console.print(f"{done / max(self.total, 1):.0%}: {text}", highlight=False)

    def _done(self) -> int:
        """The bytes that are read: whole files, and the share of the present one."""
        while self.current < len(self.sources) and self.sources[self.current].share >= 1:
            self.finished += self.sources[self.current].size
            self.current += 1
        if self.current == len(self.sources):
            return self.finished
        return self.finished + int(self.sources[self.current].share * self.sources[self.current].size)
