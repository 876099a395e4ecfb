"""Whose words or stance one sentence tells of, by its own wording: "X said", "according to X", "criticised by X".

The sentence comes with its quotations cut out (``QUOTE`` in their place). What stands between commas ("…, X said, …")
and behind the verb ("…,” said X") is looked for first, then the main clause. The rules would rather say nothing than
something doubtful.
"""

import re

from communique.scoring.actors import QUOTE, WHEN_PHRASE, Holding, holding
from communique.scoring.attribution_words import (
    DETERMINERS,
    EMPTY,
    FIRST,
    OUTLETS,
    PERSONAL,
    SAY,
    VERBS,
    WHEN,
)
from communique.scoring.clauses import Clause, has_act, is_adjunct, main_clause, segments_of, subject_and_verb

_ENUMERATOR = re.compile(r"^\(?(?:\d{1,3}|[a-z]|[ivx]{1,5})[.)]\s")
_DATELINE = re.compile(r"^[A-Z][A-Z .'’-]+(?:, [^—–-]{3,40}?)?(?: \([^)]{2,40}\))? ?(?:—|–|--|-) ")
_OPENING_WHEN = re.compile(
    rf"^(?:{WHEN}|Hours later|Days later|A day later|Meanwhile|Earlier|Later|Also)\s", re.IGNORECASE
)
_ACCORDING = re.compile(r"\b[Aa]ccording to (?P<who>[^,;:]+)")
_IN_VIEW = re.compile(
    r"\b(?:[Ii]n the (?:view|words|opinion|eyes) of (?P<of>[^,;:]+)|[Ii]n (?P<whose>[^,;:]{2,60}?)[’']s? "
    r"(?:view|words|opinion|eyes)|[Aa]s (?P<as>[^,;:]{2,60}?) (?:put|puts|has put) it|"
    r"[Aa]s far as (?P<far>[^,;:]{2,60}?) (?:is|are|was) concerned)\b"
)
# What may stand before a colon and is nobody.
NO_SPEAKER = re.compile(
    r"(?:note|sources?|read|see|photo(?:graph)?s?|image|video|watch|live|title|date|place|subject|background|url|tags?|contact|tel|"
    r"e-?mail|phone|fax|updated?|annex|re|ps|from|to|cc|in favou?r|against|abstaining|abstentions?|timeline|explainer|"
    r"analysis|opinion|interview|figure|table|box|chapter|part|section|webmaster|original|language|distr|item|agenda|"
    r"revealed|exclusive|breaking|explained|credit|courtesy)\b",
    re.IGNORECASE,
)
_TITLE = re.compile(
    r"(?:Joint |Press )?(?:statement|remarks|speech|declaration|interview|communiqu|briefing)", re.IGNORECASE
)
_QUOTED = re.compile(r"(?:quoted|quotes|cited) (?P<who>[^,;:]{2,80}?) as (?:saying|telling|calling|having)\b")
_COLON = re.compile(r"^(?P<who>[A-Z][\w.’'-]+(?: [A-Z][\w.’'-]+){0,3} ?): (?=\S)")
_TOLD = (
    rf"(?:(?:{WHEN})|(?:in|on|at|to|during|after|by|before|from|over) .{{0,60}}$|as saying\b.*$|"
    r"(?:the |a |this |his |her |its )?[\w’'-]+(?: [\w’'-]+){0,3} ?(?: (?:in|on|at|by|of|during|after) .{0,60})?$)"
)
_INVERTED = re.compile(rf"(?:{QUOTE},?|,) (?P<verb>[a-z]+) (?P<who>(?:(?:the|a|an|his|her|its)\b|[A-Z])[^,;:“]*)")
_BEHIND_NAME = re.compile(
    rf" (?:on|in|at|after|during|over|to|as|who|when|while|by|of (?:his|her|its|their)) |{QUOTE}|"
    r"(?<!Dr)(?<!M[rs])(?<!rs)\. "
)
_TO_SOMEBODY = frozenset(("tell", "assure", "inform"))


def attribution(text: str, headline: bool = False) -> Holding | None:
    """The holder that a sentence names, or None; ``headline`` allows "Kole: …"."""
    text = WHEN_PHRASE.sub("", _OPENING_WHEN.sub("", _DATELINE.sub("", _ENUMERATOR.sub("", text))))
    if headline and (match := _COLON.match(text)) and _says(match["who"], text[match.end() :]):
        return Holding(match["who"].strip(), reported=True)
    if who := _in_view(text):
        return holding(who, reported=True)
    if match := _QUOTED.search(text):
        return holding(match["who"], reported=True)
    reporter = _aside(text) or _inverted(text)
    if reporter is None:
        return main_clause(text)
    inner = None if QUOTE in text[:3] else main_clause(_without(text, reporter))
    if inner and inner.name not in (*PERSONAL, *FIRST) and not inner.reported:
        return inner
    return None if OUTLETS.search(reporter.name) else reporter


def _says(who: str, what: str) -> bool:
    """Whether what stands behind a headline's colon can be somebody's words."""
    return not NO_SPEAKER.match(who) and len(what.split()) > 2 and not _TITLE.match(what)


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


def _aside(text: str) -> Holding | None:
    """Who is named between or behind commas: "…, X said." and "…, X told the Council, …"."""
    segments = segments_of(text)
    for number in range(len(segments)):
        after_quote = QUOTE in segments[number][:1]
        if number == 0 and not after_quote:
            continue
        words = segments[number][1:] if after_quote else segments[number]
        if not words or (words[0].islower() and words[0] not in DETERMINERS | PERSONAL and not _may_open(words)):
            continue
        if number == 1 and words[0] in ("a", "an", "the") and _is_apposition(segments):
            continue
        found = subject_and_verb([words, *segments[number + 1 :]])
        if found and (who := _teller(found)):
            return who
    return None


def _is_apposition(segments: list[list[str]]) -> bool:
    """Whether the second segment only says who the first one is: "The Union, a bloc of nine states, said"."""
    first = segments[0]
    bare = bool(first) and not is_adjunct(first) and QUOTE not in first and not has_act(first)
    found = subject_and_verb(segments[1:2])
    # A verb with nothing behind it is a noun: "eleven states".
    return bare and subject_and_verb([first]) is None and (found is None or not found.rest)


def _may_open(words: list[str]) -> bool:
    """Whether a segment without an article can be a subject: "government sources said", "diplomats say"."""
    return not is_adjunct(words) and words[0] not in EMPTY


def _teller(found: Clause) -> Holding | None:
    """The subject of a verb of saying that has nothing behind it but to whom, where and when."""
    subject, alias, verb, rest, _ = found
    quoted = (verb.passive and verb.lemma == "say") or rest[:2] == ["as", "saying"]
    if verb.lemma not in SAY or (verb.passive and not quoted):
        return None
    if rest and not re.match(_TOLD, " ".join(rest)):
        return None
    return holding(subject, alias, reported=True)


def _inverted(text: str) -> Holding | None:
    """Who stands behind the verb: "…,” said X" and, in a headline, "…, says X"."""
    for match in _INVERTED.finditer(text):
        lemma, form = VERBS.get(match["verb"], ("", ""))
        finite = form in ("past", "third", "base") and lemma in SAY - _TO_SOMEBODY
        if finite and not has_act(["", *match["who"].split()]):
            beside = text[match.end("who") :].lstrip(", ").split(",")[0]
            return holding(_BEHIND_NAME.split(match["who"])[0], beside, reported=True)
    return None
