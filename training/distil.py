"""A network of fewer layers that learns to answer like a trained one.

Source:
    Sanh et al. 2019, "DistilBERT", section 2 (layers taken from the teacher, soft answers, cosine
    of hidden states); Sun et al. 2019, "Patient Knowledge Distillation for BERT Model Compression",
    section 3.2 (layers in between are matched, too).
"""

import copy
from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.labels import Head
from training.config import TrainConfig
from training.errors import TrainingError
from training.loop import (
    Encoded,
    StepLoss,
    head_loss,
    joined,
    precision,
    weight_of,
    windows_of,
)
from training.network import IntentNetwork


def shallower(teacher: IntentNetwork, layers: int) -> IntentNetwork:
    """Copy a network with some of its layers, evenly apart, the last one among them.

    Raises:
        TrainingError: It has not more layers than that.
    """
    student = copy.deepcopy(teacher)
    encoder = cast(Any, student.encoder)  # a transformers encoder
    stack = encoder.encoder.layer
    if layers >= len(stack):
        raise TrainingError(f"the teacher has {len(stack)} layers; fewer must be asked for")
    encoder.encoder.layer = nn.ModuleList(stack[i - 1] for i in kept_layers(len(stack), layers))
    encoder.config.num_hidden_layers = layers
    return student


def kept_layers(deep: int, layers: int) -> list[int]:
    """Number, from 1, the layers of a deep network that stand for those of a shallow one."""
    return [round((i + 1) * deep / layers) for i in range(layers)]


def learning_from(teacher: IntentNetwork, layers: int) -> StepLoss:
    """Give the loss of a student: labels, the teacher's answers, and its hidden states."""
    teacher.eval()
    deep_layers = cast(Any, teacher.encoder).config.num_hidden_layers
    states = [0, *kept_layers(deep_layers, layers)]

    def step_loss(
        network: IntentNetwork,
        data: Encoded,
        batch: list[int],
        heads: Sequence[Head],
        config: TrainConfig,
    ) -> Tensor:
        (ids, mask), sizes = windows_of(data, batch)
        with torch.no_grad(), precision():
            deep, taught = teacher.traced(ids, mask)
        with precision():
            own, said = network.traced(ids, mask)
        losses = [_apart(own, [deep[i] for i in states], mask)]
        for head, answer, example in zip(heads, said, taught, strict=True):
            logits, known = (joined(head, one.float(), sizes) for one in (answer, example))
            targets = torch.from_numpy(data.targets[head.name][batch])
            both = head_loss(head, logits, targets) + _unlike(head, logits, known)
            losses.append(weight_of(head, config) * both)
        return torch.stack(losses).sum()

    return step_loss


def _unlike(head: Head, logits: Tensor, known: Tensor) -> Tensor:
    """Cross-entropy against the teacher's probabilities. Shapes: (messages, labels), twice."""
    if head.kind == "multi":
        return functional.binary_cross_entropy_with_logits(logits, torch.sigmoid(known))
    return functional.cross_entropy(logits, torch.softmax(known, dim=1))


def _apart(own: Sequence[Tensor], others: Sequence[Tensor], mask: Tensor) -> Tensor:
    """Mean of one minus the cosine over layers and tokens. Each: (windows, tokens, width)."""
    tokens = mask.bool()
    cosines = [
        functional.cosine_similarity(one.float()[tokens], other.float()[tokens], dim=-1).mean()
        for one, other in zip(own, others, strict=True)
    ]
    return 1.0 - torch.stack(cosines).mean()
