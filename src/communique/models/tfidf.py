"""Word and character n-grams, weighted by tf-idf, into one logistic regression a label."""

from pathlib import Path
from zipfile import ZIP_DEFLATED

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import FeatureUnion, Pipeline
from skops import io as skops_io

from communique.models.base import StanceModel, Validation

FILE = "pipeline.skops"


class TfidfModel(StanceModel):
    """The linear baseline; ``c`` is the inverse regularisation, n-gram ranges are inclusive."""

    kind = "tfidf"

    def __init__(
        self,
        c: float = 4.0,
        word_ngrams: tuple[int, int] = (1, 3),
        char_ngrams: tuple[int, int] = (2, 5),
        min_df: int = 2,
        class_weight: str | None = "balanced",
    ) -> None:
        self.c = c
        self.word_ngrams = word_ngrams
        self.char_ngrams = char_ngrams
        self.min_df = min_df
        self.class_weight = class_weight

    def _fit(self, texts: list[str], labels: np.ndarray, validation: Validation | None) -> None:
        min_df = self.min_df if len(texts) >= 50 else 1
        options = {"sublinear_tf": True, "min_df": min_df, "strip_accents": "unicode"}
        word = TfidfVectorizer(ngram_range=tuple(self.word_ngrams), **options)
        char = TfidfVectorizer(analyzer="char_wb", ngram_range=tuple(self.char_ngrams), **options)
        linear = LogisticRegression(C=self.c, class_weight=self.class_weight, max_iter=1000)
        self.pipeline_ = Pipeline(
            [
                ("features", FeatureUnion([("word", word), ("char", char)])),
                ("heads", OneVsRestClassifier(linear)),
            ]
        ).fit(texts, labels)

    def _proba(self, texts: list[str]) -> np.ndarray:
        # a single label makes scikit-learn return both columns
        return np.asarray(self.pipeline_.predict_proba(texts))[:, -len(self.labels) :]

    def _save(self, folder: Path) -> None:
        skops_io.dump(self.pipeline_, folder / FILE, compression=ZIP_DEFLATED, compresslevel=6)

    def _load(self, folder: Path) -> None:
        self.pipeline_ = skops_io.load(folder / FILE, trusted=[])
