"""What the encoder makes of windows, before any head looks at it."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from models.network import pad
from models.types import Floats
from training.loop import precision
from training.network import IntentNetwork, mean_pool

_CHUNK = 32  # windows of like length that go through the encoder together: little padding


def embed(network: IntentNetwork, ids: Sequence[Sequence[int]]) -> Tensor:
    """Embed windows as the network stands, in chunks of like length. Shape: (windows, width)."""
    order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
    chunks = [order[start : start + _CHUNK] for start in range(0, len(order), _CHUNK)]
    rows = torch.cat([_embed(network, [ids[i] for i in chunk]) for chunk in chunks])
    return rows[torch.from_numpy(np.argsort(np.asarray(order), kind="stable"))]


def vectors_of(
    network: IntentNetwork, ids: Sequence[Sequence[int]], *, normal: bool = True
) -> Floats:
    """Embed windows outside training. Shape: (windows, width), each of length one if normal."""
    network.eval()
    with torch.inference_mode():
        rows = embed(network, ids)
        vectors: Floats = (functional.normalize(rows, dim=1) if normal else rows).numpy()
    return vectors


def _embed(network: IntentNetwork, ids: Sequence[Sequence[int]]) -> Tensor:
    tokens, mask = (torch.from_numpy(array) for array in pad(ids))
    with precision():
        hidden = network.encoder(input_ids=tokens, attention_mask=mask)
    return mean_pool(hidden.last_hidden_state.float(), mask)
