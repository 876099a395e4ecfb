"""The archive: which sentences are used, what identifies them, and what may not be in it."""

from pathlib import Path

import pytest

from communique.adaptation.archive import Archive, HeldOut, apart, overlap_of, read_archive
from communique.data.codebook import Codebook
from communique.data.dataset import Corpus, Sentence
from communique.errors import CommuniqueError

ENGLISH = [
    "The delegation welcomed the opening of the new bridge over the river.",
    "Both ministers agreed that the harbour should be open to every ship by spring.",
    "Nobody in the council expected the talks to last until the early morning.",
    "The foreign ministry published a short note on the visit of the two envoys.",
]
FOREIGN = [
    "Die Delegation begrüßte die Eröffnung der neuen Brücke über den Fluss.",
    "Les deux ministres ont convenu que le port serait ouvert à tous au printemps.",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.txt").write_text("\n\n".join([*ENGLISH[:3], FOREIGN[0], "Rain fell."]), encoding="utf-8")
    (tmp_path / "mine" / "b.txt").write_text("\n\n".join([ENGLISH[3], ENGLISH[0], FOREIGN[1]]), encoding="utf-8")
    return tmp_path / "mine"


def test_english_sentences_of_four_words_are_used_once_and_the_rest_is_counted(folder: Path) -> None:
    used = read_archive([folder]).usable(limit=100, seed=0)
    assert sorted(used.texts) == sorted(ENGLISH)
    assert +used.log.dropped == {
        "sentences of fewer than 4 words": 1,
        "sentences that came before": 1,
        "sentences not in English": 2,
    }
    assert used.facts() == {"fingerprint": used.fingerprint, "documents": 2, "sentences": 4}


def test_the_seed_draws_whatever_the_order_of_the_files(folder: Path) -> None:
    forwards = read_archive([folder / "a.txt", folder / "b.txt"])
    backwards = read_archive([folder / "b.txt", folder / "a.txt"])
    drawn = [archive.usable(2, seed=3) for archive in (forwards, backwards)]
    assert drawn[0].texts == drawn[1].texts
    assert drawn[0].log.dropped["sentences beyond the limit of 2"] == 2
    assert len({forwards.usable(2, seed).texts for seed in range(6)}) > 1


def test_the_fingerprint_says_which_sentences_and_nothing_of_what_they_say(folder: Path) -> None:
    archive = read_archive([folder])
    turned = Archive(archive.texts[::-1], archive.documents[::-1], archive.names)
    fewer = Archive(archive.texts[1:], archive.documents[1:], archive.names)
    assert turned.fingerprint == archive.fingerprint != fewer.fingerprint
    assert set(archive.facts()) == {"fingerprint", "documents", "sentences"}


def part(codebook: Codebook, *sentences: tuple[str, str]) -> HeldOut:
    made = tuple(Sentence(f"s{i}", document, text, frozenset()) for i, (document, text) in enumerate(sentences))
    return HeldOut.of_corpus("test", Corpus(made, codebook))


def test_an_archive_apart_from_the_evaluation_passes_whole(folder: Path, codebook: Codebook) -> None:
    archive = read_archive([folder])
    assert (
        apart(archive, [part(codebook, ("elsewhere", "Winter came late to the island and to its garden."))]) is archive
    )


@pytest.mark.parametrize(
    "held_out",
    [
        ("a", "Nothing like it."),
        ("a.txt", "Nothing like it."),
        ("z", ENGLISH[1].upper()),
        ("z", "It was said that both ministers agreed that the harbour should be open, which pleased all."),
        ("z", "Both ministers agreed that the harbour be open to every ship by spring."),
    ],
    ids=["stem", "name", "the same sentence", "eight words", "nearly the same"],
)
def test_a_document_that_the_evaluation_holds_is_refused_by_name(
    held_out: tuple[str, str], folder: Path, codebook: Codebook
) -> None:
    (folder / "b.txt").write_text(ENGLISH[3], encoding="utf-8")
    with pytest.raises(CommuniqueError) as refused:
        apart(read_archive([folder]), [part(codebook, held_out)])
    said = str(refused.value)
    assert said.startswith(
        "archive: 1 of 2 documents are in the evaluation or share eight words in a row with it: a.txt"
    )
    assert "\n" not in said


def test_a_shared_document_is_left_out_whole_and_a_shared_formula_alone(folder: Path, codebook: Codebook) -> None:
    archive = read_archive([folder])
    left = apart(archive, [part(codebook, ("z", ENGLISH[1]))], leave_out=True)
    assert set(left.documents) == {"b.txt"}
    assert left.log.dropped["documents that the evaluation holds"] == 1
    formula = "It was said that both ministers agreed that the harbour should be open, which pleased all."
    left = apart(archive, [part(codebook, ("z", formula))], leave_out=True)
    assert set(archive.texts) - set(left.texts) == {ENGLISH[1]}
    assert left.log.dropped["sentences that share eight words with the evaluation"] == 1


def test_a_table_names_its_documents_by_their_column(folder: Path, tmp_path: Path, codebook: Codebook) -> None:
    table = tmp_path / "rows.jsonl"
    table.write_text('{"text": "Winter came late to the island and its garden.", "document": "d7"}\n')
    found = overlap_of(read_archive([table]), [part(codebook, ("d7", "Other words."))])
    assert found.documents == {"rows.jsonl#1": "test"}
    assert HeldOut.of_file(table).documents == {"rows.jsonl#1", "d7"}


def test_many_shared_documents_are_counted_and_the_first_ten_named(tmp_path: Path, codebook: Codebook) -> None:
    for number in range(13):
        (tmp_path / f"n{number:02d}.txt").write_text(ENGLISH[0])
    with pytest.raises(CommuniqueError, match=r"13 of 13 documents .*n09\.txt \(in test\) and 3 more;"):
        apart(read_archive([tmp_path]), [part(codebook, ("z", ENGLISH[0]))])
