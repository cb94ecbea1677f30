"""Warm an encoder up by contrast: messages of one label move together, those of others apart."""

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.optim.lr_scheduler import LambdaLR

from models.types import Floats
from training.config import TrainConfig
from training.contrast import contrast_loss
from training.loop import Progress, groups_of, rate_share
from training.network import IntentNetwork
from training.public.recipe import Recipe
from training.vectors import embed

_MAX_NORM = 1.0  # of the gradient
_NONE = -1  # stands for the label of a message that has none


@dataclass(frozen=True, slots=True)
class Contrasted:
    """What the warm-up needs of the training part."""

    ids: Sequence[Sequence[int]]  # of each message's first window
    targets: Floats  # (messages, labels)
    names: Sequence[Sequence[int]]  # tokens of each label's name, which is one more message of it


def warm_up(
    network: IntentNetwork,
    data: Contrasted,
    recipe: Recipe,
    config: TrainConfig,
    on_step: Progress,
) -> None:
    """Train the encoder in place so that messages lie near those that share their labels.

    Source:
        Khosla et al. 2020, "Supervised Contrastive Learning", equation 2; a pair weighs as much as
        its labels overlap, as in Zhang et al. 2021, "Few-Shot Intent Detection via Contrastive
        Pre-Training and Fine-Tuning".
    """
    torch.manual_seed(config.seed)
    order = random.Random(config.seed)
    epochs = [list(batches(data.targets, recipe, order)) for _ in range(recipe.contrast_epochs)]
    plan = [batch for epoch in epochs for batch in epoch]
    optimizer = torch.optim.AdamW(groups_of(network, config), fused=True)
    schedule = LambdaLR(optimizer, lambda step: rate_share(step, len(plan), config.warmup_ratio))
    network.train()
    for done, batch in enumerate(plan, 1):
        loss = _loss(network, data, batch, recipe.temperature)
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        torch.nn.utils.clip_grad_norm_(network.parameters(), _MAX_NORM)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad(set_to_none=True)
        on_step(done, len(plan), float(loss.detach()))
    network.eval()


def _loss(
    network: IntentNetwork, data: Contrasted, batch: Sequence[int], temperature: float
) -> Tensor:
    """Contrast a batch of messages with each other and with the names of their labels."""
    held = data.targets[batch]
    named = np.flatnonzero(held.any(axis=0))
    ids = [*(data.ids[i] for i in batch), *(data.names[int(i)] for i in named)]
    targets = np.concatenate([held, np.eye(held.shape[1], dtype=np.float32)[named]])
    rows = functional.normalize(embed(network, ids), dim=1)
    return contrast_loss(rows, torch.from_numpy(targets), temperature)


def batches(targets: Floats, recipe: Recipe, order: random.Random) -> Iterator[list[int]]:
    """Give an epoch's batches: some labels, of each some messages, so that each has its like.

    A message counts under the rarest of its labels; of a label with fewer messages than others,
    messages come again.
    """
    groups = _by_label(targets)
    for rows in groups.values():
        order.shuffle(rows)
    size = recipe.messages_a_label
    for turn in range(max(1, round(len(targets) / len(groups) / size))):
        labels = list(groups)
        order.shuffle(labels)
        for start in range(0, len(labels), recipe.labels_a_batch):
            chosen = labels[start : start + recipe.labels_a_batch]
            yield [
                groups[label][(turn * size + place) % len(groups[label])]
                for label in chosen
                for place in range(min(size, len(groups[label])))
            ]


def _by_label(targets: Floats) -> dict[int, list[int]]:
    """Messages by the rarest of their labels."""
    counts = targets.sum(axis=0)
    groups: dict[int, list[int]] = defaultdict(list)
    for i, row in enumerate(targets):
        held = np.flatnonzero(row)
        groups[int(min(held, key=lambda j: counts[j])) if len(held) else _NONE].append(i)
    return groups
