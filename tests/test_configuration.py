"""A wrong override is one clear sentence: what was given, where, and what would do."""

import sys
from copy import deepcopy
from functools import cache, reduce
from pathlib import Path

import pytest
import yaml
from hydra import compose, initialize_config_dir
from hydra.core.hydra_config import HydraConfig

from communique import experiment
from communique.cli import main
from communique.configuration import check
from communique.errors import CommuniqueError

CONF = Path(__file__).parents[1] / "conf"


@cache
def composed(*choices: str) -> dict:
    """The configuration of these choices of groups, as plain data."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("train", list(choices), return_hydra_config=True)
        HydraConfig.instance().set_config(config)
        return experiment.plain_config(config)


def plain(*overrides: str) -> dict:
    """What Hydra makes of overrides: choices are composed, values are set (``+`` and ``~`` as Hydra has them)."""
    choices = tuple(text for text in overrides if (CONF / text.partition("=")[0]).is_dir())
    config = deepcopy(composed(*choices))
    for text in overrides:
        if text not in choices:
            key, _, value = text.lstrip("+~").partition("=")
            *path, last = key.split(".")
            node = reduce(dict.__getitem__, path, config)
            node[last] = yaml.safe_load(value)
            if text.startswith("~"):
                del node[last]
    return config


CHOICES = sorted(path.relative_to(CONF).with_suffix("") for path in CONF.glob("*/**/*.yaml"))


@pytest.mark.parametrize("choice", CHOICES, ids=str)
def test_every_choice_of_conf_passes_the_check(choice: Path) -> None:
    check(plain(f"{choice.parent}={choice.name}"))


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["seed=abc"], "seed=abc: input should be a valid integer"),
        (["seed=-1"], "seed=-1: input should be greater than or equal to 0"),
        (["seed=5000000000"], "seed=5000000000: input should be less than 4294967296"),
        (["threads=0"], "threads=0: input should be greater than 0"),
        (["limit=0"], "limit=0: input should be greater than 0"),
        (["resamples=2.5"], "resamples=2.5: input should be a valid integer"),
        (["force=maybe"], "force=maybe: input should be a valid boolean"),
        (["study=null"], "study=None: input should be a valid string"),
        (["+studdy=x"], "studdy=x: there is no such setting; settings are in conf/train.yaml"),
        (["data.corpus=5"], "data.corpus=5: input should be a valid string"),
        (["model.c=abc"], "model.c=abc: input should be a valid number"),
        (["model.word_ngrams=3"], "model.word_ngrams=3: input should be a valid array"),
        (["+model.bogus=1"], "model.bogus: TfidfModel takes no such argument; it takes c, word_ngrams"),
        (["model=transformer", "model.learning_rate=abc"], "model.learning_rate=abc: input should be a valid number"),
        (["model=transformer", "model.epochs=1.5"], "model.epochs=1.5: input should be a valid integer"),
        (["split=kfold", "split.k=many"], "split.k=many: input should be a valid integer"),
        (["decision.objective=recall"], "decision.objective=recall: input should be 'f1', 'fbeta' or 'precision'"),
        (["decision.fitted_on=test"], "decision.fitted_on=test: input should be 'validation' or 'inner_folds'"),
        (["decision.calibrator=platt"], "choose one of conf/ by decision/calibrator=NAME"),
        (["decision.calibrator.minimum_positives=few"], "decision.calibrator.minimum_positives=few: input should"),
        (["decision.target_prevalence=rare"], "decision.target_prevalence=rare: input should be a valid number"),
        (["tracking.uri=5"], "tracking.uri=5: input should be a valid string"),
        (["model._target_=communique.nothing.Here"], "model._target_: 'communique.nothing.Here' cannot be found"),
        (["model._target_=builtins.dict"], "model._target_: 'builtins.dict' makes nothing of ours"),
        (["split._target_=communique.data.codebook.Codebook"], "split.path: Codebook takes no such argument"),
        (["tracking._target_=pathlib.Path", "~tracking.uri", "~tracking.artifacts"], "is no tracking (it has no"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_setting_of_another_type_range_or_name_is_refused_where_it_stands(overrides: list[str], said: str) -> None:
    with pytest.raises(CommuniqueError) as refusal:
        check(plain(*overrides))
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_member_of_an_ensemble_is_checked_like_a_model() -> None:
    config = plain("model=ensemble")
    config["model"]["members"][0]["c"] = "x"
    with pytest.raises(CommuniqueError, match=r"model.members\[0\].c=x: input should be a valid number"):
        check(config)


@pytest.mark.parametrize(
    "override",
    ["model.c=1", "model.c=0.5", "limit=null", "model.word_ngrams=[1,2]", "decision.target_prevalence=0.1",
     "decision.target_prevalence={a: 0.1}", "decision.target_prevalence=[0.1,0.2]", "study=2026", "model.min_df=3"],
)  # fmt: skip
def test_what_may_be_is_let_through(override: str) -> None:
    check(plain(override))


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("model=bogus", "configuration: In 'train': Could not find 'model/bogus'; available: cascade, "),
        ("decision/calibrator=magic", "'decision/calibrator/magic'; available: isotonic, none, platt, temperature"),
        ("bogus=1", "configuration: Could not override 'bogus'."),
        ("model.c=[1,", "configuration: 'model.c=[1,' cannot be read: write key=value"),
        ("study=it's", "configuration: 'study=it's' cannot be read: write key=value"),
        ("study='it''s'", "cannot be read"),
        ("study=a/b", "name 'a/b': a study or run is named by"),
        ("name=a/b", "name 'a/b': a study or run is named by"),
        ("threads=0", "threads=0: input should be greater than 0"),
    ],
)
def test_a_wrong_command_line_is_one_sentence_and_exit_code_2(
    override: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "conf").symlink_to(CONF)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("HYDRA_FULL_ERROR", raising=False)
    monkeypatch.setattr(sys, "argv", ["communique", "train", override, "debug=tiny"])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert said in line
