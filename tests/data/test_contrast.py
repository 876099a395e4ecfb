"""Minimal pairs and plain cases: the shipped ones hold together, and every planted mistake is named where it stands."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from communique.behaviour.suite import CAPABILITIES
from communique.data.codebook import Codebook
from communique.data.contrast import read_cases, read_pairs
from communique.errors import CommuniqueError

DATA = Path(__file__).parents[2] / "data"
Lines = list[dict[str, Any]]


def pair_lines() -> Lines:
    edit = {"kind": "negate", "moves": ["rejects"]}
    still = {"kind": "tense", "moves": []}
    return [
        {"id": "1a", "document": "1", "text": "We reject it.", "labels": ["rejects"], "pair": "1", "edit": edit},
        {"id": "1b", "document": "1", "text": "We do not reject it.", "labels": [], "pair": "1", "edit": edit},
        {"id": "2a", "document": "2", "text": "It rains.", "labels": [], "pair": "2", "edit": still},
        {"id": "2b", "document": "2", "text": "It rained.", "labels": [], "pair": "2", "edit": still},
    ]


def case_lines() -> Lines:
    return [
        {"id": "n1", "text": "We do not reject it.", "labels": [], "capability": "negation"},
        {"id": "n2", "text": "We reject it.", "labels": ["rejects"], "capability": "negation"},
    ]


def write(path: Path, lines: Lines) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def test_the_shipped_files_pass_and_hold_thirty_cases_of_every_capability_that_the_suite_promises() -> None:
    book = Codebook.load(DATA / "codebook.yaml")
    pairs, cases = read_pairs(DATA / "contrast.jsonl", book), read_cases(DATA / "behaviour.jsonl", book)
    counted = Counter(CAPABILITIES.get(pair.kind, pair.kind.replace("_", " ")) for pair in pairs)
    counted.update(case.capability.replace("_", " ") for case in cases)
    promised = ["negation", "private attribution", "reported stance", "opposite stance", "topic only", "hedge"]
    for capability in [*promised, "conditional", "question", "coded wording", "multi stance"]:
        assert counted[capability] >= 30, capability
    alone = Counter(case.capability for case in cases)
    assert min(alone.values()) >= 15
    texts = [side.text for pair in pairs for side in pair.sides] + [case.text for case in cases]
    assert len(set(texts)) == len(texts)


def test_a_pair_keeps_both_sides_its_kind_and_its_moves(tmp_path: Path, codebook: Codebook) -> None:
    moved, still = read_pairs(write(tmp_path / "c.jsonl", pair_lines()), codebook)
    assert (moved.kind, moved.moves, [side.id for side in moved.sides]) == ("negate", {"rejects"}, ["1a", "1b"])
    assert still.moves == frozenset()


PAIR_MISTAKES: dict[str, tuple[Callable[[Lines], Any], str]] = {
    "unknown label": (lambda x: x[0].update(labels=["reject"]), "line 1, field 'labels': unknown label 'reject'"),
    "unknown move": (lambda x: x[0].update(edit={"kind": "k", "moves": ["up"]}), "line 1, field 'edit.moves': unknown"),
    "one side": (lambda x: x.pop(1), "line 1, field 'pair': '1' has 1 side(s); a pair needs two"),
    "three sides": (lambda x: x[2].update(pair="1"), "line 3, field 'pair': '1' has 3 side(s)"),
    "moves disagree": (lambda x: x[1].update(labels=["rejects"]), "line 2, field 'edit.moves': says rejects, but"),
    "edits disagree": (lambda x: x[1].update(edit=x[2]["edit"]), "line 2, field 'edit': differs from the other side"),
    "same id": (lambda x: x[3].update(id="1a"), "line 4, field 'id': '1a' already stands on line 1"),
    "same text": (lambda x: x[3].update(text="It rains."), "line 4, field 'text': both sides of pair '2'"),
    "no edit": (lambda x: x[0].pop("edit"), "line 1, field 'edit': must be an object"),
    "no kind": (lambda x: x[0].update(edit={"moves": []}), "line 1, field 'edit.kind': must be a text"),
    "moves as text": (lambda x: x[0].update(edit={"kind": "k", "moves": "rejects"}), "field 'edit.moves': must be a"),
    "no pair": (lambda x: x[0].update(pair=""), "line 1, field 'pair': must be a text"),
    "empty": (lambda x: x.clear(), "holds no pair"),
}


@pytest.mark.parametrize("name", PAIR_MISTAKES)
def test_a_mistake_in_a_pair_is_named_by_file_line_and_field(name: str, tmp_path: Path, codebook: Codebook) -> None:
    plant, said = PAIR_MISTAKES[name]
    lines = pair_lines()
    plant(lines)
    path = write(tmp_path / "c.jsonl", lines)
    with pytest.raises(CommuniqueError) as refused:
        read_pairs(path, codebook)
    assert str(refused.value).startswith(str(path))
    assert said in str(refused.value)


CASE_MISTAKES: dict[str, tuple[Callable[[Lines], Any], str]] = {
    "unknown label": (lambda x: x[1].update(labels=["reject"]), "line 2, field 'labels': unknown label 'reject'"),
    "no id": (lambda x: x[0].pop("id"), "line 1: field 'id' is missing"),
    "same id": (lambda x: x[1].update(id="n1"), "line 2, field 'id': 'n1' already stands on line 1"),
    "no capability": (lambda x: x[0].pop("capability"), "line 1, field 'capability': must be a text"),
    "empty": (lambda x: x.clear(), "holds no sentence"),
}


@pytest.mark.parametrize("name", CASE_MISTAKES)
def test_a_mistake_in_a_case_is_named_by_file_line_and_field(name: str, tmp_path: Path, codebook: Codebook) -> None:
    plant, said = CASE_MISTAKES[name]
    lines = case_lines()
    plant(lines)
    with pytest.raises(CommuniqueError, match=r"b\.jsonl") as refused:
        read_cases(write(tmp_path / "b.jsonl", lines), codebook)
    assert said in str(refused.value)
