"""Scoring: rows, windows, marks for review, and a table that is whole or not there."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from communique.errors import CommuniqueError
from communique.evaluation.nearness import nearness
from communique.scoring.documents import Document, read_documents
from communique.scoring.model import windows
from communique.scoring.scorer import score, score_table
from communique.scoring.table import SUFFIXES, read_table

STORY = "Envoys part\n\nOland rejects the sanctions. Will it cooperate? It will cooperate on sanctions."


@pytest.fixture
def folder(tmp_path):
    inputs = tmp_path / "in"
    inputs.mkdir()
    (inputs / "a.txt").write_text(f"Title: A story\n\n{STORY}")
    (inputs / "b.csv").write_text("id,text,prob_red,prob_blue\nx,We cooperate.,high,low\ny,  ,low,\nz,1999.,low,\n")
    return inputs


def test_a_row_holds_what_can_be_worked_out_by_hand(model, folder):
    table = pd.concat(score(model, read_documents([folder])), ignore_index=True)
    assert ",".join(table.columns[:6]) == "document,sentence,start,end,text,speaker"
    assert ",".join(table.columns[6:10]) == "holder,holder_source,language,reprint_of"
    assert ",".join(table.columns[10:17]) == "prob_red,prob_green,labels,review,review_reason,words,windowed"
    assert table["labels"].tolist() == [[], ["red"], [], ["red", "green"], ["green"]]
    assert table["review"].tolist() == [False, False, True, False, False]
    assert table["review_reason"].tolist() == ["", "", "red", "", ""]
    assert table["document"].tolist() == ["a.txt"] * 4 + ["b.csv#1"]
    assert table["title"].tolist() == ["A story"] * 4 + [""]
    assert table["meta_prob_red"].tolist() == [""] * 4 + ["high"]
    assert [name for name in map(str, table) if name.startswith("prob_")] == ["prob_red", "prob_green"]
    texts = {document.id: document.text for document in read_documents([folder])}
    for name, start, end, said in table[["document", "start", "end", "text"]].to_numpy().tolist():
        assert texts[name][start:end] == said


def test_the_batch_size_changes_nothing(model, folder):
    whole = pd.concat(score(model, read_documents([folder]), metadata=["title"]), ignore_index=True)
    pieces = pd.concat(score(model, read_documents([folder]), batch=1, metadata=["title"]), ignore_index=True)
    pd.testing.assert_frame_equal(whole, pieces)


def test_a_long_sentence_is_read_in_windows_to_its_last_word(model):
    model.max_words = 10
    text = " ".join(["word"] * 95 + ["sanctions"]) + "."
    (table,) = score(model, [Document("a", f"{text} Short one.", {}, Path("a.txt"))])
    assert table["windowed"].tolist() == [True, False]
    assert table["labels"].tolist() == [["red"], []]
    assert max(len(seen.split()) for seen in model.seen) <= 10


@pytest.mark.parametrize("count", [1, 9, 10, 11, 14, 15, 16, 99])
@pytest.mark.parametrize("size", [1, 2, 3, 10])
def test_windows_overlap_and_cover_every_word(count, size):
    words = [str(i) for i in range(count)]
    found = [window.split() for window in windows(" ".join(words), size)]
    assert sorted({word for window in found for word in window}, key=int) == words
    assert all(len(window) <= size for window in found)
    assert all(len(set(a) & set(b)) >= size // 2 for a, b in pairwise(found))


def test_nearness_is_plain_distance_at_one_half_and_scales_with_a_low_threshold():
    p = np.array([[0.0], [0.3], [0.5], [0.9], [1.0]])
    np.testing.assert_allclose(nearness(p, np.array([0.5])), np.abs(p - 0.5))
    low = nearness(np.array([[0.0], [0.04], [0.05], [1.0]]), np.array([0.05]))
    np.testing.assert_allclose(low, [[0.5], [0.1], [0.0], [0.5]], atol=1e-12)
    assert np.isfinite([nearness(p, np.array([limit])) for limit in (0.0, 1.0)]).all()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_format_reads_back_as_the_same_table(suffix, model, folder, tmp_path):
    written = score_table(model, [folder], tmp_path / f"out{suffix}", id_column=None, progress=False)
    expected = pd.concat(
        score(model, read_documents([folder]), metadata=["title", "id", "prob_red", "prob_blue"]), ignore_index=True
    )
    pd.testing.assert_frame_equal(read_table(written.out), expected, check_dtype=False)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_same_inputs_give_the_same_bytes(suffix, model, folder, tmp_path):
    first, second = tmp_path / f"1{suffix}", tmp_path / f"2{suffix}"
    score_table(model, [folder], first, progress=False)
    score_table(model, [folder], second, progress=False)
    assert first.read_bytes() == second.read_bytes()


def test_provenance_counts_what_was_done_and_what_was_dropped(model, folder, tmp_path):
    (folder / "c.png").write_bytes(b"x")
    summary = score_table(model, [folder], tmp_path / "out.csv", progress=False)
    known = json.loads((tmp_path / "out.csv.provenance.json").read_text())
    assert known["counts"] == {
        "documents": 2,
        "sentences": 5,
        "not_english": 0,
        "reprints": 0,
        "languages": {"en": 5},
        "holders": {"attribution": 1},
        "labels": {"red": 2, "green": 2},
        "unlabelled": 2,
        "review": 1,
        "windowed": 0,
        "dropped": {"documents without text": 2, "files of an unknown format": 1},
    }
    assert known["model"] == {"name": "cues", "fingerprint": "f" * 64, "runtime": ""}
    assert known["thresholds"] == {"red": 0.5, "green": 0.5}
    assert [len(entry["sha256"]) for entry in known["inputs"]] == [64, 64]
    assert (summary.counts.documents, summary.counts.sentences) == (2, 5)


def test_a_bad_input_is_refused_before_anything_is_written(model, folder, tmp_path):
    (folder / "z.txt").write_bytes(b"")
    with pytest.raises(CommuniqueError, match=r"z\.txt: is empty"):
        score_table(model, [folder], tmp_path / "out" / "out.csv", progress=False)
    assert model.seen == []
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_a_destination_that_cannot_be_is_refused(model, folder, tmp_path):
    for out, expected in {
        "out.txt": r"\.csv, \.parquet, \.jsonl",
        "in/b.csv": "among the inputs",
        "in/a.txt/out.csv": "cannot be written",
    }.items():
        with pytest.raises(CommuniqueError, match=expected):
            score_table(model, [folder], tmp_path / out, progress=False)


def test_inputs_without_a_sentence_are_refused(model, tmp_path):
    (tmp_path / "a.txt").write_text("1999\n\n***\n")
    with pytest.raises(CommuniqueError, match="no sentence"):
        score_table(model, [tmp_path / "a.txt"], tmp_path / "out.csv", progress=False)
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize("given", [np.full((1, 3), 0.5), np.full((1, 2), 1.5), np.full((1, 2), np.nan)])
def test_a_model_that_gives_no_probabilities_is_refused(given, model, monkeypatch):
    monkeypatch.setattr(model, "predict_proba", lambda texts: given)
    with pytest.raises(CommuniqueError, match="model cues"):
        list(score(model, [Document("a", "One.", {}, Path("a.txt"))]))
