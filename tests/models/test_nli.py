"""Zero-shot entailment: what the network says of sentence and hypothesis, and nothing learned on the way."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from tests.models.conftest import make_nli

from communique.data.codebook import Codebook
from communique.data.dataset import Corpus
from communique.errors import CommuniqueError
from communique.models import load_model
from communique.models.nli import NliModel, entailment_column


@pytest.fixture(scope="module")
def fitted(tiny_nli: Path, codebook_file: Path, corpus: Corpus) -> NliModel:
    return NliModel(str(tiny_nli), str(codebook_file)).fit(corpus.texts, corpus.indicators)


def reference(folder: Path, text: str, hypothesis: str) -> float:
    """Entailment by the plain use of transformers, one pair at a time."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer, network = (
        AutoTokenizer.from_pretrained(folder),
        AutoModelForSequenceClassification.from_pretrained(folder),
    )
    with torch.inference_mode():
        return float(network.eval()(**tokenizer(text, hypothesis, return_tensors="pt")).logits.softmax(-1)[0, 1])


def test_a_probability_is_that_of_entailment_among_all_outputs(fitted: NliModel, tiny_nli: Path) -> None:
    texts = ["we reject meddling", "rain fell on the harbour late"]
    wanted = [[reference(tiny_nli, text, hypothesis) for hypothesis in fitted.hypotheses_] for text in texts]
    np.testing.assert_allclose(fitted.raw_proba(texts), wanted, atol=1e-6)


def test_fitting_learns_nothing(fitted: NliModel, corpus: Corpus) -> None:
    flipped = NliModel(**fitted.get_params()).fit(corpus.texts, 1 - corpus.indicators)
    np.testing.assert_array_equal(flipped.raw_proba(corpus.texts[:9]), fitted.raw_proba(corpus.texts[:9]))


def test_a_hypothesis_of_the_codebook_comes_before_the_template(
    tiny_nli: Path, codebook: Codebook, corpus: Corpus, tmp_path: Path
) -> None:
    first, *rest = codebook.labels
    book = replace(codebook, labels=(replace(first, hypothesis="Somebody says no."), *rest))
    path = tmp_path / "book.yaml"
    path.write_text(yaml.safe_dump(json.loads(json.dumps(book.to_dict()))), encoding="utf-8")
    model = NliModel(str(tiny_nli), str(path), template="It is about {title}.").fit(corpus.texts, corpus.indicators)
    assert model.hypotheses_ == ["Somebody says no.", "It is about joins.", "It is about lifts."]


def test_a_long_sentence_is_read_to_its_end_and_its_strongest_window_counts(fitted: NliModel) -> None:
    ending = "we reject meddling in our affairs"
    long = "delegates arrived late " * 60 + ending
    assert fitted.windows(["rain fell", long]).tolist()[0] == 1
    pairs, owner = fitted._pairs([long], fitted.hypotheses_[0])
    assert len(pairs) == len(owner) > 3
    assert max(len(pair["input_ids"]) for pair in pairs) <= 62
    read = [fitted.tokenizer_.decode(pair["input_ids"]) for pair in pairs]
    assert sum("delegates arrived late" in text for text in read) == len(pairs)
    assert ending in read[-1]
    assert fitted.raw_proba([long])[0, 0] == pytest.approx(fitted._entailment(pairs, "").max(), abs=1e-7)


def test_the_saved_model_needs_neither_the_network_it_came_from_nor_the_codebook(
    tiny_nli: Path, codebook_file: Path, corpus: Corpus, tmp_path: Path
) -> None:
    copy, book = shutil.copytree(tiny_nli, tmp_path / "nli"), shutil.copy(codebook_file, tmp_path / "book.yaml")
    model = NliModel(str(copy), str(book)).fit(corpus.texts, corpus.indicators)
    said = model.raw_proba(corpus.texts[:5])
    folder = model.save(tmp_path / "saved")
    shutil.rmtree(copy)
    Path(book).unlink()
    np.testing.assert_array_equal(load_model(folder).raw_proba(corpus.texts[:5]), said)


@pytest.mark.parametrize(
    ("label2id", "column"),
    [
        ({"contradiction": 0, "entailment": 1, "neutral": 2}, 1),
        ({"ENTAILMENT": 0, "NOT_ENTAILMENT": 1}, 0),
        ({"not_entailment": 1, "entailment": 0}, 0),
        ({"NEUTRAL": 0, "Entails": 2, "CONTRADICTION": 1}, 2),
    ],
)
def test_the_entailment_output_is_found_by_its_name(label2id: dict[str, int], column: int) -> None:
    assert entailment_column(label2id, "m") == column


def refusal(model: NliModel, corpus: Corpus) -> str:
    with pytest.raises(CommuniqueError) as refused:
        model.fit(corpus.texts, corpus.indicators)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_what_is_no_nli_model_is_refused_in_one_sentence(
    tiny_nli: Path, tiny_encoder: Path, codebook_file: Path, corpus: Corpus, tmp_path: Path, monkeypatch
) -> None:
    book = str(codebook_file)
    other = make_nli(tiny_encoder, tmp_path / "sentiment", ["negative", "positive"])
    assert "negative, positive, none of them entailment" in refusal(NliModel(str(other), book), corpus)
    (other / "model.safetensors").rename(other / "pytorch_model.bin")
    assert "cannot be loaded from safetensors weights" in refusal(NliModel(str(other), book), corpus)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert refusal(NliModel("nobody/no-such-model", book), corpus).startswith("NLI model 'nobody/no-such-model'")


def test_a_template_and_a_hypothesis_that_cannot_serve_are_refused(
    tiny_nli: Path, codebook_file: Path, corpus: Corpus
) -> None:
    folder, book = str(tiny_nli), str(codebook_file)
    assert "may hold {title}" in refusal(NliModel(folder, book, template="About {topic}."), corpus)
    assert "leaves no room" in refusal(NliModel(folder, book, template="very " * 80 + "{title}"), corpus)
    renamed = corpus.indicators.rename(columns={"lifts": "keeps"})
    with pytest.raises(CommuniqueError, match="has no label 'keeps'"):
        NliModel(folder, book).fit(corpus.texts, renamed)
