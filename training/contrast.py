"""Move messages that want the same together, before any head is trained."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from models.labels import Head, deciding
from training.config import TrainConfig
from training.console import Console
from training.loop import Encoded, fit, seconds_a_step, steps_of
from training.network import IntentNetwork
from training.vectors import embed

_BATCH = 32  # messages that are told from each other
_TEMPERATURE = 0.07  # of their cosines


def warm_up(
    network: IntentNetwork,
    epoch_of: Callable[[int], Encoded],
    heads: Sequence[Head],
    config: TrainConfig,
    console: Console,
) -> None:
    """Train the encoder in place so that messages lie near those that share their intents.

    A run that learns from a teacher starts from what that has learnt, and needs none.

    Args:
        network: Its heads are left alone.
        epoch_of: Gives the messages of an epoch, by its number from 0; as many each time.
        heads: As the network was made for.
        config: Of the run.
        console: Shows the steps.

    Raises:
        KeyboardInterrupt: Ctrl-C came, and there is no head yet that could answer.

    Source:
        Khosla et al. 2020, "Supervised Contrastive Learning", equation 2; a pair weighs as much as
        its labels overlap, as in Zhang et al. 2021, "Few-Shot Intent Detection via Contrastive
        Pre-Training and Fine-Tuning".
    """
    if config.teacher or not config.contrast_epochs:
        return
    run = replace(
        config,
        epochs=config.contrast_epochs,
        batch_size=_BATCH,
        learning_rate=config.contrast_rate,
    )
    first = epoch_of(0)  # made once: it takes as long as many steps
    estimate = seconds_a_step(network, first, heads, run, _step_loss)
    with console.training(steps_of(len(first.windows), run), estimate, "contrast") as steps:
        made = partial(_made, epoch_of, first)
        if not fit(network, made, heads, run, steps, _step_loss):
            raise KeyboardInterrupt


def _made(epoch_of: Callable[[int], Encoded], first: Encoded, number: int) -> Encoded:
    return epoch_of(number) if number else first


def _step_loss(
    network: IntentNetwork,
    data: Encoded,
    batch: list[int],
    heads: Sequence[Head],
    config: TrainConfig,
) -> Tensor:
    """Contrast a batch of messages, each read in its first window, by the head that decides."""
    targets = data.targets[deciding(heads).name]
    known = [i for i in batch if not np.isnan(targets[i, 0])]
    rows = embed(network, [data.windows[i][0] for i in known or batch])
    if not known:
        return rows.sum() * 0.0
    return contrast_loss(
        functional.normalize(rows, dim=1), torch.from_numpy(targets[known]), _TEMPERATURE
    )


def contrast_loss(rows: Tensor, targets: Tensor, temperature: float) -> Tensor:
    """Say how badly vectors tell which of the others share their labels.

    Args:
        rows: Vectors of length one. Shape: (messages, width).
        targets: 1.0 where a label holds. Shape: (messages, labels).
        temperature: Of their cosines.
    """
    alone = torch.eye(len(rows), dtype=torch.bool)
    logits = (rows @ rows.T / temperature).masked_fill(alone, -1e9)
    weights = overlaps(targets).masked_fill(alone, 0.0)
    likely = logits - logits.logsumexp(dim=1, keepdim=True)
    sums = weights.sum(dim=1)
    losses = -(likely * weights).sum(dim=1)[sums > 0] / sums[sums > 0]
    return losses.mean() if len(losses) else rows.sum() * 0.0


def overlaps(targets: Tensor) -> Tensor:
    """Share of labels that two messages have in common; 1.0 for two without any.

    Args:
        targets: Shape: (messages, labels).

    Returns:
        Shape: (messages, messages).
    """
    common = targets @ targets.T
    counts = targets.sum(dim=1)
    union = counts[:, None] + counts[None, :] - common
    return torch.where(union > 0, common / union.clamp(min=1.0), torch.ones_like(common))
