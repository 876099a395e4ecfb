"""Persons and places as holders, as news pages name them: pronouns, names like other words, what is no name."""

import pytest

from communique.scoring.holder import holders
from communique.scoring.persons import common_words, is_person, surnames
from communique.scoring.sentences import split


def names(text: str) -> list[str]:
    return [holder.name for holder in holders(text, split(text), {})]


@pytest.mark.parametrize("name", ["France", "Italy", "Beijing", "Smith", "Doherty", "Pence", "Fleming", "Kelly"])
def test_names_that_end_as_abstractions_do_are_holders_and_abstractions_are_not(name):
    assert names(f"{name} rejected the offer of the League.") == [name]
    assert names("Security demands a road. Growth promises little.") == ["", ""]


def test_the_north_of_a_divided_country_is_a_holder():
    assert names("Earlier last week, the North warned that talks would not resume.") == ["North"]


@pytest.mark.parametrize(
    ("text", "holder"),
    [
        ("“It was hard,” quipped Olan of his term.", "Olan"),
        ("“We will sail,” Hanno added later, in answer to a question.", "Hanno"),
        ("“We will sail,” Hanno responded.", "Hanno"),
        ('Olan, author of the paper "Long Roads," argued that the League was late.', "Olan"),
        ("Those figures are disputed by Mikel Oren, a well-known engineer.", "Mikel Oren"),
        ("A spokeswoman of the League issued a statement on Friday, saying that the road is closed.", "spokeswoman of"),
        ("Such a licence is issued by the competent authorities.", ""),
        ("Velden in 2017 announced a road.", "Velden"),
        ("Olan's director, Pola Reis, stood by the findings.", "Olan's director"),
        ("Each report examined the roads.", ""),
        ("Border disputes remain.", ""),
        ("Revealed: Velden is funding the dam", ""),
        ("Bridges which still honour generals will close. The bridges are old.", ""),
    ],
)
def test_holders_of_sentences_as_news_pages_have_them(text, holder):
    assert names(text)[0].startswith(holder)
    assert bool(names(text)[0]) == bool(holder)


@pytest.mark.parametrize(
    ("text", "holder"),
    [
        ("Labour opposes sanctions. The others spoke of labour and trade.", "Labour"),
        ("Greens oppose sanctions. Of the Greens nobody spoke of greens in the garden.", "Greens"),
    ],
)
def test_a_name_that_is_a_common_word_too_holds_where_it_can_be_no_plural_of_things(text, holder):
    assert names(text)[0] == holder


def test_who_is_named_behind_a_quotation_of_several_sentences_holds_all_of_them():
    assert names("“We saw it. They cannot pass,” says Tana Elan, a lawyer at Kel, over tea.") == ["Tana Elan"] * 2


def test_a_role_in_the_name_or_beside_it_makes_a_person_for_every_pronoun_that_follows():
    text = '"We reject it," ministry spokesman Tan Dorva said. "No. No. No. Never," he said. He said it was late.'
    assert set(names(text)) == {"ministry spokesman Tan Dorva"}
    text = "“We reject it,” said Stel Marn, a spokesman of the ministry. “No,” he said. He said that it was late."
    assert names(text) == ["Stel Marn"] * 3


def test_a_surname_known_from_elsewhere_in_the_text_is_a_person():
    assert names("Lata Arven waited. Arven said that the roads were full. She said so twice.")[1:] == ["Arven"] * 2
    assert names("The ferry waited. Velden said that the roads were full. She said so.") == ["", "Velden", ""]


def test_he_is_nobody_who_was_she_and_rather_the_subject_of_the_sentence_before():
    text = "Lata Arven met Tom Orme. Arven said that she was late. She said so twice. Orme nodded. He said it was fine."
    assert names(text)[2:] == ["Arven", "", "Orme"]
    text = "Lata Arven met the press. Arven said that the road was long. She said so twice. He said it was short."
    assert names(text)[2:] == ["Arven", ""]


def test_surnames_are_no_places_bodies_or_common_words():
    text = (
        "North Velden and the European Commission met Ana Kole. But Kole left. Velden and Commission stayed. Long Road."
    )
    assert surnames(text, common_words(text)) == {"Kole"}
    assert is_person("League spokeswoman Ana Kole")
    assert is_person("Ana M. Kole")
    assert not is_person("member states")
    assert not is_person("Council of Velden")


def test_a_list_with_a_name_before_each_entry_has_no_speakers_and_a_talk_has():
    entries = (
        "Marenia: The wage rises in May.\n\nOland: Lorries pay a toll.\n\nMarenia: Licences last a year.\n\nRain fell."
    )
    assert {sentence.speaker for sentence in split(entries)} == {""}
    talk = "Marenia: We object to the toll.\n\nOland: Why now?\n\nMarenia: It is late.\n\nOland: So is the road."
    assert [sentence.speaker for sentence in split(talk)] == ["Marenia", "Oland"] * 2
