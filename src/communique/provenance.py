"""Where a number comes from: code revision, sources, environment, and the identity of a run."""

import hashlib
import json
import os
import platform
import subprocess
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import communique
from communique.files import file_digest
from communique.models.threads import threads

PACKAGES = (
    *("numpy", "scipy", "scikit-learn", "torch", "transformers", "tokenizers", "onnxruntime"),
    *("setfit", "sentence-transformers", "accelerate"),
)
PACKAGE = Path(communique.__file__).parent
SOURCES = ("conf/**/*.yaml", "requirements.lock")
BESIDE_THE_POINT = ("tracking", "force", "study", "name")  # no part of what a run computes
MODEL_FILES = ("config.json", "model.json")  # a folder that holds one is an encoder or a saved model
DRIVER = Path("/proc/driver/nvidia/gpus")


def revision(folder: str | Path = ".") -> dict[str, str]:
    """The git commit of a working tree and whether it has uncommitted changes; empty where there is none."""
    commit = _git(folder, "rev-parse", "HEAD")
    if commit is None:
        return {}
    return {"git.commit": commit, "git.dirty": str(bool(_git(folder, "status", "--porcelain"))).lower()}


def _git(folder: str | Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def environment() -> dict[str, str]:
    """Versions, processor features and threads: what digits can depend on beside code and data."""
    found = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "communique": communique.__version__,
    }
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    features = {"threads": str(threads()), "processor": processor_features()}
    return found | features | ({"accelerators": "; ".join(accelerators())} if accelerators() else {})


def infrastructure() -> dict[str, str]:
    """What the run ran on, for people to read: processor, cores, memory, accelerators, system."""
    named = _proc_value(Path("/proc/cpuinfo"), "model name") or platform.processor() or platform.machine()
    kilobytes = _proc_value(Path("/proc/meminfo"), "MemTotal").removesuffix(" kB")
    return {
        "processor": named,
        "cores": str(os.cpu_count()),
        "memory": f"{int(kilobytes) / 2**20:.0f} GiB" if kilobytes.isdigit() else "unknown",
        "accelerators": "; ".join(accelerators()) or "none used",
        "system": platform.platform(),
    }


def accelerators() -> list[str]:
    """The graphics processors a model would run on, found without loading torch; digits differ between kinds."""
    if os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        return []
    return sorted(_proc_value(path, "Model") for path in DRIVER.glob("*/information"))


def _proc_value(path: Path, key: str) -> str:
    """The value of the first line ``key: value`` of a file of the kernel's; empty where there is none."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    found = (line.partition(":")[2].strip() for line in lines if line.partition(":")[0].strip() == key)
    return next(found, "")


def processor_features() -> str:
    """The vector instructions that numeric libraries choose their kernels by."""
    try:
        flags = set(Path("/proc/cpuinfo").read_text(encoding="utf-8").split())
    except OSError:
        return platform.processor()
    return " ".join(flag for flag in ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16") if flag in flags)


def source_files(root: str | Path = ".", package: Path = PACKAGE) -> dict[str, str]:
    """SHA-256 of each file of the package's source, and of configuration and lock below ``root``, by path."""
    root = Path(root)
    paths = {f"src/{PACKAGE.name}/{path.relative_to(package).as_posix()}": path for path in package.rglob("*.py")}
    for pattern in SOURCES:
        paths |= {path.relative_to(root).as_posix(): path for path in root.glob(pattern)}
    return {name: file_digest(path) for name, path in sorted(paths.items())}


def source_hash(root: str | Path = ".", package: Path = PACKAGE) -> str:
    """SHA-256 over the package's source, and configuration and lock below ``root``; a README is no part of it."""
    return hashlib.sha256(json.dumps(source_files(root, package)).encode()).hexdigest()


def decisive(config: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a run's configuration that can move its numbers."""
    return {key: value for key, value in config.items() if key not in BESIDE_THE_POINT}


def run_identity(config: Mapping[str, Any], data_fingerprint: str, root: str | Path = ".") -> str:
    """What makes two runs the same run: configuration and the files it names, data, code, numeric environment."""
    config = decisive(config)
    parts = [config, named_files(config), data_fingerprint, source_hash(root), environment()]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def provenance_of(
    config: Mapping[str, Any],
    data_fingerprint: str,
    identity: str,
    root: str | Path = ".",
    saved: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Everything that the identity is made of, piece by piece, so that a later run can say what differs.

    ``saved`` are the digests of models that the configuration names otherwise than by their folder.
    """
    return {
        "identity": identity,
        "data": data_fingerprint,
        "files": {**(saved or {}), **named_files(decisive(config))},
        "sources": source_files(root),
        "revision": revision(root),
        "environment": environment(),
        "infrastructure": infrastructure(),
    }


def named_files(config: Mapping[str, Any]) -> dict[str, str]:
    """SHA-256 of all that values of the configuration name: a split, a measured file, a folder of an encoder."""
    names = {value for value in _leaves(config) if isinstance(value, str) and 0 < len(value) < 256}
    digests = {name: _digest_of_named(Path(name)) for name in sorted(names) if "\0" not in name}
    return {name: digest for name, digest in digests.items() if digest}


def _digest_of_named(path: Path) -> str:
    if path.is_file():
        return file_digest(path)
    if not any((path / name).is_file() for name in MODEL_FILES):
        return ""
    inside = {
        file.relative_to(path).as_posix(): file_digest(file) for file in sorted(path.rglob("*")) if file.is_file()
    }
    return hashlib.sha256(json.dumps(inside).encode()).hexdigest()


def _leaves(value: Any) -> Iterator[Any]:
    nested = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else None
    if nested is None:
        yield value
    else:
        for inner in nested:
            yield from _leaves(inner)


def flatten(nested: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested dictionaries as one, keys joined by dots; lists become JSON text."""
    flat: dict[str, Any] = {}
    for key, value in nested.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{name}.")
        else:
            flat[name] = json.dumps(value, default=str) if isinstance(value, list | tuple) else value
    return flat
