"""What rows tell beside scores: language, reprints; and inputs that are awkward: own outputs, archives, surrogates."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.scoring.conftest import CueModel

from communique.errors import CommuniqueError
from communique.scoring.documents import Document, check_inputs, read_documents
from communique.scoring.inputs import ReadingLog
from communique.scoring.language import languages
from communique.scoring.scorer import score, score_table
from communique.scoring.source import Limits
from communique.scoring.table import SUFFIXES, read_table

MARKED = [json.loads(line) for line in (Path(__file__).parents[1] / "data" / "languages.jsonl").open(encoding="utf-8")]
ENGLISH = [line["text"] for line in MARKED if line["language"] == "en"]
FRENCH = "Le gouvernement rejette fermement toute ingérence dans ses affaires intérieures."


def document(text: str, name: str = "a", **metadata: str) -> Document:
    return Document(name, text, metadata, Path("a.txt"))


def test_hardly_any_english_sentence_is_taken_for_another_language():
    alone = [languages([text])[0] for text in ENGLISH]
    assert len(ENGLISH) >= 60
    assert alone.count("en") >= len(ENGLISH) - 1
    assert languages(ENGLISH).count("en") >= len(ENGLISH) - 1


def test_sentences_in_other_languages_are_found_alone_and_inside_an_english_document():
    others = [line["text"] for line in MARKED if line["language"] != "en"]
    assert len(others) >= 140
    assert sum(languages([text]) != ["en"] for text in others) >= 0.97 * len(others)
    assert sum(languages([*ENGLISH[:20], text])[-1] != "en" for text in others) >= 0.97 * len(others)


def test_a_short_sentence_takes_the_language_of_its_document():
    assert languages([FRENCH, "Merci."]) == ["fr", "fr"]
    assert languages(["The two ministers met in Lessing on Monday.", "Merci."]) == ["en", "en"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_not_english_is_marked_and_not_scored(suffix, tmp_path):
    (tmp_path / "a.txt").write_text(f"The sanctions must go at once, said the envoy.\n\n{FRENCH}\n", encoding="utf-8")
    model = CueModel()
    summary = score_table(model, [tmp_path / "a.txt"], tmp_path / f"out{suffix}", progress=False)
    table = read_table(summary.out)
    assert FRENCH not in model.seen
    assert table["language"].tolist() == ["en", "fr"]
    assert np.isnan(table.loc[1, ["prob_red", "prob_green"]].to_numpy(dtype=float)).all()
    assert table["labels"].tolist() == [["red"], []]
    assert table["review_reason"].tolist() == ["", "not English"]
    assert (summary.counts.not_english, summary.counts.unlabelled, summary.counts.review) == (1, 0, 0)
    raw = pd.read_parquet(summary.out)["labels"].tolist() if suffix == ".parquet" else None
    assert raw is None or raw[1] is None
    every = score_table(model, [tmp_path / "a.txt"], tmp_path / "all.csv", any_language=True, progress=False)
    assert every.counts.not_english == 0
    assert FRENCH in model.seen


def test_a_reprint_is_marked_with_its_first_place_and_counted_once(tmp_path):
    said = "Oland rejects the sanctions of the Union."
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text(f"{said} Talks go on. {said}")
    (tmp_path / "in" / "b.txt").write_text("A first word from us here. OLAND rejects the “sanctions” of the Union!")
    (tmp_path / "in" / "c.txt").write_text(f"Talks go on. {said}")
    summary = score_table(CueModel(), [tmp_path / "in"], tmp_path / "out.csv", progress=False)
    table = read_table(summary.out)
    assert table["reprint_of"].tolist() == ["", "", "", "", "a.txt:0", "", "a.txt:0"]
    counts = summary.counts
    assert (counts.sentences, counts.reprints, counts.labels["red"]) == (7, 2, 2)
    assert counts.sentences == counts.reprints + counts.not_english + counts.unlabelled + 2


def test_each_row_depends_on_its_own_text_alone(model):
    texts = [f"Item {i} on sanctions was heard by all." for i in range(5)]
    together = pd.concat(score(model, [document(" ".join(texts))]), ignore_index=True)
    alone = pd.concat([pd.concat(score(model, [document(text)])) for text in texts], ignore_index=True)
    for column in ("text", "prob_red", "prob_green", "language", "review"):
        assert alone[column].tolist() == together[column].tolist()


def test_earlier_outputs_in_the_folder_are_left_out_and_counted(model, tmp_path):
    (tmp_path / "a.txt").write_text("Oland rejects the sanctions.")
    (tmp_path / "foreign.html").write_text("<html><body><p>The ministers met in Lessing on Monday.</p></body></html>")
    for number in range(3):
        page = tmp_path / "page.html"
        summary = score_table(model, [tmp_path], tmp_path / "out.csv", page=page, progress=False)
        page.write_text("<html><body><p>A page that must not be read again.</p></body></html>")
        assert summary.counts.documents == 2
        assert summary.dropped["earlier outputs of scoring"] == (3 if number else 0)
    again = score_table(model, [f"{tmp_path}/*.*"], tmp_path / "other.csv", progress=False)
    assert again.counts.documents == 2


def test_a_users_own_table_or_page_in_the_folder_is_never_overwritten(model, tmp_path):
    (tmp_path / "mine.csv").write_text("text\nOland rejects the sanctions.\n")
    (tmp_path / "mine.html").write_text("<html><body><p>The ministers met in Lessing on Monday.</p></body></html>")
    with pytest.raises(CommuniqueError, match=r"mine\.csv: is among the inputs"):
        score_table(model, [tmp_path], tmp_path / "mine.csv", progress=False)
    with pytest.raises(CommuniqueError, match=r"mine\.html: is among the inputs"):
        score_table(model, [tmp_path], tmp_path / "out.csv", page=tmp_path / "mine.html", progress=False)


def test_lone_surrogates_crash_nothing(model, tmp_path):
    rows = [
        {"id": "x\ud800", "text": "Oland \udfff rejects the sanctions.", "note\udc00": "\ud83d"},
        {"id": "y", "text": "\ud800\ud800"},
    ]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    for suffix in SUFFIXES:
        out = tmp_path / f"out{suffix}"
        score_table(model, [tmp_path / "a.jsonl"], out, id_column="id", progress=False)
        assert read_table(out)["text"].tolist() == ["Oland \ufffd rejects the sanctions."]
        assert read_table(out)["document"].tolist() == ["x\ufffd"]


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def test_an_archive_reads_like_the_folder_that_it_packs(model, tmp_path):
    files = {
        "b/rows.jsonl": b'{"text": "One says no."}\n{"text": "Two say yes."}\n',
        "a.txt": b"Oland rejects the sanctions.",
        "b/c.csv": b"text\nThree agree.\n",
        "t.parquet": pd.DataFrame({"text": ["Four stay away."]}).to_parquet(),
        ".hidden.txt": b"No.",
        "d.png": b"x",
    }
    for name, content in files.items():
        path = tmp_path / "in" / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_bytes(content)
    log = ReadingLog()
    archive = zipped(tmp_path / "in.zip", files)
    packed = list(read_documents([archive], log=log))
    plain = list(read_documents([tmp_path / "in"]))
    assert [(f"in.zip/{d.id}", d.text) for d in plain] == [(d.id, d.text) for d in packed]
    assert log.dropped == {"files of an unknown format in archives": 1}
    summary = score_table(model, [archive], tmp_path / "out.csv", progress=False)
    assert summary.counts.documents == 5
    (entry,) = json.loads((tmp_path / "out.csv.provenance.json").read_text())["inputs"]
    assert entry["file"] == str(archive)


def test_a_damaged_archive_and_one_without_documents_are_refused(tmp_path):
    whole = zipped(tmp_path / "a.zip", {"a.txt": b"Talks go on. " * 50}).read_bytes()
    (tmp_path / "a.zip").write_bytes(whole[:40] + bytes([whole[40] ^ 255]) + whole[41:])
    (tmp_path / "b.zip").write_bytes(b"PK nothing")
    zipped(tmp_path / "c.zip", {"d.png": b"x"})
    for name in ("a.zip", "b.zip", "c.zip"):
        with pytest.raises(CommuniqueError, match=name.replace(".", r"\.")):
            check_inputs([tmp_path / name])


def test_a_table_may_be_of_any_size_but_not_one_row_of_it(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "One."}\n' * 200)
    check_inputs([tmp_path / "a.jsonl"], limits=Limits(file=1000, unpacked=1000))
    (tmp_path / "b.jsonl").write_text('{"text": "%s"}\n' % ("One. " * 500))
    with pytest.raises(CommuniqueError, match=r"b\.jsonl, line 1: is longer than 1,000 characters"):
        check_inputs([tmp_path / "b.jsonl"], limits=Limits(row=1000))


def test_a_foreign_page_with_a_few_english_words_in_it_is_foreign_in_its_short_sentences_too():
    long = "Die Ministerin sprach am Abend in der Halle der Stadt über das, was die Länder an der Grenze noch trennt."
    page = [long, "Er las, was im Heft The Northern Review stand, und was war daran neu?", long, long, "Wer weiß."]
    assert languages(page)[-1] == "de"
