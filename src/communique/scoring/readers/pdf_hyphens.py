"""Two lines of a PDF as one text: whether the hyphen between them breaks a word or belongs to it."""

import itertools
import re
from collections.abc import Iterable

_WORD = re.compile(r"\w+(?:-\w+)*")
_LAST_PART = re.compile(r"\w+(?:-\w+)*(?=\W$)")
_HYPHEN = re.compile(r"(?<=[^\W\d_])[-\u2010]$")
# Nothing but the line's end stands behind a range, a dash without a space before it, or a slash.
_TIGHT = re.compile(r"\d-\n\d|\w[–—/]\n\w|\n—\w")
# "short- and long-term": no word goes on there.
_SUSPENDED = frozenset({"and", "or", "to", "nor", "but"})
# Parts that hardly a word has without its hyphen.
_FIRSTS = frozenset({"self", "non", "well", "quasi"})
_SECONDS = frozenset(
    ["based", "related", "called", "term", "level", "scale", "sponsored", "backed", "driven", "oriented", "led"]
)
_PREFIXES = frozenset({"inter", "over", "under", "counter", "after", "multi"})
# A text without hyphenation ends fewer of its lines, those of so many letters, on a hyphen than this.
HYPHENATED, FULL = 0.02, 30
# By so many words one spelling has to outweigh the other before it tells more than that share.
TELLING = 3
# No word before a hyphen has more characters than this.
LONGEST = 80


class Words:
    """The words of a file's lines, and whether its line ends break words: what is said elsewhere tells.

    Where most broken words whose other spelling the text shows stand there without the hyphen, the text is hyphenated
    and a hyphen at a line's end goes; where most stand there with it, or few lines end on one, it stays.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        lines = list(lines)
        self.known = {word for line in lines for word in _WORD.findall(line.lower())}
        ends = [parts for a, b in itertools.pairwise(lines) if (parts := _parts(a, b)) and b[:1].islower()]
        told = [(self._is_known(parts, ""), self._is_known(parts, "-")) for parts in ends]
        whole, compound = sum(a and not b for a, b in told), sum(b and not a for a, b in told)
        full = sum(len(line) > FULL for line in lines)
        self.hyphenated = len(ends) >= HYPHENATED * full if abs(whole - compound) < TELLING else whole > compound

    def _is_known(self, parts: tuple[str, str], link: str) -> bool:
        return link.join(parts).lower() in self.known

    def joined(self, text: str, line: str) -> str:
        """A text and its next line; the hyphen of a word broken between them goes."""
        parts = _parts(text, line)
        if not text or parts is None:
            tight = not text or _TIGHT.search(f"{text[-2:]}\n{line[:2]}")
            return f"{text}{'' if tight else ' '}{line}"
        if parts[1] in _SUSPENDED and not self._is_known(parts, ""):
            return f"{text} {line}"
        return f"{text[:-1]}{'-' if self._stays(*parts) else ''}{line}"

    def _stays(self, first: str, second: str) -> bool:
        """Whether a word has its hyphen for good."""
        whole, compound = self._is_known((first, second), ""), self._is_known((first, second), "-")
        if (first[-1].isupper() or not second[0].islower()) and not (whole and (first + second).isupper()):
            return True  # "UN-led", "non-Council", but not "COUN-CIL"
        if whole or compound:
            return compound and not whole
        last, following = first.rpartition("-")[2].lower(), second.partition("-")[0]
        made = (following in _SECONDS and len(last) > 3 and last not in _PREFIXES) or second == "called"
        return made or (last in _FIRSTS and len(following) > 3) or not self.hyphenated


def _parts(text: str, line: str) -> tuple[str, str] | None:
    """The parts of a word before and after a hyphen at a line's end; None without one."""
    end = text[-LONGEST:]  # of a long paragraph only the end is read, or every further line would cost all before it
    if not _HYPHEN.search(end[-2:]):
        return None
    first, second = _LAST_PART.search(end), _WORD.match(line)
    return (first[0], second[0]) if first and second else None
