import json
from pathlib import Path

import numpy as np
import pytest

from communique.data.dataset import Corpus
from communique.data.splits import FreshSplit, GroupedKFold
from communique.errors import CommuniqueError
from communique.evaluation.calibration import PlattCalibrator
from communique.models import load_model
from communique.models.base import StanceModel
from communique.models.tfidf import TfidfModel
from communique.tracking.base import NullTracker
from communique.tracking.mlflow_tracker import MlflowTracker
from communique.tracking.references import resolve_model_folder
from communique.training import DecisionRule, RunResult, fit_model, out_of_fold, train_run


class Spy(TfidfModel):
    """Remembers which texts it was fitted on."""

    seen: list[set[str]] = []  # noqa: RUF012

    def _fit(self, texts, labels, validation):
        Spy.seen.append(set(texts))
        super()._fit(texts, labels, validation)


def run(corpus: Corpus, tracker=None, splitter=None, model: StanceModel | None = None, **options) -> RunResult:
    settings = {"config": {"seed": 0, "model": {"kind": "tfidf"}}, "study": "s", "name": "tfidf", "identity": "one"}
    parts = (model or TfidfModel(), corpus, splitter or FreshSplit(), tracker or NullTracker())
    return train_run(*parts, resamples=50, **settings | options)


def test_thresholds_come_from_validation_and_never_from_test(corpus: Corpus) -> None:
    (parts,) = FreshSplit().folds(corpus, seed=0)
    flipped = parts["test"].where(lambda s: True)
    Spy.seen.clear()
    first = fit_model(Spy(), parts["train"], parts["validation"], DecisionRule(PlattCalibrator(2)))
    assert Spy.seen == [set(parts["train"].texts)]
    assert first.thresholds is not None
    assert not set(flipped.texts) & Spy.seen[0]


def test_out_of_fold_probabilities_never_saw_their_own_document(corpus: Corpus) -> None:
    Spy.seen.clear()
    out_of_fold(Spy(), corpus, 5)
    of_text = {s.text: s.document for s in corpus}
    left_out = [set(corpus.documents) - {of_text[t] for t in texts} for texts in Spy.seen]
    assert set().union(*left_out) == set(corpus.documents)
    assert sum(map(len, left_out)) == len(set(corpus.documents))


def test_without_validation_the_decision_is_fitted_out_of_fold(corpus: Corpus) -> None:
    model = fit_model(TfidfModel(), corpus, None, DecisionRule(inner_folds=3))
    assert model.thresholds is not None
    assert model.predict(corpus.texts).shape == corpus.indicators.shape


def test_a_run_measures_each_held_out_sentence_once(corpus: Corpus) -> None:
    result = run(corpus, splitter=GroupedKFold(k=3))
    test = result.predictions[result.predictions["part"] == "test"]
    assert sorted(test["id"]) == [s.id for s in corpus]
    assert result.metrics["test"].n == len(corpus)


def test_measured_files_are_reported_and_do_not_change_the_model(corpus: Corpus) -> None:
    outside = corpus.take(range(40))
    plain, measured = run(corpus), run(corpus, extra={"outside": outside})
    assert measured.metrics["outside"].n == 40
    np.testing.assert_array_equal(plain.model.thresholds, measured.model.thresholds)
    assert plain.metrics["test"] == measured.metrics["test"]


def test_a_measured_file_may_not_pass_for_a_part_of_the_split(corpus: Corpus) -> None:
    with pytest.raises(CommuniqueError, match=r"data\.measure\.test: is the name of a part"):
        run(corpus, extra={"test": corpus.take(range(9))})


@pytest.fixture(scope="module")
def tracker(tmp_path_factory: pytest.TempPathFactory) -> MlflowTracker:
    folder = tmp_path_factory.mktemp("mlflow")
    return MlflowTracker(f"sqlite:///{folder}/runs.db", str(folder / "artifacts"))


@pytest.fixture(scope="module")
def recorded(corpus: Corpus, tracker: MlflowTracker) -> RunResult:
    return run(corpus, tracker, identity="recorded")


def test_a_run_is_on_record_whole(recorded: RunResult, tracker: MlflowTracker, corpus: Corpus) -> None:
    (record,) = [r for r in tracker.runs("s") if r.id == recorded.run_id]
    assert record.params["model.kind"] == "tfidf"
    assert record.metrics["test.macro_f1.value"] == pytest.approx(recorded.metrics["test"].macro_f1.value)
    assert record.tags["communique.identity"] == "recorded"
    wanted = {"predictions.parquet", "config.json", "metrics.test.json", "precision_recall.svg", "reliability.svg"}
    assert {path.name for path in record.artifacts.iterdir()} >= wanted
    assert json.loads((record.artifacts / "metrics.test.json").read_text()) == recorded.metrics["test"].to_dict()
    (used,) = tracker.client.get_run(recorded.run_id).inputs.dataset_inputs
    assert corpus.fingerprint.startswith(used.dataset.digest)


def test_runs_of_a_study_sit_under_one_parent(corpus: Corpus, recorded: RunResult, tracker: MlflowTracker) -> None:
    again = run(corpus, tracker, identity="again")
    parents = {tracker.client.get_run(i).data.tags["mlflow.parentRunId"] for i in (recorded.run_id, again.run_id)}
    assert len(parents) == 1


def test_a_finished_identity_is_found_and_a_failed_run_is_not(
    corpus: Corpus, tracker: MlflowTracker, recorded: RunResult
) -> None:
    class Broken(TfidfModel):
        def _fit(self, texts, labels, validation):
            raise CommuniqueError("broken")

    with pytest.raises(CommuniqueError, match="broken"):
        run(corpus, tracker, model=Broken(), identity="broken")
    assert tracker.finished("s", "broken") is None
    assert tracker.finished("s", "recorded") is not None


def test_the_registered_champion_loads_by_name_and_scores_alike(
    recorded: RunResult, tracker: MlflowTracker, corpus: Corpus
) -> None:
    tracker.register(recorded.run_id, "communique", "champion")
    folder = resolve_model_folder("communique@champion", tracker.uri)
    loaded = load_model(folder)
    np.testing.assert_array_equal(loaded.predict_proba(corpus.texts), recorded.model.predict_proba(corpus.texts))
    assert loaded.provenance["run"] == recorded.run_id


def test_the_stored_model_is_served_by_mlflow_without_pickle(recorded: RunResult, tracker: MlflowTracker) -> None:
    import mlflow

    model_id = tracker.client.get_run(recorded.run_id).outputs.model_outputs[0].model_id
    served = mlflow.pyfunc.load_model(f"models:/{model_id}")
    table = served.predict(["the embargo must be lifted now"])
    assert list(table.columns) == ["prob_rejects", "prob_joins", "prob_lifts", "labels"]
    assert served.metadata.signature.outputs.input_names() == list(table.columns)
    folder = Path(mlflow.artifacts.download_artifacts(f"models:/{model_id}"))
    assert not [p for p in folder.rglob("*") if p.suffix in {".pkl", ".pickle", ".bin", ".pt"}]


@pytest.mark.parametrize("reference", ["communique@nobody", "nowhere", "models:/ghost@champion"])
def test_a_model_that_is_not_there_is_one_sentence(reference: str, tracker: MlflowTracker, recorded: RunResult) -> None:
    with pytest.raises(CommuniqueError, match="model '") as refusal:
        resolve_model_folder(reference, tracker.uri)
    assert "\n" not in str(refusal.value)


def test_without_a_store_the_remedy_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommuniqueError, match="make run"):
        resolve_model_folder("communique@champion", f"sqlite:///{tmp_path}/none.db")


def _open_store(arguments: tuple[str, str]) -> str:
    return MlflowTracker(*arguments).experiment


def test_processes_that_open_a_fresh_store_together_all_succeed(tmp_path: Path) -> None:
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    where = (f"sqlite:///{tmp_path}/fresh.db", str(tmp_path / "artifacts"))
    with ProcessPoolExecutor(2, mp_context=get_context("fork")) as pool:  # a new process would load all anew
        assert len(set(pool.map(_open_store, [where] * 2))) == 1
