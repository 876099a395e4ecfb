"""The sentences behind a run's figures: those that were named on the command line, or that its configuration names."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from communique.cli.options import CODEBOOK, CORPUS

if TYPE_CHECKING:
    from communique.data.dataset import Corpus


def data_of(artifacts: Path) -> dict[str, Any]:
    """The ``data`` group of the configuration that lies with a run's files; nothing where none does."""
    path = artifacts / "config.json"
    config = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return dict(config.get("data", {}))


def measured_sentences(used: Mapping[str, Any], part: str, data: Path | None, codebook: Path | None) -> "Corpus":
    """The corpus that ``part`` was cut from, or the measured file of that name, by the codebook that was used."""
    from communique.data.codebook import Codebook
    from communique.data.dataset import read_corpora

    paths = data or used.get("measure", {}).get(part) or used.get("corpus", CORPUS)
    book = Codebook.load(codebook or used.get("codebook", CODEBOOK))
    return read_corpora([paths] if isinstance(paths, str | Path) else list(paths), book)
