"""The trained network as an ONNX graph, proved to say the same."""

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator, Sequence

import numpy as np
import onnx
import torch

from models.labels import Head
from models.network import load_network
from training.errors import ExportError
from training.loop import score
from training.network import IntentNetwork

TOLERANCE = 1e-4  # between torch and ONNX in float32, on logits
_OPSET = 20


def export(network: IntentNetwork, heads: Sequence[Head]) -> onnx.ModelProto:
    """Write the network as one ONNX graph with an output a head.

    Inputs are `input_ids` and `attention_mask`, each of shape (windows, tokens); both sizes are
    free.
    """
    dynamic = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), _quiet():
        warnings.simplefilter("ignore")  # the exporter's own, about its own future
        program = torch.onnx.export(
            network.eval(),
            (torch.full((2, 7), 5), torch.ones(2, 7, dtype=torch.long)),
            dynamo=True,
            opset_version=_OPSET,
            input_names=["input_ids", "attention_mask"],
            output_names=[head.name for head in heads],
            dynamic_shapes=(dynamic, dynamic),
            verbose=False,
        )
    if program is None:
        raise ExportError("torch gave no ONNX program")
    return program.model_proto


def disagreement(
    network: IntentNetwork, model: onnx.ModelProto, ids: Sequence[Sequence[int]]
) -> float:
    """Largest difference of any logit between torch and ONNX on the same windows.

    Raises:
        ExportError: It is more than TOLERANCE.
    """
    exported = load_network(model.SerializeToString(), threads=0)(ids)
    trained = score(network, ids)
    worst = max(float(np.abs(exported[name] - trained[name]).max()) for name in trained)
    if not worst <= TOLERANCE:
        raise ExportError(f"torch and ONNX differ by {worst:.2g}; {TOLERANCE:.0e} is allowed")
    return worst


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter from logging what concerns nobody here."""
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
