"""Names of those who can hold a stance: noun phrases cut to their core; texts and events told from actors."""

import re
from dataclasses import dataclass

from communique.scoring.attribution_words import (
    ABSTRACT,
    ACTORS,
    ADVERBS,
    AGENT,
    EMPTY,
    FIRST,
    NAMES,
    NO_ACTOR,
    NO_AGENT,
    OWN_SIDE,
    PERSONAL,
    ROLE,
    VAGUE,
    WHEN,
)

# What stands in the place of a quotation.
QUOTE = "“”"
WHEN_PHRASE = re.compile(rf" (?:{WHEN}|in an? (?:joint |written |short |brief |separate )?statement)(?=[ ,.]|$)")
_ISSUED = re.compile(
    r"^(?P<whose>.+?)(?:[’']s?)? (?:statement|communiqué|communique|declaration|press release|letter)$"
)
_ISSUED_BY = re.compile(
    r"^(?:statement|communiqué|communique|declaration|press release|letter) (?:from|by|of) (?P<who>.+)$"
)
_MODIFIER = re.compile(
    r"(?<=[a-z]) (?:[a-z]+ing|[a-z]+ed) (?:in|by|for|to|from|with|against|on|at|over|the|their|its|his) "
)
_PREPOSITION = re.compile(r" (?:of|for|in|at|from|to|on|by|with|close|against|between|among|near|about|over) ")
_NAME = re.compile(
    r"^(?:(?:Mr|Mrs|Ms|Dr|Gen|Prof)\.? )?[A-Z][\w’'-]+(?: (?:[A-Z][\w’'.-]+|de|van|von|bin|al-\w+)){0,3}$"
)
_PRONOUN = re.compile(r"\s(?:I|we|he|she|they|it|you|us|them)(?:\s|$)")
_INITIALS = re.compile(r"\b[A-Z]\.[A-Z]\.$")
_CONTRACTED = re.compile(r"(?<=[a-z])[’'](?:ve|re|ll|d)$")
# A longer phrase is a sentence gone wrong.
MOST_WORDS = 14
_BEHIND = frozenset(["abroad", "here", "there", "alone", "themselves", "itself", "himself", "herself", "elsewhere"])


@dataclass(frozen=True)
class Holding:
    """Who holds the stance; ``name`` has no article. ``alias`` is a personal name set beside it by commas.

    A pronoun stands as it is, in lower case. ``reported`` is true where words are reported, not only a stance told.
    """

    name: str
    alias: str = ""
    reported: bool = False


def holding(subject: str, beside: str = "", reported: bool = False) -> Holding | None:
    """A noun phrase as a holder; None where it is nobody. ``beside`` is what commas set beside it."""
    words = _core(subject)
    if not words or len(words) > MOST_WORDS or words[0].lower() in EMPTY | ADVERBS - {"both"}:
        return None
    if len(words) > 1 and words[0].lower() in ("my", "our") and words[-1].lower() not in OWN_SIDE:
        words = words[1:]  # "my colleague" is somebody else
    words[0] = _CONTRACTED.sub("", words[0])
    if words[0].lower() in FIRST or " ".join(words).lower() in PERSONAL:
        return Holding(words[0].lower(), reported=reported)
    name = _issuer(" ".join(words))
    if not _is_actor(name):
        return None
    personal = beside if _NAME.match(beside) else name if _NAME.match(name) and ROLE.search(beside) else ""
    return Holding(name, personal, reported)


def _core(subject: str) -> list[str]:
    """The words of a noun phrase without article, days, quotation, participles and relative clause."""
    name = re.split(r" (?:who|which|that|whose|where) |[“”\"]", subject)[0]
    name = WHEN_PHRASE.sub("", " " + _MODIFIER.split(name)[0]).strip(" ,’'")
    words = (name if _INITIALS.search(name) else name.strip(".")).split()
    while words and (words[0].lower() in ("the", "a", "an") or (words[0].lower() == "both" and len(words) > 2)):
        words = words[1:]
    return words


def _is_actor(name: str) -> bool:
    """Whether the noun before any "of", "for" or participle is somebody: a name, or a word for people or a body."""
    words = _PREPOSITION.split(name)[0].split()
    while len(words) > 1 and words[-1].islower() and (words[-1].endswith("ed") or words[-1] in _BEHIND):
        words = words[:-1]
    head = words[-1] if words else ""
    low = head.lower()
    if low in NO_ACTOR or low in VAGUE or name.split()[-1] in ("and", "or") or _PRONOUN.search(name):
        return False
    if low in ACTORS or (AGENT.search(low) and low not in NO_AGENT):
        return True
    alike = len(words) == 1 and low not in NAMES and (ABSTRACT.search(low) or low.endswith("ly"))
    return head[:1].isupper() and not alike


def _issuer(name: str) -> str:
    """Who issued the statement that a sentence has for its subject."""
    for pattern in (_ISSUED_BY, _ISSUED):
        if match := pattern.match(name):
            who = next(part for part in match.groups() if part)
            return re.sub(r"^(?:the|a|an|joint|written|short|brief) ", "", who)
    return name
