"""The tiny corpus in two parts, a teacher, and a random classifier whose outputs bear the names of inference."""

from pathlib import Path

import pytest

from communique.data.dataset import Corpus
from communique.models.tfidf import TfidfModel
from communique.training import fit_model


def make_nli(encoder: Path, folder: Path, outputs: list[str]) -> Path:
    """A random two-layer BERT over the tiny encoder's vocabulary, with one output a name."""
    import torch
    from tokenizers import processors
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

    tokenizer = AutoTokenizer.from_pretrained(encoder)
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    tokenizer.save_pretrained(folder)
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
        initializer_range=0.5,
        id2label=dict(enumerate(outputs)),
        label2id={name: i for i, name in enumerate(outputs)},
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_nli(tiny_encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three outputs, entailment the second."""
    return make_nli(tiny_encoder, tmp_path_factory.mktemp("nli"), ["CONTRADICTION", "ENTAILMENT", "NEUTRAL"])


@pytest.fixture(scope="module")
def parts(corpus: Corpus) -> tuple[Corpus, Corpus]:
    """What is learned from, and what is held out."""
    return corpus.where(lambda s: s.document < "d022"), corpus.where(lambda s: s.document >= "d022")


@pytest.fixture(scope="module")
def teacher(parts: tuple[Corpus, Corpus], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fitted n-grams, saved."""
    return fit_model(TfidfModel(), *parts).save(tmp_path_factory.mktemp("teacher") / "tfidf")
