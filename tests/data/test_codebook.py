"""The codebook: refused where it is malformed, the same wherever it says the same, its order everywhere."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from communique.data.codebook import Codebook, Label
from communique.errors import CommuniqueError

LABEL: dict[str, Any] = {"name": "lifts", "cues": ["embargo"]}


def written(path: Path, content: Any) -> Path:
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "field 'labels' must be a list"),
        ("- a\n- b\n", "field 'labels' must be a list"),
        ({"labels": []}, "field 'labels' must be a list"),
        ({"labels": {"lifts": "x"}}, "field 'labels' must be a list"),
        ({"labels": [LABEL, "joins"]}, "label 2: needs at least a 'name'"),
        ({"labels": [{"title": "Joins"}]}, "label 1: needs at least a 'name'"),
        ({"labels": [{"name": "joins in"}]}, "label 1: name 'joins in' must be letters"),
        ({"labels": [{"name": "a;b"}]}, "label 1: name 'a;b' must be letters"),
        ({"labels": [LABEL, LABEL]}, "label 'lifts' stands twice"),
        ({"labels": [{"name": "lifts", "cues": "embargo"}]}, "label 1, field 'cues': must be a list, not 'embargo'"),
        ({"labels": [{"name": "lifts", "cues": None}]}, "label 1, field 'cues': must be a list, not None"),
        ({"labels": [LABEL | {"hypothesis": ["no"]}]}, "label 1, field 'hypothesis': must be a sentence, not ['no']"),
        ({"labels": [LABEL], "phenomena": "negation"}, "field 'phenomena': must be a list, not 'negation'"),
        ({"labels": [LABEL], "exclusive": "no"}, "field 'exclusive': must be true or false, not 'no'"),
        (
            {"labels": [{"name": "lifts", "cue": ["embargo"]}]},
            "label 1: unknown field 'cue'; write 'cues'",
        ),
        ({"labels": [LABEL], "exlusive": True}, "unknown field 'exlusive'; write 'exclusive'"),
        ("labels: [\n  {name: a,\n", "is not valid YAML"),
    ],
)
def test_a_malformed_codebook_is_refused_with_file_and_field(tmp_path: Path, content: Any, said: str) -> None:
    path = written(tmp_path / "book.yaml", content)
    with pytest.raises(CommuniqueError) as refusal:
        Codebook.load(path)
    assert str(refusal.value).startswith(str(path))
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_missing_file_a_folder_and_another_encoding_are_refused(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes("labels: [{name: a, title: gêné}]".encode("latin-1"))
    for path, said in ((tmp_path / "no.yaml", "cannot be read"), (tmp_path, "cannot be read"), ("latin.yaml", "YAML")):
        with pytest.raises(CommuniqueError, match=said):
            Codebook.load(tmp_path / path)


def test_a_label_needs_only_its_name(tmp_path: Path) -> None:
    book = Codebook.load(written(tmp_path / "book.yaml", {"labels": [{"name": "wants_peace"}]}))
    assert book.labels == (Label("wants_peace", "wants peace", "", ()),)
    assert (book.version, book.exclusive, book.phenomena) == ("", False, ())


def test_fields_of_ones_own_are_no_mistake(tmp_path: Path) -> None:
    path = written(tmp_path / "book.yaml", {"title": "Mine", "labels": [LABEL | {"examples": ["x"]}]})
    assert Codebook.load(path).names == ("lifts",)


def test_a_definition_over_several_lines_is_one_line(tmp_path: Path) -> None:
    path = written(tmp_path / "book.yaml", "labels:\n- name: a\n  definition: |\n    says\n      no\n")
    assert Codebook.load(path).labels[0].definition == "says no"


def test_plain_data_makes_the_same_codebook_again(codebook: Codebook, codebook_file: Path) -> None:
    assert Codebook.from_dict(codebook.to_dict()) == codebook
    assert Codebook.from_dict(json.loads(json.dumps(codebook.to_dict()))) == codebook
    assert Codebook.load(codebook_file) == codebook


def test_the_fingerprint_moves_with_everything_the_codebook_says_and_with_nothing_else(codebook: Codebook) -> None:
    first, *rest = codebook.labels
    firsts = [replace(first, name="x"), replace(first, title="x"), replace(first, definition="x")]
    firsts += [replace(first, cues=("x",))]
    changed = [replace(codebook, labels=(label, *rest)) for label in firsts]
    changed += [replace(codebook, labels=codebook.labels[::-1]), replace(codebook, exclusive=True)]
    changed += [replace(codebook, version="1"), replace(codebook, phenomena=("negation",))]
    assert len({book.fingerprint for book in [*changed, codebook]}) == len(changed) + 1
    assert Codebook.from_dict(codebook.to_dict()).fingerprint == codebook.fingerprint


def test_a_hypothesis_is_kept_and_leaves_the_fingerprint_of_the_data_as_it_was(codebook: Codebook) -> None:
    first, *rest = codebook.labels
    worded = replace(codebook, labels=(replace(first, hypothesis="Somebody says no."), *rest))
    assert Codebook.from_dict(json.loads(json.dumps(worded.to_dict()))) == worded
    assert worded.fingerprint == codebook.fingerprint
    assert "hypothesis" not in json.dumps(codebook.to_dict())


@given(sets=st.lists(st.sets(st.sampled_from(["rejects", "joins", "lifts"]))))
def test_encoding_keeps_the_order_of_rows_and_of_the_codebook(codebook: Codebook, sets: list[set[str]]) -> None:
    table = codebook.encode(sets)
    assert tuple(table.columns) == codebook.names == ("rejects", "joins", "lifts")
    assert [{str(n) for n in table.columns[row.astype(bool)]} for row in table.to_numpy()] == sets
    turned = Codebook(codebook.labels[::-1]).encode(sets)
    np.testing.assert_array_equal(turned.to_numpy(), table.to_numpy()[:, ::-1])


def test_an_unknown_label_is_named_with_those_that_are_known(codebook: Codebook) -> None:
    with pytest.raises(CommuniqueError, match="unknown label 'lift': the codebook knows rejects, joins, lifts"):
        codebook.encode([{"lifts"}, {"lift"}])


def test_an_exclusive_codebook_takes_one_label_or_none(codebook: Codebook) -> None:
    exclusive = replace(codebook, exclusive=True)
    assert exclusive.encode([{"lifts"}, set()]).to_numpy().sum() == 1
    with pytest.raises(CommuniqueError, match="labels joins, lifts together: this codebook allows one"):
        exclusive.check(["lifts", "joins"])
