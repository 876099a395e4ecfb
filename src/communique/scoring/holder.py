"""Whose stance a sentence is."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from communique.scoring.sentences import Sentence


class Holder(NamedTuple):
    """Holder."""

    name: str = ""
    source: str = ""


def holders(text: str, sentences: Sequence[Sentence], metadata: Mapping[str, str]) -> list[Holder]:
    """Stub."""
    return [Holder() for _ in sentences]
