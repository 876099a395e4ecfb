"""Test material that never trains a model: minimal pairs, and single sentences by capability.

A minimal pair is two sentences that differ in one edit; ``moves`` names the labels that the edit moves, and an
edit that moves none must leave the label set as it is (contrast sets: Gardner et al. 2020).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from communique.data.codebook import Codebook
from communique.data.dataset import Sentence, parse_sentence, refuse_repeated
from communique.data.records import records
from communique.errors import CommuniqueError


@dataclass(frozen=True)
class Pair:
    """Two sentences one edit apart, the kind of edit, and the labels that it moves (none: it moves nothing)."""

    id: str
    kind: str
    sides: tuple[Sentence, Sentence]
    moves: frozenset[str]


@dataclass(frozen=True)
class Case:
    """One plain sentence with its labels, and the capability that it takes to label it."""

    id: str
    text: str
    labels: frozenset[str]
    capability: str


@dataclass(frozen=True)
class _Side:
    """One line of a file of pairs, and where it stands."""

    where: str
    sentence: Sentence
    pair: str
    kind: str
    moves: frozenset[str]


def read_pairs(path: str | Path, codebook: Codebook) -> tuple[Pair, ...]:
    """Read and check a file of minimal pairs (``.jsonl``), in the order of their first sides.

    Raises CommuniqueError naming file, line and field: besides all that ``read_corpus`` refuses, a pair without
    exactly two sides, sides that disagree on the edit, the same text twice, and moves that are not the labels in
    which the sides differ.
    """
    path = Path(path)
    by_pair: dict[str, list[_Side]] = {}
    seen: dict[str, int] = {}
    for number, record in records(path):
        where = f"{path}, line {number}"
        side = _side(record, codebook, where)
        refuse_repeated(side.sentence.id, seen, number, where)
        by_pair.setdefault(side.pair, []).append(side)
    if not by_pair:
        raise CommuniqueError(f"{path}: holds no pair; give one JSON object a line, two lines a pair")
    return tuple(_pair(sides) for sides in by_pair.values())


def read_cases(path: str | Path, codebook: Codebook) -> tuple[Case, ...]:
    """Read and check single sentences by capability (``.jsonl``: id, text, labels, capability).

    Raises CommuniqueError naming file, line and field, as ``read_corpus`` does.
    """
    path = Path(path)
    cases: list[Case] = []
    seen: dict[str, int] = {}
    for number, record in records(path):
        where = f"{path}, line {number}"
        sentence = parse_sentence({"document": record.get("id"), **record}, codebook, where)
        refuse_repeated(sentence.id, seen, number, where)
        capability = _word(record, "capability", where)
        cases.append(Case(sentence.id, sentence.text, sentence.labels, capability))
    if not cases:
        raise CommuniqueError(f"{path}: holds no sentence; give one JSON object a line")
    return tuple(cases)


def _side(record: Mapping[str, Any], codebook: Codebook, where: str) -> _Side:
    sentence = parse_sentence(record, codebook, where)
    edit = record.get("edit")
    if not isinstance(edit, dict):
        raise CommuniqueError(f"{where}, field 'edit': must be an object with 'kind' and 'moves', not {edit!r}")
    moves = edit.get("moves")
    if not isinstance(moves, list) or not all(isinstance(name, str) for name in moves):
        raise CommuniqueError(f"{where}, field 'edit.moves': must be a list of labels, not {moves!r}; [] for none")
    try:
        checked = frozenset().union(*(codebook.check([name]) for name in moves))
    except CommuniqueError as error:
        raise CommuniqueError(f"{where}, field 'edit.moves': {error}") from error
    kind = _word(edit, "kind", where, "edit.kind")
    return _Side(where, sentence, _word(record, "pair", where), kind, checked)


def _word(record: Mapping[str, Any], name: str, where: str, shown: str = "") -> str:
    value = record.get(name)
    if not isinstance(value, str) or not value.strip():
        raise CommuniqueError(f"{where}, field '{shown or name}': must be a text that is not empty, not {value!r}")
    return value


def _pair(sides: Sequence[_Side]) -> Pair:
    first, last = sides[0], sides[-1]
    if len(sides) != 2:
        raise CommuniqueError(f"{last.where}, field 'pair': '{last.pair}' has {len(sides)} side(s); a pair needs two")
    if (first.kind, first.moves) != (last.kind, last.moves):
        raise CommuniqueError(f"{last.where}, field 'edit': differs from the other side of pair '{last.pair}'")
    if first.sentence.text == last.sentence.text:
        raise CommuniqueError(f"{last.where}, field 'text': both sides of pair '{last.pair}' say the same; edit one")
    differ = first.sentence.labels ^ last.sentence.labels
    if differ != last.moves:
        raise CommuniqueError(
            f"{last.where}, field 'edit.moves': says {_listed(last.moves)}, but the labels of pair '{last.pair}' "
            f"differ in {_listed(differ)}; mend the one that is wrong"
        )
    return Pair(last.pair, last.kind, (first.sentence, last.sentence), last.moves)


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names)) or "none"
