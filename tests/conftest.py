"""Tiny real things, built in memory: a codebook, a corpus with a learnable signal, a random encoder."""

import signal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from communique.data.codebook import Codebook
from communique.data.dataset import Corpus, Sentence

settings.register_profile("any machine", deadline=None)  # a busy one is slow, not wrong
settings.load_profile("any machine")

WORDS = {
    "rejects": "we reject meddling in our affairs",
    "joins": "the sides agreed to work together",
    "lifts": "the embargo must be lifted now",
}
FILLER = [
    "the meeting opened at noon",
    "rain fell on the harbour",
    "the report has nine annexes",
    "delegates arrived late",
]


@pytest.fixture(scope="session")
def codebook() -> Codebook:
    """Three labels with cues, none of them a name of the shipped codebook."""
    labels = [
        {"name": "rejects", "title": "Rejects", "definition": "says no", "cues": ["reject*", "meddling"]},
        {"name": "joins", "title": "Joins", "definition": "says yes", "cues": ["work together", "agreed"]},
        {"name": "lifts", "title": "Lifts", "definition": "wants it gone", "cues": ["embargo", "lifted"]},
    ]
    return Codebook.from_dict({"version": "0", "labels": labels})


def make_corpus(codebook: Codebook, documents: int = 30, size: int = 8, seed: int = 0) -> Corpus:
    """A corpus in which each label is announced by its own words."""
    rng = np.random.default_rng(seed)
    sentences = []
    for d in range(documents):
        for position in range(size):
            chosen = [name for name in codebook.names if rng.random() < 0.25]
            parts = [WORDS[name] for name in chosen] + [str(rng.choice(FILLER)), f"item {d} {position}"]
            sentence = Sentence(
                id=f"d{d:03d}-{position:02d}",
                document=f"d{d:03d}",
                text=", and ".join(parts) + ".",
                labels=frozenset(chosen),
                position=position,
                genre=("speech", "wire")[d % 2],
                year=1990 + d,
            )
            sentences.append(sentence)
    return Corpus(tuple(sentences), codebook)


@pytest.fixture(scope="session")
def corpus(codebook: Codebook) -> Corpus:
    """30 documents of 8 sentences."""
    return make_corpus(codebook)


@pytest.fixture(scope="session")
def codebook_file(codebook: Codebook, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny codebook as YAML."""
    import yaml

    path = tmp_path_factory.mktemp("codebook") / "codebook.yaml"
    content = codebook.to_dict() | {"labels": [dict(label) for label in codebook.to_dict()["labels"]]}
    plain = {"version": "0", "labels": [{**entry, "cues": list(entry["cues"])} for entry in content["labels"]]}
    path.write_text(yaml.safe_dump(plain), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def mlflow_store(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """URI and artifact folder of one MLflow store: making one takes seconds, so tests share it, each its own study."""
    folder = tmp_path_factory.mktemp("mlflow")
    return f"sqlite:///{folder}/runs.db", str(folder / "artifacts")


@pytest.fixture(scope="session")
def tiny_encoder(corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random two-layer BERT with a word-piece vocabulary of its own, saved as a folder."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("encoder")
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.train_from_iterator(corpus.texts, trainers.WordPieceTrainer(vocab_size=300, special_tokens=special))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    names = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names).save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    return folder


@pytest.fixture(autouse=True, scope="session")
def an_interrupt_interrupts() -> None:
    """A job in the background may inherit an ignored SIGINT, which the tests of interruption send themselves."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
