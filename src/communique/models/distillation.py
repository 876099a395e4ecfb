"""How the static student learns (``models.static``): the deep part in torch, the wide part by L-BFGS.

Imported only where torch is.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch  # noqa: TID253
from rich.progress import track
from scipy.optimize import minimize
from scipy.sparse import csr_matrix, hstack
from scipy.special import expit
from sklearn.feature_extraction.text import TfidfVectorizer
from torch import nn  # noqa: TID253

from communique.errors import CommuniqueError
from communique.models.encoder import locate
from communique.models.ngrams import LinearNgrams
from communique.models.static import unknown_piece

if TYPE_CHECKING:
    from communique.models.static import StaticModel

WEIGHTS, WORDS = "model.safetensors", "word_embeddings.weight"
SPREAD = 0.3  # standard deviation of the vectors at the start
PIECE_DROP = 0.1  # share of word pieces hidden in learning
WARMUP = 0.05
SORTED = 32  # batches among which sentences of like length are put together
STEPS = 100  # of L-BFGS; more change nothing that validation shows


def fit_wide(texts: Sequence[str], targets: np.ndarray, c: float, min_df: int) -> LinearNgrams:
    """N-grams of words (1 to 3) and characters (2 to 5), weights by logistic regression on probabilities ``(n, L)``."""
    options = {"sublinear_tf": True, "strip_accents": "unicode", "min_df": min_df if len(texts) >= 50 else 1}
    word = TfidfVectorizer(ngram_range=(1, 3), **options)
    char = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), **options)
    features = hstack([vectoriser.fit_transform(texts) for vectoriser in (word, char)]).tocsr()
    weights, intercepts = soft_logistic(features, targets.astype(float), c)
    return LinearNgrams([word, char], weights, intercepts).in_halves()


def soft_logistic(features: csr_matrix, targets: np.ndarray, c: float) -> tuple[np.ndarray, np.ndarray]:
    """Ridge logistic regression on probabilities ``(n, L)``, positives and negatives of a label weighing the same.

    Returns weights ``(features, L)`` and intercepts ``(L,)``.
    """
    rows, labels = targets.shape
    mass = targets.sum(axis=0)
    yes = c * targets * rows / (2 * np.maximum(mass, 1))
    no = c * (1 - targets) * rows / (2 * np.maximum(rows - mass, 1))
    turned = features.T.tocsr()

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights = flat[:-labels].reshape(-1, labels)
        odds = features @ weights + flat[-labels:]
        said = expit(odds)
        value = (yes * np.logaddexp(0, -odds) + no * np.logaddexp(0, odds)).sum() + 0.5 * (weights**2).sum()
        slope = no * said - yes * (1 - said)
        return float(value), np.concatenate([(turned @ slope + weights).ravel(), slope.sum(axis=0)])

    found = minimize(
        loss, np.zeros((features.shape[1] + 1) * labels), method="L-BFGS-B", jac=True, options={"maxiter": STEPS}
    ).x
    return found[:-labels].reshape(-1, labels), found[-labels:]


class Student(nn.Module):
    """The deep part's log-odds ``(b, L)`` from padded pieces ``(b, t)``, with dropout in learning."""

    def __init__(self, model: "StaticModel", vectors: np.ndarray, unknown: int) -> None:
        super().__init__()
        width = vectors.shape[1]
        self.unknown = unknown
        self.vectors = nn.Embedding.from_pretrained(torch.tensor(vectors), freeze=False, sparse=True)
        self.gates = nn.Embedding(len(vectors), 1, sparse=True)
        self.kernel = nn.Conv1d(width, model.channels, model.span, padding=model.span // 2)
        self.head = nn.Linear(width + model.channels, len(model.labels))
        self.some, self.more = nn.Dropout(model.dropout / 2), nn.Dropout(model.dropout)
        nn.init.zeros_(self.gates.weight)

    def forward(self, pieces: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Log-odds of each sentence."""
        if self.training:
            hidden = (torch.rand(pieces.shape) < PIECE_DROP) & (mask > 0)
            pieces = torch.where(hidden, self.unknown, pieces)
        vectors = self.some(self.vectors(pieces)) * mask[..., None]
        gates = torch.sigmoid(self.gates(pieces)[..., 0]) * mask
        mean = (vectors * gates[..., None]).sum(1) / gates.sum(1, keepdim=True)
        seen = torch.relu(self.kernel(vectors.transpose(1, 2))) * mask[:, None]
        result: torch.Tensor = self.head(self.more(torch.cat([mean, seen.amax(2)], 1)))
        return result

    def arrays(self) -> dict[str, np.ndarray]:
        """The weights as ``models.static`` reads them: vectors in int8, each with its scale; the rest in halves."""
        with torch.no_grad():
            vectors = self.vectors.weight.numpy()
            scales = (np.maximum(np.abs(vectors).max(axis=1), 1e-6) / 127).astype(np.float16)
            halves = {
                "gates": torch.sigmoid(self.gates.weight[:, 0]),
                "kernels": self.kernel.weight.permute(2, 1, 0),
                "kernel_bias": self.kernel.bias,
                "head": self.head.weight.T,
                "head_bias": self.head.bias,
            }
            found = {name: value.half().contiguous().numpy() for name, value in halves.items()}
        rounded = np.clip(np.rint(vectors / np.maximum(scales[:, None].astype(np.float32), 1e-7)), -127, 127)
        return {**found, "vectors": rounded.astype(np.int8), "scales": scales}


def fit_deep(model: "StaticModel", texts: Sequence[str], targets: np.ndarray) -> tuple[Any, dict[str, np.ndarray]]:
    """Fit the deep part to probabilities ``targets (n, L)``; returns its tokeniser and its weights."""
    from tokenizers import Tokenizer

    folder = locate(model.encoder)
    if absent := [name for name in ("tokenizer.json", WEIGHTS) if not (folder / name).is_file()]:
        raise CommuniqueError(f"encoder {folder}: holds no {absent[0]}, from which the static student begins")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    coded = tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
    unknown = unknown_piece(tokenizer)
    torch.manual_seed(model.seed)
    student = Student(model, _first_vectors(folder, model.width), unknown)
    _learn(student, model, [part.ids or [unknown] for part in coded], torch.tensor(targets))
    return tokenizer, student.arrays()


def _first_vectors(folder: Path, width: int) -> np.ndarray:
    """The encoder's word vectors on their ``width`` main axes (all of them where it has fewer)."""
    from safetensors.numpy import load_file

    weights = load_file(folder / WEIGHTS)
    found = [value for name, value in weights.items() if name.endswith(WORDS)]
    if not found:
        raise CommuniqueError(f"encoder {folder}: {WEIGHTS} holds no '{WORDS}'; name the folder of a BERT encoder")
    words = found[0].astype(np.float32)
    centred = words - words.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    turned = centred @ axes[:, ::-1][:, :width]
    return np.ascontiguousarray(turned * (SPREAD / turned.std()))


def _learn(student: Student, model: "StaticModel", ids: list[list[int]], targets: torch.Tensor) -> None:
    """Adam with a short warm-up and a straight way down; vectors that a batch lacks are left alone."""
    optimisers = [
        torch.optim.SparseAdam([student.vectors.weight, student.gates.weight], lr=model.learning_rate),
        torch.optim.AdamW([*student.kernel.parameters(), *student.head.parameters()], lr=model.learning_rate),
    ]
    rng = np.random.default_rng(model.seed)
    plan = [rows for _ in range(model.epochs) for rows in _batches(ids, model.batch_size, rng)]
    schedules = [torch.optim.lr_scheduler.LambdaLR(o, lambda step: _pace(step, len(plan))) for o in optimisers]
    student.train()
    for rows in track(plan, "learning from the teacher", transient=True):
        pieces, mask = _padded([ids[row] for row in rows])
        loss = nn.functional.binary_cross_entropy_with_logits(student(pieces, mask), targets[rows])
        for optimiser in optimisers:
            optimiser.zero_grad()
        loss.backward()
        for moving in (*optimisers, *schedules):
            moving.step()


def _pace(step: int, steps: int) -> float:
    """The share of the learning rate at a step."""
    return min((step + 1) / max(1, WARMUP * steps), 1 - step / (steps + 1))


def _batches(ids: Sequence[Sequence[int]], size: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Rows in a new order, those of a batch of like length."""
    order = rng.permutation(len(ids))
    pools = [order[start : start + SORTED * size] for start in range(0, len(order), SORTED * size)]
    pools = [pool[np.argsort([len(ids[row]) for row in pool], kind="stable")] for pool in pools]
    cut = [pool[start : start + size] for pool in pools for start in range(0, len(pool), size)]
    for batch in rng.permutation(len(cut)):
        yield cut[batch]


def _padded(rows: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Pieces and mask ``(b, t)``."""
    lengths = torch.tensor([len(row) for row in rows])
    mask = torch.arange(int(lengths.max())) < lengths[:, None]
    pieces = torch.zeros(mask.shape, dtype=torch.long)
    pieces[mask] = torch.tensor([piece for row in rows for piece in row])
    return pieces, mask.float()
