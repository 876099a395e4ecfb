"""What is scored so far, part by part, in a hidden folder beside the table, so that a killed run can go on.

``.scored.csv.parts/`` holds ``job.json`` (what is scored, by what, with which options), the parts as Parquet files,
and ``progress.sqlite`` (how far, the counts, and what reprints and ids are known by). A part is written and synced
before the progress that counts it is committed; whatever a kill leaves behind that is not counted is written again.
"""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import pandas as pd
from filelock import FileLock, Timeout

from communique.errors import CommuniqueError
from communique.scoring.register import Register

if TYPE_CHECKING:
    import pyarrow as pa

JOB = "job.json"
# What is called what in the sentence that says that two jobs differ.
_NAMES = {
    "communique": "another version of communique",
    "source": "another version of communique",
    "model": "another model",
    "thresholds": "other thresholds",
    "options": "other options",
    "inputs": "other inputs, or inputs that have changed",
}


def parts_folder(out: Path) -> Path:
    """Where the parts of a table lie until it is whole."""
    return out.with_name(f".{out.name}.parts")


class Parts:
    """The parts of one table; a context that holds the folder's lock, and removes a folder without a part in it.

    Raises CommuniqueError where the folder holds the parts of another job (``force`` removes them) or where
    another process is at it.
    """

    def __init__(self, out: Path, job: dict[str, Any], force: bool = False) -> None:
        self.folder = parts_folder(out)
        self.out = out
        self._make()
        self.lock = FileLock(self.folder / "lock")
        try:
            self.lock.acquire(timeout=0)
        except Timeout as error:
            said = f"{out}: another communique is scoring to it now; wait, or name another --out"
            raise CommuniqueError(said) from error
        try:
            self._begin(job, force)
        except CommuniqueError:
            self.lock.release()
            raise

    def _make(self) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CommuniqueError(f"{self.out}: cannot be written ({error.strerror}); choose another folder") from error

    def _begin(self, job: dict[str, Any], force: bool) -> None:
        """Go on with the parts of the same job, or begin."""
        path = self.folder / JOB
        before = self._job(path)
        if before is not None and before != job and not force:
            differ = [name for name in job if before.get(name) != job[name]]
            found = ", ".join(dict.fromkeys(_NAMES.get(name, name) for name in differ))
            raise CommuniqueError(
                f"{self.folder}: holds a scoring that was begun with {found or 'something else'}; "
                "repeat that command to go on with it, or give --force to begin anew"
            )
        if before != job or force:
            self._clear()
            path.write_text(json.dumps(job, indent=1) + "\n", encoding="utf-8")
        self.register = Register(self.folder / "progress.sqlite")
        stored = self.register.state
        self.state: dict[str, Any] = json.loads(stored) if stored else {}

    @staticmethod
    def _job(path: Path) -> dict[str, Any] | None:
        """The job of an earlier start; None where there was none, or it was killed before it could say."""
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None
        return content if isinstance(content, dict) else {}

    def _clear(self) -> None:
        for path in self.folder.iterdir():
            if path.name != "lock":
                path.unlink()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.register.database.close()
        if self.number == 0:
            self.remove()
        self.lock.release()

    @property
    def number(self) -> int:
        """How many parts are whole."""
        return int(self.state.get("parts", 0))

    def add(self, table: "pa.Table", state: dict[str, Any]) -> None:
        """Write one more part and, with it, the state from which to go on."""
        import pyarrow.parquet as pq

        path = self._path(self.number)
        staged = path.with_suffix(".new")
        with staged.open("wb") as stream:
            pq.write_table(table, stream)
            stream.flush()
            os.fsync(stream.fileno())
        staged.replace(path)
        state = state | {"parts": self.number + 1}
        self.register.commit(json.dumps(state))
        self.state = state

    def finish(self, state: dict[str, Any]) -> None:
        """Commit that nothing is left to be scored."""
        self.state = state | {"parts": self.number}
        self.register.commit(json.dumps(self.state))

    def kept(self) -> str:
        """What is told when the work is interrupted."""
        if not self.number:
            return "interrupted before a part was scored; nothing is left behind"
        sentences = self.state["counts"]["sentences"]
        return f"interrupted; {sentences:,} sentences are scored and kept in {self.folder}: repeat the command to go on"

    def tables(self) -> Iterator["pa.Table"]:
        """The parts in order."""
        import pyarrow.parquet as pq

        for number in range(self.number):
            try:
                yield pq.read_table(self._path(number), use_threads=False)
            except (OSError, ValueError) as error:
                raise CommuniqueError(
                    f"{self._path(number)}: is missing or damaged ({error}); give --force to begin anew"
                ) from error

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:07d}.parquet"

    def remove(self) -> None:
        """Remove the folder; the table is whole or was never begun."""
        shutil.rmtree(self.folder, ignore_errors=True)


def as_arrow(table: pd.DataFrame) -> "pa.Table":
    """A table of rows with fixed types: what was not scored has null for its probabilities and labels."""
    import pyarrow as pa

    kinds = {"i": pa.int64(), "f": pa.float64(), "b": pa.bool_()}
    types = {name: kinds.get(table[name].dtype.kind, pa.string()) for name in table.columns}
    schema = pa.schema({**types, "labels": pa.list_(pa.string())})
    unscored = table.filter(regex="^prob_").isna().all(axis=1)
    labels = table["labels"].where(~unscored, None)
    return pa.Table.from_pandas(table.assign(labels=labels), schema=schema, preserve_index=False)
