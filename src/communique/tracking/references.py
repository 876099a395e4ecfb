"""From what a person calls a model (folder, MLflow URI, run, study, registered name) to the folder that it is."""

from pathlib import Path

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from sqlalchemy.exc import SQLAlchemyError

from communique.errors import CommuniqueError
from communique.models.folder import MANIFEST, is_model_folder
from communique.tracking.mlflow_tracker import first_line, model_id, newest_run
from communique.tracking.quiet import quiet


def is_registered(reference: str, uri: str) -> bool:
    """Whether ``name@alias`` is in the registry; CommuniqueError where the registry cannot be read."""
    name, alias = reference.split("@")
    try:
        MlflowClient(uri).get_model_version_by_alias(name, alias)
    except MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            return False
        raise CommuniqueError(f"tracking at {uri}: cannot be read ({first_line(error)})") from error
    except (SQLAlchemyError, OSError) as error:
        raise CommuniqueError(f"tracking at {uri}: cannot be read ({first_line(error)})") from error
    return True


def resolve_model_folder(reference: str, uri: str) -> Path:
    """The folder of a model given by folder, MLflow URI, ``runs:/ID``, ``study:STUDY/RUN`` or ``name@alias``.

    Of a study the newest finished run of that name is meant; ``study:STUDY/RUN/SEED`` asks for one seed's. Raises
    CommuniqueError where there is no such model. The folder is the store's own: read, never write.
    """
    if Path(reference).is_dir():
        return _inner(Path(reference))
    if "@" not in reference and not reference.startswith(("models:/", "runs:/", "study:")):
        raise CommuniqueError(f"model '{reference}': is no folder, MLflow URI, study:STUDY/RUN or name@alias")
    if uri.startswith("sqlite:///") and not Path(uri.removeprefix("sqlite:///")).exists():
        raise CommuniqueError(
            f"model '{reference}': there is no MLflow store at {uri}; run 'make run' first, go to the folder "
            "that holds the store, or name it by --tracking-uri"
        )
    quiet()
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)  # that of another store may be set from before
    try:
        address = _address(reference, MlflowClient(uri))
        folder = _inner(Path(mlflow.artifacts.download_artifacts(address, tracking_uri=uri)))
    except SQLAlchemyError as error:
        raise CommuniqueError(f"model '{reference}': {uri} is no MLflow store ({first_line(error)})") from error
    except (MlflowException, OSError) as error:
        if "No such artifact" in str(error):
            raise _files_gone(reference, uri) from error
        raise CommuniqueError(f"model '{reference}': not found in {uri} ({first_line(error)})") from error
    if not is_model_folder(folder):
        raise _files_gone(reference, uri)
    return folder


def _files_gone(reference: str, uri: str) -> CommuniqueError:
    return CommuniqueError(
        f"model '{reference}': {uri} knows it, but its files are not where they were stored; "
        "move the artifact folder (mlartifacts) back to its old place, or train and register the model again"
    )


def _address(reference: str, client: MlflowClient) -> str:
    """The MLflow URI behind a reference."""
    run = reference.removeprefix("runs:/") if reference.startswith("runs:/") else ""
    if reference.startswith("study:"):
        run = str(newest_run(reference, client, f"model '{reference}'").info.run_id)
    if not run or "/" in run:  # a URI as it stands, or name@alias
        return reference if "/" in reference else f"models:/{reference}"
    if not (found := model_id(client, run)):
        raise CommuniqueError(f"model '{reference}': run {run} kept no model; it may be a k-fold run")
    return f"models:/{found}"


def _inner(folder: Path) -> Path:
    """A served model's folder holds ours under ``artifacts/``."""
    if is_model_folder(folder):
        return folder
    inner = sorted(folder.glob(f"artifacts/*/{MANIFEST}"))
    return inner[0].parent if inner else folder
