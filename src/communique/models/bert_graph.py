"""BERT with mean pooling as an ONNX graph, written from its weights: no torch, no tracing, done in a second.

Attention, LayerNorm and GELU are ONNX Runtime's fused operators (domain ``com.microsoft``), which its optimiser
does not find in the graphs that torch's exporters make of ``transformers`` 5; the matrix products between them
are what ``models.export`` turns into int8. The tests hold it to torch's own numbers.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from communique.errors import CommuniqueError

FUSED = "com.microsoft"
OPSET, IR_VERSION = 17, 8
FEED_FORWARD_OUT = "feed_forward_out"


def bert_graph(folder: Path) -> Any:
    """The graph of a saved BERT encoder: ``input_ids, attention_mask (b, t)`` to ``output (b, d)``.

    The output is the head's logits where the weights hold one (``head.weight``), else the mean of the token states.
    Raises CommuniqueError for another architecture than BERT with absolute positions and exact GELU.
    """
    config, weights = _config(folder), _weights(folder)
    return _Graph(config, weights).build()


def _config(folder: Path) -> dict[str, Any]:
    config: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    wanted: dict[str, tuple[str | None, ...]] = {
        "model_type": ("bert", "communique-stance"),
        "hidden_act": ("gelu",),
        "position_embedding_type": ("absolute", None),
    }
    for key, known in wanted.items():
        if (found := config.get(key)) not in known:
            raise CommuniqueError(f"{folder}: its {key} is '{found}'; the ONNX export knows {known[0]} encoders alone")
    return config


def _weights(folder: Path) -> dict[str, np.ndarray]:
    from safetensors.numpy import load_file

    path = folder / "model.safetensors"
    if not path.is_file():
        raise CommuniqueError(f"{path}: is missing; the ONNX export reads weights from this one file")
    return {name.removeprefix("bert."): array.astype(np.float32) for name, array in load_file(path).items()}


class _Graph:
    """Nodes and constants as they are added; a node's first output bears the node's name."""

    def __init__(self, config: Mapping[str, Any], weights: Mapping[str, np.ndarray]) -> None:
        self.config, self.weights = config, weights
        self.nodes: list[Any] = []
        self.constants: dict[str, Any] = {}

    def build(self) -> Any:
        from onnx import TensorProto, helper

        pooled = self._mean(self._layers(self._embeddings()))
        width = int(self.config["hidden_size"])
        if "head.weight" in self.weights:
            head = self.weights["head.weight"]
            width = len(head)
            operands = [self._constant("head", head.T), self._constant("head_bias", self.weights["head.bias"])]
            self._node("Gemm", [pooled, *operands], "output")
        else:
            self._node("Identity", [pooled], "output")
        kind = helper.make_tensor_value_info
        inputs = [kind(name, TensorProto.INT64, ["b", "t"]) for name in ("input_ids", "attention_mask")]
        outputs = [kind("output", TensorProto.FLOAT, ["b", width])]
        graph = helper.make_graph(self.nodes, "encoder", inputs, outputs, list(self.constants.values()))
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(FUSED, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="communique")

    def _node(self, operator: str, inputs: list[str], *outputs: str, **attributes: Any) -> str:
        from onnx import helper

        self.nodes.append(helper.make_node(operator, inputs, list(outputs), name=outputs[0], **attributes))
        return outputs[0]

    def _constant(self, name: str, value: Any) -> str:
        from onnx import numpy_helper

        if name not in self.constants:
            self.constants[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def _embeddings(self) -> str:
        """Words, positions and the first segment's type, summed and normalised: ``(b, t, d)``."""
        read = {name: self.weights[f"embeddings.{name}_embeddings.weight"] for name in ("word", "position")}
        read["position"] = read["position"] + self.weights["embeddings.token_type_embeddings.weight"][0]
        words = self._node("Gather", [self._constant("word_embeddings", read["word"]), "input_ids"], "words")
        length = self._node("Shape", ["input_ids"], "length", start=1, end=2)
        ends = [self._constant("zero", np.array([0])), length, self._constant("first_axis", np.array([0]))]
        positions = self._node("Slice", [self._constant("position_embeddings", read["position"]), *ends], "positions")
        summed = self._node("Add", [words, positions], "embedded")
        norm = [self._constant(f"norm_{x}", self.weights[f"embeddings.LayerNorm.{x}"]) for x in ("weight", "bias")]
        return self._node("LayerNormalization", [summed, *norm], "normalised", epsilon=self._epsilon)

    @property
    def _epsilon(self) -> float:
        return float(self.config.get("layer_norm_eps", 1e-12))

    def _layers(self, states: str) -> str:
        from onnx import TensorProto

        self._node("Cast", ["attention_mask"], "mask", to=TensorProto.INT32)
        for number in range(int(self.config["num_hidden_layers"])):
            states = self._feed_forward(number, self._attention(number, states))
        return states

    def _attention(self, number: int, states: str) -> str:
        """Query, key and value in one product, fused attention, its output added to ``states`` and normalised."""
        source, name = f"encoder.layer.{number}.attention", f"layer{number}"
        parts = [f"{source}.self.{part}" for part in ("query", "key", "value")]
        weight = np.concatenate([self.weights[f"{part}.weight"].T for part in parts], axis=1)
        bias = np.concatenate([self.weights[f"{part}.bias"] for part in parts])
        product = self._node("MatMul", [states, self._constant(f"{name}_qkv", weight)], f"{name}_projected")
        sizes = self._constant("qkv_sizes", np.full(3, int(self.config["hidden_size"])))
        split = [f"{name}_query", f"{name}_key", f"{name}_value"]
        self._node("Split", [product, sizes], *split, axis=-1)
        inputs = [*split, self._constant(f"{name}_qkv_bias", bias), "mask"]
        heads = int(self.config["num_attention_heads"])
        mixed = self._node("MultiHeadAttention", inputs, f"{name}_mixed", domain=FUSED, num_heads=heads)
        return self._joined(f"{source}.output", mixed, states, f"{name}_attention_out")

    def _feed_forward(self, number: int, states: str) -> str:
        source, name = f"encoder.layer.{number}", f"layer{number}"
        weight, bias = (self.weights[f"{source}.intermediate.dense.{part}"] for part in ("weight", "bias"))
        widened = self._node("MatMul", [states, self._constant(f"{name}_wide", weight.T)], f"{name}_feed_forward_in")
        bent = [widened, self._constant(f"{name}_wide_bias", bias)]
        active = self._node("BiasGelu", bent, f"{name}_active", domain=FUSED)
        return self._joined(f"{source}.output", active, states, f"{name}_{FEED_FORWARD_OUT}")

    def _joined(self, source: str, inner: str, states: str, name: str) -> str:
        """``inner`` projected, added to ``states``, and normalised."""
        read = {part: self.weights[f"{source}.{part}"] for part in ("dense.weight", "dense.bias")}
        read |= {part: self.weights[f"{source}.LayerNorm.{part}"] for part in ("weight", "bias")}
        product = self._node("MatMul", [inner, self._constant(f"{name}_dense", read["dense.weight"].T)], name)
        constants = [self._constant(f"{name}_{part}", read[part]) for part in ("weight", "bias", "dense.bias")]
        return self._normalised([product, states, *constants], f"{name}_normalised")

    def _normalised(self, inputs: list[str], name: str) -> str:
        return self._node("SkipLayerNormalization", inputs, name, domain=FUSED, epsilon=self._epsilon)

    def _mean(self, states: str) -> str:
        """The mean over the tokens that the mask keeps: ``(b, d)``."""
        from onnx import TensorProto

        axis = self._constant("token_axis", np.array([1]))
        mask = self._node("Cast", ["attention_mask"], "weights", to=TensorProto.FLOAT)
        row = self._node("Unsqueeze", [mask, axis], "weights_row")
        summed = self._node("Squeeze", [self._node("MatMul", [row, states], "pooled_row"), axis], "pooled_sum")
        count = self._node("ReduceSum", [mask, axis], "tokens", keepdims=1)
        return self._node("Div", [summed, count], "pooled")
