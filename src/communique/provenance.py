"""Where a number comes from: code revision, environment, and the identity of a run."""

import hashlib
import json
import os
import platform
import subprocess
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import communique

PACKAGES = ("numpy", "scipy", "scikit-learn", "torch", "transformers", "tokenizers", "mlflow", "onnxruntime")
PACKAGE = Path(communique.__file__).parent
SOURCES = ("conf/**/*.yaml", "requirements.lock")


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
    return found | {"threads": str(threads()), "processor": processor_features()}


def threads() -> int:
    """How many threads numeric libraries use: OMP_NUM_THREADS, else the cores this process may use."""
    return int(os.environ.get("OMP_NUM_THREADS") or len(os.sched_getaffinity(0)))


def processor_features() -> str:
    """The vector instructions that numeric libraries choose their kernels by."""
    try:
        flags = set(Path("/proc/cpuinfo").read_text(encoding="utf-8").split())
    except OSError:
        return platform.processor()
    return " ".join(flag for flag in ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16") if flag in flags)


def source_hash(root: str | Path = ".", package: Path = PACKAGE) -> str:
    """SHA-256 over the package's source, and configuration and lock below ``root``; a README is no part of it."""
    root = Path(root)
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        digest.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes())
    for pattern in SOURCES:
        for path in sorted(root.glob(pattern)):
            digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def run_identity(config: Mapping[str, Any], data_fingerprint: str, root: str | Path = ".") -> str:
    """What makes two runs the same run: configuration and the files it names, data, code, numeric environment."""
    parts = [config, _named_files(config), data_fingerprint, source_hash(root), environment()]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def _named_files(config: Mapping[str, Any]) -> dict[str, str]:
    """SHA-256 of every file that a value of the configuration names (a split, a measured file)."""
    paths = {str(value): Path(str(value)) for value in flatten(config).values() if isinstance(value, str)}
    named = {name: path for name, path in paths.items() if name and len(name) < 1000 and path.is_file()}
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in sorted(named.items())}


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
