"""Which words of a text are names of persons, by the whole text: "Ana Kole" here and "Kole" there tells a surname."""

import re

from communique.scoring.attribution_words import ACTORS, ADJUNCTS, AGENT, DETERMINERS, ROLE

_COMMON = re.compile(r"(?<![^\s“\"(])[a-z]{3,}(?=[\s,.;:!?)”\"]|$)")
_RUN = re.compile(r"(?P<the>\b[Tt]he )?(?P<run>[A-Z][\w’-]*(?: (?:[A-Z]\.)+)?(?: [A-Z][\w-]*)*)")
# What stands before the name of a place.
_PLACES = re.compile(r"(?:North|South|East|West|New|Saudi|Upper|Lower|Great|United|Central|San|Los|\w+ern)$")
_OPENING = (ADJUNCTS | DETERMINERS) - {"mr", "mrs", "ms", "madam"}
_INITIAL = re.compile(r"[A-Z][\w’'-]+ [A-Z]\. [A-Z][\w’'-]+")
_GENITIVE = re.compile(r"[’']s?$")


def common_words(text: str) -> frozenset[str]:
    """The words that a text has in lower case: such a word may be no name where it opens a sentence."""
    return frozenset(_COMMON.findall(text))


def is_common_plural(name: str, text: str, common: frozenset[str]) -> bool:
    """Whether "Bridges", opening a sentence, are bridges: known in lower case, and nowhere a name inside a sentence."""
    several = name.endswith("s") and name.lower() in common and not is_word_for_people(name)
    return several and not re.search(rf"[\w,] {re.escape(name)}\b", text)


def surnames(text: str, common: frozenset[str]) -> frozenset[str]:
    """The names that a text has alone and behind a first name or a title: it speaks of a person."""
    alone, behind = set(), set()
    for match in _RUN.finditer(text):
        words = [_GENITIVE.sub("", word) for word in match["run"].split()]
        while len(words) > 1 and words[0].lower() in common | _OPENING:
            words = words[1:]  # "But Kole"
        if len(words) > 1 and not _PLACES.match(words[-2]):
            behind.add(words[-1])
        elif len(words) == 1 and not match["the"]:
            alone.add(words[0])
    return frozenset(name for name in alone & behind if not is_word_for_people(name) and name.lower() not in common)


def is_word_for_people(word: str) -> bool:
    """Whether a word, whatever its case, is a common one for people or a body: "Officials", "Council"."""
    low = word.lower()
    return low in ACTORS or bool(AGENT.search(low)) or bool(ROLE.fullmatch(low))


def is_person(name: str) -> bool:
    """Whether a name tells by itself that it is a person's: "League spokeswoman Ana Kole", "Ana M. Kole"."""
    if _INITIAL.fullmatch(name):
        return True
    words = name.split()
    roles = [number for number, word in enumerate(words[:-1]) if word.islower() and ROLE.fullmatch(word)]
    return bool(roles) and all(word[0].isupper() for word in words[roles[-1] + 1 :])
