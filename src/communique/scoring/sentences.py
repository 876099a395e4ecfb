"""Documents to sentences, with the place of each in the document and, in a transcript, who speaks.

The rules are for formal English: titles and initials, "No." and "Art." before a number, "U.S." in the
middle and at the end of a sentence, numbered operative paragraphs, datelines, quotations of several
sentences (each is a sentence of its own), text whose space after the full stop was lost. They look at
each mark once, so that the time grows with the length of the text and with nothing else.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from communique.scoring.abbreviations import BEFORE_NUMBER, EITHER, SPEECH, STARTERS, TITLES, WITHIN
from communique.scoring.furniture import is_furniture
from communique.scoring.paragraphs import paragraphs
from communique.scoring.speakers import speaker_tags

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
_ENUMERATOR = re.compile(r"\(?(?:\d{1,3}(?:\.\d{1,3}){0,4}|[A-Za-z]|[IVXivx]{1,5})")
_ATTRIBUTED = re.compile(rf"(?:[\w.’'-]+\s+){{1,5}}(?:{'|'.join(sorted(SPEECH))})\b")
_ACRONYM = re.compile(r"(?:[A-Za-z]\.)+[A-Za-z]$")
_NUMBER_OR_SYMBOL = re.compile(r"\d|[A-Z]+[/-]\d|[IVXLC]+\b")
_BULLET = re.compile(r"(?:(?:[·*–—-]|--)\s+|[•◦▪▫●○■□‣⁃\uf0b7\uf0a7➢➤✓]\s*)?")
_SMALL = re.compile(r"[a-zß-öø-ÿ]{2}$")
_CAPITALISED = re.compile(r"[A-ZÀ-ÖØ-Þ][a-zß-öø-ÿ]|I\s")
_NAME_BEFORE = re.compile(r"[A-Z][a-z]+\s+I$")
_ADDRESS = re.compile(r"(?:\bwww|https?:|@)\S*$")


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

    Outside them lie only white space, speaker tags ("Q:", "Spokesperson:"), the bullets of lists, paragraphs without
    a letter, and paragraphs that belong to the page (``communique.scoring.furniture``). A tag's speaker holds until
    the next tag.
    """
    spans = [span for span in paragraphs(text) if not is_furniture(text[slice(*span)])]
    tags = speaker_tags(text, spans)
    sentences: list[Sentence] = []
    speaker = ""
    for start, end in spans:
        if tag := tags.get(start):
            speaker, start = tag
        start = _BULLET.match(text, start, end).end()  # type: ignore[union-attr]
        for a, b in _sentence_spans(text, start, end):
            sentences.append(Sentence(" ".join(text[a:b].split()), a, b, speaker))
    return sentences


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
    return word is not None and word[1][0].islower()


def _lost_space(text: str, match: re.Match[str]) -> bool:
    """Whether a sentence ends here although no space follows ("order.The"), as scraped pages have it."""
    before, after = text[max(0, match.start() - 40) : match.start()], text[match.end() : match.end() + 2]
    joined = bool(_SMALL.search(before) and _CAPITALISED.match(after))
    quoted = bool(match["close"]) and match["close"] not in ")]" and after[:1].isupper()
    return (joined or (quoted and before[-1:].isalnum())) and not _ADDRESS.search(before)


def _full_stop(text: str, match: re.Match[str], opened: int) -> bool:
    """Whether a full stop followed by a capital, a digit or an opening quote ends a sentence."""
    found = _WORD_BEFORE.search(text, max(opened, match.start() - 40), match.start())
    if match["close"][:1] == ")" and found and text[found.start() - 1] == "(":
        return False  # "(ret.)"
    if found is None or (match["close"] and not _ACRONYM.search(found.group())):
        return True
    word, bare = found.group(), found.group().lower()
    if _ENUMERATOR.fullmatch(text, opened, match.start()) or bare in TITLES or bare in WITHIN:
        return False
    if bare in BEFORE_NUMBER and _NUMBER_OR_SYMBOL.match(text, match.end()):
        return False
    named = word != "I" or bool(_NAME_BEFORE.search(text, max(opened, match.start() - 40), match.start()))
    initial = len(word) == 1 and word.isalpha() and named
    if initial or bare in EITHER or _ACRONYM.search(word):
        following = _WORD_AFTER.match(text, match.end())
        return following is not None and following[1].lower() in STARTERS
    return True
