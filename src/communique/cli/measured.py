"""The sentences behind a run's figures: those that were named on the command line, or that its configuration names."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from communique.cli.options import CODEBOOK, CORPUS
from communique.errors import CommuniqueError

if TYPE_CHECKING:
    from communique.data.dataset import Corpus


def data_of(artifacts: Path) -> dict[str, Any]:
    """The ``data`` group of the configuration that lies with a run's files; nothing where none does."""
    path = artifacts / "config.json"
    config = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return dict(config.get("data") or {})


def measured_sentences(used: Mapping[str, Any], part: str, data: Path | None, codebook: Path | None) -> "Corpus":
    """The corpus that ``part`` was cut from, or the measured file of that name, by the codebook that was used."""
    from communique.data.codebook import Codebook
    from communique.data.dataset import read_corpora

    named = data or (used.get("measure") or {}).get(part) or used.get("corpus", CORPUS)
    paths = [Path(named)] if isinstance(named, str | Path) else list(map(Path, named))
    codes = Path(codebook or used.get("codebook", CODEBOOK))
    recorded = {"--data": [] if data else paths, "--codebook": [] if codebook else [codes]} if used else {}
    for option, files in recorded.items():
        if gone := [path for path in files if not path.exists()]:
            raise CommuniqueError(
                f"{gone[0]}: the run was measured by this file, which is not here; go to the folder that the run was "
                f"made in, or name the file by {option}"
            )
    return read_corpora(paths, Codebook.load(codes))
