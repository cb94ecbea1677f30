"""How large each channel of an activation gets, seen on real messages."""

from collections.abc import Mapping, Sequence

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper

from models.network import pad
from models.types import Floats

_WINDOWS = 128  # enough for every channel that stands out to have shown itself


def product_inputs(graph: onnx.GraphProto) -> dict[str, list[str]]:
    """Name the activations that are multiplied with weight matrices, and those matrices."""
    matrices = {weight.name for weight in graph.initializer if len(weight.dims) == 2}
    found: dict[str, list[str]] = {}
    for node in graph.node:
        if node.op_type == "MatMul" and node.input[1] in matrices:
            found.setdefault(node.input[0], []).append(node.input[1])
    return found


def channel_ranges(model: onnx.ModelProto, ids: Sequence[Sequence[int]]) -> Mapping[str, Floats]:
    """Run some windows and keep the largest magnitude of each channel.

    Args:
        model: The float32 graph; it is not changed.
        ids: Windows of messages that the network was trained on.

    Returns:
        By activation, shape (channels,).
    """
    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    names = list(product_inputs(model.graph))
    watched.graph.output.extend(
        helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names
    )
    session = ort.InferenceSession(watched.SerializeToString(), providers=["CPUExecutionProvider"])
    ranges: dict[str, Floats] = {}
    for window in ids[:_WINDOWS]:
        input_ids, attention_mask = pad([window])
        inputs = {"input_ids": input_ids, "attention_mask": attention_mask}
        for name, values in zip(names, session.run(names, inputs), strict=True):
            seen = np.abs(values).reshape(-1, values.shape[-1]).max(axis=0)
            ranges[name] = np.maximum(ranges.get(name, seen), seen)
    return ranges
