"""A sentence encoder tuned on pairs of sentences, then a linear head: SetFit (Tunstall et al. 2022), by its library.

The library builds every pair of the sentences it is given before it draws some, and takes two unlabelled sentences
for a dissimilar pair. So it is given at most ``pool`` sentences, drawn by the seed, at most ``max_steps`` batches
are asked for, and "none of the labels" is a column of its own while pairs are made.
"""

import tempfile
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from rich.console import Console
from sklearn.linear_model import LogisticRegression

from communique.errors import missing_extra
from communique.models.base import Bounds, Size, Validation
from communique.models.embedding import ENCODER, HEADS, EmbeddingModel
from communique.models.encoder import PACKAGED, FrozenEncoder, locate, readable, require_transformers, use_bfloat16

console = Console(markup=False)


class SetFitModel(EmbeddingModel):
    """Contrastive fine-tuning of ``encoder`` on at most ``max_steps`` batches of pairs, then one linear head a label.

    Two sentences are alike where they share a label, or both have none; as many alike as unlike are drawn. The head
    learns from every training sentence. What was really used is printed and kept under ``provenance["pairing"]``.
    """

    kind = "setfit"
    bounds: ClassVar[dict[str, Bounds]] = EmbeddingModel.bounds | {
        "max_steps": Bounds(low=1),
        "batch_size": Bounds(low=1),
        "pool": Bounds(low=2),
        "learning_rate": Bounds(open=True),
        "seed": Bounds(0, 2**32 - 1),
    }

    def __init__(
        self,
        encoder: str = PACKAGED,
        max_steps: int = 600,
        batch_size: int = 16,
        pool: int = 4000,
        learning_rate: float = 2e-5,
        c: float = 1.0,
        class_weight: str | None = "balanced",
        max_length: int = 128,
        precision: str = "auto",
        seed: int = 0,
    ) -> None:
        super().__init__(encoder, c, class_weight, max_length)
        self.max_steps = max_steps
        self.batch_size = batch_size
        self.pool = pool
        self.learning_rate = learning_rate
        self.precision = precision
        self.seed = seed

    def _fit(self, texts: list[str], labels: np.ndarray, validation: Validation | None) -> None:
        _require_setfit()
        from transformers import set_seed

        set_seed(self.seed)
        with tempfile.TemporaryDirectory(prefix="communique-") as scratch:
            encoder = self._tuned(texts, labels, Path(scratch))
            self.encoder_ = FrozenEncoder(str(encoder), self.max_length, of_one_fit=True)
        self._fit_head(texts, labels)

    def size(self) -> Size | None:
        """As of an embedding model, all of it learned: the encoder is tuned. None once exported."""
        size = super().size()
        return None if size is None else Size(size.total, size.total)

    def _tuned(self, texts: list[str], labels: np.ndarray, scratch: Path) -> Path:
        """Tune the encoder on pairs and leave it in a folder of ``scratch``, which is returned."""
        rows = np.random.default_rng(self.seed).permutation(len(texts))[: self.pool]
        none = labels[rows].sum(axis=1, keepdims=True) == 0
        columns = np.hstack([labels[rows], none]).astype(int).tolist()
        body = self._body()
        trainer = self._trainer(body, scratch)
        limit = self.max_steps * self.batch_size
        pairs, loss = trainer.get_dataset([texts[i] for i in rows], columns, args=trainer.args, max_pairs=limit)
        pairs = _by_length(pairs, self.batch_size, self.seed)
        self._tell(pairs, len(texts))
        _train(trainer.st_trainer, pairs, loss, use_bfloat16(self.precision))
        body[0].auto_model.save_pretrained(scratch / ENCODER)
        body.tokenizer.save_pretrained(scratch / ENCODER)
        return scratch / ENCODER

    def _body(self) -> Any:
        """The encoder with mean pooling, as ``FrozenEncoder`` reads it."""
        from sentence_transformers import SentenceTransformer
        from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

        folder = locate(self.encoder)
        with readable(folder):
            words = Transformer(str(folder), max_seq_length=self.max_length)
        return SentenceTransformer(modules=[words, Pooling(words.get_embedding_dimension(), "mean")])

    def _trainer(self, body: Any, scratch: Path) -> Any:
        """The library's trainer, quiet, with our progress bar, writing nothing but into ``scratch``."""
        from setfit import SetFitModel as Library
        from setfit import Trainer, TrainingArguments
        from transformers import PrinterCallback, ProgressCallback

        from communique.models.progress import RichProgress

        arguments = TrainingArguments(
            output_dir=str(scratch / "trainer"),
            batch_size=self.batch_size,
            num_epochs=1,
            body_learning_rate=self.learning_rate,
            report_to="none",
            logging_strategy="no",
            save_strategy="no",
            seed=self.seed,
        )
        model = Library(body, LogisticRegression(), multi_target_strategy="one-vs-rest")
        trainer = Trainer(model=model, args=arguments)
        for callback in (ProgressCallback, PrinterCallback):
            trainer.remove_callback(callback)
        trainer.add_callback(RichProgress())
        return trainer

    def _tell(self, pairs: Any, sentences: int) -> None:
        """Print, and keep for the record, how much the encoder is really tuned on."""
        used = len(set(pairs["sentence_1"]) | set(pairs["sentence_2"]))
        alike = int(sum(pairs["label"]))
        self.provenance["pairing"] = {"pairs": len(pairs), "alike": alike, "sentences": used, "of": sentences}
        console.print(
            f"setfit: {len(pairs):,} pairs, {alike:,} alike, of {used:,} of {sentences:,} sentences; "
            f"{-(-len(pairs) // self.batch_size):,} steps of at most {self.max_steps:,}"
        )

    def _save(self, folder: Path) -> None:
        if not isinstance(self.encoder_, FrozenEncoder):
            return super()._save(folder)
        self.heads_.save(folder / HEADS)
        self.encoder_.model.save_pretrained(folder / ENCODER)
        self.encoder_.tokenizer.save_pretrained(folder / ENCODER)
        return None


def _require_setfit() -> None:
    """Raise CommuniqueError where the library is missing; keep it from telling every step on the terminal."""
    require_transformers()
    try:
        from setfit import logging
    except ImportError as error:
        raise missing_extra("setfit", str(error.name)) from error
    logging.set_verbosity_error()


def _by_length(pairs: Any, size: int, seed: int) -> Any:
    """The pairs in batches of like length, batches in random order: nearly half the work is padding otherwise.

    The longer sentence of a pair comes first, which changes nothing, since similarity is symmetric.
    """
    texts = [sorted(pair, key=len, reverse=True) for pair in zip(pairs["sentence_1"], pairs["sentence_2"], strict=True)]
    labels = list(pairs["label"])
    longer, shorter = np.array([[len(a), len(b)] for a, b in texts]).T
    order = np.lexsort((shorter, longer // 16))
    whole = len(order) // size * size  # an incomplete batch stays last, or it would shift the others
    shuffled = np.random.default_rng(seed).permutation(order[:whole].reshape(-1, size))
    rows = [*shuffled.ravel(), *order[whole:]]
    columns = {"sentence_1": [texts[i][0] for i in rows], "sentence_2": [texts[i][1] for i in rows]}
    return type(pairs).from_dict(columns | {"label": [labels[i] for i in rows]})


def _in_order(dataset: Any, batch_size: int, drop_last: bool, **rest: Any) -> Any:
    """Batches as the pairs stand."""
    from torch.utils.data import BatchSampler, SequentialSampler

    return BatchSampler(SequentialSampler(dataset), batch_size, drop_last)


def _train(trainer: Any, pairs: Any, loss: Any, bfloat16: bool) -> None:
    """One pass over the pairs. The library knows no bfloat16 on a processor, so it is told from outside."""
    import torch

    trainer.train_dataset, trainer.loss = pairs, loss
    trainer.args.batch_sampler, trainer.args.dataloader_pin_memory = _in_order, False
    with torch.autocast(trainer.args.device.type, torch.bfloat16, enabled=bfloat16):
        trainer.train()
