"""Which actors a sentence names, and the sentence with other actors in their place.

States are known by name, adjective and capital, organisations by name: all three forms of a state change together,
so that a swapped sentence stays consistent. The United Nations is no actor here and never changes, nor does a name
inside another name (the Gulf of Guinea, a Paris Agreement). Own tables, because the packages that list countries
give demonyms as nouns or not at all, and know no article.
"""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import groupby
from typing import Literal

import numpy as np

Form = Literal["name", "adjective", "capital"]
FORMS: tuple[Form, ...] = ("name", "adjective", "capital")

# names that hold a state's name and mean something else; found first, they are left alone
FIXED = (
    "Gulf of Guinea", "Gulf of Oman", "Gulf of Mexico", "New Mexico", "Sea of Japan", "Lake Chad", "River Jordan",
    "Latin American", "Central American", "South American", "North American", "Northern Ireland", "American Samoa",
    "South Georgia", "Indian Ocean", "South China Sea", "East China Sea", "New Guinea", "Papua",
    "Western European Union",
)  # fmt: skip
NAMESAKE = r"(?! (?:Agreement|Convention|Declaration|Protocol|Accords?|Statute|Charter|Principles|Club|Ocean|Sea)\b)"
# after a name these show that an article before it belongs to the noun: "the United States delegation"
ATTRIBUTIVE = re.compile(
    r" (?:\w+ )?(?:delegat|representativ|govern|minist|ambassad|mission|administ|embass|proposal)", re.I
)
DETERMINER = re.compile(r"\b(?:a|an|this|that|each|every|its|their|our|his|her)\s$", re.IGNORECASE)
INDEFINITE = re.compile(r"\b([Aa])n?(\s)$")
CONSONANT = ("Uni", "Uga", "Ukr", "Uru", "Eur")  # written with a vowel, spoken with a consonant


@dataclass(frozen=True)
class Actor:
    """A state or organisation; a name carries its article ("the Netherlands"); no capital is ``""``."""

    name: str
    adjective: str = ""
    capital: str = ""
    other_names: tuple[str, ...] = ()
    other_adjectives: tuple[str, ...] = ()
    probe: bool = False

    @property
    def forms(self) -> dict[str, Form]:
        """Every way it is written, without article, and as what."""
        names = dict.fromkeys((_bare(name) for name in (self.name, *self.other_names)), FORMS[0])
        adjectives = dict.fromkeys((self.adjective, *self.other_adjectives), FORMS[1])
        found = {self.capital: FORMS[2], **adjectives, **names}
        return {written: form for written, form in found.items() if written}

    def written(self, form: Form) -> str:
        """The actor in a form, with its article where it has one."""
        return {"name": self.name, "adjective": self.adjective, "capital": self.capital}[form]


@dataclass(frozen=True)
class Mention:
    """Where a text names an actor: ``start`` to ``end`` holds the article, too, where there is one."""

    start: int
    end: int
    actor: Actor
    form: Form
    written: str
    article: str


@cache
def states() -> tuple[Actor, ...]:
    """The states, by name."""
    text = (files("communique.behaviour") / "states.csv").read_text(encoding="utf-8")
    return tuple(
        Actor(
            name=row["name"],
            adjective=row["adjective"],
            capital=row["capital"],
            other_names=tuple(filter(None, row["other_names"].split(";"))),
            other_adjectives=tuple(filter(None, row["other_adjectives"].split(";"))),
            probe=row["probe"] == "1",
        )
        for row in csv.DictReader(text.splitlines())
    )


@cache
def organisations() -> tuple[Actor, ...]:
    """The international organisations."""
    text = (files("communique.behaviour") / "organisations.txt").read_text(encoding="utf-8")
    return tuple(Actor(name) for name in text.splitlines())


def mentions(text: str, actors: tuple[Actor, ...]) -> list[Mention]:
    """Where ``text`` names one of the actors, from left to right."""
    pattern, known = _index(actors)
    found = []
    for match in pattern.finditer(text):
        if (written := match["written"]) in known:
            actor, form = known[written]
            found.append(Mention(match.start(), match.end(), actor, form, written, match["article"] or ""))
    return found


def swap(text: str, actors: tuple[Actor, ...], rng: np.random.Generator) -> str | None:
    """The text with each of its actors replaced throughout by a random other; None where it names none."""
    found = mentions(text, actors)
    if not found:
        return None
    uses = sorted((m.actor.name, m.form) for m in found)
    needed = {name: {form for _, form in group} for name, group in groupby(uses, key=lambda use: use[0])}
    free = [actor for actor in actors if actor.name not in needed]
    exchange: dict[str, Actor] = {}
    for name in dict.fromkeys(m.actor.name for m in found):
        fit = [a for a in free if a not in exchange.values() and all(a.written(form) for form in needed[name])]
        exchange[name] = fit[int(rng.integers(len(fit)))]
    return replaced(text, found, [exchange[m.actor.name] for m in found])


def replaced(text: str, found: Sequence[Mention], targets: Sequence[Actor]) -> str:
    """The text with each mention naming its target instead; articles are put right."""
    built, last = "", 0
    for mention, target in zip(found, targets, strict=True):
        built += text[last : mention.start]
        written = _in_place(mention, target, text)
        if article := INDEFINITE.search(built):
            built = built[: article.start()] + article[1] + ("n" if _vowel(written) else "") + article[2]
        built += written if built else written[0].upper() + written[1:]
        last = mention.end
    return built + text[last:]


def _in_place(mention: Mention, target: Actor, text: str) -> str:
    """The target as it has to be written where the mention stands."""
    written = target.written(mention.form)
    own_article = mention.form == "name" and _takes_article(mention)
    if ATTRIBUTIVE.match(text[mention.end :]) or not own_article:
        kept = f"{mention.article} " if mention.article else ""
        attributive = mention.form == "name" and (ATTRIBUTIVE.match(text[mention.end :]) or mention.article)
        bare = attributive or DETERMINER.search(text[: mention.start])
        return kept + (_bare(written) if bare else written)
    if not mention.article:
        return _bare(written)
    return mention.article[0] + written[1:] if written.startswith("the ") else written


def _takes_article(mention: Mention) -> bool:
    names = (mention.actor.name, *mention.actor.other_names)
    return f"the {mention.written}" in names


@cache
def _index(actors: tuple[Actor, ...]) -> tuple[re.Pattern[str], dict[str, tuple[Actor, Form]]]:
    known = {written: (actor, form) for actor in actors for written, form in actor.forms.items()}
    longest_first = sorted({*known, *FIXED}, key=len, reverse=True)
    options = "|".join(re.escape(written) for written in longest_first)
    return re.compile(rf"(?<![\w-])(?:(?P<article>[Tt]he) )?(?P<written>{options})(?!\w|-\w+ian\b){NAMESAKE}"), known


def _bare(name: str) -> str:
    return name.removeprefix("the ")


def _vowel(word: str) -> bool:
    return word[0] in "AEIOUaeiou" and not word.startswith(CONSONANT)
