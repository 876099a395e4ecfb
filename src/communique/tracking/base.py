"""What a tracker does, and the one that does nothing."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from communique.errors import CommuniqueError

SHARE = "split.train_share"  # the parameter of runs for a learning curve: what share of the training documents
ARCHIVE = "archive.fingerprint"  # the parameter of runs that learned from an archive, themselves or through a member


def learned_share(params: Mapping[str, str]) -> float:
    """Of what share of the training documents a run with these parameters learned."""
    return float(params.get(SHARE, 1))


@dataclass(frozen=True)
class RunRecord:
    """A finished run as read back: its id, name, parameters, metrics, tags, and the folder of its artifacts."""

    id: str
    name: str
    params: Mapping[str, str]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    artifacts: Path = field(default=Path())

    @property
    def whole(self) -> bool:
        """Whether it learned from the whole training part, and is no point of a learning curve."""
        return learned_share(self.params) == 1

    @property
    def adapted(self) -> bool:
        """Whether it learned from somebody's archive, itself or through a member or teacher."""
        return ARCHIVE in self.params


def check_study(study: object) -> str:
    """A study's or run's name, or a CommuniqueError: it stands in queries and names files."""
    name = str(study)
    if study is None or not re.fullmatch(r"[^\s'\"`/\\](?:[^'\"`/\\\x00-\x1f]{0,98}[^\s'\"`/\\])?", name):
        raise CommuniqueError(
            f"name {name!r}: a study or run is named by 1 to 100 letters, digits, spaces and signs other than quotes "
            "and slashes"
        )
    return name


class Tracker(Protocol):
    """Where runs are recorded. Inside ``run(...)`` the ``log_…`` methods speak of that run."""

    def run(self, name: str, study: str, tags: Mapping[str, str]) -> AbstractContextManager[str]:
        """Open a run under the study's parent; yields its id.

        The run is marked failed where an exception passes, killed where it is interrupted or told to end.
        """
        ...

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Record parameters, flattened by the caller."""
        ...

    def log_metrics(self, metrics: Mapping[str, float]) -> None:
        """Record numbers by name."""
        ...

    def log_dataset(self, table: pd.DataFrame, name: str, fingerprint: str, context: str) -> None:
        """Record which data went in, by fingerprint."""
        ...

    def log_files(self, folder: Path) -> None:
        """Keep every file of a folder with the run."""
        ...

    def log_model(self, folder: Path) -> None:
        """Keep a saved model's folder with the run, as a model that MLflow can serve."""
        ...

    def finished(self, study: str, identity: str) -> RunRecord | None:
        """The finished run of this identity in the study, if there is one."""
        ...

    def get(self, run_id: str) -> RunRecord:
        """The run of this id, or of the one id that begins so; CommuniqueError where there is none."""
        ...

    def runs(self, study: str) -> Sequence[RunRecord]:
        """All finished runs of a study, oldest first."""
        ...

    def stored_model(self, run_id: str) -> str | None:
        """The reference under which the run's model is loaded; None where it kept none."""
        ...

    def register(self, run_id: str, name: str, alias: str) -> str:
        """Register the run's model under a name and point the alias at it; returns the version."""
        ...

    def registered(self, name: str, alias: str) -> RunRecord | None:
        """The run behind a registered name and alias, if there is one."""
        ...


class NullTracker:
    """Records nothing."""

    @contextmanager
    def run(self, name: str, study: str, tags: Mapping[str, str]) -> Iterator[str]:
        """Yield an id that stands for no record."""
        yield "untracked"

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Do nothing."""

    def log_metrics(self, metrics: Mapping[str, float]) -> None:
        """Do nothing."""

    def log_dataset(self, table: pd.DataFrame, name: str, fingerprint: str, context: str) -> None:
        """Do nothing."""

    def log_files(self, folder: Path) -> None:
        """Do nothing."""

    def log_model(self, folder: Path) -> None:
        """Do nothing."""

    def finished(self, study: str, identity: str) -> RunRecord | None:
        """Nothing is ever on record."""
        return None

    def get(self, run_id: str) -> RunRecord:
        """Nothing is ever on record."""
        raise CommuniqueError(f"run '{run_id}': nothing is on record without tracking")

    def runs(self, study: str) -> Sequence[RunRecord]:
        """Nothing is ever on record."""
        return ()

    def stored_model(self, run_id: str) -> str | None:
        """No model is ever kept."""
        return None

    def register(self, run_id: str, name: str, alias: str) -> str:
        """Do nothing."""
        return ""

    def registered(self, name: str, alias: str) -> RunRecord | None:
        """Nothing is ever registered."""
        return None
