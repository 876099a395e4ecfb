"""Fitted scikit-learn objects in files that hold no code, by skops; loaded where needed, since it loads them all."""

from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED


def write_estimator(estimator: Any, path: Path) -> None:
    """Write a fitted estimator, packed."""
    from skops import io

    io.dump(estimator, path, compression=ZIP_DEFLATED, compresslevel=6)


def read_estimator(path: Path) -> Any:
    """Read it again; a file that names a type which scikit-learn and numpy do not have is refused by skops."""
    from skops import io

    return io.load(path, trusted=[])
