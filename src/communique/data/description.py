"""Facts of a corpus that a reader of a result wants: sizes, labels, where the sentences come from, who labelled."""

import math
from collections import Counter
from typing import Any

from communique.data.agreement import agreement
from communique.data.dataset import METADATA, Corpus


def count_labels(corpus: Corpus) -> dict[str, Any]:
    """Sentences, documents, sentences a label, sentences with none and with several, as plain data."""
    table = corpus.indicators
    carried = table.sum(axis=1)
    return {
        "sentences": len(corpus),
        "documents": len(set(corpus.documents)),
        "labels": {str(name): int(count) for name, count in table.sum().items()},
        "none": int((carried == 0).sum()),
        "several": int((carried > 1).sum()),
    }


def describe_corpus(corpus: Corpus) -> dict[str, Any]:
    """A corpus in plain data: counts, mean words, codebook, the values of its metadata, its annotators."""
    words = sum(len(text.split()) for text in corpus.texts) / max(1, len(corpus))
    return {
        "fingerprint": corpus.fingerprint,
        **count_labels(corpus),
        "mean_words": round(words, 1),
        "codebook": corpus.codebook.to_dict() | {"fingerprint": corpus.codebook.fingerprint},
        "values": {field: _distinct(corpus, field) for field in METADATA},
        "annotators": _annotators(corpus),
        "agreement": _agreement(corpus),
    }


def _distinct(corpus: Corpus, field: str) -> int:
    return len({value for s in corpus if (value := getattr(s, field)) not in (None, "")})


def _annotators(corpus: Corpus) -> dict[str, int]:
    """How many sentences each annotator labelled before adjudication."""
    return dict(sorted(Counter(name for s in corpus for name in s.annotations).items()))


def _agreement(corpus: Corpus) -> dict[str, float]:
    """Krippendorff's alpha a label of the two annotators who labelled most; empty where no two labelled alike."""
    first_two = [name for name, _ in Counter(_annotators(corpus)).most_common(2)]
    if len(first_two) < 2 or sum(set(first_two) <= set(s.annotations) for s in corpus) < 2:
        return {}
    rows = agreement(corpus, first_two, resamples=1)
    return {row.label: round(row.alpha[0], 4) for row in rows if not math.isnan(row.alpha[0])}
