"""MLflow's chatter, kept off the terminal: what matters of it comes back as an exception anyway."""

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


def quiet() -> None:
    """Silence the loggers of MLflow and of the library that migrates its database."""
    for logger in ("mlflow", "alembic"):
        logging.getLogger(logger).setLevel(logging.CRITICAL)


@contextmanager
def without_advice() -> Iterator[None]:
    """Drop MLflow's warnings (it wants type hints and an example), past its own filters; pass on all others."""
    with warnings.catch_warnings(record=True) as caught:
        yield
    for warning in caught:
        if f"{os.sep}mlflow{os.sep}" not in warning.filename:
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
