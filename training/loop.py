"""Fine-tune the encoder and all heads together."""

import contextlib
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.optim.lr_scheduler import LambdaLR

from models.labels import INTENTS, Head
from models.network import pad
from models.types import Floats, Tokenize
from training.config import TrainConfig
from training.dataset import Example
from training.metrics import head_targets
from training.network import IntentNetwork

Progress = Callable[[int, int, float], None]  # steps done, steps in all, loss of the last step
_POOL = 50  # batches sorted by length together: little padding, still a random order
_MAX_NORM = 1.0  # of the gradient
_CHUNK = 64  # messages scored at once
_TIMED = 4  # batches that are timed before training


@dataclass(frozen=True, slots=True)
class Encoded:
    """What the loop needs of the examples: their first window, and targets per head."""

    ids: Sequence[Sequence[int]]
    targets: Mapping[str, Floats]  # (examples, labels); a row of NaN where the head is missing


def encode(examples: Sequence[Example], heads: Sequence[Head], tokenize: Tokenize) -> Encoded:
    """Tokenize the examples once, and write their labels as numbers."""
    windows = tokenize([example.composed for example in examples])
    first = np.flatnonzero(np.diff(windows.owners, prepend=-1))
    return Encoded(
        [windows.ids[int(i)] for i in first],
        {head.name: targets_of(head, examples) for head in heads},
    )


def targets_of(head: Head, examples: Sequence[Example]) -> Floats:
    """1.0 where a label holds, a row of NaN where it lacks the head. Shape: (examples, labels)."""
    present, targets = head_targets(head, examples)
    targets[~present] = np.nan
    return targets


def fit(
    network: IntentNetwork,
    data: Encoded,
    heads: Sequence[Head],
    config: TrainConfig,
    on_step: Progress,
) -> bool:
    """Train in place. Returns False where Ctrl-C ended it early; the weights stay as they are.

    Raises:
        KeyboardInterrupt: Ctrl-C came before the first step was done.
    """
    torch.manual_seed(config.seed)
    order = random.Random(config.seed)
    steps = steps_of(len(data.ids), config)
    optimizer = torch.optim.AdamW(_groups(network, config), lr=config.learning_rate, fused=True)
    schedule = LambdaLR(optimizer, lambda step: _share(step, steps, config.warmup_ratio))
    network.train()
    done = 0
    try:
        for _ in range(config.epochs):
            for batch in batches(data.ids, config.batch_size, order):
                loss = _step(network, data, batch, heads, config)
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
    network: IntentNetwork, data: Encoded, heads: Sequence[Head], config: TrainConfig
) -> float:
    """Time a step on batches of the data's mean cost, without learning anything."""
    network.train()
    some = list(batches(data.ids, config.batch_size, random.Random(config.seed)))[:_TIMED]
    started = time.monotonic()
    for batch in some:
        _step(network, data, batch, heads, config).backward()  # type: ignore[no-untyped-call]
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


def batches(
    ids: Sequence[Sequence[int]], batch_size: int, order: random.Random
) -> Iterator[list[int]]:
    """Give every example once, in batches of like length and random order."""
    indices = list(range(len(ids)))
    order.shuffle(indices)
    groups = []
    for start in range(0, len(indices), batch_size * _POOL):
        pool = sorted(indices[start : start + batch_size * _POOL], key=lambda i: len(ids[i]))
        groups += [pool[i : i + batch_size] for i in range(0, len(pool), batch_size)]
    order.shuffle(groups)
    yield from groups


def _step(
    network: IntentNetwork,
    data: Encoded,
    batch: list[int],
    heads: Sequence[Head],
    config: TrainConfig,
) -> Tensor:
    """Loss of one batch over all heads."""
    tensors = [torch.from_numpy(array) for array in pad([data.ids[i] for i in batch])]
    with _precision():
        outputs = network(*tensors)
    losses = [
        (1.0 if head.name == INTENTS else config.signal_weight)
        * head_loss(head, logits.float(), torch.from_numpy(data.targets[head.name][batch]))
        for head, logits in zip(heads, outputs, strict=True)
    ]
    return torch.stack(losses).sum()


def head_loss(head: Head, logits: Tensor, targets: Tensor) -> Tensor:
    """Loss of one head over the rows that have it. Shapes: (messages, labels), twice."""
    present = ~targets[:, 0].isnan()
    if not present.any():
        return logits.sum() * 0.0
    if head.kind == "multi":
        return functional.binary_cross_entropy_with_logits(logits[present], targets[present])
    return functional.cross_entropy(logits[present], targets[present])


def _groups(network: IntentNetwork, config: TrainConfig) -> list[dict[str, object]]:
    """Decay matrices, leave biases and layer norms alone; the new heads learn faster."""
    encoder = list(network.encoder.parameters())
    return [
        {"params": [p for p in encoder if p.ndim > 1], "weight_decay": config.weight_decay},
        {"params": [p for p in encoder if p.ndim <= 1], "weight_decay": 0.0},
        {
            "params": list(network.layers.parameters()),
            "weight_decay": config.weight_decay,
            "lr": config.head_learning_rate,
        },
    ]


def _share(step: int, steps: int, warmup_ratio: float) -> float:
    """Share of the peak learning rate: up in a line, then down in a line to zero."""
    warmup = max(1, int(steps * warmup_ratio))
    if step < warmup:
        return (step + 1) / warmup
    return max(0.0, (steps - step) / max(1, steps - warmup))


def bf16_is_fast() -> bool:
    """Whether the processor multiplies bfloat16 by itself; emulated, it would be slower."""
    able = torch.cpu.get_capabilities()
    return bool(able.get("avx512_bf16") or able.get("amx_bf16"))


def _precision() -> contextlib.AbstractContextManager[object]:
    """Compute in bfloat16 where that is faster."""
    return torch.autocast("cpu", torch.bfloat16) if bf16_is_fast() else contextlib.nullcontext()
