"""``communique champion``: the best on validation, or the one that is named."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from tests.cli.conftest import Run

from communique.cli.experiments import FIXED
from communique.data.dataset import Corpus
from communique.data.splits import Fold, FreshSplit
from communique.models.ensemble import EnsembleModel
from communique.models.lexicon import LexiconModel
from communique.tracking.mlflow_tracker import MlflowTracker
from communique.training import train_run


@pytest.fixture(scope="module")
def tracker(
    corpus: Corpus, codebook_file: Path, mlflow_store: tuple[str, str], tmp_path_factory: pytest.TempPathFactory
) -> MlflowTracker:
    """A study of word lists and of the same lists under the wrong labels, on record as fixed splits."""
    found = MlflowTracker(*mlflow_store)
    content = yaml.safe_load(codebook_file.read_text(encoding="utf-8"))
    cues = [label["cues"] for label in content["labels"]]
    for label, others in zip(content["labels"], [*cues[1:], cues[0]], strict=True):
        label["cues"] = others
    confused = tmp_path_factory.mktemp("confused") / "codebook.yaml"
    confused.write_text(yaml.safe_dump(content), encoding="utf-8")
    good, bad = LexiconModel(str(codebook_file)), LexiconModel(str(confused))
    adapted = good.fit(corpus.texts, corpus.indicators)
    adapted.provenance["archive"] = {"fingerprint": "f"}
    saved = str(adapted.save(confused.parent / "adapted"))
    whole = MeasuredOnAll()
    runs = [
        *[("good", good, FreshSplit(), 1.0), ("bad", bad, FreshSplit(), 1.0)],
        *[("bad", good, FreshSplit(), 0.5), ("some", good, FreshSplit(), 0.5)],
        ("both", EnsembleModel([saved]), whole, 1.0),
    ]
    for number, (name, model, splitter, share) in enumerate(runs):
        config = {"seed": 0, "split": {"_target_": FIXED, "train_share": share}}
        told = {"study": "crown", "name": name, "identity": f"crown {number}"}
        train_run(model, corpus, splitter, found, config=config, resamples=10, **told)  # type: ignore[arg-type]
    return found


class MeasuredOnAll:
    """Every part is the whole corpus."""

    def folds(self, corpus: Corpus, seed: int) -> Iterator[Fold]:
        """Yield the one cut."""
        yield Fold(dict.fromkeys(("train", "validation", "test"), corpus))


def crowned(tracker: MlflowTracker, name: str) -> str:
    record = tracker.registered(name, "champion")
    assert record
    return record.name


def test_the_named_run_is_registered_even_where_another_is_better(run: Run, tracker: MlflowTracker) -> None:
    figures = {one.name: one.metrics["validation.macro_f1.value"] for one in tracker.runs("crown") if one.whole}
    assert figures["good"] > figures["bad"]
    common = ("champion", "--study", "crown", "--name", "crowned", "--tracking-uri", tracker.uri)
    assert "is now version 1: good" in run(*common).out
    assert "is now version 2: bad" in run(*common, "--run", "bad").out
    assert crowned(tracker, "crowned") == "bad"
    assert "is now version 3: good" in run(*common).out
    assert "stays good" in run(*common).out


def test_what_learned_from_an_archive_or_from_a_share_of_the_training_part_is_never_registered(
    run: Run, tracker: MlflowTracker
) -> None:
    (both,) = [one for one in tracker.runs("crown") if one.name == "both"]
    assert both.params["archive.fingerprint"] == "f"
    common = ("champion", "--study", "crown", "--name", "whole", "--tracking-uri", tracker.uri)
    for name in ("both", "some"):
        assert f"has no run '{name}' on its newest corpus; it has bad, good" in run(*common, "--run", name).error
    assert "is now version 1: bad" in run(*common, "--run", "bad").out
    found = tracker.registered("whole", "champion")
    assert found
    assert found.whole


def test_an_unknown_run_is_one_sentence_and_crowns_nobody(run: Run, tracker: MlflowTracker) -> None:
    said = run("champion", "--study", "crown", "--name", "nobody", "--run", "x", "--tracking-uri", tracker.uri)
    assert "study 'crown': has no run 'x' on its newest corpus; it has bad, good" in said.error
    assert tracker.registered("nobody", "champion") is None
