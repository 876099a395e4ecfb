"""A run's configuration checked against what it configures: a mistake is a sentence, before anything is loaded.

The constructors are the only schema: every ``_target_`` is looked up and its arguments are held against the
signature's names and types. The settings of ``conf/train.yaml`` itself have theirs here.
"""

import inspect
import json
from collections.abc import Mapping
from typing import Annotated, Any, get_type_hints

from hydra.errors import HydraException, InstantiationException, OverrideParseException
from hydra.utils import get_object, instantiate
from omegaconf.errors import OmegaConfBaseException
from pydantic import BaseModel, ConfigDict, Field, PositiveInt, TypeAdapter, ValidationError

from communique.errors import CommuniqueError

CONFIGURATION_ERRORS = (HydraException, OmegaConfBaseException)
TARGET = "_target_"
PROMISES = {"model": "raw_proba", "split": "folds", "decision": "prevalence", "tracking": "finished"}


class Data(BaseModel):
    """The group ``data``."""

    corpus: str | list[str]
    codebook: str
    measure: dict[str, str]
    where: dict[str, Any] = {}


class Settings(BaseModel):
    """What ``conf/train.yaml`` itself sets; the seed's limit is that of NumPy and torch."""

    data: Data
    seed: Annotated[int, Field(ge=0, lt=2**32)]
    threads: PositiveInt
    resamples: PositiveInt
    limit: PositiveInt | None
    force: bool
    search: dict[str, Any] | None = None
    study: str | int
    name: str | int


def check(config: Mapping[str, Any]) -> None:
    """Raise CommuniqueError at the first setting that has another type, range or name than what it configures."""
    _check_value("", dict(config), TypeAdapter(Settings))
    for key, value in config.items():
        if not isinstance(value, Mapping) and key not in Settings.model_fields:
            raise CommuniqueError(f"{key}={value}: there is no such setting; settings are in conf/train.yaml")
        _check_node(key, value)
    for group, promised in PROMISES.items():
        node = config.get(group)
        target = node.get(TARGET) if isinstance(node, Mapping) else None
        made = _target(group, target)
        if inspect.isclass(made) and not hasattr(made, promised):
            raise CommuniqueError(f"{group}._target_: {target} is no {group} (it has no '{promised}')")


def built(node: Any) -> Any:
    """The object that a group describes; our own refusals come out of Hydra unwrapped."""
    try:
        return instantiate(node, _convert_="all")
    except InstantiationException as error:
        if isinstance(error.__cause__, CommuniqueError):
            raise error.__cause__ from error
        raise CommuniqueError(f"configuration: {sentence(error)}") from error


def sentence(error: Exception) -> str:
    """An error of Hydra's or OmegaConf's in one line, its cause included where that tells more."""
    if isinstance(error, OverrideParseException):
        return f"'{error.override}' cannot be read: write key=value, and quote a value of several words or signs"
    told, _, _ = str(error).partition("Config search path")
    lines = [line.strip() for line in told.splitlines() if line.strip()]
    start = next((i for i, line in enumerate(lines) if line.startswith("Available options")), len(lines))
    kept = [line for line in lines[:start] if not line.startswith(("full_key:", "object_type=", "reference_type="))]
    options = f"; available: {', '.join(lines[start + 1 :])}" if lines[start + 1 :] else ""
    return " ".join(" ".join(kept).split()) + options


def _check_node(where: str, node: Any) -> None:
    if isinstance(node, list):
        for number, inner in enumerate(node):
            _check_node(f"{where}[{number}]", inner)
    if not isinstance(node, Mapping):
        return
    if TARGET in node:
        _check_arguments(where, node)
    for key, inner in node.items():
        _check_node(f"{where}.{key}", inner)


def _check_arguments(where: str, node: Mapping[str, Any]) -> None:
    made = _target(where, node[TARGET])
    if not callable(made) or made.__module__ == "builtins":
        raise CommuniqueError(f"{where}._target_: '{node[TARGET]}' makes nothing of ours")
    allowed = [name for name in inspect.signature(made).parameters if name != "self"]
    hints = get_type_hints(made.__init__ if inspect.isclass(made) else made, include_extras=True)
    for name, value in node.items():
        if name == TARGET:
            continue
        if name not in allowed:
            raise CommuniqueError(
                f"{where}.{name}: {made.__name__} takes no such argument; it takes {', '.join(allowed)}"
            )
        if name in hints and not _describes_object(value):
            adapter = TypeAdapter(hints[name], config=ConfigDict(arbitrary_types_allowed=True))
            _check_value(f"{where}.{name}", value, adapter)


def _target(where: str, target: Any) -> Any:
    try:
        return get_object(str(target))
    except (ImportError, AttributeError, ValueError, InstantiationException) as error:
        raise CommuniqueError(f"{where}._target_: '{target}' cannot be found; name a class by its module") from error


def _describes_object(value: Any) -> bool:
    """Whether a value holds the description of an object, which is checked by itself."""
    if isinstance(value, Mapping):
        return TARGET in value or any(map(_describes_object, value.values()))
    return isinstance(value, list) and any(map(_describes_object, value))


def _check_value(where: str, value: Any, adapter: TypeAdapter[Any]) -> None:
    """Strictly, but as JSON: a whole number may stand for a decimal one, a list for a tuple, a text for neither."""
    try:
        adapter.validate_json(json.dumps(value, default=str), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        if first["type"] == "needs_python_object":
            choice = where.replace(".", "/")
            raise CommuniqueError(f"{where}={value}: is no object; choose one of conf/ by {choice}=NAME") from error
        given = "" if first["type"] == "missing" else f"={first['input']}"
        told = first["msg"][0].lower() + first["msg"][1:]
        raise CommuniqueError(f"{where or _path(first['loc'], value)}{given}: {told}") from error


def _path(location: tuple[int | str, ...], value: Any) -> str:
    """The keys of an error's location, without the names that pydantic gives the branches of a choice."""
    path: list[str] = []
    for part in location:
        if not isinstance(value, Mapping):
            break
        path.append(str(part))
        value = value.get(part)
    return ".".join(path)
