"""Word and character n-grams, weighted by tf-idf, into one linear classifier a label."""

from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from scipy.special import expit
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.svm import LinearSVC
from sklearn.utils._param_validation import InvalidParameterError

from communique.errors import CommuniqueError
from communique.models.base import Bounds, Size, StanceModel, Validation, linear_size
from communique.models.estimators import read_estimator, write_estimator
from communique.models.ngrams import LinearNgrams

FILE = "pipeline.skops"


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
        min_df = self.min_df if len(texts) >= 50 else 1
        options: dict[str, Any] = {"sublinear_tf": True, "min_df": min_df, "strip_accents": "unicode"}
        options |= {"lowercase": self.lowercase, "binary": self.binary, "use_idf": self.idf}
        word = TfidfVectorizer(ngram_range=tuple(self.word_ngrams), **options)
        char = TfidfVectorizer(analyzer=self.char_analyzer, ngram_range=tuple(self.char_ngrams), **options)
        features = FeatureUnion([("word", word), ("char", char)])
        pipeline = Pipeline([("features", features), ("heads", OneVsRestClassifier(self._linear()))])
        try:
            self.pipeline_ = pipeline.fit(texts, labels)
        except InvalidParameterError:
            raise
        except ValueError as error:  # n-gram ranges and frequencies that leave no feature
            raise CommuniqueError(f"tfidf: cannot be fitted so ({' '.join(str(error).split())})") from error

    def _linear(self) -> LogisticRegression | LinearSVC:
        if self.head not in ("logistic", "svm"):
            raise CommuniqueError(f"tfidf: head '{self.head}' is unknown; choose logistic or svm")
        if self.head == "svm":
            return LinearSVC(C=self.c, class_weight=self.class_weight, max_iter=5000)
        return LogisticRegression(C=self.c, class_weight=self.class_weight, max_iter=1000)

    def _proba(self, texts: list[str]) -> np.ndarray:
        if self.char_analyzer == "char_wb" and self.idf and not self.binary:
            return self._fast_ngrams().probabilities(texts)
        if self.head == "svm":
            margins = np.asarray(self.pipeline_.decision_function(texts))
            return np.asarray(expit(margins.reshape(len(texts), len(self.labels))))
        # a single label makes scikit-learn return both columns
        return np.asarray(self.pipeline_.predict_proba(texts))[:, -len(self.labels) :]

    def _fast_ngrams(self) -> LinearNgrams:
        known, fast = getattr(self, "_fast", (None, None))
        if known is not self.pipeline_ or fast is None:
            fast = LinearNgrams.of(self.pipeline_)
            self._fast = (self.pipeline_, fast)
        return fast

    def size(self) -> Size:
        """One weight a label and n-gram, one intercept a label; document frequencies, if used, are counted only."""
        vectorisers = [vectoriser for _, vectoriser in self.pipeline_["features"].transformer_list]
        learned = linear_size(self.pipeline_["heads"])
        return Size(learned + sum(len(v.idf_) for v in vectorisers if v.use_idf), learned)

    def _save(self, folder: Path) -> None:
        write_estimator(self.pipeline_, folder / FILE)

    def _load(self, folder: Path) -> None:
        self.pipeline_ = read_estimator(folder / FILE)
