"""The fine-tuned encoder: the one training loop of the project (``transformers.Trainer``)."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from rich.progress import track
from scipy.special import expit
from sklearn.metrics import f1_score

from communique.errors import CommuniqueError
from communique.evaluation.thresholds import fit_thresholds
from communique.models.base import Bounds, Size, Validation
from communique.models.encoder import (
    PACKAGED,
    batches_by_length,
    load_tokenizer,
    locate,
    pad,
    reach,
    readable,
    require_transformers,
    use_bfloat16,
    windows_of,
)
from communique.models.taught import TaughtModel

if TYPE_CHECKING:
    from communique.models.network import StanceConfig, StanceNetwork

NETWORK = "network"


class TransformerModel(TaughtModel):
    """MiniLM (or any BERT by ``encoder``) fine-tuned with binary cross-entropy over all labels at once.

    Of the encoder's layers the lowest ``layers`` are taken (0: all), of which the lowest ``freeze_layers`` keep their
    pretrained weights. ``teacher``, ``mix`` and ``unlabelled`` as in ``TaughtModel``. With validation the epoch of the
    best macro-F1 is kept and training stops after ``patience`` epochs without a better one. ``precision`` is ``auto``
    (bfloat16 where the processor has it), ``float32`` or ``bfloat16``.
    """

    kind = "transformer"
    soft_labels = True
    bounds: ClassVar[dict[str, Bounds]] = {
        "epochs": Bounds(low=1),
        "learning_rate": Bounds(open=True),
        "head_learning_rate": Bounds(open=True),
        "batch_size": Bounds(low=1),
        "warmup": Bounds(),
        "weight_decay": Bounds(),
        "dropout": Bounds(0, 0.99),
        "layers": Bounds(),
        "freeze_layers": Bounds(),
        "max_length": Bounds(8, 512),
        "patience": Bounds(low=1),
        "mix": Bounds(0, 1),
        "seed": Bounds(0, 2**32 - 1),
    }

    def __init__(
        self,
        encoder: str = PACKAGED,
        epochs: int = 3,
        learning_rate: float = 2e-4,
        head_learning_rate: float = 1e-3,
        batch_size: int = 32,
        warmup: float = 0.1,
        weight_decay: float = 0.01,
        dropout: float = 0.1,
        layers: int = 0,
        freeze_layers: int = 0,
        max_length: int = 128,
        patience: int = 2,
        precision: str = "auto",
        seed: int = 0,
        teacher: str | None = None,
        mix: float = 0.5,
        unlabelled: str | None = None,
    ) -> None:
        self.encoder = encoder
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.head_learning_rate = head_learning_rate
        self.batch_size = batch_size
        self.warmup = warmup
        self.weight_decay = weight_decay
        self.dropout = dropout
        self.layers = layers
        self.freeze_layers = freeze_layers
        self.max_length = max_length
        self.patience = patience
        self.precision = precision
        self.seed = seed
        self.teacher = teacher
        self.mix = mix
        self.unlabelled = unlabelled

    def _fit(self, texts: list[str], labels: np.ndarray, validation: Validation | None) -> None:
        require_transformers()
        from transformers import set_seed

        folder = locate(self.encoder)
        with readable(folder):
            config = self._config(folder)  # before the lesson: a teacher takes its time
        sentences, targets = self._lesson(texts, labels)
        set_seed(self.seed)
        with readable(folder):
            self.tokenizer_ = load_tokenizer(folder)
            self.network_ = self._network(folder, config)
        train = self._rows(sentences, targets)
        held_out = None if validation is None else self._rows(validation[0], validation[1].to_numpy())
        if held_out is not None:  # the Trainer groups by length in training only
            held_out.sort(key=lambda row: len(row["input_ids"]))
        with tempfile.TemporaryDirectory(prefix="communique-") as scratch:
            trainer = self._trainer(train, held_out, scratch)
            trainer.train()
        self.network_ = trainer.model.eval()

    def _config(self, folder: Path) -> "StanceConfig":
        from transformers import AutoConfig

        from communique.models.network import StanceConfig

        base = AutoConfig.from_pretrained(folder, local_files_only=True).to_dict()
        if base.get("model_type") not in ("bert", StanceConfig.model_type):
            raise CommuniqueError(
                f"encoder {folder}: is a '{base.get('model_type')}'; this kind fine-tunes BERT encoders"
            )
        options = {k: v for k, v in base.items() if k not in ("model_type", "architectures", "id2label", "label2id")}
        options |= {"id2label": dict(enumerate(self.labels)), "head_dropout": self.dropout}
        if self.layers > options["num_hidden_layers"]:
            raise CommuniqueError(
                f"transformer: layers={self.layers}, but encoder {folder} has {options['num_hidden_layers']}"
            )
        if 0 < self.layers <= self.freeze_layers:
            raise CommuniqueError(
                f"transformer: freeze_layers={self.freeze_layers} leaves none of layers={self.layers} to learn; "
                "freeze fewer"
            )
        return StanceConfig(**options | ({"num_hidden_layers": self.layers} if self.layers else {}))

    def _network(self, folder: Path, config: "StanceConfig") -> "StanceNetwork":
        from communique.models.network import StanceNetwork

        network = StanceNetwork.from_pretrained(folder, config=config, local_files_only=True)
        network.freeze(self.freeze_layers)
        return network

    def _rows(self, texts: Any, labels: np.ndarray) -> list[dict[str, Any]]:
        ids, owner = self._windows(texts)
        targets = labels.astype(np.float32)[owner]
        return [{"input_ids": i, "labels": y} for i, y in zip(ids, targets, strict=True)]

    def _trainer(self, train: list[dict[str, Any]], held_out: list[dict[str, Any]] | None, scratch: str) -> Any:
        from transformers import DataCollatorWithPadding, EarlyStoppingCallback, PrinterCallback, Trainer

        from communique.models.progress import RichProgress

        callbacks: list[Any] = [RichProgress()]
        if held_out is not None:
            callbacks.append(EarlyStoppingCallback(early_stopping_patience=self.patience))
        trainer = Trainer(
            model=self.network_,
            args=self._arguments(scratch, validated=held_out is not None),
            train_dataset=train,
            eval_dataset=held_out,
            processing_class=self.tokenizer_,
            data_collator=DataCollatorWithPadding(self.tokenizer_),
            compute_metrics=_validation_macro_f1,
            optimizers=(self._optimizer(), None),
            callbacks=callbacks,
        )
        trainer.remove_callback(PrinterCallback)
        return trainer

    def _arguments(self, scratch: str, validated: bool) -> Any:
        import torch
        from transformers import TrainingArguments

        kept = {
            "save_strategy": "best",
            "load_best_model_at_end": True,
            "metric_for_best_model": "macro_f1",
            "greater_is_better": True,
            "save_total_limit": 1,
            "save_only_model": True,
        }
        return TrainingArguments(
            output_dir=scratch,
            use_cpu=not torch.cuda.is_available(),
            bf16=use_bfloat16(self.precision),
            num_train_epochs=self.epochs,
            per_device_train_batch_size=self.batch_size,
            per_device_eval_batch_size=32,
            learning_rate=self.learning_rate,
            warmup_steps=self.warmup,
            train_sampling_strategy="group_by_length",
            eval_strategy="epoch" if validated else "no",
            logging_strategy="epoch",
            report_to="none",
            disable_tqdm=True,
            seed=self.seed,
            data_seed=self.seed,
            dataloader_pin_memory=False,
            label_names=["labels"],
            **(kept if validated else {"save_strategy": "no"}),
        )

    def _optimizer(self) -> Any:
        """AdamW with a faster head: it starts from nothing, the encoder does not."""
        from torch.optim import AdamW

        body = [p for p in self.network_.bert.parameters() if p.requires_grad]
        head = list(self.network_.head.parameters())
        groups = [
            {"params": body, "lr": self.learning_rate, "weight_decay": self.weight_decay},
            {"params": head, "lr": self.head_learning_rate, "weight_decay": 0.0},
        ]
        return AdamW(groups, fused=True)

    def size(self) -> Size:
        """The encoder's and the head's weights; those of frozen layers are not learned."""
        return Size(self.network_.num_parameters(), self.network_.num_parameters(only_trainable=True))

    @property
    def runtime(self) -> str:
        """What computes it."""
        return "torch"

    def windows(self, texts: Any) -> np.ndarray:
        """How many windows of ``max_length`` tokens each text is scored in, shape ``(n,)``."""
        _, owner = self._windows(texts)
        return np.bincount(owner, minlength=len(texts))

    def _windows(self, texts: Any) -> tuple[list[Any], np.ndarray]:
        return windows_of(self.tokenizer_, texts, reach(self.network_.config, self.max_length))

    def _proba(self, texts: list[str]) -> np.ndarray:
        ids, owner = self._windows(texts)
        probabilities = expit(self._logits(ids))
        best = np.zeros((len(texts), len(self.labels)))
        np.maximum.at(best, owner, probabilities)  # a stance anywhere in a long sentence is its stance
        return best

    def _logits(self, ids: list[Any], batch: int = 32) -> np.ndarray:
        import torch

        logits = np.zeros((len(ids), len(self.labels)))
        plan = list(batches_by_length([len(row) for row in ids], batch))
        device = self.network_.device
        with torch.inference_mode():
            for rows in track(plan, "scoring sentences", disable=len(ids) < 2000, transient=True):
                padded, mask = pad([ids[i] for i in rows], self.tokenizer_.pad_token_id)
                logits[rows] = self.network_(padded.to(device), mask.to(device)).logits.float().cpu().numpy()
        return logits

    def _save(self, folder: Path) -> None:
        self.network_.save_pretrained(folder / NETWORK)
        self.tokenizer_.save_pretrained(folder / NETWORK)

    def _load(self, folder: Path) -> None:
        require_transformers()
        from communique.models.network import StanceNetwork

        self.tokenizer_ = load_tokenizer(folder / NETWORK)
        self.network_ = StanceNetwork.from_pretrained(folder / NETWORK, local_files_only=True).eval()


def _validation_macro_f1(prediction: Any) -> dict[str, float]:
    """Macro-F1 at the thresholds that suit these logits: the epoch is judged, not the cut."""
    probabilities, gold = expit(prediction.predictions), prediction.label_ids.astype(int)
    thresholds = fit_thresholds(gold, probabilities).values
    return {"macro_f1": float(f1_score(gold, probabilities >= thresholds, average="macro", zero_division=0))}
