"""Systems from runs and from anyone's files: every seed, share and part as recorded, names told apart."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from tests.evaluation.planted import table

from communique.data.dataset import Corpus
from communique.data.splits import GroupedKFold
from communique.errors import CommuniqueError
from communique.evaluation.comparison import compare
from communique.evaluation.predictions import System
from communique.models.tfidf import TfidfModel
from communique.reporting import systems
from communique.reporting.systems import (
    _distinct_names,
    _recipe,
    by_share,
    gather,
    read_predictions,
    systems_of_files,
    systems_of_studies,
    systems_of_study,
)
from communique.tracking.base import NullTracker, RunRecord
from communique.tracking.mlflow_tracker import MlflowTracker
from communique.training import train_run

FAST: dict[str, Any] = {"resamples": 50, "rounds": 50}


def test_prediction_files_of_both_formats_say_the_same(tmp_path: Path) -> None:
    made = table(0.2, documents=12).assign(id=range(60))
    made.to_csv(tmp_path / "one.csv", index=False)
    made.to_parquet(tmp_path / "two.parquet", index=False)
    found = systems_of_files([tmp_path / "one.csv", tmp_path / "two.parquet"])
    assert [system.name for system in found] == ["one", "two"]
    first, second = compare(found, **FAST).rows
    assert first.summary == second.summary


def test_a_sheet_saved_with_semicolons_is_read_and_a_column_that_stands_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sheet.csv").write_text('id;document;labels;prob_a;prob_b\n1;d;"a;b";0.9;0.8\n2;d;;0.1;0.2\n')
    read = read_predictions(tmp_path / "sheet.csv")
    assert read["prob_b"].tolist() == [0.8, 0.2]
    assert read["labels"].tolist()[0] == "a;b"
    (tmp_path / "twice.csv").write_text("id,document,labels,prob_a,prob_a\n1,d,a,0.9,0.8\n")
    with pytest.raises(CommuniqueError, match=r"twice.csv: the column name 'prob_a' stands twice"):
        read_predictions(tmp_path / "twice.csv")


def test_files_of_one_name_in_folders_of_one_name_are_told_by_their_paths(tmp_path: Path) -> None:
    paths = [tmp_path / number / "out" / "pred.csv" for number in "12"]
    for path in paths:
        path.parent.mkdir(parents=True)
        path.write_text("id,document,labels,prob_a\n1,d,a,0.9\n")
    assert [system.name for system in systems_of_files(paths)] == [str(path) for path in paths]


@pytest.mark.parametrize("part", ["train", "validation"])
def test_what_was_tuned_on_is_not_taken_for_a_test(tmp_path: Path, part: str) -> None:
    path = tmp_path / "one.csv"
    path.write_text(f"id,document,labels,prob_a,part\n1,d,a,0.9,{part}\n")
    with pytest.raises(CommuniqueError, match=f"has no part 'test'; it has {part}: name one with --part"):
        systems_of_files([path])
    assert len(systems_of_files([path], part)) == 1


def test_files_that_hold_no_predictions_are_refused_by_path_and_column(tmp_path: Path) -> None:
    for column in ("id", "document", "labels"):
        table(0.1).drop(columns=column).to_csv(tmp_path / "lacking.csv", index=False)
        with pytest.raises(CommuniqueError, match=rf"lacking\.csv: column '{column}' is missing"):
            systems_of_files([tmp_path / "lacking.csv"])
    table(0.1).drop(columns=["prob_red", "prob_green"]).to_parquet(tmp_path / "bare.parquet")
    table(0.1).iloc[:0].to_csv(tmp_path / "header.csv", index=False)
    (tmp_path / "ragged.csv").write_text("id,document\na,b\na,b,c\n")
    (tmp_path / "garbage.parquet").write_bytes(b"no parquet")
    (tmp_path / "empty.csv").touch()
    (tmp_path / "lines.jsonl").touch()
    said = {"bare.parquet": "no column 'prob_", "ragged.csv": "line 3", "header.csv": "holds no prediction"}
    said |= dict.fromkeys(["garbage.parquet", "empty.csv", "none.csv"], "cannot be read") | {"lines.jsonl": "ends in"}
    for name, reason in said.items():
        with pytest.raises(CommuniqueError, match=rf"{re.escape(name)}: .*{reason}") as refusal:
            systems_of_files([tmp_path / name])
        assert "\n" not in str(refusal.value)


def test_an_empty_id_or_document_is_refused_by_row(tmp_path: Path) -> None:
    for column in ("id", "document"):
        made = table(0.1)
        made.loc[2, column] = None
        made.to_csv(tmp_path / "gap.csv", index=False)
        with pytest.raises(CommuniqueError, match=rf"gap\.csv, row 3, column '{column}': is empty"):
            read_predictions(tmp_path / "gap.csv")


def test_a_label_may_be_called_like_a_missing_value(tmp_path: Path) -> None:
    made = table(0.1).replace({"labels": {"red": "NA"}, "predicted": {"red": "NA"}}).replace(
        {"red;green": "NA;green"}
    ).rename(columns={"prob_red": "prob_NA"})  # fmt: skip
    made.to_csv(tmp_path / "na.csv", index=False)
    (row,) = compare(systems_of_files([tmp_path / "na.csv"]), **FAST).rows
    (plain,) = compare([System("a", (table(0.1),))], **FAST).rows
    assert row.macro_f1 == plain.macro_f1


def test_a_file_of_several_parts_and_seeds_gives_the_part_asked_for_by_seed(tmp_path: Path) -> None:
    seeds = pd.concat([table(0.1, seed).assign(seed=seed) for seed in (3, 11)])
    both = pd.concat([seeds.assign(part="test"), seeds.assign(part="other", id="o" + seeds["id"])])
    both.to_parquet(tmp_path / "run.parquet")
    (found,) = systems_of_files([tmp_path / "run.parquet"], "other")
    assert found.seeds == ("3", "11")
    assert all(one["id"].str.startswith("o").all() and len(one) == 200 for one in found.tables)
    with pytest.raises(CommuniqueError, match="has no part 'nope'; it has test, other"):
        systems_of_files([tmp_path / "run.parquet"], "nope")


def test_files_of_one_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        table(0.1).to_csv(tmp_path / folder / "said.csv", index=False)
    found = systems_of_files([tmp_path / folder / "said.csv" for folder in ("a", "b")])
    assert [system.name for system in found] == ["said (a)", "said (b)"]


@pytest.fixture(scope="module")
def tracker(corpus: Corpus, mlflow_store: tuple[str, str]) -> MlflowTracker:
    """A study of two names: ``strong`` with seeds 10 and 2, and ``weak`` with one."""
    made = MlflowTracker(*mlflow_store)
    for name, seed in (("strong", 10), ("weak", 2), ("strong", 2)):
        model = TfidfModel(c=1e-4 if name == "weak" else 4.0)
        parts = (model, corpus, GroupedKFold(k=2), made)  # of several folds no model is kept, which is quick
        identity = f"{name}{seed}"
        config = {"seed": seed}
        train_run(*parts, config=config, study="s", name=name, identity=identity, seed=seed, resamples=20)
    return made


class Recorded(NullTracker):
    """Runs by study: name, seed, share of the training documents, metrics."""

    def __init__(self, folder: Path, **studies: list[tuple[str, int, float, dict[str, float]]]) -> None:
        self.folder = folder
        self.studies = studies

    def runs(self, study: str) -> list[RunRecord]:
        return [self._record(f"{study}{i}", *run) for i, run in enumerate(self.studies[study])]

    def _record(self, run: str, name: str, seed: int, share: float, metrics: dict[str, float]) -> RunRecord:
        folder = self.folder / run
        folder.mkdir(exist_ok=True)
        table(1 - share / 1.2, seed).assign(part="test").to_parquet(folder / "predictions.parquet")
        params = {"seed": str(seed), "split.train_share": str(share), "tracking.uri": run}
        return RunRecord(run, name, params, metrics, {"communique.caution": "few folds"}, folder)


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    """Study ``one`` with three seeds of ``n``, study ``two`` with ``n`` at two shares."""
    cost = {"fit_seconds": 2.0, "model_bytes": 1e6, "train_sentences": 50.0}
    one = [("n", seed, 1.0, cost) for seed in (0, 1, 2)] + [("m", 0, 1.0, cost)]
    two = [("n", 0, 1.0, cost), ("n", 0, 0.5, cost), ("n", 1, 0.5, cost | {"fit_seconds": 4.0})]
    return Recorded(tmp_path, one=one, two=two)


@pytest.mark.parametrize(
    ("others", "alike"),
    [('["study:s/a/1", {"seed": 1}]', True), ('["study:s/b/0", {"seed": 0}]', False)],
)
def test_seeds_of_members_are_no_part_of_a_recipe(others: str, alike: bool, tmp_path: Path) -> None:
    members = ['["study:s/a/0", {"seed": 0}]', others]
    runs = [
        RunRecord(str(i), "n", {"seed": str(i), "model.members": m}, {}, {}, tmp_path) for i, m in enumerate(members)
    ]
    assert (_recipe(runs[0]) == _recipe(runs[1])) == alike


def test_the_systems_of_a_study_are_its_names_with_all_their_seeds_in_order(tracker: MlflowTracker) -> None:
    found = systems_of_study("s", "test", tracker)
    assert {system.name: system.seeds for system in found} == {"strong": ("2", "10"), "weak": ("2",)}
    assert all(set(one["part"]) == {"test"} for system in found for one in system.tables)
    runs = {run.params["seed"]: run for run in tracker.runs("s") if run.name == "strong"}
    strong = next(row for row in compare(found, **FAST).rows if row.name == "strong")
    recorded = [runs[seed].metrics["test.macro_f1.value"] for seed in ("2", "10")]
    assert list(strong.seeds) == pytest.approx(recorded)
    assert strong.macro_f1.value == pytest.approx(sum(recorded) / 2)


def test_what_a_run_cost_is_recorded_and_shown(tracker: MlflowTracker) -> None:
    for system in systems_of_study("s", "test", tracker):
        assert set(system.facts) == {"fit_seconds", "sentences_per_second", "model_bytes"}
        assert all(value > 0 for value in system.facts.values())
        assert 0 < system.sentences < 240


def test_parts_that_every_seed_cuts_anew_are_refused(tracker: MlflowTracker) -> None:
    with pytest.raises(CommuniqueError, match="strong: its seeds or repeats tested different sentences"):
        compare(systems_of_study("s", "validation", tracker), **FAST)


def test_names_of_two_studies_and_of_files_are_told_apart(recorded: Recorded, tmp_path: Path) -> None:
    found = systems_of_studies(["one", "two", "one"], "test", recorded)
    assert [system.name for system in found] == ["n (one)", "m", "n, 50% of training", "n (two)"]
    table(0.1).to_csv(tmp_path / "m.csv", index=False)
    both = gather(["one"], [tmp_path / "m.csv"], "test", recorded)
    assert [system.name for system in both] == ["n", "m (runs)", "m (file)"]
    with pytest.raises(CommuniqueError, match="give --study or --predictions"):
        gather([], [], "test", None)


def test_shares_are_apart_the_whole_is_ranked_and_the_rest_is_named(recorded: Recorded) -> None:
    found = systems_of_study("two", "test", recorded)
    assert [(system.share, len(system.tables), system.sentences) for system in found] == [(0.5, 2, 50), (1.0, 1, 50)]
    assert found[0].facts == {"fit_seconds": 3.0, "model_bytes": 1e6}  # means over seeds, nothing unrecorded
    assert found[0].remark == "few folds"
    shares = by_share(found)
    assert [system.name for system in shares.ranked] == ["n"]
    assert shares.unranked == ("n, 50% of training",)
    assert {name: len(curve) for name, curve in shares.curves.items()} == {"n": 2}
    assert len(by_share([system for system in found if system.share < 1]).ranked) == 1


def test_seeds_are_ordered_as_numbers(tracker: MlflowTracker) -> None:
    runs = [run for run in tracker.runs("s") if run.name == "strong"]
    assert list(systems._latest_by_seed(runs)) == ["2", "10"]
    again = [*runs, replace(runs[0], id="later")]
    assert [run.id for (run,) in systems._latest_by_seed(again).values()] == [runs[1].id, "later"]


def test_an_unknown_part_and_an_unknown_study_are_one_sentence(tracker: MlflowTracker) -> None:
    with pytest.raises(CommuniqueError, match="has no part 'nope'; it has validation, test"):
        systems_of_study("s", "nope", tracker)
    with pytest.raises(CommuniqueError, match="study 'ghost': has no finished run"):
        systems_of_study("ghost", "test", tracker)


def test_runs_whose_files_are_gone_are_one_sentence(tracker: MlflowTracker) -> None:
    artifacts = Path(tracker.artifacts)
    hidden = artifacts.rename(artifacts.with_name("hidden"))
    try:
        with pytest.raises(CommuniqueError, match="its files are gone") as refusal:
            systems_of_study("s", "test", tracker)
    finally:
        hidden.rename(artifacts)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("named", ["text.db", "folder/none/text.db"])
def test_a_store_that_cannot_be_opened_is_one_sentence(named: str, tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("a letter, no database")
    (tmp_path / "folder").write_text("a file, no folder")
    with pytest.raises(CommuniqueError, match="cannot be opened") as refusal:
        MlflowTracker(f"sqlite:///{tmp_path / named}")
    assert "\n" not in str(refusal.value)


def test_a_corpus_field_called_like_a_setting_is_part_of_the_recipe(tmp_path: Path) -> None:
    """Else runs on two parts of a corpus would be one system, of which the newer alone is shown."""
    for field in ("name", "seed", "study"):
        first, second = (
            RunRecord(run, "tfidf", {f"data.where.{field}": run, "model.a.seed": run}, {}, {}, tmp_path) for run in "ab"
        )
        assert _recipe(first) != _recipe(second)
        assert {key for key, _ in _recipe(first)} == {f"data.where.{field}"}


def test_recipes_of_one_name_are_told_apart_by_the_settings_that_have_several_values() -> None:
    shared = ("model.c", "4.0")
    platt = frozenset({shared, ("calibrator._target_", "rooms.PlattCurve"), ("calibrator.least", "10")})
    plain = frozenset({shared, ("calibrator._target_", "rooms.Plain")})
    names = _distinct_names([("m", platt), ("m", plain), ("other", plain)])
    assert list(names.values()) == ["m (calibrator=PlattCurve)", "m (calibrator=Plain)", "other"]
    capped = frozenset({shared, ("model.cap", "3")})
    assert _distinct_names([("m", capped), ("m", frozenset({shared}))]) == {
        ("m", capped): "m (model.cap=3)",
        ("m", frozenset({shared})): "m",
    }


def test_a_class_that_an_argument_gives_away_is_not_told_twice() -> None:
    def named(*cuts: tuple[str, str]) -> list[str]:
        recipes = [frozenset({("split._target_", f"rooms.{cut}"), ("split.by", by)}) for cut, by in cuts]
        plain = frozenset({("split._target_", "rooms.Fixed")})
        return list(_distinct_names([("m", recipe) for recipe in [*recipes, plain]]).values())

    assert named(("Groups", "a"), ("Groups", "b")) == ["m (split.by=a)", "m (split.by=b)", "m (split=Fixed)"]
    assert named(("Groups", "a"), ("Blocks", "b"))[:2] == [
        "m (split=Groups, split.by=a)", "m (split=Blocks, split.by=b)",
    ]  # fmt: skip
