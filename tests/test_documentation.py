"""The README and the other pages against the code: what they tell a reader to type works, what they name exists."""

import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from runpy import run_path
from typing import Any

import pandas as pd
import pytest
import typer
from tests.conftest import make_corpus

from communique.cli import app
from communique.data.codebook import Codebook

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "data").glob("*.md"))]
PAGES += sorted((ROOT / "experiments").rglob("*.md"))
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
INLINE = re.compile(r"`(communique [^`]+)`")
MADE = ("reports/", "mlruns.db", "mlartifacts/", "runs/")  # by running things
ELLIPSIS = ("…", "...")


def shell_lines(text: str) -> Iterator[str]:
    for language, block in BLOCK.findall(text):
        if language in ("sh", "bash"):
            yield from block.replace("\\\n", " ").splitlines()


def commands(page: Path) -> dict[str, bool]:
    """Every call of ``communique``, in blocks and between backticks, and whether it stands whole, in a block."""
    text = page.read_text(encoding="utf-8")
    blocks = [line.split("#")[0].strip() for line in shell_lines(text)]
    prose = [" ".join(call.split()) for call in INLINE.findall(BLOCK.sub("", text))]
    found = dict.fromkeys(prose, False) | dict.fromkeys(blocks, True)
    return {line: whole for line, whole in found.items() if line.startswith("communique ")}


COMMANDS = {line: whole for page in PAGES for line, whole in commands(page).items()}
RUNS = [line for line in COMMANDS if line.startswith("communique train") and "…" not in line]
OTHERS = [(line, whole) for line, whole in COMMANDS.items() if not line.startswith("communique train")]


def parsed(line: str, whole: bool = True) -> None:
    """Hold a command's words against its options; nothing runs. Prose may leave out what is not ``whole``."""
    words = shlex.split(line)[1:]
    command: Any = typer.main.get_command(app)
    while hasattr(command, "commands"):
        name = words.pop(0)
        assert name in command.commands, f"there is no command '{name}'"
        command = command.commands[name]
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word.split("=")[0] for word in words if word.startswith("--")} <= known | {"--help"}
    if whole:
        command.make_context(command.name, [word for word in words if word not in ELLIPSIS])


@pytest.mark.parametrize(("line", "whole"), OTHERS)
def test_every_command_of_the_pages_parses(line: str, whole: bool) -> None:
    parsed(line, whole)


def test_the_check_sees_an_option_that_is_not_there() -> None:
    with pytest.raises(AssertionError):
        parsed("communique score folder --colour red")
    with pytest.raises(AssertionError, match="no command 'scores'"):
        parsed("communique scores folder")


@pytest.mark.parametrize("line", RUNS)
def test_every_experiment_of_the_pages_composes(line: str) -> None:
    from hydra import compose, initialize_config_dir

    words = [word for word in shlex.split(line)[2:] if not word.startswith("-")]
    # of a sweep's values the first stands for all
    words = [word if "[" in word else word.split(",")[0] for word in words if "=" in word]
    with initialize_config_dir(config_dir=str(ROOT / "conf"), version_base="1.3"):
        assert compose("train", overrides=words, return_hydra_config=True).model._target_


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_that_a_page_links_or_maps_exists(page: Path) -> None:
    text = BLOCK.sub("", page.read_text(encoding="utf-8"))
    linked = [target for target in re.findall(r"\]\(([^)#\s]+)", text) if "://" not in target]
    assert [target for target in linked if not (page.parent / target).exists()] == []
    named = re.findall(r"`((?:src|conf|data|docs|tests|experiments)/[\w./-]*)`", text)
    assert [name for name in named if not name.startswith(MADE) and not (ROOT / name).exists()] == []


def test_the_make_targets_of_the_readme_are_in_the_makefile() -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    asked = {word for line in [*shell_lines(text), *re.findall(r"`(make [^`]+)`", text)] for word in line.split()[1:2]
             if line.startswith("make ")}  # fmt: skip
    assert asked
    assert asked <= targets


def test_what_make_run_says_it_made_is_what_the_readme_says() -> None:
    makefile, text = ((ROOT / name).read_text(encoding="utf-8") for name in ("Makefile", "README.md"))
    told = set(re.findall(r"`(reports/[\w.]+)`", text))
    assert told
    assert {name for name in told if name.removesuffix(".md").removesuffix(".html") not in makefile} == set()


def test_the_python_of_the_readme_runs(
    mlflow_store: tuple[str, str], codebook: Codebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    from communique.models.tfidf import TfidfModel
    from communique.tracking.mlflow_tracker import MlflowTracker
    from communique.training import fit_model

    uri, artifacts = mlflow_store
    corpus = make_corpus(codebook)
    saved = fit_model(TfidfModel(), corpus).save(tmp_path / "model")
    tracker = MlflowTracker(uri, artifacts)
    with tracker.run("readme", "readme", {}) as run:
        tracker.log_model(saved)
    tracker.register(run, "communique", "champion")
    blocks = [block for language, block in BLOCK.findall((ROOT / "README.md").read_text()) if language == "python"]
    assert blocks
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["readme"])
    for block in blocks:
        *lines, last = block.replace("sqlite:///mlruns.db", uri).strip().splitlines()
        names: dict[str, object] = {}
        exec("\n".join([*lines, f"shown = {last}"]), names)  # the last line is what a person looks at
        assert getattr(names["shown"], "shape", None) == (1, len(codebook.names))


def test_the_table_of_models_is_that_of_the_leaderboards() -> None:
    made = run_path(str(ROOT / "experiments" / "readme_table.py"))
    boards = ("016_corpus_1_2/test.csv", "016_corpus_1_2/real.csv", "017_fresh_real/leaderboard.csv")
    new = made["table"](*(pd.read_csv(ROOT / "experiments" / board) for board in boards))
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert made["replaced"](text, new) == text
