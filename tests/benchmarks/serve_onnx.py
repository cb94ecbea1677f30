"""The network as the ONNX graphs that infinity's optimised engine takes.

    python -m tests.benchmarks.serve_onnx --network net --float32 model.onnx --int8 model_int8.onnx

Runs in infinity's environment: the graphs that its versions export are those that the optimiser
knows. The engine averages whatever a graph calls `last_hidden_state`, and scales it to length 1.
The heads are linear, so the mean of each token's logits is the message's logits: the graph gives
those, and of the scaled mean at least the signs are the network's own.
"""

import argparse
import warnings
from pathlib import Path

import torch
from onnx import TensorProto
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers import optimizer

from tests.benchmarks.serve_network import MeanPooledClassifier, read_network

_OPSET = 17  # the newest that the old exporter writes, whose graphs the optimiser knows


class TokenLogits(torch.nn.Module):
    """Encoder and heads without the mean between them."""

    def __init__(self, model: MeanPooledClassifier) -> None:
        super().__init__()
        self._model = model

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Score each token. Shapes: (messages, tokens) to (messages, tokens, labels)."""
        hidden = self._model.bert(input_ids=input_ids, attention_mask=attention_mask)
        scored: torch.Tensor = self._model.classifier(hidden.last_hidden_state)
        return scored


def export(network: Path, file: Path) -> None:
    """Write the graph in float32."""
    model, _ = read_network(network)
    free = {0: "messages", 1: "tokens"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the old exporter says that it is old
        torch.onnx.export(
            TokenLogits(model).eval(),
            (torch.full((2, 7), 5), torch.ones(2, 7, dtype=torch.long)),
            str(file),
            dynamo=False,
            opset_version=_OPSET,
            input_names=["input_ids", "attention_mask"],
            output_names=["last_hidden_state"],
            dynamic_axes={n: free for n in ("input_ids", "attention_mask", "last_hidden_state")},
        )


def fuse(file: Path, network: Path) -> None:
    """Fuse attention, layer norms and activations: what infinity 0.0.78 means to do at its start.

    It passes an option that its library has dropped, says so, and goes on with the plain graph.
    """
    config = read_network(network)[0].config
    sizes = {"num_heads": config.num_attention_heads, "hidden_size": config.hidden_size}
    fused = optimizer.optimize_model(str(file), model_type="bert", opt_level=1, **sizes)
    if not fused.get_fused_operator_statistics()["Attention"]:
        raise SystemExit("no attention was fused: these versions export another graph")
    fused.save_model_to_file(str(file))


def export_int8(float32: Path, file: Path) -> None:
    """Quantise as ONNX Runtime does by default, one scale for all activations of a batch."""
    # The fused operators tell nothing about the types of what they give.
    types = {"DefaultTensorType": TensorProto.FLOAT}
    quantize_dynamic(
        float32, file, weight_type=QuantType.QInt8, per_channel=True, extra_options=types
    )


def main() -> None:
    """Run as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--network", type=Path, required=True)
    parser.add_argument("--float32", type=Path, required=True)
    parser.add_argument("--int8", type=Path, required=True)
    given = parser.parse_args()
    export(given.network, given.float32)
    fuse(given.float32, given.network)
    export_int8(given.float32, given.int8)


if __name__ == "__main__":
    main()
