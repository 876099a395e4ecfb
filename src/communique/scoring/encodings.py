"""Which encoding a text file is in: UTF-8 first, another only where there is little doubt."""

import codecs
import itertools
import re
from collections.abc import Iterable

from charset_normalizer import CharsetMatch, from_bytes

from communique.errors import CommuniqueError
from communique.scoring.source import Source

# A guess is believed when its text looks clean and reads like some language.
MOST_CHAOS = 0.05
LEAST_COHERENCE = 0.4
SAMPLE = 200_000

# English from Windows whose only bytes outside ASCII are curly quotes, dashes, an ellipsis or a hard space, each
# where such a mark can stand: too little for a detector to go by, yet hardly anything else.
_WINDOWS_MARKS = frozenset(b"\x85\x91\x92\x93\x94\x96\x97\x99\xa0\xa3\xa7")
_MISPLACED = re.compile(
    rb"[A-Za-z][\x91\x93\x94\x96\x97][A-Za-z]|[A-Za-z]\x92(?!(?:s|t|d|m|ll|re|ve)\b|[A-Z]|[^A-Za-z]|$)"
)

# Letters of French, Spanish, Portuguese, German and the Nordic languages in cp1252 and Latin-1.
_WESTERN = _WINDOWS_MARKS | frozenset("ÀÁÂÃÄÅÆÇÈÉÊËÍÎÏÑÓÔÖØÜßàáâãäåæçèéêëíîïñóôöøúûüœŒ«»°".encode("cp1252"))
_ENGLISH = re.compile(rb"\b(?:the|of|and|with|that|was|is)\b", re.IGNORECASE)
FEW = 0.1

_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def find_encoding(source: Source, declared: str | None = None) -> str:
    """The name of a text file's encoding; raises CommuniqueError for a binary file or an encoding in doubt.

    ``declared`` is what the file says of itself; it is believed where the file is not UTF-8. The file is read
    twice, and more often only where it is not UTF-8.
    """
    head = next(iter(source.chunks()), b"")
    marked = next((name for mark, name in _MARKS.items() if head.startswith(mark)), None)
    if marked is None and any(b"\0" in chunk for chunk in source.chunks()):
        raise CommuniqueError(
            f"{source.path}: is not a text file (it holds NUL bytes); give it the suffix of its format"
        )
    for encoding in (marked, "utf-8-sig", declared):
        if encoding and _decodes(source.chunks(), encoding):
            return encoding
    guess = _guess(source.chunks())
    if guess is None or not _decodes(source.chunks(), guess):
        raise CommuniqueError(
            f"{source.path}: is not UTF-8 and its encoding cannot be told for certain; "
            "convert it first (iconv -f ENCODING -t UTF-8)"
        )
    return guess


def _decodes(chunks: Iterable[bytes], encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    try:
        for chunk in chunks:
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True


def _guess(chunks: Iterable[bytes]) -> str | None:
    """The encoding that the lines outside ASCII speak for, or None where nothing speaks clearly."""
    foreign = (line for chunk in chunks for line in chunk.split(b"\n") if not line.isascii())
    sample = b"\n".join(itertools.islice(foreign, 2_000))[:SAMPLE]
    misplaced = bool(_MISPLACED.search(sample))
    if not misplaced and _WINDOWS_MARKS.issuperset(byte for byte in sample if byte > 127):
        return "cp1252"
    if not misplaced and _is_western_english(sample):
        return "cp1252"
    best = from_bytes(sample).best()
    if best is None or best.chaos > MOST_CHAOS or best.coherence < LEAST_COHERENCE:
        return None
    name = _usual_name(best)
    return None if misplaced and name.startswith("cp125") else name


def _is_western_english(sample: bytes) -> bool:
    """Whether the lines are English but for single letters with the accents of Western Europe."""
    foreign = bytes(byte for byte in sample if byte > 127)
    rare = len(foreign) < FEW * sum(map(bytes.isalpha, (sample[i : i + 1] for i in range(len(sample)))))
    return rare and _WESTERN.issuperset(foreign) and len(_ENGLISH.findall(sample)) >= 2


def _usual_name(match: CharsetMatch) -> str:
    """Of the encodings that give the same text, the one most files are in."""
    return next((name for name in ("cp1252", "mac_roman") if name in match.could_be_from_charset), match.encoding)
