"""Quantise an exported network to int8, every activation row by its own scale.

The usual dynamic int8 takes one scale for all activations of a batch, so that a message's
probability depends on the messages it happens to be batched with. Here each token's row has its
own scale, which is as fast and gives a message the same answer in any company.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

from models.types import Floats
from training.ranges import product_inputs

_TOP = 127.0  # of symmetric int8
_TINY = 1e-6  # instead of zero, where a channel or a row says nothing
_ZERO = 128  # activations are stored unsigned, since processors multiply u8 with s8


def quantize(model: onnx.ModelProto, ranges: Mapping[str, Floats]) -> onnx.ModelProto:
    """Make the weights of matrix products and of the word table int8; the rest stays float32.

    A few channels of an encoder's activations are ten to forty times as large as the others and
    would take all the levels; so each channel is divided by a constant that its weights are
    multiplied with.

    Args:
        model: The exported float32 graph; it is not changed.
        ranges: Largest magnitude of each channel, by activation; see `channel_ranges`.

    Source:
        Jacob et al. 2018, "Quantization and Training of Neural Networks for Efficient
        Integer-Arithmetic-Only Inference", section 2.1, with a scale per weight column and per
        activation row; Xiao et al. 2023, "SmoothQuant", section 4, equation 4.
    """
    original, model = model, onnx.ModelProto()
    model.CopyFrom(original)
    surgeon = _Surgeon(model.graph, ranges)
    nodes = [new for node in model.graph.node for new in surgeon.replaced(node)]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    kept = [w for name, w in surgeon.weights.items() if name in _inputs(nodes)]
    del model.graph.initializer[:]
    model.graph.initializer.extend([*kept, *surgeon.added])
    del model.graph.value_info[:]  # shapes of tensors that are no more
    onnx.checker.check_model(model)
    return model


class _Surgeon:
    """Replaces nodes one by one; keeps the new initializers."""

    def __init__(self, graph: onnx.GraphProto, ranges: Mapping[str, Floats]) -> None:
        self.weights = {weight.name: weight for weight in graph.initializer}
        self._smoothing = {
            source: self._shares(ranges[source], weights)
            for source, weights in product_inputs(graph).items()
        }
        self.added: list[TensorProto] = [
            numpy_helper.from_array(np.array(_TOP, np.float32), "q_top"),
            numpy_helper.from_array(np.array(1.0, np.float32), "q_one"),
            numpy_helper.from_array(np.array(_ZERO, np.uint8), "q_zero"),
            numpy_helper.from_array(np.array(1e-8, np.float32), "q_tiny"),
            numpy_helper.from_array(np.array([-1], np.int64), "q_last"),
        ]
        self._quantized: set[str] = set()  # activations

    def replaced(self, node: NodeProto) -> Iterator[NodeProto]:
        """Give the nodes that stand for one node."""
        if node.op_type == "MatMul" and self._shape(node.input[1]) == 2:
            yield from self._matmul(node)
        elif node.op_type == "Gather" and self._shape(node.input[0]) == 2 and self._large(node):
            yield from self._lookup(node)
        else:
            yield node

    def _matmul(self, node: NodeProto) -> Iterator[NodeProto]:
        """X @ W as integers: round(x / row scale) @ round(W / column scale), scaled back.

        It is written as a product of dequantised integers, since ONNX Runtime runs that as one
        operator, MatMulIntegerToFloat. With the scales of the rows in it a whole network's answers
        were wrong (training/LOG.md), so here they are ones, and the scales come afterwards.
        """
        source, weight = node.input
        matrix = numpy_helper.to_array(self.weights[weight]) * self._smoothing[source][:, None]
        quantized, scale = _by_column(matrix)
        name = node.output[0]
        self._add(quantized, f"{name}_w")
        self._add(scale, f"{name}_ws")
        if source not in self._quantized:
            self._quantized.add(source)
            yield from self._row_scales(source)
        yield helper.make_node("DequantizeLinear", [f"{name}_w", f"{name}_ws"], [f"{name}_d"])
        yield helper.make_node("MatMul", [f"{source}_q_float", f"{name}_d"], [f"{name}_f"])
        yield helper.make_node("Mul", [f"{name}_f", f"{source}_q_scale"], [f"{name}_s"])
        yield helper.make_node("Reshape", [f"{name}_s", f"{source}_q_shape"], [name])

    def _shares(self, largest: Floats, weights: Sequence[str]) -> Floats:
        """Move half of the difference between channels into their weights. Shape: (channels,)."""
        matrices = [numpy_helper.to_array(self.weights[name]) for name in weights]
        rows = np.max([np.abs(matrix).max(axis=1) for matrix in matrices], axis=0)
        shares = np.sqrt(np.maximum(largest, _TINY) / np.maximum(rows, _TINY))
        return np.asarray(shares, dtype=np.float32)

    def _row_scales(self, source: str) -> Iterator[NodeProto]:
        """Quantise an activation once, however many products read it. Makes it (rows, channels)."""
        s = f"{source}_q"
        self._add(1.0 / self._smoothing[source], f"{s}_smoothing")
        self._add(np.array([-1, len(self._smoothing[source])], np.int64), f"{s}_flat")
        yield helper.make_node("Shape", [source], [f"{s}_outer"], end=-1)
        yield helper.make_node("Concat", [f"{s}_outer", "q_last"], [f"{s}_shape"], axis=0)
        yield helper.make_node("Mul", [source, f"{s}_smoothing"], [f"{s}_smooth"])
        yield helper.make_node("Reshape", [f"{s}_smooth", f"{s}_flat"], [f"{s}_even"])
        yield helper.make_node("Abs", [f"{s}_even"], [f"{s}_abs"])
        yield helper.make_node("ReduceMax", [f"{s}_abs", "q_last"], [f"{s}_max"], keepdims=1)
        yield helper.make_node("Max", [f"{s}_max", "q_tiny"], [f"{s}_safe"])
        yield helper.make_node("Div", [f"{s}_safe", "q_top"], [f"{s}_scale"])
        yield helper.make_node("Reshape", [f"{s}_scale", "q_last"], [f"{s}_scales"])
        yield helper.make_node("Shape", [f"{s}_scales"], [f"{s}_count"])
        yield helper.make_node("Expand", ["q_zero", f"{s}_count"], [f"{s}_zeros"])
        scales = [f"{s}_scales", f"{s}_zeros"]
        yield helper.make_node("QuantizeLinear", [f"{s}_even", *scales], [s], axis=0)
        yield helper.make_node("DequantizeLinear", [s, "q_one", "q_zero"], [f"{s}_float"])

    def _lookup(self, node: NodeProto) -> Iterator[NodeProto]:
        """table[ids] as int8 rows, each with its own scale."""
        table, ids = node.input
        quantized, scale = _by_row(numpy_helper.to_array(self.weights[table]))
        name = node.output[0]
        self._add(quantized, f"{name}_t")
        self._add(scale, f"{name}_ts")
        yield helper.make_node("Gather", [f"{name}_t", ids], [f"{name}_i"])
        yield helper.make_node("Gather", [f"{name}_ts", ids], [f"{name}_s"])
        yield helper.make_node("Cast", [f"{name}_i"], [f"{name}_f"], to=TensorProto.FLOAT)
        yield helper.make_node("Mul", [f"{name}_f", f"{name}_s"], [name])

    def _shape(self, name: str) -> int:
        """Number of dimensions of a weight; 0 for what is no weight."""
        return len(self.weights[name].dims) if name in self.weights else 0

    def _large(self, node: NodeProto) -> bool:
        """Whether a table is worth it: the positions are not."""
        return bool(self.weights[node.input[0]].dims[0] > 1_000)

    def _add(self, values: NDArray[np.generic], name: str) -> None:
        self.added.append(numpy_helper.from_array(values, name))


def _by_column(weight: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Quantise (in, out) with one scale an output. Shapes: (in, out) and (out,)."""
    scale = np.maximum(np.abs(weight).max(axis=0), 1e-8) / _TOP
    return np.round(weight / scale).astype(np.int8), scale.astype(np.float32)


def _by_row(table: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Quantise (rows, width) with one scale a row. Shapes: (rows, width) and (rows, 1)."""
    scale = np.maximum(np.abs(table).max(axis=1, keepdims=True), 1e-8) / _TOP
    return np.round(table / scale).astype(np.int8), scale.astype(np.float32)


def _inputs(nodes: list[NodeProto]) -> set[str]:
    """Names that any node reads."""
    return {name for node in nodes for name in node.input}
