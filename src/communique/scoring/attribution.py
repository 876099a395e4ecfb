"""Whose words or stance one sentence tells of, by its own wording: "X said", "according to X", "criticised by X".

The sentence comes with its quotations cut out (``QUOTE`` in their place). The rules read it as clauses between commas:
opening adjuncts are passed over, the subject runs up to the first verb, insertions between commas belong to it. They
would rather say nothing than something doubtful.
"""

import re
from dataclasses import dataclass, replace

from communique.scoring.attribution_words import (
    ACTS,
    ADVERBS,
    BE,
    BEFORE,
    BEING,
    DETERMINERS,
    DUTY,
    EMPTY,
    FIRST,
    HAVE,
    KEEP,
    MODAL,
    NO_ACTOR,
    OUTLETS,
    OWN_SIDE,
    PERSONAL,
    ROLE,
    SAY,
    VAGUE,
    VERBS,
    WHEN,
)

QUOTE = "“”"
_TOKEN = re.compile(rf"{QUOTE}|(?:[A-Z]\.)+|(?:Mr|Mrs|Ms|Dr|St|Gen|Col|Prof|H\.E|Amb)\.|[\w’'&.-]*\w[’']?|[^\w\s]")
_WHEN = re.compile(rf" (?:{WHEN}|in an? (?:joint |written |short |brief |separate )?statement)(?=[ ,.]|$)")
_ENUMERATOR = re.compile(r"^\(?(?:\d{1,3}|[a-z]|[ivx]{1,5})[.)]\s")
_DATELINE = re.compile(r"^[A-Z][A-Z .'’-]+(?:, [^—–-]{3,40}?)?(?: \([^)]{2,40}\))? ?(?:—|–|--|-) ")
_ADJUNCT = re.compile(
    r"(?:in|on|at|after|before|during|under|with|without|despite|for|by|from|since|as|following|amid|speaking|asked|"
    r"addressing|citing|noting|earlier|later|meanwhile|yesterday|today|instead|however|moreover|finally|also|still|"
    r"hours|days|weeks|months|last|this|once|according|to|over|through|responding|writing|visiting|meeting|opening|"
    r"standing|quoting|mr|mrs|ms|madam|excellencies|thus|therefore|again|then|in|nevertheless|indeed|throughout|"
    r"if|when|while|although|though|because|unless|until|should|whereas|within|against|among|like|unlike|upon|given|faced|pressed|wednesday|monday|tuesday|thursday|friday|saturday|"
    r"sunday|but|and|so|yet)$"
)
_OPENING_WHEN = re.compile(
    rf"^(?:{WHEN}|Hours later|Days later|A day later|Meanwhile|Earlier|Later|Also)\s", re.IGNORECASE
)
_ACCORDING = re.compile(r"\b[Aa]ccording to (?P<who>[^,;:]+)")
_IN_VIEW = re.compile(
    r"\b(?:[Ii]n (?:the )?(?:view|words|opinion|eyes) of (?P<of>[^,;:]+)|[Ii]n (?P<whose>[^,;:]{2,60}?)[’']s? "
    r"(?:view|words|opinion|eyes)|[Aa]s (?P<as>[^,;:]{2,60}?) (?:put|puts|has put) it|"
    r"[Aa]s far as (?P<far>[^,;:]{2,60}?) (?:is|are|was) concerned)\b"
)
_BY = re.compile(
    rf"\bby (?P<who>(?:(?!\b(?:of \w+ing|for|as|after|before|over|on|during|in|at|when|while|which|who|with|and \w+ed)\b|{QUOTE}|[,;:.]).)+)"
)
_ISSUED = re.compile(
    r"^(?P<whose>.+?)(?:[’']s?)? (?:statement|communiqué|communique|declaration|press release|letter)$"
)
_ISSUED_BY = re.compile(
    r"^(?:statement|communiqué|communique|declaration|press release|letter) (?:from|by|of) (?P<who>.+)$"
)
_QUOTED = re.compile(r"(?:quoted|quotes|cited) (?P<who>[^,;:]{2,80}?) as (?:saying|telling|calling|having)\b")
_COLON = re.compile(r"^(?P<who>(?:[A-Z][\w.’'-]+ ?){1,4}): (?=\S)")
_PREPOSITION = re.compile(r" (?:of|for|in|at|from|to|on|by|with|close|against|between|among|near|about|over) ")
_NAME = re.compile(
    r"^(?:(?:Mr|Mrs|Ms|Dr|Gen|Prof)\.? )?[A-Z][\w’'-]+(?: (?:[A-Z][\w’'.-]+|de|van|von|bin|al-\w+)){0,3}$"
)


@dataclass(frozen=True)
class Holding:
    """Who holds the stance; ``name`` has no article. ``alias`` is a personal name set beside it by commas.

    A pronoun stands as it is, in lower case. ``reported`` is true where words are reported, not only a stance told;
    ``reporter`` is who passes on a stance of somebody else's.
    """

    name: str
    alias: str = ""
    reported: bool = False
    reporter: str = ""


@dataclass(frozen=True)
class Verb:
    """A verb group: where it starts, where the words after it start, its lemma, and whether it is passive."""

    start: int
    end: int
    lemma: str
    passive: bool


def attribution(text: str, headline: bool = False) -> Holding | None:
    """The holder that a sentence names, or None; ``headline`` allows "Kole: …"."""
    text = _WHEN.sub("", _OPENING_WHEN.sub("", _DATELINE.sub("", _ENUMERATOR.sub("", text))))
    if headline and (match := _COLON.match(text)):
        return Holding(match["who"].strip(), reported=True)
    if who := _in_view(text):
        return _holding(who, reported=True)
    if match := _QUOTED.search(text):
        return _holding(match["who"], reported=True)
    reporter = _aside(text) or _inverted(text)
    if reporter is None:
        return _main(text)
    inner = None if QUOTE in text[:3] else _main(_without(text, reporter))
    if inner and inner.name not in (*PERSONAL, *FIRST) and not inner.reported:
        return replace(inner, reporter=reporter.name)
    return None if OUTLETS.search(reporter.name) else reporter


def _in_view(text: str) -> str | None:
    """Whom "according to", "in the view of" or "as … put it" names, less an outlet."""
    for pattern in (_ACCORDING, _IN_VIEW):
        if match := pattern.search(text):
            who = next(part for part in match.groups() if part)
            if not OUTLETS.search(who):
                return who.rstrip(" .")
    return None


def _without(text: str, reporter: Holding) -> str:
    """What the sentence says when its aside ("…, X said") is taken away: all before the reporter's name."""
    return text[: text.rfind(reporter.name)].rstrip(" ,").removesuffix(" a").removesuffix(" the").rstrip(" ,")


# Clauses


def _segments(text: str) -> list[list[str]]:
    """The words of the sentence, cut at commas; what is in brackets is left out."""
    tokens = _TOKEN.findall(re.sub(r"\([^)]*\)", "", text))
    segments: list[list[str]] = [[]]
    for token in tokens:
        if token in ",;:—–":
            segments.append([])
        elif token == QUOTE or token not in '.!?…()[]"“”':
            segments[-1].append(token)
    return segments


def _main(text: str) -> Holding | None:
    """The holder by the sentence's main clause."""
    return _clause(_without_adjuncts(_segments(text)))


def _without_adjuncts(segments: list[list[str]]) -> list[list[str]]:
    """The segments from the one that may open with the subject."""
    while len(segments) > 1 and (not segments[0] or _is_adjunct(segments[0])):
        segments = segments[1:]
    return segments


def _is_adjunct(words: list[str]) -> bool:
    return bool(_ADJUNCT.match(words[0].lower())) or words[0].endswith("ing") or words[0] == QUOTE


def _clause(segments: list[list[str]], depth: int = 0) -> Holding | None:
    """Subject and first verb of a clause; where somebody says what another's stance is, that other one."""
    found = _subject_and_verb(segments)
    if found is None:
        return None
    subject, alias, verb, rest, following = found
    if verb.passive:
        return _agent(rest, verb)
    who = _holding(subject, alias, reported=verb.lemma in SAY)
    if verb.lemma in SAY and depth < 2 and (inner := _complement(rest, following, depth)):
        return replace(inner, reporter=subject)
    return None if who is None or OUTLETS.search(subject) else who


def _subject_and_verb(
    segments: list[list[str]],
) -> tuple[str, str, Verb, list[str], list[list[str]]] | None:
    """Subject, its alias, the verb, the words after the verb, and the segments after that."""
    words = segments[0]
    verb = _first_verb(words)
    if verb is not None:
        return " ".join(words[: verb.start]), "", verb, words[verb.end :], segments[1:]
    if _has_act(words):
        return None
    for number, segment in enumerate(segments[1:5], 1):
        verb = _first_verb(segment, words[-1])
        if verb is None:
            continue
        if verb.start == 0:
            alias = " ".join(segments[1]) if number > 1 else ""
            return " ".join(words), alias, verb, segment[verb.end :], segments[number + 1 :]
        listed = [*segments[:number], segment[: verb.start]]
        if "and" in segment[: verb.start] and all(part[:1] and part[0][0].isupper() for part in listed):
            subject = ", ".join(" ".join(part) for part in listed)
            return subject, "", verb, segment[verb.end :], segments[number + 1 :]
        return None
    return None


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
            return replace(verb, start=act)
        if words[i] in ("that", "who", "which"):
            return None
    return None


def _has_act(words: list[str]) -> bool:
    return any(_is_act(words, i) for i in range(1, len(words)))


def _is_act(words: list[str], i: int) -> bool:
    """Whether a word is a finite verb, as far as its form tells."""
    word = words[i]
    if word in KEEP and VERBS.get(words[i + 1] if i + 1 < len(words) else "", ("", ""))[1] == "ing":
        return False
    if word in BE | HAVE | MODAL | DUTY | ACTS:
        return True
    past = word.endswith("ed") and len(word) > 4 and word.islower()
    return past and words[i - 1].lower() not in DETERMINERS and not words[i + 1 : i + 2] == ["by"]


def _verb_at(words: list[str], i: int, before: str) -> Verb | None:
    """The verb group that starts at word ``i``; ``before`` is what it must agree with."""
    helpers: list[str] = []
    at = i
    while at < len(words) and (words[at].lower() in ADVERBS or words[at] in BE | HAVE | MODAL | KEEP):
        rest = " ".join(words[at + 1 :])
        if words[at] in BE and BEING.match(rest) and i + 1 <= at + 1:
            return Verb(i, at + 1, "be", passive=False)
        helpers += [words[at]] if words[at] not in ADVERBS else []
        at += 1
    if at == len(words) or words[at] not in VERBS:
        return None
    lemma, form = VERBS[words[at]]
    rest, last, after = " ".join(words[at + 1 :]), (helpers or [""])[-1], (words[at + 1 : at + 2] or [""])[0]
    if not re.match(BEFORE.get(lemma, ""), rest) and last not in BE:
        return None
    return Verb(i, at + 1, lemma, last in BE and form != "ing") if _fits(form, last, before, after) else None


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
    return after != "of" and not noun and (form == "third" or (form == "base" and _is_plural(before)))


def _is_plural(word: str) -> bool:
    """Whether a verb without -s can follow: a plural in -s, some other plural, or a name (of two joined ones)."""
    low = word.lower()
    plural = low.endswith("s") and not low.endswith(("ss", "’s", "'s", "us", "is"))
    return plural or low in ("they", "we", "i", "both", "people", "police", "media", "side") or word.istitle()


def _complement(rest: list[str], following: list[list[str]], depth: int) -> Holding | None:
    """The holder inside what somebody says, where it is a named one with a stance of its own."""
    words = rest[rest.index("that") + 1 :] if "that" in rest[:12] else rest
    segments = _without_adjuncts([words, *following])
    inner = _clause(segments, depth + 1) if segments[0] else None
    if inner is None or inner.name.lower() in (*PERSONAL, *FIRST) or inner.name.split()[0].lower() in _OWN:
        return None
    return inner


_OWN = frozenset(["his", "her", "its", "their", "my", "our", "your"])


def _agent(rest: list[str], verb: Verb) -> Holding | None:
    """Whom "by" names behind a passive; words that are "said" or "reported" to be so are nobody's."""
    text = " ".join(rest)
    if verb.lemma in ("say", "report", "believe", "think", "tell", "ask", "estimate", "call", "inform"):
        return None
    match = _BY.search(text)
    who = _holding(match["who"]) if match else None
    return None if who is None or OUTLETS.search(who.name) else who


# Asides and inversions


def _aside(text: str) -> Holding | None:
    """Who is named between or behind commas: "…, X said." and "…, X told the Council, …"."""
    segments = _segments(text)
    for number in range(len(segments)):
        after_quote = QUOTE in segments[number][:1]
        if number == 0 and not after_quote:
            continue
        words = segments[number][1:] if after_quote else segments[number]
        if not words or (words[0].islower() and words[0] not in DETERMINERS | PERSONAL and not _plain_noun(words)):
            continue
        found = _subject_and_verb([words, *segments[number + 1 :]])
        if found and (who := _teller(found)):
            return who
    return None


def _plain_noun(words: list[str]) -> bool:
    """Whether a segment without an article can be a subject: "government sources said", "diplomats say"."""
    return not _ADJUNCT.match(words[0]) and not words[0].endswith("ing") and words[0] not in EMPTY


def _teller(found: tuple[str, str, Verb, list[str], list[list[str]]]) -> Holding | None:
    """The subject of a verb of saying that has nothing behind it but to whom, where and when."""
    subject, alias, verb, rest, _ = found
    quoted = (verb.passive and verb.lemma == "say") or rest[:2] == ["as", "saying"]
    if verb.lemma not in SAY or (verb.passive and not quoted):
        return None
    if rest and not re.match(_TOLD, " ".join(rest)):
        return None
    return _holding(subject, alias, reported=True)


_TOLD = (
    rf"(?:(?:{WHEN})|(?:in|on|at|to|during|after|by|before|from|over) .{{0,60}}$|as saying\b.*$|"
    r"(?:the |a |this |his |her |its )?(?:[A-Z]?[\w’'-]+ ?){1,4}(?: (?:in|on|at|by|of|during|after) .{0,60})?$)"
)


_TO_SOMEBODY = frozenset(("tell", "assure", "inform"))


def _inverted(text: str) -> Holding | None:
    """Who stands behind the verb: "…,” said X" and, in a headline, "…, says X"."""
    for match in re.finditer(rf"(?:{QUOTE},?|,) (?P<verb>[a-z]+) (?P<who>[^,;:“]+)", text):
        lemma, form = VERBS.get(match["verb"], ("", ""))
        told = _has_act(["", *match["who"].split()])
        if (
            lemma in SAY - _TO_SOMEBODY
            and form in ("past", "third", "base")
            and not told
            and re.match(r"(?:the|a|an|his|her|its)\b|[A-Z]", match["who"])
        ):
            who = re.split(rf" (?:on|in|at|after|during|to|as|who|when|while|by) |{QUOTE}|\. ", match["who"])[0]
            beside = text[match.end("who") :].lstrip(", ").split(",")[0]
            return _holding(who, beside, reported=True)
    return None


# Names


def _holding(subject: str, beside: str = "", reported: bool = False) -> Holding | None:
    """A noun phrase as a holder: without article, days and relative clause; None where it is nobody."""
    name = re.split(r" (?:who|which|that|whose) ", subject)[0]
    name = _WHEN.sub("", " " + name).strip(" .,’'\"”“")
    words = name.split()
    while words and words[0].lower() in ("the", "a", "an", "both" if len(words) > 2 else "the"):
        words = words[1:]
    if not words or len(words) > 14 or QUOTE in words or words[0].lower() in EMPTY | ADVERBS - {"both"}:
        return None
    if words[0].lower() in ("my", "our") and words[-1].lower() not in OWN_SIDE:
        words = words[1:]  # "my colleague" is somebody else
    name = _issuer(" ".join(words))
    if words[0].lower() in FIRST:
        return Holding(words[0].lower(), reported=reported)
    if name.lower() in PERSONAL:
        return Holding(name.lower(), reported=reported)
    if not any(map(str.isalpha, name)) or not _is_actor(name):
        return None
    personal = beside if _NAME.match(beside) else name if _NAME.match(name) and ROLE.search(beside) else ""
    return Holding(name, personal, reported)


def _is_actor(name: str) -> bool:
    """Whether the noun before any "of", "for" or participle is somebody, not a text or an event."""
    words = [word.lower() for word in _PREPOSITION.split(name)[0].split()]
    while len(words) > 1 and words[-1].endswith("ed"):
        words = words[:-1]
    return bool(words) and words[-1] not in NO_ACTOR and name.lower() not in VAGUE


def _issuer(name: str) -> str:
    """Who issued the statement that a sentence has for its subject."""
    for pattern in (_ISSUED_BY, _ISSUED):
        if match := pattern.match(name):
            who = next(part for part in match.groups() if part)
            return re.sub(r"^(?:the|a|an|joint|written|short|brief) ", "", who)
    return name
