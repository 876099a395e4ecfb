"""Every configuration composes and builds what it names; a run from the command line stays in its folder."""

import inspect
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.hydra_config import HydraConfig
from hydra.errors import ConfigCompositionException, HydraException
from hydra.utils import get_object, instantiate
from omegaconf import DictConfig, OmegaConf
from tests.conftest import make_corpus

import communique
from communique import experiment
from communique.cli import main, speed
from communique.data.codebook import Codebook
from communique.models.base import StanceModel
from communique.tracking.base import NullTracker
from communique.training import DecisionRule

CONF = Path(__file__).parents[1] / "conf"
CHOICES = sorted((path.parent.name, path.stem) for path in CONF.glob("*/*.yaml"))
OVERRIDES = [f"{group}={name}" for group, name in CHOICES]
MODELS = [name for group, name in CHOICES if group == "model"]


def composed(*overrides: str) -> DictConfig:
    """The configuration of ``communique train OVERRIDES``, as Hydra hands it over."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("train", list(overrides), return_hydra_config=True)
        HydraConfig.instance().set_config(config)
    return config


def plain(*overrides: str) -> dict[str, Any]:
    return settings(composed(*overrides))


def settings(config: DictConfig) -> dict[str, Any]:
    """Plain data, every reference followed."""
    kept = OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])
    content = OmegaConf.to_container(kept, resolve=True)
    assert isinstance(content, dict)
    return {str(key): value for key, value in content.items()}


def targets(node: Any) -> Iterator[dict[str, Any]]:
    """Every object that a configuration describes, however deep."""
    for value in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from targets(value)
    if isinstance(node, dict) and "_target_" in node:
        yield node


@pytest.mark.parametrize("override", OVERRIDES)
def test_every_option_composes_names_arguments_that_exist_and_builds_its_objects(override: str) -> None:
    config = composed(override)
    described = list(targets(settings(config)))
    assert len(described) >= 4
    for node in described:
        arguments = {key: value for key, value in node.items() if key != "_target_"}
        inspect.signature(get_object(node["_target_"])).bind(**arguments)
    model = instantiate(config.model, _convert_="all")
    assert isinstance(model, StanceModel)
    given = {key: value for key, value in config.model.items() if key not in ("_target_", "members")}
    given = {key: value for key, value in given.items() if not isinstance(value, DictConfig)}  # models within
    assert {key: model.get_params(deep=False)[key] for key in given} == given
    assert callable(instantiate(config.split).folds)
    assert isinstance(instantiate(config.decision), DecisionRule)


def test_no_tracking_is_a_tracker_too() -> None:
    assert isinstance(instantiate(composed("tracking=none").tracking), NullTracker)


def test_a_recipe_changes_what_it_names_and_keeps_the_rest() -> None:
    whole, short = plain("model=transformer")["model"], plain("model=transformer_short")["model"]
    changed = {key for key in whole if whole[key] != short[key]}
    assert changed == {"epochs", "freeze_layers"}
    assert plain("model=transformer", "seed=7")["model"]["seed"] == 7


def test_distil_learns_a_shallow_encoder_as_the_configuration_of_that_name_does() -> None:
    recipe = OmegaConf.to_container(composed("model=transformer_shallow").model, resolve=True)
    assert isinstance(recipe, dict)
    student = speed._student(recipe["layers"], "teacher", None, 0)
    wanted = {str(name): value for name, value in recipe.items() if name not in ("_target_", "teacher")}
    assert {name: student.get_params()[name] for name in wanted} == wanted


def test_the_debug_overlay_records_nothing_unless_asked() -> None:
    tiny = plain("debug=tiny")
    assert (tiny["study"], tiny["limit"], tiny["resamples"]) == ("debug", 60, 50)
    assert tiny["tracking"]["_target_"].endswith("NullTracker")
    asked = plain("debug=tiny", "tracking=mlflow", "model=lexicon")
    assert asked["tracking"]["_target_"].endswith("MlflowTracker")
    assert asked["model"]["codebook_path"] == asked["data"]["codebook"]


def test_the_headline_sweeps_over_models_that_exist_and_names_runs_for_them() -> None:
    swept = composed("experiment=headline").hydra.sweeper.params.model.split(",")
    assert len(swept) > 2
    assert set(swept) <= set(MODELS)
    assert composed("model=lexicon").name == "lexicon"


def test_a_benchmark_is_nothing_but_configuration() -> None:
    swept = composed("experiment=tweeteval").hydra.sweeper.params["data.where.target"].split(",")
    assert len(swept) == 5
    config = composed("experiment=tweeteval", "data.folder=elsewhere", f"data.where.target={swept[1]}")
    chosen = settings(config)
    assert chosen["data"]["where"] == {"target": swept[1]}
    assert chosen["split"]["test"] == "elsewhere/test.jsonl"
    assert Codebook.load(CONF.parent / chosen["data"]["codebook"]).exclusive
    grid = instantiate(config.search, _convert_="all").grid
    known = instantiate(config.model, _convert_="all").get_params()
    assert {name for point in grid for name in point} <= set(known)


@pytest.mark.parametrize("group", ["model", "split", "decision"])
def test_an_unknown_argument_is_refused_by_name(group: str) -> None:
    with pytest.raises(HydraException, match="bogus"):
        instantiate(composed(f"+{group}.bogus=1")[group])
    with pytest.raises(ConfigCompositionException, match=f"{group}.bogus"):
        composed(f"{group}.bogus=1")


@pytest.fixture
def sandbox(codebook_file: Path, codebook: Codebook, tmp_path: Path) -> Path:
    """A folder like the repository's root, with a small corpus, beside an empty folder for temporary files."""
    root = tmp_path / "work"
    (root / "data").mkdir(parents=True)
    (tmp_path / "tmp").mkdir()
    shutil.copytree(CONF, root / "conf")
    shutil.copy(codebook_file, root / "data" / "codebook.yaml")
    make_corpus(codebook).to_jsonl(root / "data" / "sentences.jsonl")
    return root


RUN = """
import json, sys
from communique.cli import main
for arguments in json.loads(sys.stdin.read()):
    sys.argv = ["communique", *arguments]
    try:
        main()
    except SystemExit as stop:
        assert not stop.code, stop.code
"""


def test_experiments_run_end_to_end_and_leave_nothing_outside_their_folder(sandbox: Path) -> None:
    tiny = ["debug=tiny", "threads=1"]
    commands = [["train", "model=tfidf", *tiny], ["train", "-m", "model=lexicon,tfidf", *tiny]]
    environment = os.environ | {
        "PYTHONPATH": str(Path(communique.__file__).parents[1]),
        "TMPDIR": str(sandbox.parent / "tmp"),
    }
    settings: dict[str, Any] = {"cwd": sandbox, "env": environment, "capture_output": True, "text": True}
    done = subprocess.run([sys.executable, "-c", RUN], input=json.dumps(commands), check=False, **settings)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("study debug: 240 sentences") == 3
    assert done.stdout.count("test         macro-F1") == 3
    assert "Traceback" not in done.stdout + done.stderr
    assert sorted(path.name for path in sandbox.iterdir()) == ["conf", "data", "runs"]
    assert sorted(path.name for path in sandbox.parent.iterdir()) == ["tmp", "work"]
    assert not list((sandbox.parent / "tmp").iterdir())


class Train:
    """``communique train`` in this process, in a folder: exit code, what it printed, what it complained of."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.monkeypatch, self.capsys = monkeypatch, capsys

    def __call__(self, folder: Path, *arguments: str) -> tuple[int, str, list[str]]:
        self.monkeypatch.chdir(folder)
        self.monkeypatch.setattr(sys, "argv", ["communique", "train", *arguments])
        with pytest.raises(SystemExit) as stop:
            main()
        out, err = self.capsys.readouterr()
        return int(stop.value.code or 0), out, err.splitlines()


@pytest.fixture
def train(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Train:
    """Threads, width and store are those of the test, whatever is set outside."""
    monkeypatch.setattr(experiment, "_set_threads", lambda threads: None)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return Train(monkeypatch, capsys)


def test_the_benchmark_runs_from_files_of_its_form(sandbox: Path, train: Train) -> None:
    shutil.copytree(CONF.parent / "data" / "codebooks", sandbox / "data" / "codebooks")
    says = {"favor": "we welcome and admire it", "against": "we reject and deplore it", "": "nothing is said of it"}
    for part in ("train", "validation", "test"):
        names = [(f"{part}-{label or 'none'}-{i}", label) for label in says for i in range(8)]
        records = [
            {"id": n, "document": n, "target": "hillary", "text": f"{says[label]} {n}", "labels": [label] * bool(label)}
            for n, label in names
        ]
        (sandbox / f"{part}.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    small = ("data.folder=.", "data.where.target=hillary", "search.folds=2", "search.repeats=1", "tracking=none")
    code, said, complaints = train(sandbox, "experiment=tweeteval", "threads=1", "resamples=20", *small)
    assert (code, complaints) == (0, [])
    assert "tfidf, seed 0, study tweeteval: 72 sentences" in said
    assert "test         macro-F1 1.000" in said


def test_a_run_on_record_is_skipped_and_repeated_when_forced(
    sandbox: Path, train: Train, mlflow_store: tuple[str, str]
) -> None:
    uri, artifacts = mlflow_store
    store = ("tracking=mlflow", f"tracking.uri={uri}", f"tracking.artifacts={artifacts}")
    code, said, _ = train(sandbox, "-m", "force=false,false,true", "debug=tiny", "model=lexicon", "split=fresh", *store)
    assert code == 0
    assert said.count("on record as run") == 1
    assert said.count("test         macro-F1") == 2
    from communique.tracking.mlflow_tracker import MlflowTracker

    first, second = MlflowTracker(uri, artifacts).runs("debug")
    assert f"on record as run {first.id}, skipped" in said
    assert first.tags["communique.identity"] == second.tags["communique.identity"]
    assert sorted(path.name for path in sandbox.iterdir()) == ["conf", "data", "runs"]


def test_a_wrong_path_in_a_run_is_one_sentence(sandbox: Path, train: Train) -> None:
    remedy = "cannot be read (No such file or directory); check the path"
    assert train(sandbox, "data.corpus='no[/b].jsonl'") == (2, "", [f"error: no[/b].jsonl: {remedy}"])
    code, _, (said,) = train(sandbox.parent, "model=tfidf")
    assert code == 2
    assert said.endswith("holds no train.yaml; run experiments from the root of the repository")


def test_a_store_that_cannot_be_opened_is_one_sentence(sandbox: Path, train: Train) -> None:
    code, _, (said,) = train(sandbox, "tracking.uri=sqlite:///data/codebook.yaml")
    assert code == 2
    assert said.startswith("error: tracking at sqlite:///data/codebook.yaml: cannot be opened")
