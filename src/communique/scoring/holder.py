"""Whose stance a sentence is: the actor whom the text names for it, apart from the outlet that passes it on.

Sentence by sentence in the order of the document: attributions in the sentence's own wording
(``communique.scoring.attribution``), quotations that run over several sentences, pronouns for the last holder, the
speakers of a transcript, the body that opens a resolution, and in a speech "we" for the actor that the metadata name.
Where the text does not say, the holder is empty: precision comes before recall.
"""

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from communique.scoring.actors import QUOTE, Holding
from communique.scoring.attribution import attribution
from communique.scoring.attribution_words import FIRST, OUTLETS, PERSONAL, QUESTIONER, ROLE
from communique.scoring.persons import common_words, is_common_plural, is_person, surnames
from communique.scoring.sentences import Sentence

_FIRST_PERSON = re.compile(r"\b(?:I|[Ww]e|[Oo]ur|[Mm]y|us)\b(?!\.)")
_BODY = re.compile(r"The (?P<name>(?:(?:[A-Z][\w’'-]+|of|for|and|on) ){0,7}[A-Z][\w’'-]+) ?,")
_OPERATIVE = re.compile(
    r"(?:\(?(?:\d{1,3}|[a-z])[.)] )?(?:(?:Also|Further|Deeply|Gravely|Strongly|Once again) ?,?)*\s?"
    r"(?:To [a-z]+|[A-Za-z]+(?:ing|s|ed|ful|vinced|cerned))\b"
)
# What a record tells of the meeting itself.
_STAGE = re.compile(
    r"[\[(][^\])]*[\])]\W*$|The (?:meeting|briefing|press conference|session) "
    r"(?:rose|ended|began|was (?:called|suspended|adjourned|resumed|concluded))\b"
)
_ANSWER = re.compile(r"(?:A|ANSWER|Answer)\b(?:\s*\(|$)")
_QUOTED = re.compile(r"“[^“”]*”|\"[^\"]*\"|«[^»]*»")
# Who opens a sentence, or its main clause behind a comma.
_SUBJECT = re.compile(r"(?:^|, )(?:[A-Z][\w.’'-]* ){0,3}(?P<name>[A-Z][\w’'-]+) (?=[a-z])")
_TITLED = re.compile(r"(?:Mr|Mrs|Ms|Dr|President|Minister|Secretary|Premier|Chancellor|General|Ambassador|Professor)\b")
# A pronoun looks back over so many sentences; a quotation of more was not closed.
REACH = 3
LONGEST = 15
# What is longer in letters is no sentence that tells whose stance it holds: lists, tables, strings of code.
READABLE = 4000


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
    """What the sentences so far leave for the next ones.

    ``open`` counts the sentences since a quotation opened, ``waiting`` are those of it whose holder is not known yet.
    """

    actor: str = ""
    quoted: str = ""
    open: int = 0
    waiting: list[int] = field(default_factory=list)
    body: str = ""
    asking: frozenset[str] = frozenset()
    common: frozenset[str] = frozenset()
    surnames: frozenset[str] = frozenset()
    people: list[tuple[int, str]] = field(default_factory=list)
    pronouns: dict[str, str] = field(default_factory=dict)
    groups: list[tuple[int, str, bool]] = field(default_factory=list)


def holders(text: str, sentences: Sequence[Sentence], metadata: Mapping[str, str]) -> list[Holder]:
    """The holder of each sentence of a document; ``metadata`` may name its ``actor`` or ``speaker``."""
    memory = _Memory(actor=metadata.get("actor") or metadata.get("speaker") or "")
    memory.asking, memory.common = _asking(sentences), common_words(text)
    memory.surnames = surnames(text, memory.common)
    found: list[Holder] = []
    end = 0
    for number, sentence in enumerate(sentences):
        _breathe(memory, sentence, paragraph="\n\n" in text[end : sentence.start] or not number)
        outside, opened = _outside(sentence.text, memory.open > 0)
        said = _said(outside, sentence)
        if said and outside.lstrip(" ,“”").startswith(said.name) and is_common_plural(said.name, text, memory.common):
            said = None  # a capital only because it opens the sentence
        holder = _holder(sentence, outside, said, number, memory)
        if memory.open and holder.source in ("attribution", "reference"):
            for waiting in memory.waiting:
                found[waiting] = Holder(holder.name, "quotation")
        inside = not any(map(str.isalpha, outside))
        memory.waiting = [*memory.waiting, number] if inside and opened and not holder.name else []
        memory.open = memory.open + 1 if opened else 0
        found.append(holder)
        _remember(memory, holder, said, sentence, outside, number)
        end = sentence.end
    return found


def _asking(sentences: Sequence[Sentence]) -> frozenset[str]:
    """The speakers of a transcript whose every turn ends in a question: journalists."""
    turns = itertools.groupby(sentences, key=lambda sentence: sentence.speaker)
    ends = [(speaker, list(turn)[-1].text.endswith("?")) for speaker, turn in turns]
    answering = {speaker for speaker, asked in ends if not asked}
    return frozenset(
        speaker for speaker, _ in ends if speaker and answering - {speaker, ""} and speaker not in answering
    )


def _breathe(memory: _Memory, sentence: Sentence, paragraph: bool) -> None:
    """Close a quotation that nobody closed: at a paragraph that does not open with its mark, or after a long while."""
    goes_on = not paragraph or sentence.text.startswith(("“", '"'))
    if not goes_on or memory.open > LONGEST:
        memory.open, memory.waiting = 0, []
    if paragraph and not memory.open:
        memory.quoted = ""


def _said(outside: str, sentence: Sentence) -> Holding | None:
    """What the sentence's own wording tells, its quotations aside."""
    if len(outside) > READABLE or not any(map(str.isalpha, outside)):
        return None
    return attribution(outside, headline=not re.search(r"[.!?;:,]\W*$", sentence.text))


def _outside(text: str, open_before: bool) -> tuple[str, bool]:
    """A sentence with its quotations replaced by a mark, and whether one is still open at its end."""
    text = text.replace("‘", "'")
    if open_before and not text.startswith(("“", '"')):
        closing = re.search(r"[”\"]", text)
        if not closing:
            return QUOTE, True
        text = f"{_mark(text[: closing.start()])} {text[closing.end() :].lstrip()}"
    text = _QUOTED.sub(lambda quoted: _mark(quoted[0][:-1]), text)
    plain = text.replace(QUOTE, "  ")
    last = max(plain.rfind("“"), plain.rfind('"'))
    return (text[:last] + QUOTE, True) if last >= 0 else (text, False)


def _mark(quoted: str) -> str:
    """What stands in the place of a quotation; a comma inside its last mark belongs to the sentence around it."""
    return f"{QUOTE}," if quoted.endswith(",") else QUOTE


def _holder(sentence: Sentence, outside: str, said: Holding | None, number: int, memory: _Memory) -> Holder:
    if not any(map(str.isalpha, outside)):
        return Holder(memory.quoted, "quotation") if memory.quoted else NOBODY
    if said and said.name in PERSONAL and not sentence.speaker:
        name = _referent(said.name, number, memory)
        return Holder(name, "reference") if name else NOBODY
    if said and said.name not in (*PERSONAL, *FIRST):
        return Holder(said.name, "attribution")
    if sentence.speaker and _STAGE.match(sentence.text):
        return NOBODY
    if sentence.speaker:
        asks = QUESTIONER.match(sentence.speaker) or OUTLETS.search(sentence.speaker)
        if _ANSWER.match(sentence.speaker):  # a mark, not a name
            return Holder(memory.actor, "metadata") if memory.actor else NOBODY
        return NOBODY if asks or sentence.speaker in memory.asking else Holder(sentence.speaker, "speaker")
    if memory.body and _OPERATIVE.match(sentence.text):
        return Holder(memory.body, "opening")
    if memory.actor and _FIRST_PERSON.search(outside):
        return Holder(memory.actor, "metadata")
    return NOBODY


def _referent(pronoun: str, number: int, memory: _Memory) -> str:
    """Whom a pronoun means: the last person, or the last group, that held a stance a few sentences before."""
    if pronoun in ("he", "she"):
        near = (name for at, name in reversed(memory.people) if number - at <= REACH)
        return next((name for name in near if memory.pronouns.get(name, pronoun) == pronoun), "")
    plural = pronoun == "they"
    return next((name for at, name, many in reversed(memory.groups) if number - at <= REACH and many == plural), "")


def _remember(
    memory: _Memory, holder: Holder, said: Holding | None, sentence: Sentence, outside: str, number: int
) -> None:
    """Keep who was quoted, who may be meant by a pronoun, and which body a resolution opens with."""
    if match := _BODY.fullmatch(sentence.text):
        memory.body = match["name"]
    elif memory.body and holder.source != "opening":
        memory.body = ""
    told = holder.source in ("attribution", "reference")
    if memory.people and not any(map(str.isalpha, outside)):  # what is quoted puts nobody out of reach
        memory.people[-1] = (memory.people[-1][0] + 1, memory.people[-1][1])
    memory.quoted = holder.name if QUOTE in outside and (told or holder.source == "quotation") else ""
    if not told and (subjects := [name for name in _SUBJECT.findall(outside) if name in memory.surnames]):
        memory.people.append((number, subjects[-1]))
    if told:
        again = Holding(holder.name)
        if said and said.name in ("he", "she"):
            memory.pronouns[holder.name], again = said.name, Holding(holder.name, holder.name)
        _introduce(memory, said if said and said.name == holder.name else again, number)


def _introduce(memory: _Memory, said: Holding, number: int) -> None:
    """Keep a holder as a person or as a group, for the pronouns that follow."""
    head = re.split(r" (?:of|for|in|at|from|to|on) ", said.name)[0].split()[-1]
    titled = ROLE.search(head) or _TITLED.search(said.name) or is_person(said.name)
    person = said.alias or titled or head in memory.surnames
    many = " and " in said.name or (head.endswith("s") and head not in ("States", "Nations"))
    if person and not many:
        memory.people.append((number, said.alias or said.name))
    else:
        memory.groups.append((number, said.name, bool(many)))
