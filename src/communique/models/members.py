"""Saved models inside a saved model's folder: the members of an ensemble or a cascade."""

from collections.abc import Sequence
from pathlib import Path

from communique.models.base import StanceModel

PREFIX = "member-"


def save_members(models: Sequence[StanceModel], folder: Path) -> None:
    """Save each model in a folder of its own inside ``folder``."""
    for number, model in enumerate(models):
        model.save(folder / f"{PREFIX}{number:03d}")


def member_folders(folder: Path) -> list[Path]:
    """The folders of a saved model's members, in their order; empty where it has none."""
    return sorted(folder.glob(f"{PREFIX}*"))
