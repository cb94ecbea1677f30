"""Fine-tune the encoder and all heads together."""

import contextlib
import random
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.lr_scheduler import LambdaLR

from models.labels import INTENTS, OTHER, Head
from models.network import pad
from models.types import Floats, Tokenize
from training.config import TrainConfig
from training.dataset import Example
from training.metrics import head_targets
from training.network import IntentNetwork

_LAYER = re.compile(r"\blayers?\.(\d+)\.")  # as transformers names them
Progress = Callable[[int, int, float], None]  # steps done, steps in all, loss of the last step
# Loss of a batch: the network, the examples, which of them, the heads, the run
StepLoss = Callable[["IntentNetwork", "Encoded", list[int], Sequence[Head], TrainConfig], Tensor]
_POOL = 50  # batches sorted by length together: little padding, still a random order
_MAX_NORM = 1.0  # of the gradient
_CHUNK = 64  # messages scored at once
_TIMED = 4  # batches that are timed before training
MAX_WINDOWS = 8  # of a message that are trained on: hardly one has more


@dataclass(frozen=True, slots=True)
class Encoded:
    """What the loop needs of the examples: their windows, and targets per head."""

    windows: Sequence[Sequence[Sequence[int]]]  # of each example, at least one
    targets: Mapping[str, Floats]  # (examples, labels); a row of NaN where the head is missing


def encode(examples: Sequence[Example], heads: Sequence[Head], tokenize: Tokenize) -> Encoded:
    """Tokenize the examples, and write their labels as numbers."""
    found = tokenize([example.composed for example in examples])
    windows: list[list[Sequence[int]]] = [[] for _ in examples]
    for owner, ids in zip(found.owners, found.ids, strict=True):
        if len(windows[int(owner)]) < MAX_WINDOWS:
            windows[int(owner)].append(ids)
    return Encoded(
        windows,
        {head.name: targets_of(head, examples) for head in heads},
    )


def targets_of(head: Head, examples: Sequence[Example]) -> Floats:
    """1.0 where a label holds, a row of NaN where it lacks the head. Shape: (examples, labels)."""
    present, targets = head_targets(head, examples)
    targets[~present] = np.nan
    return targets


def fit(
    network: IntentNetwork,
    epoch_of: Callable[[int], Encoded],
    heads: Sequence[Head],
    config: TrainConfig,
    on_step: Progress,
    step_loss: StepLoss | None = None,
) -> bool:
    """Train in place. Returns False where Ctrl-C ended it early; the weights stay as they are.

    Args:
        network: Starts from the weights it has.
        epoch_of: Gives the examples of an epoch, by its number from 0; as many each time.
        heads: As the network was made for.
        config: Of the run.
        on_step: Told after each step.
        step_loss: What is made small; that of the labels unless given.

    Raises:
        KeyboardInterrupt: Ctrl-C came before the first step was done.
    """
    torch.manual_seed(config.seed)
    order = random.Random(config.seed)
    loss_of = step_loss or label_loss
    data = epoch_of(0)
    steps = steps_of(len(data.windows), config)
    optimizer = torch.optim.AdamW(groups_of(network, config), lr=config.learning_rate, fused=True)
    schedule = LambdaLR(optimizer, lambda step: rate_share(step, steps, config.warmup_ratio))
    network.train()
    done = 0
    try:
        for epoch in range(config.epochs):
            data = epoch_of(epoch) if epoch else data
            for batch in batches(lengths_of(data), config.batch_size, order):
                loss = loss_of(network, data, batch, heads, config)
                loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
                torch.nn.utils.clip_grad_norm_(network.parameters(), _MAX_NORM)
                optimizer.step()
                schedule.step()
                optimizer.zero_grad(set_to_none=True)
                done += 1
                on_step(done, steps, float(loss.detach()))
    except KeyboardInterrupt:
        if not done:  # there is nothing to keep
            raise
        return False
    finally:
        network.eval()
    return True


def seconds_a_step(
    network: IntentNetwork,
    data: Encoded,
    heads: Sequence[Head],
    config: TrainConfig,
    step_loss: StepLoss | None = None,
) -> float:
    """Time a step on batches of the data's mean cost, without learning anything."""
    loss_of = step_loss or label_loss
    network.train()
    order = random.Random(config.seed)
    some = list(batches(lengths_of(data), config.batch_size, order))[:_TIMED]
    started = time.monotonic()
    for batch in some:
        loss_of(network, data, batch, heads, config).backward()  # type: ignore[no-untyped-call]
    network.zero_grad(set_to_none=True)
    return (time.monotonic() - started) / len(some)


def steps_of(rows: int, config: TrainConfig) -> int:
    """Optimiser steps of a run over so many rows."""
    return config.epochs * -(-rows // config.batch_size)


def score(network: IntentNetwork, ids: Sequence[Sequence[int]]) -> dict[str, Floats]:
    """Logits of the trained network in float32. Each of shape (len(ids), labels)."""
    network.eval()
    parts = []
    with torch.inference_mode():
        for start in range(0, len(ids), _CHUNK):
            tensors = [torch.from_numpy(array) for array in pad(ids[start : start + _CHUNK])]
            parts.append([output.numpy() for output in network(*tensors)])
    rows = [np.concatenate(part) for part in zip(*parts, strict=True)]
    return dict(zip(network.names, rows, strict=True))


def lengths_of(data: Encoded) -> list[int]:
    """Tokens of each example's longest window."""
    return [max(map(len, windows)) for windows in data.windows]


def batches(lengths: Sequence[int], batch_size: int, order: random.Random) -> Iterator[list[int]]:
    """Give every example once, in batches of like length and random order."""
    indices = list(range(len(lengths)))
    order.shuffle(indices)
    groups = []
    for start in range(0, len(indices), batch_size * _POOL):
        pool = sorted(indices[start : start + batch_size * _POOL], key=lambda i: lengths[i])
        groups += [pool[i : i + batch_size] for i in range(0, len(pool), batch_size)]
    order.shuffle(groups)
    yield from groups


def label_loss(
    network: IntentNetwork,
    data: Encoded,
    batch: list[int],
    heads: Sequence[Head],
    config: TrainConfig,
) -> Tensor:
    """Loss of one batch over all heads."""
    tensors, sizes = windows_of(data, batch)
    with precision():
        outputs = network(*tensors)
    said = [joined(head, out.float(), sizes) for head, out in zip(heads, outputs, strict=True)]
    losses = [
        weight_of(head, config)
        * head_loss(head, logits, torch.from_numpy(data.targets[head.name][batch]))
        for head, logits in zip(heads, said, strict=True)
    ]
    return torch.stack(losses).sum()


def windows_of(data: Encoded, batch: Sequence[int]) -> tuple[list[Tensor], list[int]]:
    """Ids and mask of the windows of some messages, and how many each message has."""
    windows = [data.windows[i] for i in batch]
    ids = [window for message in windows for window in message]
    return [torch.from_numpy(array) for array in pad(ids)], [len(one) for one in windows]


def weight_of(head: Head, config: TrainConfig) -> float:
    """How much a head's loss counts."""
    return 1.0 if head.name == INTENTS else config.signal_weight


def joined(head: Head, logits: Tensor, sizes: Sequence[int]) -> Tensor:
    """Put a message's windows together as serving does; see models.classifier.message_logits.

    Args:
        head: Whose logits these are.
        logits: Shape: (windows, labels).
        sizes: Windows of each message.

    Returns:
        Shape: (messages, labels).
    """
    if len(sizes) == len(logits):
        return logits
    messages = torch.split(logits, list(sizes))
    if head.kind == "single":
        return torch.stack([message.mean(dim=0) for message in messages])
    best = torch.stack([message.amax(dim=0) for message in messages])
    if OTHER not in head.labels:
        return best
    least = torch.stack([message.amin(dim=0) for message in messages])
    alone = torch.tensor([label == OTHER for label in head.labels])
    return torch.where(alone, least, best)


def head_loss(head: Head, logits: Tensor, targets: Tensor) -> Tensor:
    """Loss of one head over the rows that have it. Shapes: (messages, labels), twice."""
    present = ~targets[:, 0].isnan()
    if not present.any():
        return logits.sum() * 0.0
    if head.kind == "multi":
        return functional.binary_cross_entropy_with_logits(logits[present], targets[present])
    return functional.cross_entropy(logits[present], targets[present])


def groups_of(network: IntentNetwork, config: TrainConfig) -> list[dict[str, object]]:
    """Decay matrices, leave biases and layer norms alone; lower layers and the base learn slower.

    Source:
        Howard and Ruder 2018, "Universal Language Model Fine-tuning", section 3.2.
    """
    groups: list[dict[str, object]] = [
        {
            "params": list(network.layers.parameters()),
            "weight_decay": config.weight_decay,
            "lr": config.head_learning_rate,
        }
    ]
    depth = len(_layers(network.encoder))
    for name, parameter in network.encoder.named_parameters():
        below = depth - _layer_of(name)
        groups.append(
            {
                "params": [parameter],
                "weight_decay": config.weight_decay if parameter.ndim > 1 else 0.0,
                "lr": config.learning_rate * config.layer_decay**below,
            }
        )
    return groups


def _layers(encoder: nn.Module) -> set[int]:
    """Numbers of an encoder's layers, as its parameters are named."""
    return {_layer_of(name) for name, _ in encoder.named_parameters()} - {0}


def _layer_of(name: str) -> int:
    """Number of the layer a parameter belongs to, from 1; embeddings and the rest are 0."""
    found = _LAYER.search(name)
    return int(found[1]) + 1 if found else 0


def rate_share(step: int, steps: int, warmup_ratio: float) -> float:
    """Share of the peak learning rate: up in a line, then down in a line to zero."""
    warmup = max(1, int(steps * warmup_ratio))
    if step < warmup:
        return (step + 1) / warmup
    return max(0.0, (steps - step) / max(1, steps - warmup))


def bf16_is_fast() -> bool:
    """Whether the processor multiplies bfloat16 by itself; emulated, it would be slower."""
    able = torch.cpu.get_capabilities()
    return bool(able.get("avx512_bf16") or able.get("amx_bf16"))


def precision() -> contextlib.AbstractContextManager[object]:
    """Compute in bfloat16 where that is faster."""
    return torch.autocast("cpu", torch.bfloat16) if bf16_is_fast() else contextlib.nullcontext()
