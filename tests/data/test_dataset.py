import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from communique.data.codebook import Codebook
from communique.data.dataset import Corpus, Sentence, parse_sentence, read_corpus
from communique.errors import CommuniqueError

GOOD: dict[str, Any] = {"id": "a-1", "document": "a", "text": "The embargo must go.", "labels": ["lifts"]}


def write(path: Path, *lines: Any) -> Path:
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_text("\n".join(texts) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([GOOD, GOOD], "line 2, field 'id': 'a-1' already stands on line 1"),
        ([{**GOOD, "labels": ["liftss"]}], "line 1, field 'labels': unknown label 'liftss'"),
        ([GOOD, '{"id": "a-2", '], "line 2: is not valid JSON"),
        ([GOOD, "[1, 2]"], "line 2: must be a JSON object, not list"),
        ([{k: v for k, v in GOOD.items() if k != "document"}], "line 1: field 'document' is missing"),
        ([{**GOOD, "text": "  "}], "line 1, field 'text': must be a text that is not empty"),
        ([{**GOOD, "id": 7}], "line 1, field 'id'"),
        ([{**GOOD, "labels": None}], "line 1, field 'labels': must be a list of names"),
        ([{**GOOD, "year": "soon"}], "line 1, field 'year': must be a whole number"),
        ([{**GOOD, "annotations": {"second": ["x"]}}], "annotator 'second': unknown label 'x'"),
        ([""], "holds no sentence"),
    ],
)
def test_a_bad_file_is_refused_with_file_line_field_and_remedy(
    tmp_path: Path, codebook: Codebook, lines: list[Any], said: str
) -> None:
    path = write(tmp_path / "bad.jsonl", *lines)
    with pytest.raises(CommuniqueError) as refusal:
        read_corpus(path, codebook)
    assert said in str(refusal.value)
    assert str(refusal.value).startswith(str(path))
    assert "\n" not in str(refusal.value)


def test_a_missing_file_and_another_encoding_are_refused(tmp_path: Path, codebook: Codebook) -> None:
    with pytest.raises(CommuniqueError, match="cannot be read"):
        read_corpus(tmp_path / "none.jsonl", codebook)
    path = tmp_path / "latin.jsonl"
    path.write_bytes(json.dumps(GOOD).replace("go", "gö").encode("latin-1"))
    with pytest.raises(CommuniqueError, match="UTF-8"):
        read_corpus(path, codebook)


def test_an_exclusive_codebook_refuses_two_labels(codebook: Codebook) -> None:
    exclusive = Codebook(codebook.labels, exclusive=True)
    with pytest.raises(CommuniqueError, match="allows one"):
        parse_sentence({**GOOD, "labels": ["lifts", "joins"]}, exclusive, "file, line 1")


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1).filter(str.strip)


@given(
    records=st.lists(
        st.tuples(NAMES, NAMES, NAMES, st.sets(st.sampled_from(["rejects", "joins", "lifts"]))),
        min_size=1,
        unique_by=lambda record: record[0],
    )
)
def test_writing_and_reading_changes_nothing(
    codebook: Codebook, tmp_path_factory: pytest.TempPathFactory, records: list[tuple[str, str, str, set[str]]]
) -> None:
    sentences = [Sentence(i, d, t, frozenset(labels), year=2001) for i, d, t, labels in records]
    corpus = Corpus(tuple(sorted(sentences, key=lambda s: s.id)), codebook)
    path = tmp_path_factory.mktemp("round") / "sentences.jsonl"
    corpus.to_jsonl(path)
    assert read_corpus(path, codebook) == corpus


def test_csv_says_the_same_as_jsonl(tmp_path: Path, codebook: Codebook, corpus: Corpus) -> None:
    table = corpus.to_frame()[["id", "document", "text", "labels", "year"]]
    table["labels"] = table["labels"].str.join(";")
    table.to_csv(tmp_path / "corpus.csv", index=False)
    read = read_corpus(tmp_path / "corpus.csv", codebook)
    assert read.texts == corpus.texts
    assert [s.labels for s in read] == [s.labels for s in corpus]


def test_rows_of_nothing_are_no_sentences_and_a_day_count_is_no_year(tmp_path: Path, codebook: Codebook) -> None:
    path = write(tmp_path / "a.csv", "id,document,text,labels,year", "a,b,c,lifts,2021", ",,,,", "d,e,f,,43536")
    with pytest.raises(CommuniqueError, match=r"line 4, field 'year': 43536 is no year \(a spreadsheet's date\?\)"):
        read_corpus(path, codebook)
    write(path, "id,document,text,labels,year", "a,b,c,lifts,2021", ",,,,")
    assert [s.year for s in read_corpus(path, codebook)] == [2021]


def test_csv_with_a_ragged_row_names_the_line(tmp_path: Path, codebook: Codebook) -> None:
    path = write(tmp_path / "bad.csv", "id,document,text,labels", "a,b,c,lifts", "a2,b,c")
    with pytest.raises(CommuniqueError, match="line 3: has another number of columns"):
        read_corpus(path, codebook)


def test_the_fingerprint_moves_with_any_label_or_text_and_with_nothing_else(corpus: Corpus) -> None:
    first, *rest = corpus.sentences
    relabelled = Sentence(**{**vars(first), "labels": first.labels ^ {"lifts"}})
    retold = Sentence(**{**vars(first), "genre": "other"})
    assert Corpus((relabelled, *rest), corpus.codebook).fingerprint != corpus.fingerprint
    assert Corpus((retold, *rest), corpus.codebook).fingerprint == corpus.fingerprint


def test_it_loads_as_a_hugging_face_dataset_dict(corpus: Corpus) -> None:
    from communique.data.splits import Split

    parts = Split.make(corpus).apply(corpus)
    loaded = corpus.to_datasets(parts)
    assert set(loaded) == set(parts)
    assert loaded["train"]["text"][:3] == parts["train"].texts[:3]
    assert [frozenset(row) for row in loaded["test"]["labels"]] == [s.labels for s in parts["test"]]


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_csv_as_another_country_s_spreadsheet_saves_it_says_the_same(
    tmp_path: Path, codebook: Codebook, delimiter: str
) -> None:
    rows = [("id", "document", "text", "labels"), ("a", "d", "We agree, and join.", f'"{codebook.names[0]}"')]
    path = tmp_path / "saved.csv"
    path.write_text("\ufeff" + "\r\n".join(delimiter.join(row) for row in rows), encoding="utf-8")
    (sentence,) = read_corpus(path, codebook)
    assert sentence == Sentence("a", "d", "We agree, and join.", frozenset(codebook.names[:1]))


@pytest.mark.parametrize(
    "content",
    [
        'id,document,text,labels,"note; of; four; or; more"\na,d,"We agree; we join.",,x\n',
        'id;document;text;labels;"note, which, goes,\non, and, on"\na;d;We agree; ;x\n',
        "\n\nid;document;text;labels\na;d;We agree;\n",
        "id,document,text,labels\na,d,We agree,\n , ,\n,,,,,,\n",
    ],
    ids=["separators in a quoted heading", "a heading of two lines", "blank lines above", "blank rows of other widths"],
)
def test_a_table_s_columns_are_told_by_its_header_alone(tmp_path: Path, codebook: Codebook, content: str) -> None:
    (tmp_path / "a.csv").write_text(content, encoding="utf-8")
    (sentence,) = read_corpus(tmp_path / "a.csv", codebook)
    assert sentence.id == "a"
    assert sentence.text.startswith("We agree")


def test_lines_are_counted_from_the_top_of_the_file(tmp_path: Path, codebook: Codebook) -> None:
    path = write(tmp_path / "a.csv", "", "", "id,document,text,labels", "a,b,c")
    with pytest.raises(CommuniqueError, match="line 4: has another number of columns"):
        read_corpus(path, codebook)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("id,document,text,labels,text\na,d,x,,y\n", "the column name 'text' stands twice"),
        ("id,document,Text,labels\na,d,x,\n", "field 'text' is missing; .* here stand id, document, Text, labels"),
        ("id,document,text,labels\na,d ,x,\n", "field 'document': 'd ' begins or ends with a space"),
    ],
)
def test_a_header_or_an_id_that_would_mislead_is_refused(
    tmp_path: Path, codebook: Codebook, content: str, said: str
) -> None:
    (tmp_path / "a.csv").write_text(content)
    with pytest.raises(CommuniqueError, match=said):
        read_corpus(tmp_path / "a.csv", codebook)
