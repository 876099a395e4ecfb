"""How the static student learns: the torch twin of ``models.static``; imported only where torch is."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch  # noqa: TID253
from rich.progress import track
from torch import nn  # noqa: TID253

from communique.models.encoder import locate
from communique.models.static import ngram_keys

if TYPE_CHECKING:
    from communique.models.static import StaticModel

SPREAD = 0.3  # standard deviation of the vectors at the start
WORD_DROP, NGRAM_DROP = 0.1, 0.3  # shares of pieces and n-grams left out in learning
WARMUP = 0.05
SORTED = 32  # batches among which sentences of like length are put together


class Student(nn.Module):
    """Log-odds ``(b, L)`` from padded pieces ``(b, t)``; as ``models.static`` computes them, with dropout besides."""

    def __init__(self, model: "StaticModel", vectors: np.ndarray, unknown: int) -> None:
        super().__init__()
        labels, width = len(model.labels), vectors.shape[1]
        self.unknown, self.ngrams, self.buckets = unknown, model.ngrams, model.buckets
        self.vectors = nn.Embedding.from_pretrained(torch.tensor(vectors), freeze=False, sparse=True)
        self.gates = nn.Embedding(len(vectors), 1, sparse=True)
        self.kernel = nn.Conv1d(width, model.channels, model.span, padding=model.span // 2)
        self.head = nn.Linear(width + model.channels, labels)
        self.table = nn.EmbeddingBag(model.buckets + 1, labels, mode="sum", sparse=True, padding_idx=model.buckets)
        self.drop = nn.Dropout(model.dropout)
        nn.init.zeros_(self.gates.weight)
        nn.init.zeros_(self.table.weight)

    def forward(self, pieces: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """The sum of the deep and the wide part."""
        return self._deep(pieces, mask) + self._wide(pieces, mask)

    def _deep(self, pieces: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        if self.training:
            left_out = torch.rand(pieces.shape) < WORD_DROP
            pieces = torch.where(left_out & (mask > 0), self.unknown, pieces)
        vectors = nn.functional.dropout(self.vectors(pieces), self.drop.p / 2, self.training) * mask[..., None]
        gates = torch.sigmoid(self.gates(pieces)[..., 0]) * mask
        mean = (vectors * gates[..., None]).sum(1) / gates.sum(1, keepdim=True)
        seen = torch.relu(self.kernel(vectors.transpose(1, 2))) * mask[:, None]
        result: torch.Tensor = self.head(self.drop(torch.cat([mean, seen.amax(2)], 1)))
        return result

    def _wide(self, pieces: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        found = []
        for size, keys in enumerate(ngram_keys(pieces, self.ngrams, self.buckets)):
            kept = mask[:, size:] > 0
            if self.training:
                kept &= torch.rand(kept.shape) >= NGRAM_DROP
            found.append(torch.where(kept, keys, self.buckets))
        share = 1 - NGRAM_DROP if self.training else 1.0
        result: torch.Tensor = self.table(torch.cat(found, 1)) / mask.sum(1, keepdim=True).sqrt() / share
        return result

    def arrays(self) -> dict[str, np.ndarray]:
        """The weights as ``models.static`` wants them, rounded to the halves that are saved."""
        with torch.no_grad():
            found = {
                "vectors": self.vectors.weight,
                "gates": torch.sigmoid(self.gates.weight[:, 0]),
                "kernels": self.kernel.weight.permute(2, 1, 0),
                "kernel_bias": self.kernel.bias,
                "head": self.head.weight.T,
                "head_bias": self.head.bias,
                "ngrams": self.table.weight[:-1],
            }
            return {name: value.contiguous().half().float().numpy() for name, value in found.items()}


def fit_student(model: "StaticModel", texts: Sequence[str], targets: np.ndarray) -> tuple[Any, dict[str, np.ndarray]]:
    """Fit a student to probabilities ``targets (n, L)``; returns its tokeniser and its weights."""
    folder = locate(model.encoder)
    tokenizer, ids = _pieces(folder, texts)
    torch.manual_seed(model.seed)
    unknown = tokenizer.token_to_id(tokenizer.model.unk_token) or 0
    student = Student(model, _first_vectors(folder, model.width), unknown)
    _learn(student, model, [row or [unknown] for row in ids], torch.tensor(targets))
    return tokenizer, student.eval().arrays()


def _pieces(folder: Path, texts: Sequence[str]) -> tuple[Any, list[list[int]]]:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    coded = tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
    return tokenizer, [part.ids for part in coded]


def _first_vectors(folder: Path, width: int) -> np.ndarray:
    """The encoder's word vectors on their ``width`` main axes (all of them where it has fewer)."""
    from safetensors.numpy import load_file

    weights = load_file(folder / "model.safetensors")
    words = next(v for name, v in weights.items() if name.endswith("word_embeddings.weight")).astype(np.float32)
    centred = words - words.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    turned = centred @ axes[:, ::-1][:, :width]
    return np.ascontiguousarray(turned * (SPREAD / turned.std()))


def _learn(student: Student, model: "StaticModel", ids: list[list[int]], targets: torch.Tensor) -> None:
    """Adam with a short warm-up and a straight way down; rows of tables that a batch lacks are left alone."""
    sparse = [
        {"params": [student.vectors.weight, student.gates.weight], "lr": model.learning_rate},
        {"params": [student.table.weight], "lr": model.wide_learning_rate},
    ]
    dense = [*student.kernel.parameters(), *student.head.parameters()]
    optimisers = [torch.optim.SparseAdam(sparse), torch.optim.AdamW(dense, lr=model.learning_rate)]
    rng = np.random.default_rng(model.seed)
    plan = [rows for _ in range(model.epochs) for rows in _batches(ids, model.batch_size, rng)]
    schedules = [torch.optim.lr_scheduler.LambdaLR(o, lambda step: _pace(step, len(plan))) for o in optimisers]
    student.train()
    for rows in track(plan, "learning from the teacher", transient=True):
        pieces, mask = _padded([ids[row] for row in rows], model.ngrams)
        loss = nn.functional.binary_cross_entropy_with_logits(student(pieces, mask), targets[rows])
        for optimiser in optimisers:
            optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        for moving in (*optimisers, *schedules):
            moving.step()


def _pace(step: int, steps: int) -> float:
    """The share of the learning rate at a step."""
    return min((step + 1) / max(1, WARMUP * steps), 1 - step / steps)


def _batches(ids: Sequence[Sequence[int]], size: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Rows in a new order, those of a batch of like length."""
    order = rng.permutation(len(ids))
    pools = [order[start : start + SORTED * size] for start in range(0, len(order), SORTED * size)]
    pools = [pool[np.argsort([len(ids[row]) for row in pool], kind="stable")] for pool in pools]
    cut = [pool[start : start + size] for pool in pools for start in range(0, len(pool), size)]
    for batch in rng.permutation(len(cut)):
        yield cut[batch]


def _padded(rows: Sequence[Sequence[int]], least: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Pieces and mask ``(b, t)``; ``t`` is at least ``least``, so that every n-gram's size has a place."""
    lengths = torch.tensor([len(row) for row in rows])
    mask = torch.arange(max(int(lengths.max()), least)) < lengths[:, None]
    pieces = torch.zeros(mask.shape, dtype=torch.long)
    pieces[mask] = torch.tensor([piece for row in rows for piece in row])
    return pieces, mask.float()
