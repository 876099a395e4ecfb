"""The split that a corpus comes with: one file a part."""

from collections.abc import Iterator
from pathlib import Path

from communique.data.dataset import Corpus, read_corpus
from communique.data.splits import Fold, Split


class FilesSplit:
    """Train, test and perhaps validation as published, each the documents of a labelled file.

    With ``learn_from_validation`` the validation file joins training, for a model whose settings are chosen by
    cross-validation. Documents of the files that are not in the corpus (left out by a filter) are passed over.
    """

    def __init__(
        self,
        train: str | Path,
        test: str | Path,
        validation: str | Path | None = None,
        learn_from_validation: bool = False,
    ) -> None:
        self.train = train
        self.test = test
        self.validation = validation
        self.learn_from_validation = learn_from_validation

    def folds(self, corpus: Corpus, seed: int) -> Iterator[Fold]:
        """Yield the published cut; CommuniqueError where a document is in two files or in none."""
        present = set(corpus.documents)
        parts: dict[str, tuple[str, ...]] = {}
        for part, path in (("train", self.train), ("validation", self.validation), ("test", self.test)):
            if path is not None:
                held = {s.document for s in read_corpus(path, corpus.codebook)} & present
                joined = "train" if part == "validation" and self.learn_from_validation else part
                parts[joined] = (*parts.get(joined, ()), *sorted(held))
        yield Fold(Split(parts).apply(corpus))
