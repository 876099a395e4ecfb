"""Zero-shot: does the sentence entail a hypothesis that is worded for the label? Nothing is learned from ours."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from rich.progress import track

from communique.data.codebook import Codebook, Label
from communique.errors import CommuniqueError
from communique.models.base import Bounds, StanceModel, Validation
from communique.models.encoder import batches_by_length, fetch, load_tokenizer, reach, require_transformers

NETWORK = "network"
HYPOTHESES = "hypotheses.json"
STRIDE = 32  # tokens by which the windows of a long sentence overlap


class NliModel(StanceModel):
    """A label's probability is that of entailment between sentence and hypothesis (Yin et al. 2019).

    ``model`` is any Hugging Face sequence classifier for natural language inference, by id or folder, with
    safetensors weights; the saved model carries a copy. A label's hypothesis comes from the codebook at
    ``codebook_path``, or from ``template``, in which ``{title}`` and ``{definition}`` stand for the label's own.
    ``fit`` reads hypotheses and weights and learns nothing; thresholds and calibrators are fitted as for any kind.
    """

    kind = "nli"
    bounds: ClassVar[dict[str, Bounds]] = {"max_length": Bounds(low=8), "batch_size": Bounds(low=1)}

    def __init__(
        self,
        model: str,
        codebook_path: str = "data/codebook.yaml",
        template: str = "This sentence expresses {title}.",
        max_length: int = 256,
        batch_size: int = 32,
    ) -> None:
        self.model = model
        self.codebook_path = codebook_path
        self.template = template
        self.max_length = max_length
        self.batch_size = batch_size

    def _fit(self, texts: list[str], labels: np.ndarray, validation: Validation | None) -> None:
        book = {label.name: label for label in Codebook.load(self.codebook_path).labels}
        if missing := [name for name in self.labels if name not in book]:
            raise CommuniqueError(f"{self.codebook_path}: has no label '{missing[0]}'; name the corpus's own codebook")
        self.hypotheses_ = [_hypothesis(book[name], self.template) for name in self.labels]
        require_transformers()
        remedy = "name the folder of an NLI model, or an id while the hub can be reached"
        self._take(fetch(self.model, "NLI model", remedy))

    def _take(self, folder: Path) -> None:
        """Load tokeniser and network, and find out which output means entailment and how much the network reads."""
        self.tokenizer_, self.network_ = _read(folder)
        self.entailment_ = entailment_column(self.network_.config.label2id, self.model)
        self.length_ = reach(self.network_.config, self.max_length)
        for hypothesis in self.hypotheses_:
            if self._room(hypothesis) < self.length_ // 4:
                raise CommuniqueError(
                    f"hypothesis '{hypothesis[:60]}': leaves no room for a sentence among {self.length_} tokens; "
                    "shorten it or raise max_length"
                )

    def _room(self, hypothesis: str) -> int:
        """How many tokens of a sentence stand beside the hypothesis."""
        return self.length_ - len(self.tokenizer_("", hypothesis)["input_ids"])

    def windows(self, texts: Sequence[str]) -> np.ndarray:
        """How many windows each text is scored in, for the hypothesis that needs most, shape ``(n,)``."""
        owners = [self._pairs(list(texts), hypothesis)[1] for hypothesis in self.hypotheses_]
        counts: np.ndarray = np.max([np.bincount(owner, minlength=len(texts)) for owner in owners], axis=0)
        return counts

    def _proba(self, texts: list[str]) -> np.ndarray:
        best = np.zeros((len(texts), len(self.labels)))
        for column, hypothesis in enumerate(self.hypotheses_):
            pairs, owner = self._pairs(texts, hypothesis)
            what = f"entailment, label {column + 1} of {len(self.labels)}"
            np.maximum.at(best[:, column], owner, self._entailment(pairs, what))
        return best

    def _pairs(self, texts: list[str], hypothesis: str) -> tuple[list[dict[str, Any]], np.ndarray]:
        """The tokens of every window of every text beside the hypothesis, and the row each window belongs to."""
        coded = self.tokenizer_(
            texts,
            [hypothesis] * len(texts),
            truncation="only_first",
            max_length=self.length_,
            stride=min(STRIDE, self._room(hypothesis) // 4),
            return_overflowing_tokens=True,
            padding=False,
        )
        names = [name for name in self.tokenizer_.model_input_names if name in coded]
        rows = [dict(zip(names, row, strict=True)) for row in zip(*(coded[name] for name in names), strict=True)]
        return rows, np.asarray(coded["overflow_to_sample_mapping"])

    def _entailment(self, pairs: list[dict[str, Any]], what: str) -> np.ndarray:
        """Each pair's probability of entailment among all the network's outputs, shape ``(n,)``."""
        import torch

        found = np.zeros(len(pairs))
        plan = list(batches_by_length([len(pair["input_ids"]) for pair in pairs], self.batch_size))
        with torch.inference_mode():
            for rows in track(plan, what, disable=len(pairs) < 2000, transient=True):
                batch = self.tokenizer_.pad([pairs[i] for i in rows], return_tensors="pt").to(self.network_.device)
                found[rows] = self.network_(**batch).logits.softmax(dim=1)[:, self.entailment_].double().cpu().numpy()
        return found

    def _save(self, folder: Path) -> None:
        self.network_.save_pretrained(folder / NETWORK)
        self.tokenizer_.save_pretrained(folder / NETWORK)
        text = json.dumps(dict(zip(self.labels, self.hypotheses_, strict=True)), indent=1, ensure_ascii=False)
        (folder / HYPOTHESES).write_text(text + "\n", encoding="utf-8")

    def _load(self, folder: Path) -> None:
        require_transformers()
        self.hypotheses_ = list(json.loads((folder / HYPOTHESES).read_text(encoding="utf-8")).values())
        self._take(folder / NETWORK)


def entailment_column(label2id: Mapping[str, int], model: str) -> int:
    """Which output of an NLI model means entailment; CommuniqueError where its configuration names none so."""
    for name, column in label2id.items():
        if name.lower().startswith("entail"):
            return int(column)
    raise CommuniqueError(
        f"NLI model '{model}': its outputs are called {', '.join(label2id)}, none of them entailment; "
        "name a model for natural language inference"
    )


def _hypothesis(label: Label, template: str) -> str:
    if label.hypothesis:
        return label.hypothesis
    try:
        return template.format(title=label.title.lower(), definition=label.definition)
    except (KeyError, IndexError, ValueError) as error:
        raise CommuniqueError(f"template '{template}': may hold {{title}} and {{definition}} alone") from error


def _read(folder: Path) -> tuple[Any, Any]:
    """The tokeniser and the classifier in ``folder``, weights from safetensors; no code of the folder is run."""
    from transformers import AutoModelForSequenceClassification

    local = {"local_files_only": True}
    try:
        network = AutoModelForSequenceClassification.from_pretrained(folder, use_safetensors=True, **local)
        return load_tokenizer(folder), network.eval()
    except (OSError, ValueError) as error:
        reason = str(error).strip().split("\n")[0]
        raise CommuniqueError(f"NLI model {folder}: cannot be loaded from safetensors weights ({reason})") from error
