"""One clause read from left to right: opening adjuncts, the subject with its insertions, the first finite verb.

There is no parser behind it: words in fixed lists and their endings decide, and where they leave it open there is no
subject and no verb.
"""

import re
from dataclasses import dataclass, replace
from typing import NamedTuple

from communique.scoring.actors import QUOTE, Holding, holding
from communique.scoring.attribution_words import (
    ACTS,
    ADJUNCTS,
    ADVERBS,
    BE,
    BEFORE,
    BEING,
    DETERMINERS,
    DUTY,
    FIRST,
    HAVE,
    KEEP,
    MODAL,
    OUTLETS,
    PERSONAL,
    SAY,
    VERBS,
)

_TOKEN = re.compile(rf"{QUOTE}|(?:[A-Z]\.)+|(?:Mr|Mrs|Ms|Dr|St|Gen|Col|Prof|H\.E|Amb)\.|(?:[’'&.-]*+\w)++[’']?|[^\w\s]")
_BEHIND_NAMES = r"of \w+ing|for|as|after|before|over|on|during|in|at|when|while|which|who|with|and \w+ed"
_BY = re.compile(
    rf"^(?:\w+ly |as [\w’ -]{{1,40}}? |in \w+ |on \w+ |{QUOTE} )?"
    rf"by (?P<who>(?:(?!\b(?:{_BEHIND_NAMES})\b|{QUOTE}|[,;:.]).)+)"
)
_FINITE = BE | HAVE | MODAL | DUTY | ACTS
_HELPERS = BE | HAVE | MODAL | KEEP
_OWN = frozenset(("his", "her", "its", "their", "my", "our", "your"))
# Of the verbs of a stance, those that need no object.
_ALONE = frozenset(("disagree", "agree", "apologise", "apologize", "refuse", "object"))


@dataclass(frozen=True)
class Verb:
    """A verb group: where it starts, where the words after it start, its lemma, and whether it is passive."""

    start: int
    end: int
    lemma: str
    passive: bool


class Clause(NamedTuple):
    """Subject, the name set beside it, the verb, the words after the verb, and the segments after those."""

    subject: str
    alias: str
    verb: Verb
    rest: list[str]
    following: list[list[str]]


def segments_of(text: str) -> list[list[str]]:
    """The words of the sentence, cut at commas; what is in brackets is left out."""
    tokens = _TOKEN.findall(re.sub(r"\([^)]*\)", "", text))
    segments: list[list[str]] = [[]]
    for token in tokens:
        if token in ",;:—–":
            segments.append([])
        elif token == QUOTE or token not in '.!?…()[]"“”':
            segments[-1].append(token)
    return segments


def main_clause(text: str) -> Holding | None:
    """The holder by the sentence's main clause."""
    return _clause(_without_adjuncts(segments_of(text)))


def _without_adjuncts(segments: list[list[str]]) -> list[list[str]]:
    """The segments from the one that may open with the subject."""
    while len(segments) > 1 and (not segments[0] or is_adjunct(segments[0])):
        segments = segments[1:]
    return segments


def is_adjunct(words: list[str]) -> bool:
    """Whether words before a comma only lead up to the subject: "On Monday", "Speaking in Lessing"."""
    first, second = words[0], (words[1:2] or [""])[0]
    passive = first.endswith("ed") and second in ("by", "in", "with", "on", "at", "to", "about")
    return first.lower() in ADJUNCTS or first.endswith("ing") or passive or first == QUOTE


def _clause(segments: list[list[str]], depth: int = 0) -> Holding | None:
    """Subject and first verb of a clause; where somebody says what another's stance is, that other one."""
    found = subject_and_verb(segments)
    if found is None:
        return None
    subject, alias, verb, rest, following = found
    if verb.passive:
        return _agent(rest, verb)
    who = holding(subject, alias, reported=verb.lemma in SAY)
    if verb.lemma in SAY and depth < 2 and (inner := _complement(rest, following, depth)):
        return inner
    return None if who is None or OUTLETS.search(subject) else who


def _complement(rest: list[str], following: list[list[str]], depth: int) -> Holding | None:
    """The holder inside what somebody says, where it is a named one with a stance of its own."""
    words = rest[rest.index("that") + 1 :] if "that" in rest[:12] else rest
    segments = _without_adjuncts([words, *following])
    inner = _clause(segments, depth + 1) if segments[0] else None
    if inner is None or inner.name.lower() in (*PERSONAL, *FIRST) or inner.name.split()[0].lower() in _OWN:
        return None
    return inner


def _agent(rest: list[str], verb: Verb) -> Holding | None:
    """Whom "by" names behind a passive; words that are "said" or "reported" to be so are nobody's."""
    text = " ".join(rest)
    if verb.lemma in ("say", "report", "believe", "think", "tell", "ask", "estimate", "call", "inform", "issue"):
        return None
    match = _BY.match(text)
    who = holding(_joined_names(match["who"])) if match else None
    return None if who is None or OUTLETS.search(who.name) else who


def _joined_names(text: str) -> str:
    """Names joined by "and", without a further clause that "and" opens."""
    first, _, second = text.partition(" and ")
    return first if has_act(["", *second.split()]) else text


def subject_and_verb(segments: list[list[str]]) -> Clause | None:
    """The clause that opens with these segments, if its first finite verb tells of words or a stance."""
    words = segments[0]
    verb = _first_verb(words)
    if verb is not None:
        return Clause(" ".join(words[: verb.start]), "", verb, words[verb.end :], segments[1:])
    if has_act(words):
        return None
    for number, segment in enumerate(segments[1:5], 1):
        verb = _first_verb(segment, words[-1])
        if verb is None or _is_noun(verb, segments[number:], words[-1]):
            continue
        if verb.start == 0:
            alias = " ".join(segments[1]) if number > 1 else ""
            return Clause(" ".join(words), alias, verb, segment[verb.end :], segments[number + 1 :])
        listed = [*segments[:number], segment[: verb.start]]
        if "and" in segment[: verb.start] and all(part[:1] and part[0][0].isupper() for part in listed):
            subject = ", ".join(" ".join(part) for part in listed)
            return Clause(subject, "", verb, segment[verb.end :], segments[number + 1 :])
        return None
    return None


# Verbs


def _is_noun(verb: Verb, segments: list[list[str]], subject: str) -> bool:
    """Whether what looks like a verb ends an insertion before the real verb: "a bloc of nine states, said"."""
    if not verb.start or verb.end < len(segments[0]) or len(segments) < 2:
        return False
    following = _first_verb(segments[1], subject)
    return following is not None and following.start == 0


def _first_verb(words: list[str], subject: str = "") -> Verb | None:
    """The first verb group that tells of words or a stance, if no other finite verb comes before it.

    ``subject`` is the word before, where the group may open the segment.
    """
    relative = False
    for i, word in enumerate(words):
        if word.lower() in ("who", "which") and i:
            relative, subject = True, words[i - 1]
        before = subject if relative or i == 0 else words[i - 1]
        if (verb := _verb_at(words, i, before)) and words[i - 1].lower() not in ("who", "which", "that", "to"):
            return verb
        if not relative and i and _is_act(words, i):
            return _joined_verb(words, i)
    return None


def _joined_verb(words: list[str], act: int) -> Verb | None:
    """The verb of a stance that "and" or "but" joins to another verb of the same subject."""
    for i in range(act + 1, len(words) - 1):
        if words[i] in ("and", "but") and (verb := _verb_at(words, i + 1, words[act - 1])) and not verb.passive:
            past = VERBS.get(words[verb.end - 1], ("", ""))[1] == "past"
            if past or (words[verb.end : verb.end + 1] and words[verb.end] in DETERMINERS | {"that"}):
                return replace(verb, start=act)
        if words[i] in ("that", "who", "which"):
            return None
    return None


def has_act(words: list[str]) -> bool:
    """Whether some word behind the first is a finite verb."""
    return any(_is_act(words, i) for i in range(1, len(words)))


def _is_act(words: list[str], i: int) -> bool:
    """Whether a word is a finite verb, as far as its form tells."""
    word = words[i]
    if word in KEEP and VERBS.get(words[i + 1] if i + 1 < len(words) else "", ("", ""))[1] == "ing":
        return False
    if word in _FINITE:
        return True
    past = word.endswith("ed") and len(word) > 4 and word.islower()
    return past and words[i - 1].lower() not in DETERMINERS and words[i + 1 : i + 2] != ["by"]


def _verb_at(words: list[str], i: int, before: str) -> Verb | None:
    """The verb group that starts at word ``i``; ``before`` is what it must agree with."""
    helpers: list[str] = []
    at = i
    while at < len(words) and (words[at] in _HELPERS or words[at].lower() in ADVERBS):
        if words[at] in BE and BEING.match(" ".join(words[at + 1 :])):
            return Verb(i, at + 1, "be", passive=False)
        helpers += [words[at]] if words[at] not in ADVERBS else []
        at += 1
    if at == len(words) or words[at] not in VERBS:
        return None
    lemma, form = VERBS[words[at]]
    rest, last, after = " ".join(words[at + 1 :]), (helpers or [""])[-1], (words[at + 1 : at + 2] or [""])[0]
    if not re.match(BEFORE.get(lemma, ""), rest) and (last not in BE or form == "ing"):
        return None
    if not after and lemma not in SAY | _ALONE and not last:
        return None  # "unfair demands", with nothing that is demanded
    agent = after if lemma != "stand" else ""  # "stood by the findings"
    return Verb(i, at + 1, lemma, last in BE and form != "ing") if _fits(form, last, before, agent) else None


def _fits(form: str, helper: str, before: str, after: str) -> bool:
    """Whether helper and form go together, and the word is no noun or adjective of the same spelling."""
    noun = before.lower() in DETERMINERS or before.endswith(("’s", "'s", "s’"))
    if helper in KEEP or form == "ing":
        return helper in KEEP | BE and form == "ing"
    if helper in BE | HAVE:
        return form in ("past", "participle")
    if helper:
        return form == "base"
    if form == "past":
        return after != "by" and before.lower() not in DETERMINERS
    if form == "base":
        return after not in ("of", "and", "or") and not noun and _is_plural(before)
    return form == "third" and after not in ("of", "or") and not noun


def _is_plural(word: str) -> bool:
    """Whether a verb without -s can follow: a plural in -s, some other plural, or a name (of two joined ones)."""
    low = word.lower()
    plural = low.endswith("s") and not low.endswith(("ss", "’s", "'s", "us", "is"))
    return plural or low in ("they", "we", "i", "both", "people", "police", "media", "side") or word.istitle()
