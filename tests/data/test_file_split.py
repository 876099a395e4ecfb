import json
from pathlib import Path

import pytest

from communique.data.codebook import Codebook
from communique.data.dataset import read_corpora, read_corpus
from communique.data.file_split import FilesSplit
from communique.errors import CommuniqueError

BOOK = Codebook.from_dict({"labels": [{"name": "favours"}]})
PARTS = ("train", "validation", "test")


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """Three sentences on each of two targets in every part."""
    paths = {}
    for part in PARTS:
        names = [(f"{part}-{target}-{i}", target) for target in ("bridge", "tunnel") for i in range(3)]
        records = [{"id": n, "document": n, "target": t, "text": f"tweet {n}", "labels": []} for n, t in names]
        paths[part] = tmp_path / f"{part}.jsonl"
        paths[part].write_text("".join(json.dumps(record) + "\n" for record in records))
    return paths


def test_a_corpus_of_several_files_keeps_what_a_field_says(files: dict[str, Path]) -> None:
    whole = read_corpora(list(files.values()), BOOK)
    chosen = read_corpora(list(files.values()), BOOK, {"target": "tunnel"})
    assert (len(whole), len(chosen)) == (18, 9)
    assert all("tunnel" in sentence.id for sentence in chosen)


def test_each_part_is_its_file_as_far_as_the_corpus_goes(files: dict[str, Path]) -> None:
    corpus = read_corpora(list(files.values()), BOOK, {"target": "bridge"})
    (cut,) = FilesSplit(files["train"], files["test"], files["validation"]).folds(corpus, seed=0)
    assert {part: len(held) for part, held in cut.items()} == dict.fromkeys(PARTS, 3)
    assert all(s.id.startswith(part) for part, held in cut.items() for s in held)
    (joined,) = FilesSplit(files["train"], files["test"], files["validation"], learn_from_validation=True).folds(
        corpus, seed=0
    )
    assert {part: len(held) for part, held in joined.items()} == {"train": 6, "test": 3}


def test_what_would_leak_or_be_lost_is_refused(files: dict[str, Path]) -> None:
    corpus = read_corpora(list(files.values()), BOOK)
    with pytest.raises(CommuniqueError, match="keep it in one part"):
        list(FilesSplit(files["train"], files["train"]).folds(corpus, 0))
    with pytest.raises(CommuniqueError, match="is in no part"):
        list(FilesSplit(files["train"], files["test"]).folds(corpus, 0))
    with pytest.raises(CommuniqueError, match=r"stands in .*train.jsonl too"):
        read_corpora([files["train"], files["train"]], BOOK)


def test_a_filter_that_finds_nothing_or_no_field_says_so(files: dict[str, Path]) -> None:
    with pytest.raises(CommuniqueError, match="holds no sentence where target is canal"):
        read_corpus(files["train"], BOOK, {"target": "canal"})
    with pytest.raises(CommuniqueError, match="line 1: field 'forum' is missing, by which"):
        read_corpus(files["train"], BOOK, {"forum": "UN"})
