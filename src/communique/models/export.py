"""A saved model whose encoders run in ONNX Runtime: float, or int8 where validation shows that it costs nothing.

int8 is static: every scale is set once from calibration sentences (QDQ), so that what a sentence gets does not
depend on its batch, as it does where scales are found anew for each batch. An export is made from the model's
folder and needs no torch.
"""

import logging
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import f1_score

from communique.errors import CommuniqueError, missing_extra
from communique.evaluation.calibration import fit_thresholds
from communique.models import load_model, new_model
from communique.models.base import StanceModel
from communique.models.bert_graph import FEED_FORWARD_OUT, bert_graph
from communique.models.cascade import CascadeModel
from communique.models.embedding import ENCODER, HEADS, EmbeddingModel
from communique.models.encoder import batches_by_length, locate
from communique.models.ensemble import EnsembleModel
from communique.models.folder import read_manifest
from communique.models.linear import LinearHeads
from communique.models.members import member_folders
from communique.models.runtime import BATCH, GRAPH, TOKENIZER, OnnxEncoder, OnnxModel, OnnxNetwork, feed
from communique.models.transformer import NETWORK

TOLERANCE = 0.005  # macro-F1 that int8 may cost on validation
CALIBRATION = 128  # sentences that set the scales
LADDER: tuple[tuple[str, ...], ...] = ((), (FEED_FORWARD_OUT,))  # products kept in float, fewest first

Labelled = tuple[Sequence[str], np.ndarray]


@dataclass(frozen=True)
class Export:
    """An exported model, and the macro-F1 on validation of its float and its last int8 form where both were made."""

    model: StanceModel
    precision: str
    float_f1: float | None = None
    int8_f1: float | None = None

    def __str__(self) -> str:
        if self.float_f1 is None or self.int8_f1 is None:
            return "float32"
        figures = f"validation macro-F1 {self.float_f1:.4f} in float, {self.int8_f1:.4f} in int8"
        if self.precision == "int8":
            return f"int8: {figures}"
        return f"float32: {figures}, more than {TOLERANCE} less, so it stays float"


def export_model(
    folder: Path,
    precision: str = "float32",
    calibration: Sequence[str] = (),
    validation: Labelled | None = None,
) -> Export:
    """Export the model saved in ``folder``; parts that have no encoder are taken over as they are.

    With ``precision`` ``int8`` the scales come from ``calibration`` (training sentences); it is kept where the whole
    model's macro-F1 on ``validation`` (texts, 0/1 ``(n, L)``) is within 0.005 of float's. CommuniqueError where the
    model has no encoder that can be exported.
    """
    if precision not in ("float32", "int8"):
        raise CommuniqueError(f"precision '{precision}': must be float32 or int8")
    check_encoder(folder)
    plain = _exported(folder, None)
    if precision == "float32":
        return Export(plain, "float32")
    if not len(calibration) or validation is None or not len(validation[0]):
        raise CommuniqueError("int8 needs calibration sentences and a labelled validation part; give both")
    wanted = _macro_f1(plain, validation)
    for kept in LADDER:
        small = _exported(folder, Quantisation(_sample(calibration), kept))
        found = _macro_f1(small, validation)
        if found >= wanted - TOLERANCE:
            return Export(small, "int8", wanted, found)
    return Export(plain, "float32", wanted, found)


def has_encoder(folder: Path) -> bool:
    """Whether a saved model, or one of its members, runs its encoder in torch."""
    if read_manifest(folder)["kind"] in ("embedding", "setfit"):
        return not (folder / ENCODER / GRAPH).is_file()
    return (folder / NETWORK).is_dir() or any(has_encoder(member) for member in member_folders(folder))


def check_encoder(folder: Path) -> None:
    """Raise CommuniqueError where there is nothing in a saved model that an export would make faster."""
    if not has_encoder(folder):
        raise CommuniqueError(f"{folder}: has no encoder, so there is nothing to export; score it as it is")


@dataclass(frozen=True)
class Quantisation:
    """Static int8: sentences that set the scales, and name endings of the products that stay float."""

    sentences: list[str]
    kept: tuple[str, ...] = ()


def _exported(folder: Path, quantisation: Quantisation | None) -> StanceModel:
    manifest = read_manifest(folder)
    make = _EXPORTS.get(manifest["kind"])
    if make is None or not has_encoder(folder):
        return load_model(folder)
    model = make(folder, manifest, quantisation)
    precision = "int8" if quantisation else "float32"
    model.restore_state(folder, manifest)
    model.provenance = model.provenance | {"exported_from": manifest["digest"], "precision": precision}
    model.fingerprint = ""  # its own comes with saving
    return model


def _transformer(folder: Path, manifest: dict[str, Any], quantisation: Quantisation | None) -> StanceModel:
    precision = "int8" if quantisation else "float32"
    model = OnnxModel(precision=precision, max_length=manifest["parameters"]["max_length"])
    model.precision_ = precision
    model.network_ = _network(folder / NETWORK, model.max_length, quantisation)
    return model


def _embedding(folder: Path, manifest: dict[str, Any], quantisation: Quantisation | None) -> StanceModel:
    model = new_model(manifest)
    assert isinstance(model, EmbeddingModel)
    model.heads_ = LinearHeads.load(folder / HEADS)
    source = folder / ENCODER if (folder / ENCODER).is_dir() else locate(model.encoder)
    model.encoder_ = OnnxEncoder(_network(source, model.max_length, quantisation))
    return model


def _members(folder: Path, manifest: dict[str, Any], quantisation: Quantisation | None) -> StanceModel:
    model = new_model(manifest)
    assert isinstance(model, EnsembleModel | CascadeModel)
    model.fitted_ = [_exported(member, quantisation) for member in member_folders(folder)]
    return model


_EXPORTS: dict[str, Callable[[Path, dict[str, Any], Quantisation | None], StanceModel]] = {
    "transformer": _transformer,
    "embedding": _embedding,
    "setfit": _embedding,
    "ensemble": _members,
    "cascade": _members,
}


def _network(source: Path, max_length: int, quantisation: Quantisation | None) -> OnnxNetwork:
    """The encoder in ``source`` as a graph, in a scratch folder that lives as long as the network does."""
    try:
        import onnx
    except ImportError as error:
        raise missing_extra("onnx", "onnx") from error
    scratch = tempfile.TemporaryDirectory(prefix="communique-")
    folder = Path(scratch.name)
    onnx.save(bert_graph(source), folder / GRAPH)
    (folder / TOKENIZER).write_bytes((source / TOKENIZER).read_bytes())
    network = OnnxNetwork(folder, max_length, scratch)
    if quantisation is None:
        return network
    _quantise(network, quantisation)
    return OnnxNetwork(folder, max_length, scratch)


def _quantise(network: OnnxNetwork, quantisation: Quantisation) -> None:
    """Replace the network's graph by one whose products with weights are int8, scales by the least and largest seen."""
    import onnx
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    class Reader(CalibrationDataReader):
        def __init__(self) -> None:
            self.feeds = _feeds(network, quantisation.sentences)

        def get_next(self) -> dict[str, np.ndarray] | None:
            return next(self.feeds, None)

    path = network.folder / GRAPH
    products = [node.name for node in onnx.load(path).graph.node if node.op_type == "MatMul"]
    with _quiet():
        quantize_static(
            path,
            path.with_name("int8.onnx"),
            Reader(),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["MatMul"],
            nodes_to_exclude=[name for name in products if name.endswith(quantisation.kept)],
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            extra_options={"MatMulConstBOnly": True},
        )
    path.with_name("int8.onnx").replace(path)


def _feeds(network: OnnxNetwork, sentences: Sequence[str]) -> Iterator[dict[str, np.ndarray]]:
    ids, _ = network.windows_of(sentences)
    for rows in batches_by_length([len(row) for row in ids], BATCH):
        yield feed([ids[i] for i in rows])


@contextmanager
def _quiet() -> Iterator[None]:
    """The quantiser advises on the root logger to preprocess, which these graphs do not need."""
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def _sample(sentences: Sequence[str]) -> list[str]:
    """Up to 128 sentences, drawn once and for all."""
    rows = np.random.default_rng(0).permutation(len(sentences))[:CALIBRATION]
    return [sentences[row] for row in rows]


def _macro_f1(model: StanceModel, validation: Labelled) -> float:
    """Macro-F1 at the model's thresholds; before any are fitted, at those that suit."""
    texts, gold = validation
    probabilities = model.predict_proba(texts)
    thresholds = fit_thresholds(gold, probabilities).values if model.thresholds is None else model.thresholds
    return float(f1_score(gold, probabilities >= thresholds, average="macro", zero_division=0))
