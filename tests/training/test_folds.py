"""A run of several folds: who measured what, what is pooled, what is on record, what a reader is told."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import make_corpus

from communique.data.codebook import Codebook
from communique.data.dataset import Corpus
from communique.data.protocols import LEAK, LeaveOneGroupOut, RandomSplit
from communique.data.splits import FreshSplit, GroupedKFold
from communique.errors import CommuniqueError
from communique.evaluation.calibration import PlattCalibrator
from communique.evaluation.metrics import Metrics, evaluate
from communique.evaluation.predictions import indicator_matrix
from communique.models.lexicon import LexiconModel
from communique.tracking.base import NullTracker
from communique.training import DecisionRule, RunResult, artifacts, train_run


@pytest.fixture(autouse=True)
def unplotted(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing takes longer than all the rest of these runs."""
    if "plots" not in request.node.name:
        monkeypatch.setattr(artifacts, "_plot", lambda folder, test: None)


class Kept(NullTracker):
    """Keeps the tags and the files of a run."""

    def __init__(self) -> None:
        self.tags: dict[str, str] = {}
        self.files: dict[str, bytes] = {}
        self.opened = 0
        self.models = 0

    def run(self, name, study, tags):
        self.tags, self.opened = dict(tags), self.opened + 1
        return super().run(name, study, tags)

    def log_files(self, folder: Path) -> None:
        self.files = {path.name: path.read_bytes() for path in folder.iterdir()}

    def log_model(self, folder: Path) -> None:
        self.models += 1


def run(corpus: Corpus, splitter, codebook_file: Path, tracker=None, **options) -> RunResult:
    settings: dict[str, Any] = {
        "config": {"seed": 0},
        "study": "s",
        "name": "lexicon",
        "identity": "one",
        "resamples": 50,
    }
    model = LexiconModel(str(codebook_file))
    return train_run(model, corpus, splitter, tracker or NullTracker(), **settings | options)


def test_repeats_and_folds_are_columns_and_a_sentence_is_tested_once_a_repeat(
    corpus: Corpus, codebook_file: Path
) -> None:
    result = run(corpus, GroupedKFold(k=3, repeats=2), codebook_file)
    test = result.predictions.query("part == 'test'")
    assert set(zip(test["repeat"], test["fold"], strict=True)) == {(r, k) for r in range(2) for k in range(3)}
    for _, once in test.groupby("repeat"):
        assert sorted(once["id"]) == [s.id for s in corpus]
    assert "group" not in test
    assert result.metrics["test"].n == 2 * len(corpus)
    assert result.metrics["test"].documents == 30


def test_pooled_metrics_are_those_of_the_predictions_on_record(corpus: Corpus, codebook_file: Path) -> None:
    result = run(corpus, GroupedKFold(k=3, repeats=2), codebook_file)
    table = result.predictions.query("part == 'test'")
    names = corpus.codebook.names
    gold, said = (indicator_matrix(table[column], names) for column in ("labels", "predicted"))
    p, cuts = table[[f"prob_{n}" for n in names]].to_numpy(), [0.5] * 3
    again = evaluate(gold, p, said, table["document"].tolist(), names, cuts, resamples=50)
    assert again.macro_f1 == result.metrics["test"].macro_f1
    for repeat, f1 in enumerate(result.repeats):
        rows = (table["repeat"] == repeat).to_numpy()
        documents = table["document"][rows].tolist()
        assert evaluate(gold[rows], p[rows], said[rows], documents, names, cuts, resamples=1).macro_f1.value == f1


def test_outside_sentences_are_measured_by_every_folds_model(corpus: Corpus, codebook_file: Path) -> None:
    result = run(corpus, GroupedKFold(k=3), codebook_file, extra={"outside": corpus.take(range(40))})
    outside = result.predictions.query("part == 'outside'")
    assert outside.groupby("fold").size().tolist() == [40, 40, 40]
    assert result.metrics["outside"].n == 120
    assert outside.groupby("id")["prob_joins"].nunique().max() > 1  # three models, three opinions


def test_each_held_out_group_has_its_figures_with_intervals(corpus: Corpus, codebook_file: Path) -> None:
    tracker = Kept()
    result = run(corpus, LeaveOneGroupOut("genre", 10), codebook_file, tracker)
    assert list(result.groups) == ["speech", "wire"]
    stored = json.loads(tracker.files["metrics.groups.json"])
    for group, metrics in result.groups.items():
        assert Metrics.from_dict(stored[group]) == metrics
        assert metrics.macro_f1.low <= metrics.macro_f1.value <= metrics.macro_f1.high
    test = result.predictions.query("part == 'test'")
    genre = {s.id: s.genre for s in corpus}
    assert (test["id"].map(genre) == test["group"]).all()
    assert sum(m.n for m in result.groups.values()) == result.metrics["test"].n == len(corpus)
    assert tracker.models == 0


def test_the_record_of_folds_holds_sizes_decisions_and_cost(corpus: Corpus, codebook_file: Path) -> None:
    tracker = Kept()
    run(corpus, GroupedKFold(k=3), codebook_file, tracker, rule=DecisionRule(PlattCalibrator(2)))
    record = json.loads(tracker.files["folds.json"])
    assert record["decided_on"] == "validation"
    assert len(record["test_macro_f1"]) == 1
    assert [fold["fold"] for fold in record["folds"]] == [0, 1, 2]
    for fold in record["folds"]:
        assert sum(part["sentences"] for part in fold["parts"].values()) == len(corpus)
        assert set(fold["thresholds"]) == {"rejects", "joins", "lifts"}
        assert fold["calibrator"]["kind"] == "platt"
        assert fold["seconds"] > 0


def test_a_run_that_leaks_says_so_in_its_notes_its_tags_and_its_record(corpus: Corpus, codebook_file: Path) -> None:
    tracker = Kept()
    result = run(corpus, RandomSplit(), codebook_file, tracker)
    assert LEAK in result.notes
    assert tracker.tags["communique.caution"] == LEAK
    assert LEAK in json.loads(tracker.files["provenance.json"])["notes"]
    assert json.loads(tracker.files["folds.json"])["folds"][0]["note"] == LEAK
    clean = Kept()
    assert LEAK not in run(corpus, FreshSplit(), codebook_file, clean).notes
    assert "communique.caution" not in clean.tags


def test_a_measured_file_that_was_learned_from_is_named_once_in_notes_and_tags(
    corpus: Corpus, codebook: Codebook, codebook_file: Path
) -> None:
    tracker = Kept()
    train = next(iter(FreshSplit().folds(corpus, 0)))["train"]
    documents = sorted(set(train.documents))[:2]
    mine = make_corpus(codebook, 40).where(lambda s: s.document in documents or s.document > "d029")
    told = "measured file mine: 2 of its 12 documents were learned from; its figures flatter"
    result = run(corpus, FreshSplit(), codebook_file, tracker, extra={"mine": mine})
    assert told in result.notes
    assert tracker.tags["communique.caution"] == told
    folds = run(corpus, GroupedKFold(k=3), codebook_file, extra={"mine": mine})
    assert [note for note in folds.notes if "measured file" in note] == [told]
    apart = make_corpus(codebook, 40).where(lambda s: s.document > "d029")
    assert not any("measured" in note for note in run(corpus, FreshSplit(), codebook_file, extra={"mine": apart}).notes)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("groups", r"data\.measure\.groups: is the name of a part"),
        ("test", r"data\.measure\.test: is the name of a part"),
        ("a/b", r"data\.measure\.a/b: names files, so give it letters"),
        ("..", r"data\.measure\.\.\.: names files"),
    ],
)
def test_a_measured_file_whose_name_cannot_be_opens_no_run(
    name: str, said: str, corpus: Corpus, codebook_file: Path
) -> None:
    tracker = Kept()
    with pytest.raises(CommuniqueError, match=said):
        run(corpus, FreshSplit(), codebook_file, tracker, extra={name: corpus})
    assert tracker.opened == 0


def test_guards_are_noted_once_with_the_number_of_folds(corpus: Corpus, codebook_file: Path) -> None:
    rule = DecisionRule(minimum_positives=10_000)
    one = run(corpus, FreshSplit(), codebook_file, rule=rule)
    assert [note.split(":")[0] for note in one.notes] == [f"threshold, {n}" for n in corpus.codebook.names]
    three = run(corpus, GroupedKFold(3), codebook_file, rule=rule)
    assert len(three.notes) == 3
    assert all(note.endswith("(in 3 of 3 folds)") for note in three.notes)


def test_a_label_that_training_never_shows_is_noted(codebook: Codebook, codebook_file: Path) -> None:
    corpus = make_corpus(codebook, 20, 6).where(lambda s: "lifts" not in s.labels)
    notes = run(corpus, FreshSplit(), codebook_file).notes
    assert "training, lifts: no training sentence carries it, so nothing is learned" in notes


def test_a_split_that_cannot_be_opens_no_run(corpus: Corpus, codebook_file: Path) -> None:
    tracker = Kept()
    with pytest.raises(CommuniqueError, match="part 'validation' has no sentence"):
        run(corpus.take(range(8)), FreshSplit(), codebook_file, tracker)
    assert tracker.opened == 0


def test_long_protocols_tell_which_fold_they_are_at(corpus: Corpus, codebook_file: Path) -> None:
    told: list[str] = []
    run(corpus, LeaveOneGroupOut("genre", 10), codebook_file, tell=told.append)
    assert [line.split(",")[0] for line in told] == ["fold 1 of 2: without 'speech'", "fold 2 of 2: without 'wire'"]
    run(corpus, FreshSplit(), codebook_file, tell=told.append)
    assert len(told) == 2


def test_plots_name_the_bins_and_show_calibration_before_and_after(corpus: Corpus, codebook_file: Path) -> None:
    tracker = Kept()
    run(corpus, FreshSplit(), codebook_file, tracker, rule=DecisionRule(PlattCalibrator(2)))
    assert {"reliability.svg", "reliability.uncalibrated.svg", "precision_recall.svg"} <= set(tracker.files)
    assert tracker.files["reliability.svg"] != tracker.files["reliability.uncalibrated.svg"]


def test_an_interrupted_run_goes_on_after_its_last_finished_fold_with_the_same_digits(
    corpus: Corpus, codebook_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options: dict[str, Any] = {"rule": DecisionRule(PlattCalibrator(2)), "extra": {"outside": corpus.take(range(40))}}
    whole, resumed = Kept(), Kept()
    run(corpus, GroupedKFold(k=4), codebook_file, whole, **options)
    fit = LexiconModel.fit
    fits: list[int] = []

    def interrupted(self, *arguments, **named):
        fits.append(1)
        if len(fits) == 3:
            raise KeyboardInterrupt
        return fit(self, *arguments, **named)

    monkeypatch.setattr(LexiconModel, "fit", interrupted)
    folder = tmp_path / "unfinished" / "one"
    told: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        run(corpus, GroupedKFold(k=4), codebook_file, unfinished=folder, **options)
    assert sorted(path.name for path in folder.iterdir()) == ["fold-1.npz", "fold-2.npz"]

    run(corpus, GroupedKFold(k=4), codebook_file, resumed, unfinished=folder, tell=told.append, **options)
    assert len(fits) == 3 + 2
    assert [line.endswith("done before the interruption") for line in told] == [True, True, False, False]
    assert not folder.exists()
    assert resumed.files["predictions.parquet"] == whole.files["predictions.parquet"]
    assert resumed.files["metrics.test.json"] == whole.files["metrics.test.json"]
    before, after = (json.loads(tracker.files["folds.json"]) for tracker in (whole, resumed))
    for fold in before["folds"] + after["folds"]:
        assert fold.pop("seconds") > 0
    assert before == after


def test_a_run_whose_recording_was_interrupted_fits_its_last_fold_alone(
    corpus: Corpus, codebook_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted(NullTracker):
        def log_files(self, folder: Path) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(corpus, GroupedKFold(k=4), codebook_file, Interrupted(), unfinished=tmp_path / "one")
    told: list[str] = []
    result = run(corpus, GroupedKFold(k=4), codebook_file, unfinished=tmp_path / "one", tell=told.append)
    assert [line.endswith("done before the interruption") for line in told] == [True, True, True, False]
    assert result.model.thresholds is not None
