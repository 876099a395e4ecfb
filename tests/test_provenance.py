"""Where a number comes from: the identity moves with whatever can move the number, and with nothing else."""

import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from communique import provenance
from communique.provenance import (
    PACKAGES,
    environment,
    flatten,
    named_files,
    provenance_of,
    revision,
    run_identity,
    source_hash,
)


def put(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A small repository: source, configuration, lock, and files beside the point."""
    put(tmp_path / "src/communique/models/a.py", "x = 1\n")
    put(tmp_path / "conf/model/a.yaml", "c: 1\n")
    put(tmp_path / "requirements.lock", "numpy==2.0\n")
    put(tmp_path / "README.md", "About.\n")
    return tmp_path


@pytest.mark.parametrize("name", ["README.md", "data/sentences.jsonl", "tests/test_a.py", "src/communique/notes.txt"])
def test_a_change_beside_the_point_leaves_the_source_hash(root: Path, name: str) -> None:
    before = source_hash(root, root / "src/communique")
    put(root / name, "something else")
    assert source_hash(root, root / "src/communique") == before


@pytest.mark.parametrize("name", ["src/communique/models/a.py", "conf/model/a.yaml", "requirements.lock"])
def test_a_change_of_source_configuration_or_lock_moves_it(root: Path, name: str) -> None:
    before = source_hash(root, root / "src/communique")
    put(root / name, "x = 2\n")
    assert source_hash(root, root / "src/communique") != before


def test_a_new_a_removed_and_a_renamed_file_move_it(root: Path) -> None:
    hashes = [source_hash(root, root / "src/communique")]
    added = put(root / "src/communique/b.py", "")
    hashes.append(source_hash(root, root / "src/communique"))
    renamed = added.rename(added.with_name("c.py"))
    hashes.append(source_hash(root, root / "src/communique"))
    assert len(set(hashes)) == 3
    renamed.unlink()
    assert source_hash(root, root / "src/communique") == hashes[0]


def test_the_hash_does_not_depend_on_where_the_repository_lies(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = source_hash(root, root / "src/communique")
    moved = root.rename(root.with_name("moved"))
    monkeypatch.chdir(moved)
    assert source_hash(package=moved / "src/communique") == before


def test_a_run_is_the_same_run_only_with_the_same_configuration_data_source_and_threads(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    config = {"seed": 0, "model": {"c": 1.0, "ngrams": [1, 2]}}
    first = run_identity(config, "data", root)
    turned = {"model": {"ngrams": [1, 2], "c": 1.0}, "seed": 0}
    assert run_identity(turned, "data", root) == first
    others = [
        run_identity({**config, "seed": 1}, "data", root),
        run_identity({**config, "model": {"c": 1.0, "ngrams": [2, 1]}}, "data", root),
        run_identity(config, "other", root),
    ]
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    others.append(run_identity(config, "data", root))
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    put(root / "conf/model/a.yaml", "c: 2\n")
    others.append(run_identity(config, "data", root))
    assert len({first, *others}) == 6


def test_where_a_run_is_kept_and_what_it_is_called_is_beside_the_point(root: Path) -> None:
    config = {"seed": 0, "study": "a", "name": "b", "force": False, "tracking": {"uri": "sqlite:///a.db"}}
    moved = {"seed": 0, "study": "c", "name": "d", "force": True, "tracking": {"uri": "postgresql://b"}}
    assert run_identity(config, "data", root) == run_identity(moved, "data", root)


def test_files_and_encoder_folders_that_a_configuration_names_are_part_of_it_however_deep(tmp_path: Path) -> None:
    split = put(tmp_path / "splits.json", "{}")
    put(tmp_path / "encoder" / "config.json", "{}")
    weights = put(tmp_path / "encoder" / "model.safetensors", "one")
    put(tmp_path / "other" / "notes.txt", "a folder that is no encoder")
    names = [str(tmp_path / name) for name in ("splits.json", "encoder", "other", "nothing")]
    config = {"split": {"path": names[0]}, "model": {"members": [{"encoder": names[1]}, {"encoder": names[2]}]}}
    first = named_files(config)
    assert set(first) == {str(split), str(weights.parent)}
    weights.write_text("two")
    assert named_files(config)[str(weights.parent)] != first[str(weights.parent)]
    assert named_files(config)[str(split)] == first[str(split)]


def test_a_graphics_processor_makes_another_run(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provenance, "DRIVER", tmp_path / "none")
    before = run_identity({}, "data", root)
    put(tmp_path / "gpus" / "0" / "information", "Model: \t\t Some Accelerator\nIRQ: 1\n")
    monkeypatch.setattr(provenance, "DRIVER", tmp_path / "gpus")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert environment()["accelerators"] == "Some Accelerator"
    assert run_identity({}, "data", root) != before
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert run_identity({}, "data", root) == before


def test_provenance_holds_every_piece_of_the_identity(root: Path) -> None:
    held = provenance_of({"seed": 0}, "data", "identity", root)
    assert {"identity", "data", "files", "sources", "revision", "environment", "infrastructure"} == set(held)
    assert {"conf/model/a.yaml", "requirements.lock", "src/communique/training/run.py"} <= set(held["sources"])
    assert held["infrastructure"]["cores"].isdigit()


def test_a_saved_model_behind_a_name_is_a_piece_of_it_too(root: Path) -> None:
    config = {"model": {"members": ["study:s/words", str(root / "requirements.lock")]}}
    saved = {"study:s/words": "digest", str(root / "requirements.lock"): "of the manifest"}
    files = provenance_of(config, "data", "identity", root, saved=saved)["files"]
    assert files == {**saved, **named_files(config)}
    assert files["study:s/words"] == "digest"


def test_the_packages_that_train_and_score_are_those_of_the_environment() -> None:
    assert {"numpy", "torch", "transformers", "setfit", "sentence-transformers", "accelerate"} < set(PACKAGES)
    assert "mlflow" not in PACKAGES  # keeps the record and moves no digit


def test_another_version_of_a_numeric_package_is_another_run(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = run_identity({}, "data", root)
    monkeypatch.setattr(provenance, "version", lambda package: "0.0.1")
    assert run_identity({}, "data", root) != before


def test_the_environment_names_versions_and_threads_and_skips_what_is_not_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(provenance, "PACKAGES", ("numpy", "no-such-package"))
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    found = environment()
    assert found["threads"] == "3"
    assert {"python", "machine", "communique", "numpy", "processor"} <= set(found)
    assert "no-such-package" not in found


KEYS = st.sampled_from(["a", "b", "ab", "c_d"])
PLAIN = st.none() | st.booleans() | st.integers() | st.text()
NESTED = st.recursive(PLAIN, lambda inner: st.dictionaries(KEYS, inner, min_size=1, max_size=3), max_leaves=6)


@settings(max_examples=50)
@given(nested=st.dictionaries(KEYS, NESTED))
def test_flattening_keeps_every_leaf_under_its_path(nested: dict) -> None:
    flat = flatten(nested)
    for key, value in flat.items():
        found = nested
        for part in key.split("."):
            found = found[part]
        assert found == value
        assert not isinstance(value, dict)
    assert sum(map(_leaves, nested.values())) == len(flat)


def _leaves(value: object) -> int:
    return sum(map(_leaves, value.values())) if isinstance(value, dict) else 1


def test_lists_become_text_that_reads_back() -> None:
    flat = flatten({"model": {"ngrams": (1, 3), "members": [{"c": 1}]}})
    assert {key: json.loads(value) for key, value in flat.items()} == {
        "model.ngrams": [1, 3],
        "model.members": [{"c": 1}],
    }


@pytest.fixture
def repository(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small repository under git, with one commit."""
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):  # set where the tests run inside a git hook
        monkeypatch.delenv(name, raising=False)
    for key, value in {"NAME": "Anna", "EMAIL": "anna@example.org"}.items():
        monkeypatch.setenv(f"GIT_AUTHOR_{key}", value)
        monkeypatch.setenv(f"GIT_COMMITTER_{key}", value)
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "first", "--no-gpg-sign"]):
        subprocess.run(["git", *command], cwd=root, check=True)
    return root


def test_the_revision_is_the_commit_and_whether_anything_is_uncommitted(repository: Path) -> None:
    clean = revision(repository)
    assert len(clean["git.commit"]) == 40
    assert clean["git.dirty"] == "false"
    put(repository / "README.md", "Changed.\n")
    assert revision(repository) == clean | {"git.dirty": "true"}
    put(repository / "README.md", "About.\n")
    assert revision(repository) == clean
    put(repository / "new.txt", "")
    assert revision(repository)["git.dirty"] == "true"


def test_without_git_or_a_commit_there_is_no_revision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.delenv("GIT_DIR", raising=False)
    assert revision(tmp_path) == {}
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    assert revision(tmp_path) == {}
    monkeypatch.setenv("PATH", "")
    assert revision(tmp_path) == {}
