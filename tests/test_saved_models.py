"""Models on record as members or teacher of another: named by study and run, found, averaged or learned from."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from omegaconf import OmegaConf
from tests.conftest import make_corpus
from tests.test_configs import composed

from communique import experiment
from communique.data.codebook import Codebook
from communique.errors import CommuniqueError
from communique.models import load_model
from communique.models.lexicon import LexiconModel
from communique.tracking.mlflow_tracker import MlflowTracker
from communique.tracking.references import resolve_model_folder
from communique.training import RunResult


class Runs:
    """``communique train`` without its process, into one store."""

    def __init__(self, store: tuple[str, str]) -> None:
        self.uri, artifacts = store
        self.where = ["tracking=mlflow", f"tracking.uri={self.uri}", f"tracking.artifacts={artifacts}"]

    def __call__(self, *overrides: str) -> RunResult | None:
        config = composed(*overrides, *self.where, "study=parts", "split=fresh", "resamples=20")
        return experiment.run(OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"]))

    def done(self, *overrides: str) -> RunResult:
        result = self(*overrides)
        assert result is not None
        return result


@pytest.fixture
def train(codebook: Codebook, codebook_file: Path, tmp_path: Path, mlflow_store: tuple[str, str], monkeypatch) -> Runs:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "codebook.yaml").write_bytes(codebook_file.read_bytes())
    make_corpus(codebook).to_jsonl(tmp_path / "data" / "sentences.jsonl")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(experiment, "_set_threads", lambda threads: None)
    return Runs(mlflow_store)


def probabilities(result: RunResult) -> np.ndarray:
    table = result.predictions
    return table[table["part"] == "test"].filter(like="prob_").to_numpy()


def test_runs_of_a_study_are_averaged_by_name(train: Runs) -> None:
    words, grams = train.done("model=lexicon"), train.done("model=tfidf")
    members = f"model.members=['study:parts/lexicon','runs:/{grams.run_id}']"
    both = train.done("model=ensemble_saved", members, "decision.calibrator=null")
    np.testing.assert_allclose(probabilities(both), (probabilities(words) + probabilities(grams)) / 2, atol=1e-9)
    assert [member["run"] for member in both.model.provenance["members"]] == [words.run_id, grams.run_id]

    for reference in ("study:parts/ensemble_saved", f"runs:/{both.run_id}"):
        assert load_model(resolve_model_folder(reference, train.uri)).provenance["run"] == both.run_id

    assert train("model=ensemble_saved", members, "decision.calibrator=null") is None
    with pytest.raises(CommuniqueError, match="was fitted on other sentences than this training part"):
        train("model=ensemble_saved", members, "seed=1")


def test_a_student_learns_from_a_run_of_a_study(train: Runs) -> None:
    grams = train.done("model=tfidf", "force=true")
    small = ["model.width=4", "model.channels=8", "model.epochs=1"]
    student = train.done("model=static", "model.teacher=study:parts/tfidf", *small)
    taught = load_model(resolve_model_folder(f"runs:/{student.run_id}", train.uri))
    teacher = load_model(resolve_model_folder(f"runs:/{grams.run_id}", train.uri))
    assert taught.provenance["teacher_digest"] == teacher.fingerprint


def test_a_run_of_a_study_is_named_with_its_seed(train: Runs) -> None:
    first, second = (train.done("model=lexicon", "name=words", f"seed={seed}", "force=true") for seed in (0, 1))
    tracker = MlflowTracker(train.uri)
    with tracker.run("words", "parts", {}):  # for a learning curve, so not meant
        tracker.log_params({"seed": 1, "split.train_share": 0.5})
    for reference, run in (("parts/words/0", first), ("parts/words/1", second), ("parts/words", second)):
        folder = resolve_model_folder(f"study:{reference}", train.uri)
        assert load_model(folder).provenance["run"] == run.run_id
        assert tracker.get(f"study:{reference}").id == run.run_id
    with pytest.raises(CommuniqueError, match="run 'study:parts/none': there is no finished run of that study and"):
        tracker.get("study:parts/none")
    for reference in ("study:it's/words", "study:parts/words'", "study:parts/words/0'", "study:parts/words/0/1"):
        with pytest.raises(CommuniqueError, match="there is no finished run of that study"):
            tracker.get(reference)


@pytest.mark.parametrize(
    "named",
    [
        ("model=ensemble_saved", "model.members=[member]"),
        ("model=static", "model.teacher=member"),
        ("model=cascade", "+model.cheap.teacher=member"),
        ("model=ensemble", "+model.members.0.teacher=member"),
    ],
    ids=["member", "teacher", "teacher of a cascade's model", "teacher of a member"],
)
def test_another_model_behind_a_name_makes_another_run(
    named: tuple[str, str], train: Runs, codebook_file: Path
) -> None:
    digests = []
    for number in range(2):
        model = LexiconModel(str(codebook_file)).fit(["we reject it", "rain"], pd.DataFrame({"rejects": [1, number]}))
        model.save("member")
        plain = experiment.plain_config(composed(*named))
        digests.append(experiment.saved_models(plain["model"], "")[1])
    assert [list(found) for found in digests] == [["member"], ["member"]]
    assert digests[0] != digests[1]


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("study:parts/nobody", "no finished run of that study and name"),
        ("study:parts/lexicon/7", "no finished run of that study, name and seed"),
        ("study:nothing", "no finished run of that study and name"),
        ("runs:/0123456789abcdef", "not found in"),
    ],
)
def test_a_run_that_is_not_there_is_one_sentence(reference: str, said: str, train: Runs) -> None:
    MlflowTracker(train.uri)
    with pytest.raises(CommuniqueError, match=said) as refused:
        train("model=ensemble_saved", f"model.members=['{reference}']")
    assert "\n" not in str(refused.value)
