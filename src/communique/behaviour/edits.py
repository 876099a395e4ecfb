"""Edits that must not change what a sentence says: the invariance tests that can be generated.

An edit takes a sentence and a random generator and gives the edited sentence, or None where it does not apply.
Names of agencies and ministries are invented.
"""

import re
from collections.abc import Callable, Mapping

import numpy as np

from communique.behaviour.actors import organisations, states, swap

Edit = Callable[[str, np.random.Generator], str | None]

STRAIGHT = str.maketrans({"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'"})
OPENING = re.compile(r"(^|[\s(\[—–-])([\"'])")
MONTHS = ("January", "March", "April", "June", "September", "November")
TAGS = (" (Source: Foreign Ministry)", " – Northlight News Agency", " (Harbour Press)", " [Press Service]")
TITLED = re.compile(
    r"(?<!Excellency )\b[Tt]he ((?:[a-z]+ ){0,2}?(?:minister|ambassador|president|representative|secretary|envoy))\b"
)
CIVIL = re.compile(r"\b(Mr|Mrs|Ms|Dr)\. (?=[A-Z])")
SPEAKING = re.compile(r"(We|Our|My|I|It|Let)\b")


def swap_states(text: str, rng: np.random.Generator) -> str | None:
    """Every state replaced by a random other: name for name, adjective for adjective, capital for capital."""
    return swap(text, states(), rng)


def swap_organisations(text: str, rng: np.random.Generator) -> str | None:
    """Every international organisation but the United Nations replaced by a random other."""
    return swap(text, organisations(), rng)


def upper_case(text: str, rng: np.random.Generator) -> str | None:
    """The whole sentence in capitals: a harsh edit, as in headlines."""
    return _if_changed(text, text.upper())


def lower_opening(text: str, rng: np.random.Generator) -> str | None:
    """The first letter in lower case, as where a sentence was cut badly."""
    return _if_changed(text, text[:1].lower() + text[1:])


def quotes(text: str, rng: np.random.Generator) -> str | None:
    """Typographic quotes and apostrophes made straight, or straight ones typographic."""
    straight = text.translate(STRAIGHT)
    return straight if straight != text else _if_changed(text, _curled(text))


def source_tag(text: str, rng: np.random.Generator) -> str | None:
    """An agency's or ministry's tag at the end."""
    return text + TAGS[int(rng.integers(len(TAGS)))]


def date_line(text: str, rng: np.random.Generator) -> str | None:
    """Place and date before the sentence; None where it opens with a word in capitals, as date lines do."""
    if re.match(r"[A-Z]{3,}", text):
        return None
    capitals = [state.capital for state in states() if state.capital]
    place = capitals[int(rng.integers(len(capitals)))].upper()
    return f"{place}, {int(rng.integers(1, 29))} {MONTHS[int(rng.integers(len(MONTHS)))]} – {text}"


def honorific(text: str, rng: np.random.Generator) -> str | None:
    """An honorific before an office or in place of another, or an address to the chair before a speaker's words."""
    if TITLED.search(text):
        return TITLED.sub(r"His Excellency the \1", text, count=1)
    if civil := CIVIL.search(text):
        return text[: civil.start()] + ("Dr. " if civil[1] != "Dr" else "Mr. ") + text[civil.end() :]
    if SPEAKING.match(text):
        return "Mr. President, " + (text if text.startswith(("I ", "I'", "I’")) else text[0].lower() + text[1:])
    return None


# what a row of the report calls the edit
EDITS: Mapping[str, Edit] = {
    "swapped states": swap_states,
    "swapped organisations": swap_organisations,
    "lower-case opening": lower_opening,
    "all capitals": upper_case,
    "quotation marks": quotes,
    "source tag": source_tag,
    "date line": date_line,
    "honorific": honorific,
}


def _if_changed(before: str, after: str) -> str | None:
    return after if after != before else None


def _curled(text: str) -> str:
    opened = OPENING.sub(lambda m: m[1] + {'"': "“", "'": "‘"}[m[2]], text)
    return opened.replace('"', "”").replace("'", "’")
