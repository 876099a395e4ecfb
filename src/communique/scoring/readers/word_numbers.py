"""The numbers that Word writes before the paragraphs of lists: they stand in no text, but are counted by rules.

A paragraph, or its style, names a list and a level of it; the level says how its number is written ("%1.", "(%2)",
"Article %1") and where it starts (ECMA-376, 17.9). Bullets are no numbers.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from docx.document import Document as WordDocument
    from docx.oxml.xmlchemy import BaseOxmlElement

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
    (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip
# How an element that switches something on says that it is off (ECMA-376, 17.17.4).
_OFF = frozenset({"0", "false", "off"})
_PLACE = re.compile(r"%([1-9])")
# A list's number that stands for "no list".
_NO_LIST = "0"
# Beyond these Word writes neither letters (thirty times z) nor Roman numbers; a longer start is no number of a list.
_LAST_LETTER, _LAST_NUMBER, _DIGITS = 780, 32_767, 9


class Level(NamedTuple):
    """One level of a list: how its number is written, where it starts, and which levels make it start again.

    ``restart`` is the level (from 1) up to which a number before it starts it anew; None for any higher one.
    """

    form: str = "decimal"
    pattern: str = ""
    start: int = 1
    restart: int | None = None
    legal: bool = False
    tight: bool = False
    style: str = ""


class Numbers:
    """The lists of a document and how far each has counted; paragraphs are to be asked about in their order."""

    def __init__(self, document: "WordDocument") -> None:
        self._styles = {_value(style, "@styleId"): style for style in document.styles.element.iter(f"{_W}style")}
        self._lists: dict[str, tuple[str, dict[int, Level]]] = {}
        self._restarts: dict[str, set[int]] = {}
        self._counts: dict[str, dict[int, int]] = {}
        for root in _numbering(document):
            self._read(root)

    def _read(self, root: "BaseOxmlElement") -> None:
        """Take in the numbering part: abstract lists with their levels, and the lists that follow them."""
        abstract = {_value(kind, "@abstractNumId"): kind for kind in root.iter(f"{_W}abstractNum")}
        numbers = {_value(number, "@numId"): number for number in root.iter(f"{_W}num")}
        for name, number in numbers.items():
            key = _value(number, "abstractNumId")
            if (kind := abstract.get(key)) is None:
                continue
            if link := _value(kind, "numStyleLink"):  # a list that a style describes
                named = numbers.get(_value(self._styles.get(link), "pPr/numPr/numId"))
                key = _value(named, "abstractNumId") or key
            overrides = list(number.iter(f"{_W}lvlOverride"))
            levels = _levels(abstract.get(key, kind)) | {
                n: level for each in overrides for n, level in _levels(each).items()
            }
            given = {_whole(each, "@ilvl", 0): _whole(each, "startOverride", -1) for each in overrides}
            starts = {at: start for at, start in given.items() if start >= 0 and at in levels}
            self._lists[name] = (key, levels | {at: levels[at]._replace(start=n) for at, n in starts.items()})
            self._restarts[name] = set(starts)

    def before(self, paragraph: "BaseOxmlElement") -> str:
        """What Word writes before a paragraph, with the space behind it; nothing where it is no numbered item."""
        name, level = self._place(paragraph)
        if name not in self._lists or _find(paragraph, "pPr/rPr/del") is not None:
            return ""
        key, levels = self._lists[name]
        if level not in levels:
            return ""
        counts = self._count(name, key, level, levels)
        own = levels[level]
        if own.form in ("bullet", "none"):
            return ""

        def written(place: re.Match[str]) -> str:
            at = int(place[1]) - 1
            form = levels.get(at, own).form
            return _FORMS.get("decimal" if own.legal else form, str)(counts.get(at, levels.get(at, own).start))

        label = _PLACE.sub(written, own.pattern).strip()
        return f"{label}{'' if own.tight else ' '}" if label else ""

    def _count(self, name: str, key: str, level: int, levels: Mapping[int, Level]) -> dict[int, int]:
        """Count one item more; lists that follow one abstract list count on, unless one says where it starts.

        A higher level that has not come yet counts as if an item of it stood before this one.
        """
        counts = self._counts.setdefault(key, {})
        for at in self._restarts.pop(name, ()):
            counts.pop(at, None)
        for at in sorted(levels):
            if at == level or (at < level and at not in counts):
                _step(counts, at, levels)
        return counts

    def _place(self, paragraph: "BaseOxmlElement") -> tuple[str, int]:
        """The list and the level of a paragraph, its own or its style's."""
        style = _value(paragraph, "pPr/pStyle")
        name, level = _value(paragraph, "pPr/numPr/numId"), _whole(paragraph, "pPr/numPr/ilvl", -1)
        for parent in self._ancestry(style):
            name = name or _value(parent, "pPr/numPr/numId")
            level = level if level >= 0 else _whole(parent, "pPr/numPr/ilvl", -1)
        linked = [at for at, each in self._lists.get(name, ("", {}))[1].items() if each.style and each.style == style]
        return ("" if name == _NO_LIST else name), level if level >= 0 else next(iter(linked), 0)

    def _ancestry(self, style: str) -> Iterator["BaseOxmlElement"]:
        """A style and those that it is based on."""
        seen: set[str] = set()
        while style in self._styles and style not in seen:
            seen.add(style)
            yield self._styles[style]
            style = _value(self._styles[style], "basedOn")


def _step(counts: dict[int, int], level: int, levels: Mapping[int, Level]) -> None:
    """Count one item of a level; the levels below it that it restarts have no count after it."""
    counts[level] = counts.get(level, levels[level].start - 1) + 1
    for at in [at for at in counts if at > level]:
        restart = levels[at].restart if at in levels else None
        if restart is None or level < restart:
            del counts[at]


def _numbering(document: "WordDocument") -> Iterator["BaseOxmlElement"]:
    """The root of the numbering part, where there is one."""
    from docx.oxml import parse_xml

    for part in document.part.rels.values():
        if part.reltype.endswith("/numbering") and not part.is_external:
            yield parse_xml(part.target_part.blob)


def _levels(holder: "BaseOxmlElement") -> dict[int, Level]:
    """The levels that an abstract list or an override describes."""
    return {
        _whole(level, "@ilvl", 0): Level(
            _value(level, "numFmt") or "decimal",
            _value(level, "lvlText"),
            _whole(level, "start", 0),
            _whole(level, "lvlRestart", -1) if _find(level, "lvlRestart") is not None else None,
            _find(level, "isLgl") is not None and _value(level, "isLgl") not in _OFF,
            _value(level, "suff") == "nothing",
            _value(level, "pStyle"),
        )
        for level in holder.iter(f"{_W}lvl")
    }


def _find(element: "BaseOxmlElement | None", path: str) -> "BaseOxmlElement | None":
    return None if element is None else element.find("/".join(f"{_W}{name}" for name in path.split("/")))


def _value(element: "BaseOxmlElement | None", path: str) -> str:
    """An attribute ("@name") of an element, or the value of the element at a path below it; empty without one."""
    attribute = path.startswith("@")
    found = element if attribute else _find(element, path)
    return "" if found is None else found.get(f"{_W}{path[1:] if attribute else 'val'}", "")


def _whole(element: "BaseOxmlElement | None", path: str, otherwise: int) -> int:
    value = _value(element, path)
    return int(value) if value.isdecimal() and len(value) <= _DIGITS else otherwise


def _letter(number: int) -> str:
    """a, b … z, aa, bb … as Word counts; the plain number where there is no letter for it."""
    if not 1 <= number <= _LAST_LETTER:
        return str(number)
    return chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 + 1)


def _roman(number: int) -> str:
    """i, ii, iii, iv …; the plain number where there is no Roman one."""
    if not 1 <= number <= _LAST_NUMBER:
        return str(number)
    written = ""
    for value, letters in _ROMAN:
        written += letters * (number // value)
        number %= value
    return written


_FORMS: Mapping[str, Callable[[int], str]] = {
    "decimalZero": lambda number: f"{number:02}",
    "lowerLetter": _letter,
    "upperLetter": lambda number: _letter(number).upper(),
    "lowerRoman": _roman,
    "upperRoman": lambda number: _roman(number).upper(),
}
