"""Kinds that can learn from a fitted model as well as from labels (Hinton et al. 2015, "Distilling the Knowledge")."""

from typing import Any

import numpy as np

from communique.data.texts import read_texts
from communique.errors import CommuniqueError
from communique.models.base import StanceModel
from communique.models.lineage import archive_of, check_trained_alike


class TaughtModel(StanceModel):
    """A model that may be a student of the one saved in the folder ``teacher`` (a configuration may name it otherwise).

    The teacher must have been fitted on the very sentences given, or it could tell of what is kept for the test.
    ``mix`` is the weight of the teacher's probabilities against the labels. ``unlabelled`` is a file of sentences of
    one's own (.txt, one a line, or .jsonl with ``text``) that the teacher alone labels.
    """

    teacher: str | None
    mix: float
    unlabelled: str | None

    def _lesson(self, texts: list[str], labels: np.ndarray) -> tuple[list[str], np.ndarray]:
        """The sentences to learn from and a probability for each label, ``(n, L)``: without a teacher what was given.

        Raises CommuniqueError for unlabelled sentences without a teacher, and for a teacher of other labels or
        sentences.
        """
        further = [] if self.unlabelled is None else read_texts(self.unlabelled)
        if self.teacher is None:
            if further:
                raise CommuniqueError(f"{self.kind}: unlabelled sentences need a teacher to label them; name one")
            return texts, labels.astype(np.float32)
        from communique.models import load_model

        teacher = load_model(self.teacher)
        if teacher.labels != self.labels:
            raise CommuniqueError(f"{self.teacher}: has other labels than these sentences; name a teacher of the same")
        check_trained_alike(teacher, self.provenance["trained_on"], f"teacher {teacher.name} ({self.teacher})")
        self.provenance |= {"teacher": teacher.name, "teacher_digest": teacher.fingerprint, **archive_of([teacher])}
        said = teacher.predict_proba([*texts, *further])
        known = self.mix * said[: len(texts)] + (1 - self.mix) * labels
        return [*texts, *further], np.concatenate([known, said[len(texts) :]]).astype(np.float32)

    def _parameters(self) -> dict[str, Any]:
        return super()._parameters() | {"teacher": None, "unlabelled": None}  # paths of the machine that fitted it
