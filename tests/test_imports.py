"""The house: a module imports only from the rooms above it."""

import ast
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import communique

ROOMS = ["errors", "files", "data", "evaluation", "models", "tracking", "provenance", "training", "behaviour",
         "scoring", "adaptation", "reporting", "configuration", "experiment", "reproduction", "cli"]  # fmt: skip
SOURCE = Path(communique.__file__).parent


def room_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imported_rooms(path: Path) -> set[str]:
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module] if node.module != "communique" else [f"communique.{a.name}" for a in node.names]
        rooms |= {name.split(".")[1] for name in names if name.startswith("communique.")}
    return rooms


def upward_imports(path: Path) -> list[str]:
    own = ROOMS.index(room_of(path))
    return [room for room in imported_rooms(path) if room in ROOMS and ROOMS.index(room) > own]


MODULES = sorted(p for p in SOURCE.rglob("*.py") if p != SOURCE / "__init__.py")


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_no_module_imports_from_a_room_below_it(path: Path) -> None:
    assert room_of(path) in ROOMS, "a new room needs its place in the list"
    assert not upward_imports(path)


def test_the_check_sees_a_planted_upward_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "SOURCE", tmp_path)
    planted = tmp_path / "data" / "bad.py"
    planted.parent.mkdir()
    planted.write_text("def f():\n    from communique.models import load_model\n")
    assert upward_imports(planted) == ["models"]


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_only_the_tracking_room_knows_mlflow(path: Path) -> None:
    if room_of(path) != "tracking":
        assert "import mlflow" not in path.read_text(encoding="utf-8")


def test_the_linear_path_needs_no_torch_and_no_reader_of_estimators(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "class Absent:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in ('torch', 'transformers', 'datasets', 'skops'):\n"
        "            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Absent())\n"
        "import pandas as pd\n"
        "from communique.models import load_model\n"
        "from communique.models.tfidf import TfidfModel\n"
        "import communique.cli, communique.scoring.scorer, communique.training\n"
        "m = TfidfModel().fit(['one ship', 'two ports'] * 9, pd.DataFrame({'x': [0, 1] * 9}))\n"
        "print(load_model(m.save('model')).raw_proba(['one port']).shape)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.stdout.strip() == "(1, 1)", done.stderr


def test_scoring_with_the_packaged_model_loads_nothing_that_it_does_not_need(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Both sides agreed to resume talks.")
    code = (
        "import sys\n"
        "from communique.cli import app\n"
        "app(['score', 'a.txt', '--out', 'a.csv'], standalone_mode=False)\n"
        "print({'torch', 'transformers', 'datasets', 'mlflow', 'skops', 'matplotlib'} & set(sys.modules))"
    )
    kept = {name: value for name, value in os.environ.items() if name != "MLFLOW_TRACKING_URI"}  # MLflow itself sets it
    settings: dict[str, Any] = {"capture_output": True, "text": True, "cwd": tmp_path, "env": kept}
    done = subprocess.run([sys.executable, "-c", code], check=False, **settings)
    assert done.stdout.splitlines()[-1] == "set()", done.stderr
    assert (tmp_path / "a.csv").exists()
