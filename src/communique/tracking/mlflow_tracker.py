"""Runs in MLflow: a SQLite file by default, made once under a lock so that parallel jobs are safe."""

import os
import platform
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from filelock import FileLock
from mlflow.entities import Param, Run, ViewType
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from sqlalchemy.exc import SQLAlchemyError

from communique.errors import CommuniqueError
from communique.tracking.base import RunRecord, check_study, learned_share
from communique.tracking.quiet import quiet, without_advice

EXPERIMENT = "communique"
PARAM_LIMIT = 6000  # MLflow silently cuts longer values
DIGEST_LIMIT = 36
STUDY_TAG, PARENT_TAG, IDENTITY_TAG = "communique.study", "communique.parent", "communique.identity"
PROCESS_TAG = "communique.process"


class MlflowTracker:
    """MLflow tracking; ``uri`` is any MLflow URI, artifacts of a SQLite store lie in ``artifacts``."""

    def __init__(self, uri: str = "sqlite:///mlruns.db", artifacts: str = "mlartifacts") -> None:
        self.uri = uri
        self.artifacts = artifacts
        quiet()
        self.client = self._connect()
        self.current = ""

    def _connect(self) -> MlflowClient:
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "3")  # its own seven take six minutes to give up
        mlflow.set_tracking_uri(self.uri)
        mlflow.set_registry_uri(self.uri)
        local = self.uri.startswith("sqlite:///")
        lock = Path(self.uri.removeprefix("sqlite:///") + ".lock") if local else Path(".mlflow.lock")
        try:
            with FileLock(lock, timeout=300):
                client = MlflowClient(self.uri)
                known = client.get_experiment_by_name(EXPERIMENT)
                location = Path(self.artifacts).absolute().as_uri() if local else None
                self.experiment = (
                    known.experiment_id if known else client.create_experiment(EXPERIMENT, artifact_location=location)
                )
        except (MlflowException, SQLAlchemyError, OSError) as error:
            raise CommuniqueError(f"tracking at {self.uri}: cannot be opened ({first_line(error)})") from error
        return client

    def _parent(self, study: str) -> str:
        with FileLock(Path(f".{EXPERIMENT}-study.lock").name, timeout=300) as lock:
            try:
                found = self._search(f"tags.`{PARENT_TAG}` = '{study}'", ViewType.ACTIVE_ONLY)
                if found:
                    return str(found[0].info.run_id)
                tags = {PARENT_TAG: study, "mlflow.runName": f"study: {study}"}
                parent = self.client.create_run(self.experiment, tags=tags)
                self.client.set_terminated(parent.info.run_id, "FINISHED")
                return str(parent.info.run_id)
            finally:
                Path(lock.lock_file).unlink(missing_ok=True)

    def _search(self, query: str, view: int = ViewType.ACTIVE_ONLY) -> list[Any]:
        return list(
            self.client.search_runs(
                [self.experiment], query, view, max_results=5000, order_by=["attributes.start_time ASC"]
            )
        )

    @contextmanager
    def run(self, name: str, study: str, tags: Mapping[str, str]) -> Iterator[str]:
        """Open a run under the study's parent; yields its id.

        The run is marked failed where an exception passes, killed where it is interrupted or told to end. One that
        was killed outright cannot say so: the next run of the study on the same machine does.
        """
        study = check_study(study)
        self._bury_the_dead(study)
        parent = self._parent(study)
        process = f"{platform.node()}:{os.getpid()}"
        all_tags = {**tags, STUDY_TAG: study, PROCESS_TAG: process, "mlflow.parentRunId": parent}
        run = self.client.create_run(self.experiment, tags=all_tags | {"mlflow.runName": check_study(name)})
        self.current = run.info.run_id
        status = "FAILED"
        try:
            yield self.current
            status = "FINISHED"
        except (KeyboardInterrupt, SystemExit):
            status = "KILLED"
            raise
        finally:
            self.client.set_terminated(self.current, status)

    def _bury_the_dead(self, study: str) -> None:
        for run in self._search(f"tags.`{STUDY_TAG}` = '{study}' and status = 'RUNNING'"):
            node, _, process = run.data.tags.get(PROCESS_TAG, "").rpartition(":")
            if node == platform.node() and process.isdigit() and not _alive(int(process)):
                self.client.set_terminated(run.info.run_id, "KILLED")

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Record parameters; a value that MLflow would cut is refused, not cut."""
        for key, value in params.items():
            text = str(value)
            if len(text) > PARAM_LIMIT:
                raise CommuniqueError(
                    f"parameter '{key}': {len(text)} characters, MLflow keeps {PARAM_LIMIT}; shorten it"
                )
        self.client.log_batch(self.current, params=[Param(key, str(value)) for key, value in params.items()])

    def log_metrics(self, metrics: Mapping[str, float]) -> None:
        """Record numbers by name."""
        from mlflow.entities import Metric

        entries = [Metric(name, float(value), 0, 0) for name, value in metrics.items()]
        for start in range(0, len(entries), 900):
            self.client.log_batch(self.current, metrics=entries[start : start + 900])

    def log_dataset(self, table: pd.DataFrame, name: str, fingerprint: str, context: str) -> None:
        """Record which data went in, by fingerprint (its first 36 characters: MLflow's limit)."""
        from mlflow.data.pandas_dataset import from_pandas

        # as floats, since MLflow's integers cannot be missing
        table = table.astype(dict.fromkeys(table.select_dtypes("integer").columns, float))
        dataset = from_pandas(table, name=name, digest=fingerprint[:DIGEST_LIMIT])
        with self._active():
            mlflow.log_input(dataset, context=context)

    def log_files(self, folder: Path) -> None:
        """Keep every file of a folder with the run."""
        self.client.log_artifacts(self.current, str(folder))

    def log_model(self, folder: Path) -> None:
        """Keep a saved model's folder with the run, as a pyfunc that names its loader and its data."""
        import communique

        with self._active(), without_advice():
            from communique.tracking import served_model

            mlflow.pyfunc.log_model(
                name="model",
                python_model=served_model.__file__,
                artifacts={"model": str(folder)},
                signature=_signature(folder),
                pip_requirements=[f"communique=={communique.__version__}"],
            )

    @contextmanager
    def _active(self) -> Iterator[None]:
        with mlflow.start_run(run_id=self.current, log_system_metrics=False):
            yield
        self.client.update_run(self.current, status="RUNNING")

    def finished(self, study: str, identity: str) -> RunRecord | None:
        """The finished run of this identity in the study, if there is one."""
        query = f"tags.`{STUDY_TAG}` = '{check_study(study)}' and tags.`{IDENTITY_TAG}` = '{identity}'"
        found = self._search(f"{query} and status = 'FINISHED'")
        kept = [run for run in found if _on_disk(run)]
        return self._record(kept[-1]) if kept else None

    def get(self, run_id: str) -> RunRecord:
        """The run of this id, of the one id that begins so, or of ``study:STUDY/RUN[/SEED]``; else CommuniqueError."""
        if run_id.startswith("study:"):
            return self._record(newest_run(run_id, self.client, f"run '{run_id}'"))
        found = [run for run in self._search("") if run.info.run_id.startswith(run_id) and STUDY_TAG in run.data.tags]
        if len(found) != 1:
            number = f"{len(found)} runs begin so" if found else "no run begins so"
            raise CommuniqueError(f"run '{run_id}': {number} in {self.uri}; give an id that 'mlflow ui' shows")
        return self._record(found[0])

    def runs(self, study: str) -> Sequence[RunRecord]:
        """All finished runs of a study, oldest first; raises CommuniqueError where there are none."""
        found = self._search(f"tags.`{STUDY_TAG}` = '{check_study(study)}' and status = 'FINISHED'")
        if not found:
            raise CommuniqueError(f"study '{study}': has no finished run in {self.uri}; train one first")
        return [self._record(run) for run in found]

    def _record(self, run: Any) -> RunRecord:
        try:
            folder = Path(mlflow.artifacts.download_artifacts(run_id=run.info.run_id, tracking_uri=self.uri))
        except (MlflowException, OSError) as error:
            where = f"run {run.info.run_id}: its files are gone from {run.info.artifact_uri}"
            raise CommuniqueError(f"{where}; bring them back or train again") from error
        data = run.data
        return RunRecord(run.info.run_id, run.info.run_name, data.params, data.metrics, data.tags, folder)

    def stored_model(self, run_id: str) -> str | None:
        """The ``models:/…`` reference of the run's model; None where it kept none, as a k-fold run."""
        found = model_id(self.client, run_id)
        return f"models:/{found}" if found else None

    def register(self, run_id: str, name: str, alias: str) -> str:
        """Register the run's model under a name and point the alias at it; returns the version."""
        if not (found := model_id(self.client, run_id)):
            raise CommuniqueError(f"run {run_id}: has no model to register; it may be a k-fold run")
        if not self.client.search_registered_models(f"name = '{check_study(name)}'"):
            self.client.create_registered_model(name)
        source = f"models:/{found}"
        version = self.client.create_model_version(name, source, tags={"run": run_id}, model_id=found).version
        self.client.set_registered_model_alias(name, alias, version)
        return str(version)

    def registered(self, name: str, alias: str) -> RunRecord | None:
        """The run behind a registered name and alias, if there is one."""
        try:
            tags = self.client.get_model_version_by_alias(name, alias).tags
            return self._record(self.client.get_run(tags["run"]))
        except (MlflowException, KeyError):
            return None


def _on_disk(run: Any) -> bool:
    """False where a run's artifacts should lie in a local folder and do not."""
    uri = run.info.artifact_uri
    return not uri.startswith("file://") or Path(uri.removeprefix("file://")).exists()


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except OSError as error:
        return isinstance(error, PermissionError)  # another's process
    return True


def newest_run(reference: str, client: MlflowClient, what: str) -> Run:
    """The newest finished run that ``study:STUDY/RUN`` or ``study:STUDY/RUN/SEED`` names; ``what`` leads the error.

    Runs that learned from a share of the training documents, for a learning curve, are never meant.
    """
    study, name, seed, *rest = [*reference.removeprefix("study:").split("/"), "", ""]
    experiment = client.get_experiment_by_name(EXPERIMENT)
    query = f"tags.`{STUDY_TAG}` = '{study}' and tags.mlflow.runName = '{name}' and status = 'FINISHED'"
    if seed:
        query += f" and params.seed = '{seed}'"
    newest = ["attributes.start_time DESC"]
    possible = experiment and not any(rest) and not re.search("['\"`]", reference)  # as no study or run is named
    named = client.search_runs([experiment.experiment_id], query, order_by=newest) if possible else []
    found = [run for run in named if learned_share(run.data.params) == 1]
    if not study or not found:
        asked = "study, name and seed" if seed else "study and name"
        raise CommuniqueError(f"{what}: there is no finished run of that {asked}; see 'compare'")
    return found[0]


def model_id(client: MlflowClient, run_id: str) -> str:
    """MLflow's id of the model that a run kept; empty where it kept none."""
    outputs = client.get_run(run_id).outputs
    return str(outputs.model_outputs[0].model_id) if outputs and outputs.model_outputs else ""


def _signature(folder: Path) -> Any:
    import json

    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    labels = json.loads((folder / "model.json").read_text(encoding="utf-8"))["labels"]
    outputs = [ColSpec("double", f"prob_{label}") for label in labels] + [ColSpec("string", "labels")]
    return ModelSignature(inputs=Schema([ColSpec("string")]), outputs=Schema(outputs))


def first_line(error: Exception) -> str:
    """What an error of MLflow's says first; the rest is a trace of its database or of the connection."""
    return str(error).strip().split("\n")[0].split(" with exception ")[0]
