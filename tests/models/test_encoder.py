"""The frozen encoder remembers what it embedded, and nothing else."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest

pytest.importorskip("torch")

from communique.models.clock import save, spent
from communique.models.encoder import FrozenEncoder

TEXTS = ["We reject it.", "The budget was adopted without a vote."]


@pytest.fixture(autouse=True)
def _nothing_is_remembered() -> Iterator[None]:
    FrozenEncoder._remembered.clear()
    yield
    FrozenEncoder._remembered.clear()


def test_embeddings_are_computed_once_and_stay_as_they_were(tiny_encoder: Path, monkeypatch) -> None:
    encoder = FrozenEncoder(str(tiny_encoder), 32)
    compute = Mock(side_effect=encoder._embed)
    monkeypatch.setattr(encoder, "_embed", compute)
    first, again, other = encoder.embed(TEXTS), encoder.embed(TEXTS), encoder.embed(TEXTS[::-1])
    assert compute.call_count == 2
    np.testing.assert_array_equal(first, again)
    np.testing.assert_allclose(other, first[::-1], atol=1e-6)
    with pytest.raises(ValueError, match="read-only"):
        first[0] = 0


def test_what_was_remembered_costs_what_it_cost_at_first(tiny_encoder: Path, monkeypatch) -> None:
    encoder = FrozenEncoder(str(tiny_encoder), 32)

    def slow(texts: list[str], *given: object) -> np.ndarray:
        save(100)  # as if it took so many seconds
        return np.zeros((len(texts), 2))

    monkeypatch.setattr(encoder, "_embed", slow)
    for _ in range(2):
        started = spent()
        encoder.embed(TEXTS)
        assert 100 <= spent() - started < 150


def test_parts_of_what_is_embedded_together_are_its_rows_and_are_computed_once(tiny_encoder: Path, monkeypatch) -> None:
    encoder, whole = FrozenEncoder(str(tiny_encoder), 32), [*TEXTS, "Rain fell.", TEXTS[0]]
    alone = encoder.embed(TEXTS[1:])
    compute = Mock(side_effect=encoder._embed)
    monkeypatch.setattr(encoder, "_embed", compute)
    with FrozenEncoder.embedded_together(whole):
        first, last = encoder.embed([TEXTS[1], TEXTS[0]]), encoder.embed(["Rain fell."])
        assert compute.call_count == 1
        encoder.embed([TEXTS[1], "Not among them."])
        assert compute.call_count == 2
    rows = FrozenEncoder(str(tiny_encoder), 32)._embed(whole[:3], 32, False)
    np.testing.assert_array_equal(first, rows[[1, 0]])
    np.testing.assert_array_equal(last, rows[2:])
    np.testing.assert_array_equal(encoder.embed(TEXTS[1:]), alone)  # as if nothing had been


def test_an_encoder_of_one_fit_embeds_no_sentence_but_those_asked_for(tiny_encoder: Path, monkeypatch) -> None:
    encoder = FrozenEncoder(str(tiny_encoder), 32, of_one_fit=True)
    compute = Mock(side_effect=encoder._embed)
    monkeypatch.setattr(encoder, "_embed", compute)
    with FrozenEncoder.embedded_together([*TEXTS, "Rain fell."]):
        encoder.embed(["Rain fell."])
    assert [call.args[0] for call in compute.call_args_list] == [["Rain fell."]]


def test_a_part_costs_its_share_of_the_whole_whoever_asks_first(tiny_encoder: Path, monkeypatch) -> None:
    encoder = FrozenEncoder(str(tiny_encoder), 32)

    def slow(texts: list[str], *given: object) -> np.ndarray:
        save(100)
        return np.zeros((len(texts), 2))

    monkeypatch.setattr(encoder, "_embed", slow)
    with FrozenEncoder.embedded_together([*TEXTS, "Rain fell.", "It stopped."]):
        for part, share in ((TEXTS[:1], 25), (TEXTS, 50), (TEXTS[:1], 25)):
            started = spent()
            encoder.embed(part)
            assert spent() - started == pytest.approx(share, abs=1)


def test_other_weights_in_the_same_folder_are_not_taken_for_the_old(tiny_encoder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "encoder"
    shutil.copytree(tiny_encoder, folder)
    before = FrozenEncoder(str(folder), 32).embed(TEXTS)
    changed = FrozenEncoder(str(folder), 32)
    for weight in changed.model.parameters():
        weight.data.mul_(1.5)
    changed.model.save_pretrained(folder)
    after = FrozenEncoder(str(folder), 32).embed(TEXTS)
    assert not np.allclose(before, after)
