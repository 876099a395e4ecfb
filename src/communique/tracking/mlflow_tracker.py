"""Runs in MLflow: a SQLite file by default, made once under a lock so that parallel jobs are safe."""

import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
from filelock import FileLock

from communique.errors import CommuniqueError
from communique.tracking.base import RunRecord, check_study
from communique.tracking.quiet import quiet, without_advice

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")

import mlflow
from mlflow.entities import Param, ViewType
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from sqlalchemy.exc import SQLAlchemyError

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
            raise CommuniqueError(f"tracking at {self.uri}: cannot be opened ({_first_line(error)})") from error
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
        """The run of this id, or of the one id that begins so; CommuniqueError where there is none."""
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
        outputs = self.client.get_run(run_id).outputs
        return f"models:/{outputs.model_outputs[0].model_id}" if outputs and outputs.model_outputs else None

    def register(self, run_id: str, name: str, alias: str) -> str:
        """Register the run's model under a name and point the alias at it; returns the version."""
        outputs = self.client.get_run(run_id).outputs
        if outputs is None or not outputs.model_outputs:
            raise CommuniqueError(f"run {run_id}: has no model to register; it may be a k-fold run")
        model_id = outputs.model_outputs[0].model_id
        if not self.client.search_registered_models(f"name = '{check_study(name)}'"):
            self.client.create_registered_model(name)
        source = f"models:/{model_id}"
        version = self.client.create_model_version(name, source, tags={"run": run_id}, model_id=model_id).version
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


def is_registered(reference: str, uri: str) -> bool:
    """Whether ``name@alias`` is in the registry; CommuniqueError where the registry cannot be read."""
    name, alias = reference.split("@")
    try:
        MlflowClient(uri).get_model_version_by_alias(name, alias)
    except MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            return False
        raise CommuniqueError(f"tracking at {uri}: cannot be read ({_first_line(error)})") from error
    except (SQLAlchemyError, OSError) as error:
        raise CommuniqueError(f"tracking at {uri}: cannot be read ({_first_line(error)})") from error
    return True


def resolve_model_folder(reference: str, uri: str) -> Path:
    """The folder of a model given by folder, MLflow URI, ``runs:/ID``, ``study:STUDY/RUN`` or ``name@alias``.

    Of a study the newest finished run of that name is meant; ``study:STUDY/RUN/SEED`` asks for one seed's. Raises
    CommuniqueError where there is no such model.
    The folder is the store's own: read, never write.
    """
    if Path(reference).is_dir():
        return _inner(Path(reference))
    if "@" not in reference and not reference.startswith(("models:/", "runs:/", "study:")):
        raise CommuniqueError(f"model '{reference}': is no folder, MLflow URI, study:STUDY/RUN or name@alias")
    if uri.startswith("sqlite:///") and not Path(uri.removeprefix("sqlite:///")).exists():
        raise CommuniqueError(
            f"model '{reference}': there is no MLflow store at {uri}; run 'make run' first or name a model folder"
        )
    quiet()
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)  # that of another store may be set from before
    try:
        address = _address(reference, MlflowClient(uri))
        folder = _inner(Path(mlflow.artifacts.download_artifacts(address, tracking_uri=uri)))
    except SQLAlchemyError as error:
        raise CommuniqueError(f"model '{reference}': {uri} is no MLflow store ({_first_line(error)})") from error
    except (MlflowException, OSError) as error:
        if "No such artifact" in str(error):
            raise _files_gone(reference, uri) from error
        raise CommuniqueError(f"model '{reference}': not found in {uri} ({_first_line(error)})") from error
    if not (folder / "model.json").exists():
        raise _files_gone(reference, uri)
    return folder


def _files_gone(reference: str, uri: str) -> CommuniqueError:
    return CommuniqueError(
        f"model '{reference}': {uri} knows it, but its files are not where they were stored; "
        "move the artifact folder (mlartifacts) back to its old place, or train and register the model again"
    )


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except OSError as error:
        return isinstance(error, PermissionError)  # another's process
    return True


def _address(reference: str, client: MlflowClient) -> str:
    """The MLflow URI behind a reference."""
    run = reference.removeprefix("runs:/") if reference.startswith("runs:/") else ""
    if reference.startswith("study:"):
        run = _newest_run(reference, client)
    if not run or "/" in run:  # a URI as it stands, or name@alias
        return reference if "/" in reference else f"models:/{reference}"
    outputs = client.get_run(run).outputs
    if outputs is None or not outputs.model_outputs:
        raise CommuniqueError(f"model '{reference}': run {run} kept no model; it may be a k-fold run")
    return f"models:/{outputs.model_outputs[0].model_id}"


def _newest_run(reference: str, client: MlflowClient) -> str:
    """The id of the newest finished run that ``study:STUDY/RUN`` or ``study:STUDY/RUN/SEED`` names."""
    study, name, seed = [*reference.removeprefix("study:").split("/"), "", ""][:3]
    experiment = client.get_experiment_by_name(EXPERIMENT)
    query = f"tags.`{STUDY_TAG}` = '{study}' and tags.mlflow.runName = '{name}' and status = 'FINISHED'"
    if seed:
        query += f" and params.seed = '{seed}'"
    newest = ["attributes.start_time DESC"]
    found = client.search_runs([experiment.experiment_id], query, max_results=1, order_by=newest) if experiment else []
    if not study or not found:
        what = "study, name and seed" if seed else "study and name"
        raise CommuniqueError(f"model '{reference}': there is no finished run of that {what}; see 'compare'")
    return str(found[0].info.run_id)


def _inner(folder: Path) -> Path:
    """A served model's folder holds ours under ``artifacts/``."""
    if (folder / "model.json").exists():
        return folder
    inner = sorted(folder.glob("artifacts/*/model.json"))
    return inner[0].parent if inner else folder


def _signature(folder: Path) -> Any:
    import json

    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    labels = json.loads((folder / "model.json").read_text(encoding="utf-8"))["labels"]
    outputs = [ColSpec("double", f"prob_{label}") for label in labels] + [ColSpec("string", "labels")]
    return ModelSignature(inputs=Schema([ColSpec("string")]), outputs=Schema(outputs))


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0]
