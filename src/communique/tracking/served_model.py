"""The model as MLflow serves it: code by name, weights as a folder of safe files, nothing pickled."""

from typing import Any

import mlflow
import numpy as np
import pandas as pd

from communique.models import StanceModel, load_model


class ServedModel(mlflow.pyfunc.PythonModel):
    """Sentences in; one row each out: a probability a label and the decided labels, joined by ``;``."""

    model: StanceModel

    def load_context(self, context: Any) -> None:
        """Load the folder that was stored beside this file."""
        self.model = load_model(context.artifacts["model"])

    # no type hints: MLflow would put a signature of its own in place of ours
    def predict(self, context, model_input, params=None):  # type: ignore[no-untyped-def]
        """Score sentences; returns a table."""
        texts = list(np.asarray(model_input, dtype=object).ravel())
        probabilities = self.model.predict_proba(texts)
        table = pd.DataFrame(probabilities, columns=[f"prob_{label}" for label in self.model.labels])
        decided = self.model.decide(probabilities)
        table["labels"] = [";".join(np.array(self.model.labels)[row]) for row in decided]
        return table


mlflow.models.set_model(ServedModel())
