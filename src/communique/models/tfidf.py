"""Word and character n-grams, weighted by tf-idf, into one linear classifier a label."""

from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.svm import LinearSVC
from sklearn.utils._param_validation import InvalidParameterError

from communique.errors import CommuniqueError
from communique.models.base import Bounds, Size, StanceModel, Validation
from communique.models.linear import linear_size, read_arrays, write_arrays
from communique.models.ngrams import LinearNgrams, read_vocabularies, write_vocabularies

WEIGHTS, NGRAMS = "linear.safetensors", "ngrams.json"


class TfidfModel(StanceModel):
    """The linear baseline; ``c`` is the inverse regularisation, n-gram ranges are inclusive.

    ``head`` is ``logistic``, or ``svm``, whose margins stand in for log-odds until they are calibrated.
    ``char_analyzer`` keeps character n-grams within words (``char_wb``) or lets them cross (``char``); ``binary``
    takes a n-gram's presence for its count; ``idf`` off leaves all n-grams equally heavy.
    """

    kind = "tfidf"
    bounds: ClassVar[dict[str, Bounds]] = {"c": Bounds(open=True)}

    def __init__(
        self,
        c: float = 4.0,
        word_ngrams: tuple[int, int] = (1, 3),
        char_ngrams: tuple[int, int] = (2, 5),
        min_df: int = 2,
        class_weight: str | None = "balanced",
        head: Literal["logistic", "svm"] = "logistic",
        char_analyzer: Literal["char_wb", "char"] = "char_wb",
        lowercase: bool = True,
        binary: bool = False,
        idf: bool = True,
    ) -> None:
        self.c = c
        self.word_ngrams = word_ngrams
        self.char_ngrams = char_ngrams
        self.min_df = min_df
        self.class_weight = class_weight
        self.head = head
        self.char_analyzer = char_analyzer
        self.lowercase = lowercase
        self.binary = binary
        self.idf = idf

    def _fit(self, texts: list[str], labels: np.ndarray, validation: Validation | None) -> None:
        try:
            self.ngrams_ = LinearNgrams.of(self.pipeline(len(texts)).fit(texts, labels))
        except InvalidParameterError:
            raise
        except ValueError as error:  # n-gram ranges and frequencies that leave no feature
            raise CommuniqueError(f"tfidf: cannot be fitted so ({' '.join(str(error).split())})") from error

    def pipeline(self, sentences: int) -> Pipeline:
        """What is fitted, as scikit-learn knows it: the features and one linear model a label."""
        min_df = self.min_df if sentences >= 50 else 1
        options: dict[str, Any] = {"sublinear_tf": True, "min_df": min_df, "strip_accents": "unicode"}
        options |= {"lowercase": self.lowercase, "binary": self.binary, "use_idf": self.idf}
        word = TfidfVectorizer(ngram_range=tuple(self.word_ngrams), **options)
        char = TfidfVectorizer(analyzer=self.char_analyzer, ngram_range=tuple(self.char_ngrams), **options)
        features = FeatureUnion([("word", word), ("char", char)])
        return Pipeline([("features", features), ("heads", OneVsRestClassifier(self._linear()))])

    def _linear(self) -> LogisticRegression | LinearSVC:
        if self.head not in ("logistic", "svm"):
            raise CommuniqueError(f"tfidf: head '{self.head}' is unknown; choose logistic or svm")
        if self.head == "svm":
            # its coordinates are visited in a random order, which moves the sixth digit
            return LinearSVC(C=self.c, class_weight=self.class_weight, max_iter=5000, random_state=0)
        return LogisticRegression(C=self.c, class_weight=self.class_weight, max_iter=1000)

    def _proba(self, texts: list[str]) -> np.ndarray:
        return self.ngrams_.probabilities(texts)

    def size(self) -> Size:
        """One weight a label and n-gram, one intercept a label; document frequencies, if used, are counted only."""
        learned = linear_size(self.ngrams_.weights, self.ngrams_.intercepts)
        return Size(learned + sum(len(v.vocabulary_) for v in self.ngrams_.vectorisers if v.use_idf), learned)

    def _save(self, folder: Path) -> None:
        arrays, vocabularies = self.ngrams_.to_arrays()
        write_arrays(folder / WEIGHTS, arrays)
        write_vocabularies(folder / NGRAMS, vocabularies)

    def _load(self, folder: Path) -> None:
        arrays = read_arrays(folder / WEIGHTS)
        self.ngrams_ = LinearNgrams.from_arrays(arrays, read_vocabularies(folder / NGRAMS))
