"""What the benchmark times: functions from sentences to probabilities, over the folders of ``contenders.prepare``.

Run by itself (``python scorers.py NAME FOLDER``), one contender in a process of its own, which loads nothing that
this contender does not need: when its first result came, and its peak memory after all sentences.
"""

import json
import resource
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from communique.models import load_model
from communique.models.threads import threads

Score = Callable[[Sequence[str]], np.ndarray]
LIBRARIES = ("pipeline, batch 1", "pipeline, batch 32", "setfit")
OURS = (
    *("encoder, torch", "encoder, onnx", "encoder, onnx int8", "shallow, onnx"),
    *("cascade", "cascade, shallow", "static", "tfidf"),
)


def contender(name: str, work: Path) -> Score:
    """A function from sentences to probabilities, ready to score."""
    if name.startswith("pipeline"):
        return pipeline(work, int(name.rsplit(" ", 1)[1]))
    if name == "setfit":
        return setfit(work)
    return load_model(work / name).predict_proba


def pipeline(work: Path, batch: int) -> Score:
    """transformers' own pipeline over an untrained network of the same size: its speed is what counts."""
    import torch
    from transformers import logging
    from transformers import pipeline as make

    torch.set_num_threads(threads())
    logging.set_verbosity_error()
    usual = str(work / "usual")
    run = make("text-classification", model=usual, tokenizer=usual, top_k=None, device="cpu")

    def score(texts: Sequence[str]) -> np.ndarray:
        said = run(list(texts), batch_size=batch, truncation=True, function_to_apply="sigmoid")
        return np.array([[entry["score"] for entry in row] for row in said])

    return score


def setfit(work: Path) -> Score:
    """SetFit's predict over the packaged encoder; its head learns from 64 sentences, since only speed counts."""
    import torch
    from sentence_transformers import SentenceTransformer
    from setfit import SetFitModel
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier

    from communique.models.encoder import PACKAGED, locate

    torch.set_num_threads(threads())
    body = SentenceTransformer(str(locate(PACKAGED)), device="cpu")
    texts = json.loads((work / "sentences.json").read_text(encoding="utf-8"))[:64]
    labels = np.random.default_rng(0).integers(0, 2, (len(texts), 4))
    head = OneVsRestClassifier(LogisticRegression()).fit(body.encode(texts), labels)
    model = SetFitModel(model_body=body, model_head=head, multi_target_strategy="one-vs-rest")
    return lambda texts: np.asarray(model.predict_proba(list(texts), batch_size=32, as_numpy=True))


def alone(name: str, work: Path) -> None:
    """One contender by itself: the first sentence, then all."""
    score = contender(name, work)
    texts = json.loads((work / "sentences.json").read_text(encoding="utf-8"))
    score(texts[:1])
    first = time.time()
    score(texts)
    print(json.dumps({"first": first, "peak": peak_megabytes()}))


def peak_megabytes() -> float:
    """This process's peak memory, from /proc where there is one: ``ru_maxrss`` may hold what the parent had."""
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (line for line in status.read_text(encoding="utf-8").splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    alone(sys.argv[1], Path(sys.argv[2]))
