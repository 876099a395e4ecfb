"""Whose stance a sentence is: the actor whom the text names for it, apart from the outlet that passes it on.

Sentence by sentence in the order of the document: attributions in the sentence's own wording
(``communique.scoring.attribution``), quotations that run over several sentences, pronouns for the last holder, the
speakers of a transcript, the body that opens a resolution, and in a speech "we" for the actor that the metadata name.
Where the text does not say, the holder is empty: precision comes before recall.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from communique.scoring.actors import QUOTE, Holding
from communique.scoring.attribution import attribution
from communique.scoring.attribution_words import FIRST, PERSONAL, QUESTIONER, ROLE
from communique.scoring.sentences import Sentence

_FIRST_PERSON = re.compile(r"\b(?:I|[Ww]e|[Oo]ur|[Mm]y|us)\b(?!\.)")
_BODY = re.compile(r"The (?P<name>(?:[A-Z][\w’'-]+ ?){1,6}),")
_OPERATIVE = re.compile(
    r"(?:\(?(?:\d{1,3}|[a-z])[.)] )?(?:(?:Also|Further|Deeply|Gravely|Strongly|Once again) ?,?)*\s?"
    r"[A-Za-z]+(?:ing|s|ed|ful|vinced|cerned)\b"
)
_QUOTED = re.compile(r"“[^“”]*”|\"[^\"]*\"|«[^»]*»")
_TITLED = re.compile(r"(?:Mr|Mrs|Ms|Dr|President|Minister|Secretary|Premier|Chancellor|General|Ambassador|Professor)\b")
# A pronoun looks back over so many sentences.
REACH = 3


class Holder(NamedTuple):
    """A holder without its article, and by what the text says so; both empty where it does not.

    ``source`` is ``attribution``, ``quotation`` (one that goes on from another sentence), ``reference`` (a pronoun),
    ``speaker`` (of a transcript), ``opening`` (of a resolution) or ``metadata``.
    """

    name: str = ""
    source: str = ""


NOBODY = Holder()


@dataclass
class _Memory:
    """What the sentences so far leave for the next ones."""

    quoted: Holder = NOBODY
    body: str = ""
    people: list[tuple[int, str]] = field(default_factory=list)
    groups: list[tuple[int, str, bool]] = field(default_factory=list)


def holders(text: str, sentences: Sequence[Sentence], metadata: Mapping[str, str]) -> list[Holder]:
    """The holder of each sentence of a document; ``metadata`` may name its ``actor`` or ``speaker``."""
    memory = _Memory()
    actor = metadata.get("actor") or metadata.get("speaker") or ""
    found: list[Holder] = []
    waiting: list[int] = []  # sentences of a quotation whose speaker is not named yet
    open_quote = False
    for number, sentence in enumerate(sentences):
        gap = text[sentences[number - 1].end : sentence.start] if number else "\n\n"
        outside, opened, closed = _outside(sentence.text, open_quote)
        holder = _holder(sentence, outside, number, memory, actor, gap)
        inside = not any(map(str.isalpha, outside))
        if inside and not holder.name and (opened or open_quote):
            waiting.append(number)
        elif waiting and holder.source in ("attribution", "reference") and open_quote:
            found = [Holder(holder.name, "quotation") if i in waiting else one for i, one in enumerate(found)]
        if not inside or (closed and not opened):
            waiting = waiting if inside and opened else []
        open_quote = opened
        found.append(holder)
        _remember(memory, holder, sentence, outside, number)
    return found


def _outside(text: str, open_before: bool) -> tuple[str, bool, bool]:
    """A sentence with its quotations replaced by a mark, whether one is open at its end, and whether one closed."""
    text = text.replace("‘", "'")
    closed = False
    if open_before and not text.lstrip().startswith(("“", '"')):
        _, mark, tail = _cut(text)
        if not mark:
            return QUOTE, True, False
        text, closed = f"{QUOTE} {tail}", True
    elif open_before:
        text = text.lstrip()
    text = _QUOTED.sub(QUOTE, text)
    marks = [i for i in (text.replace(QUOTE, "  ").rfind("“"), text.replace(QUOTE, "  ").rfind('"')) if i >= 0]
    if marks:
        return text[: max(marks)] + QUOTE, True, closed
    return text, False, closed


def _cut(text: str) -> tuple[str, str, str]:
    """A text cut at the first mark that closes a quotation."""
    match = re.search(r"[”\"]", text)
    return (text[: match.start()], match[0], text[match.end() :]) if match else (text, "", "")


def _holder(sentence: Sentence, outside: str, number: int, memory: _Memory, actor: str, gap: str) -> Holder:
    if not any(map(str.isalpha, outside)):
        return Holder(memory.quoted.name, "quotation") if memory.quoted.name and "\n\n" not in gap else NOBODY
    spoken = "" if QUESTIONER.match(sentence.speaker) else sentence.speaker
    said = attribution(outside, headline=not re.search(r"[.!?;:,]\W*$", sentence.text))
    if said and said.name in PERSONAL and not sentence.speaker:
        name = _referent(said.name, number, memory)
        return Holder(name, "reference") if name else NOBODY
    if said and said.name not in (*PERSONAL, *FIRST):
        return Holder(said.name, "attribution")
    if spoken:
        return Holder(spoken, "speaker")
    if memory.body and _OPERATIVE.match(sentence.text):
        return Holder(memory.body, "opening")
    if actor and not sentence.speaker and _FIRST_PERSON.search(outside):
        return Holder(actor, "metadata")
    return NOBODY


def _referent(pronoun: str, number: int, memory: _Memory) -> str:
    """Whom a pronoun means: the last person, or the last group, that held a stance a few sentences before."""
    if pronoun in ("he", "she"):
        return next((name for at, name in reversed(memory.people) if number - at <= REACH), "")
    plural = pronoun == "they"
    return next((name for at, name, many in reversed(memory.groups) if number - at <= REACH and many == plural), "")


def _remember(memory: _Memory, holder: Holder, sentence: Sentence, outside: str, number: int) -> None:
    """Keep who was quoted, who may be meant by a pronoun, and which body a resolution opens with."""
    if match := _BODY.fullmatch(sentence.text):
        memory.body = match["name"]
    elif memory.body and holder.source != "opening":
        memory.body = ""
    if QUOTE in outside and holder.source in ("attribution", "reference", "quotation"):
        memory.quoted = Holder(holder.name, "quotation")
    else:
        memory.quoted = NOBODY
    if holder.source in ("attribution", "reference"):
        said = attribution(outside)
        _introduce(memory, said if said and said.name == holder.name else Holding(holder.name), number)


def _introduce(memory: _Memory, said: Holding, number: int) -> None:
    """Keep a holder as a person or as a group, for the pronouns that follow."""
    head = re.split(r" (?:of|for|in|at|from|to|on) ", said.name)[0].split()[-1]
    person = said.alias or ROLE.search(head) or _TITLED.search(said.name)
    many = " and " in said.name or (head.endswith("s") and head not in ("States", "Nations"))
    if person and not many:
        memory.people.append((number, said.alias or said.name))
    else:
        memory.groups.append((number, said.name, bool(many)))
