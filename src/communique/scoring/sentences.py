"""Documents to sentences, with the place of each in the document and, in a transcript, who speaks.

The rules are for formal English: titles and initials, "No." and "Art." before a number, "U.S." in the
middle and at the end of a sentence, numbered operative paragraphs, datelines, quotations of several
sentences (each is a sentence of its own), text whose space after the full stop was lost. They look at
each mark once, so that the time grows with the length of the text and with nothing else.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from communique.scoring.paragraphs import paragraphs

# Stand before a name: a full stop after one of these never ends a sentence.
TITLES = frozenset(
    [
        "adm",
        "amb",
        "assoc",
        "atty",
        "brig",
        "capt",
        "cmdr",
        "col",
        "cpl",
        "cpt",
        "dep",
        "dr",
        "eng",
        "fr",
        "ft",
        "gen",
        "gov",
        "h.e",
        "hon",
        "hr",
        "lt",
        "ltc",
        "maj",
        "messrs",
        "mr",
        "mrs",
        "ms",
        "mt",
        "mx",
        "pres",
        "prof",
        "rep",
        "reps",
        "rev",
        "rt",
        "sen",
        "sens",
        "sgt",
        "st",
        "supt",
    ]
)
# Stand before a number or a document's symbol; elsewhere the same letters end a sentence ("The answer is no.").
BEFORE_NUMBER = frozenset(
    [
        "no",
        "nos",
        "art",
        "arts",
        "para",
        "paras",
        "sec",
        "secs",
        "sect",
        "p",
        "pp",
        "vol",
        "vols",
        "ch",
        "fig",
        "figs",
        "res",
        "doc",
        "ref",
        "ser",
        "cl",
        "reg",
        "op",
    ]
)
# Never the last word of a sentence.
WITHIN = frozenset(["e.g", "i.e", "cf", "viz", "al", "approx", "ca", "incl", "resp", "v", "vs"])
# May end a sentence: they do when the next word is one that starts sentences.
EITHER = frozenset(
    [
        "co",
        "corp",
        "inc",
        "ltd",
        "plc",
        "jr",
        "sr",
        "etc",
        "dept",
        "univ",
        "govt",
        "jan",
        "feb",
        "mar",
        "apr",
        "jun",
        "jul",
        "aug",
        "sep",
        "sept",
        "oct",
        "nov",
        "dec",
        "mon",
        "tue",
        "tues",
        "wed",
        "thu",
        "thur",
        "thurs",
        "fri",
        "sat",
        "sun",
        "a.m",
        "p.m",
        "ph.d",
        "b.a",
        "m.a",
        "ave",
        "blvd",
        "bros",
    ]
)
STARTERS = frozenset(
    [
        "a",
        "after",
        "all",
        "also",
        "although",
        "an",
        "and",
        "any",
        "as",
        "asked",
        "at",
        "because",
        "before",
        "both",
        "but",
        "by",
        "despite",
        "during",
        "each",
        "earlier",
        "either",
        "even",
        "every",
        "few",
        "finally",
        "first",
        "following",
        "for",
        "from",
        "further",
        "furthermore",
        "given",
        "he",
        "her",
        "here",
        "hers",
        "his",
        "how",
        "however",
        "i",
        "if",
        "in",
        "indeed",
        "instead",
        "it",
        "its",
        "last",
        "later",
        "let",
        "many",
        "meanwhile",
        "more",
        "moreover",
        "most",
        "much",
        "my",
        "neither",
        "never",
        "nevertheless",
        "no",
        "nobody",
        "none",
        "nor",
        "not",
        "nothing",
        "now",
        "of",
        "on",
        "once",
        "one",
        "only",
        "or",
        "other",
        "others",
        "our",
        "over",
        "perhaps",
        "please",
        "rather",
        "second",
        "several",
        "she",
        "since",
        "so",
        "some",
        "such",
        "that",
        "the",
        "their",
        "then",
        "there",
        "therefore",
        "these",
        "they",
        "this",
        "those",
        "though",
        "through",
        "thus",
        "to",
        "today",
        "together",
        "tomorrow",
        "two",
        "under",
        "unfortunately",
        "until",
        "we",
        "what",
        "when",
        "where",
        "whether",
        "which",
        "while",
        "who",
        "why",
        "with",
        "without",
        "yes",
        "yesterday",
        "yet",
        "you",
        "your",
    ]
)
SPEECH = "said|says|asked|asks|added|told|replied|answered|wondered|exclaimed|continued|declared|demanded"

_MARK = re.compile(
    r"""(?P<mark>\.{2,}|[.!?…]+|[。！？؟۔।])       # full stop, question or exclamation mark, ellipsis
        (?P<close>["'”’»)\]]*)                     # quotes and brackets that close with it
        (?P<note>(?:\[\d{1,3}\]|(?<=[a-z”’"]{1}\.)\d{1,2}(?=\s+[A-Z“"]))?)  # a footnote's number
        (?P<space>\s*)""",
    re.VERBOSE,
)
_WORD_BEFORE = re.compile(r"[^\s\"'“”‘’«»()\[\]/—–]+$")
_WORD_AFTER = re.compile(r"[\"'“”‘’«»(\[]*([^\W\d_][\w’'-]*)")
_OPENING = re.compile(r"[\"'“‘«(\[—–-]*\s?[^\W_]|[•·]")
_ENUMERATOR = re.compile(r"\s*\(?(?:\d{1,3}|[A-Za-z]|[IVXivx]{1,5})$")
_ATTRIBUTED = re.compile(rf"(?:[\w.’'-]+\s+){{1,5}}(?:{SPEECH})\b")
_ACRONYM = re.compile(r"(?:[A-Za-z]\.)+[A-Za-z]$")
_NUMBER_OR_SYMBOL = re.compile(r"\d|[A-Z]+[/-]\d|[IVXLC]+\b")
_ADDRESS = re.compile(r"(?:\bwww|https?:|@)\S*$")

_ROLE = (
    r"Q|A|QUESTION|ANSWER|MODERATOR|PARTICIPANT|Question|Answer|Reporter|Journalist|Correspondent|Moderator|Interviewer"
    r"|(?:The\s+)?(?:[A-Z][a-z]+\s+){0,3}(?:Spokes(?:person|man|woman)|Minister|President|Chair(?:man|woman|person)?"
    r"|Secretary(?:-General)?|Ambassador|Chancellor)|(?:AMBASSADOR|SECRETARY|PRESIDENT|MINISTER)"
)
_HONORIFIC = r"(?:Mr|Mrs|Ms|Dr|H\.?E|Amb|MR|MRS|MS|Sir|Dame|Lord)\.?"
_NAME = r"(?:\s+(?:[A-Z][\w.’'-]*|of|the|for|and|de|al|el|bin|van|von)){0,6}"
_ASIDE = r"(?:\s*\([^)\n]{1,60}\)){0,2}"
_ROLE_TAG = re.compile(
    rf"(?P<speaker>(?:(?:{_ROLE}){_NAME}|{_HONORIFIC}\s+[A-Z]\S*{_NAME}){_ASIDE})\s*:(?=\s|$)\s*"
)
_ANY_TAG = re.compile(rf"(?P<speaker>[A-Z][\w.’'-]*{_NAME}{_ASIDE})\s*:(?=\s|$)\s*")
_NOT_A_SPEAKER = frozenset(
    [
        "note",
        "source",
        "sources",
        "read",
        "see",
        "photo",
        "title",
        "date",
        "place",
        "subject",
        "background",
        "url",
        "tags",
        "contact",
        "updated",
        "annex",
        "re",
        "ps",
    ]
)


@dataclass(frozen=True)
class Sentence:
    """A sentence: its words with single spaces, its place in the document's text, and the speaker if named.

    ``" ".join(document.text[start:end].split()) == text`` always holds.
    """

    text: str
    start: int
    end: int
    speaker: str = ""


def split(text: str) -> list[Sentence]:
    """The sentences of a document, in order, none overlapping.

    Outside them lie only white space, speaker tags ("Q:", "Spokesperson:") and paragraphs without a letter.
    A tag's speaker holds until the next tag.
    """
    spans = paragraphs(text)
    tags = _speaker_tags(text, spans)
    sentences: list[Sentence] = []
    speaker = ""
    for start, end in spans:
        if tag := tags.get(start):
            speaker, start = tag
        for a, b in _sentence_spans(text, start, end):
            sentences.append(Sentence(" ".join(text[a:b].split()), a, b, speaker))
    return sentences


def _speaker_tags(text: str, spans: list[tuple[int, int]]) -> dict[int, tuple[str, int]]:
    """Where a paragraph opens with a speaker's name and a colon: its start, to the speaker and where speech begins.

    A role or an honorific makes a tag by itself; other names do in a text that has such a tag, or where they recur.
    """
    roles = {start: m for start, end in spans if (m := _ROLE_TAG.match(text, start, end))}
    others = {
        start: m for start, end in spans if start not in roles and (m := _ANY_TAG.match(text, start, end))
    }
    others = {
        start: m for start, m in others.items() if m["speaker"].split()[0].lower() not in _NOT_A_SPEAKER
    }
    if not roles:
        counts = Counter(m["speaker"] for m in others.values())
        others = {start: m for start, m in others.items() if counts[m["speaker"]] > 1}
    return {start: (" ".join(m["speaker"].split()), m.end()) for start, m in (roles | others).items()}


def _sentence_spans(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The sentences inside one paragraph; nothing for a paragraph without a letter (a rule, a page number)."""
    last = next((i for i in range(end - 1, start - 1, -1) if text[i].isalpha()), start - 1)
    opened = start
    for match in _MARK.finditer(text, start, end):
        if match.end() > last:
            break
        stop = match.end() - len(match["space"])
        if _ends_sentence(text, match, opened) and any(map(str.isalnum, text[opened:stop])):
            yield opened, stop
            opened = match.end()
    if last >= start:
        yield opened, end


def _ends_sentence(text: str, match: re.Match[str], opened: int) -> bool:
    """Whether this mark ends the sentence that opened at ``opened``."""
    mark, after = match["mark"], match.end()
    if mark in "。！？؟۔।":
        return True
    if not match["space"]:
        return _lost_space(text, match)
    if not _OPENING.match(text, after) or _starts_small(text, after):
        return False
    if mark == ".":
        return _full_stop(text, match, opened)
    return not (match["close"] and _ATTRIBUTED.match(text, after, after + 60))


def _starts_small(text: str, position: int) -> bool:
    """Whether the next word is in lower case."""
    word = _WORD_AFTER.match(text, position)
    return bool(word) and word[1][0].islower()


def _lost_space(text: str, match: re.Match[str]) -> bool:
    """Whether a sentence ends here although no space follows ("order.The"), as scraped pages have it."""
    before, after = text[max(0, match.start() - 40) : match.start()], text[match.end() : match.end() + 2]
    joined = (
        before[-2:].isalpha()
        and before[-2:].islower()
        and len(after) == 2
        and after[0].isupper()
        and after[1].islower()
    )
    quoted = bool(match["close"]) and match["close"] not in ")]" and after[:1].isupper()
    return (joined or (quoted and before[-1:].isalnum())) and not _ADDRESS.search(before)


def _full_stop(text: str, match: re.Match[str], opened: int) -> bool:
    """Whether a full stop followed by a capital, a digit or an opening quote ends a sentence."""
    found = _WORD_BEFORE.search(text, max(opened, match.start() - 40), match.start())
    if found is None or (match["close"] and not _ACRONYM.search(found.group())):
        return True
    word, bare = found.group(), found.group().lower()
    if _ENUMERATOR.match(text[opened : match.start()]) or bare in TITLES or bare in WITHIN:
        return False
    if bare in BEFORE_NUMBER and _NUMBER_OR_SYMBOL.match(text, match.end()):
        return False
    initial = len(word) == 1 and word.isalpha() and word != "I"
    if initial or bare in EITHER or _ACRONYM.search(word):
        following = _WORD_AFTER.match(text, match.end())
        return following is not None and following[1].lower() in STARTERS
    return True
