"""The folder of safe files that a saved model is: its manifest, and a digest of every byte beside it."""

import hashlib
import json
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from communique.errors import CommuniqueError
from communique.files import file_digest

MANIFEST = "model.json"
FORMAT = 1


def is_model_folder(path: str | Path) -> bool:
    """Whether a folder says of itself that it is a saved model; its bytes are checked when it is read."""
    return (Path(path) / MANIFEST).is_file()


def write_folder(folder: Path, content: Mapping[str, Any], write_weights: Callable[[Path], None]) -> str:
    """Write weights and a manifest of ``content`` to ``folder``, all of it or nothing; returns the model's digest.

    Only a model's own folder is ever replaced: CommuniqueError where another file or folder stands there.
    """
    check_destination(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".saving-") as temporary:
        staged = Path(temporary) / "model"
        staged.mkdir()
        write_weights(staged)
        manifest = _sealed({"format": FORMAT, **content, "files": _digests(staged)})
        text = json.dumps(manifest, indent=1, ensure_ascii=False, default=_plain)
        (staged / MANIFEST).write_text(text + "\n", encoding="utf-8")
        if folder.exists():
            folder.rename(Path(temporary) / "replaced")
        staged.rename(folder)
    return str(manifest["digest"])


def _sealed(content: dict[str, Any]) -> dict[str, Any]:
    """Plain data with the digest over it."""
    plain = json.loads(json.dumps(content, default=_plain))
    return {**plain, "digest": _manifest_digest(plain)}


def read_manifest(folder: str | Path) -> dict[str, Any]:
    """Read and check a model folder's manifest and the digest of every file it names.

    Raises CommuniqueError where the folder is no model folder, or where a byte of it has changed.
    """
    folder = Path(folder)
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        content = {key: value for key, value in manifest.items() if key != "digest"}
        stated, files = manifest["digest"], manifest["files"]
    except OSError as error:
        raise CommuniqueError(f"{folder}: is not a model folder (it has no readable {MANIFEST})") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CommuniqueError(f"{folder / MANIFEST}: is damaged; save or download the model again") from error
    if stated != _manifest_digest(content):
        raise CommuniqueError(f"{folder / MANIFEST}: has changed since it was saved; save or download the model again")
    if content.get("format") != FORMAT:
        raise CommuniqueError(f"{folder}: has format {content.get('format')}, this version reads {FORMAT}; update it")
    present = _digests(folder)
    for name, digest in files.items():
        if present.get(name) != digest:
            state = "has changed since it was saved" if name in present else "is missing"
            raise CommuniqueError(f"{folder / name}: {state}; save or download the model again")
    if added := sorted(set(present) - set(files)):
        raise CommuniqueError(f"{folder / added[0]}: was not saved with the model; save or download it again")
    return manifest


def check_destination(folder: Path) -> None:
    """Raise CommuniqueError where something stands that a model may not replace: anything but another model."""
    if folder.exists() and not (folder / MANIFEST).is_file() and not _is_empty(folder):
        raise CommuniqueError(f"{folder}: holds something that is no model; name a new folder")


def _is_empty(folder: Path) -> bool:
    return folder.is_dir() and not any(folder.iterdir())


def _digests(folder: Path) -> dict[str, str]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / MANIFEST)
    return {path.relative_to(folder).as_posix(): file_digest(path) for path in paths}


def _manifest_digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"not plain data: {type(value).__name__}")
