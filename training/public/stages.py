"""The stages in which a network learns a public task: warm-up, probe, fine-tuning, readout."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import torch
from torch import nn

from models.labels import INTENTS
from models.tokenization import windowing
from models.types import Floats
from training.average import WeightAverage
from training.base.encoder import Base
from training.config import TrainConfig
from training.loop import Encoded, Progress, fit, targets_of
from training.network import IntentNetwork
from training.public.contrast import Contrasted, warm_up
from training.public.readout import PROBE_SCALE, Readout, fit_readout
from training.public.recipe import Recipe
from training.public.tasks import Task
from training.vectors import vectors_of

Read: TypeAlias = Callable[[Sequence[str]], Sequence[Sequence[int]]]
_E5_PREFIX = "query: "  # how e5 was trained to read a text that is compared with its like


@dataclass(frozen=True, slots=True)
class Run:
    """What a training run is given beside its recipe."""

    config: TrainConfig
    on_step: Progress


def reader(base: Base, max_length: int) -> Read:
    """Give the function from texts to the tokens of their first windows."""
    tokenize = windowing(base.tokenizer, max_length=max_length)
    prefix = _E5_PREFIX if base.name == "e5" else ""

    def read(texts: Sequence[str]) -> Sequence[Sequence[int]]:
        windows = tokenize([prefix + text for text in texts])
        first = np.flatnonzero(np.diff(windows.owners, prepend=-1))
        return [windows.ids[int(i)] for i in first]

    return read


def data_of(task: Task, read: Read) -> Contrasted:
    """Read a task's training messages, and the names of its labels as messages."""
    return Contrasted(
        ids=read([example.composed for example in task.train]),
        targets=targets_of(task.head, task.train),
        names=read([spoken(label) for label in task.head.labels]),
    )


def spoken(label: str) -> str:
    """Say a label's name as words."""
    return label.replace("_", " ").replace("?", "").lower()


def new_network(base: Base, task: Task, recipe: Recipe, seed: int) -> IntentNetwork:
    """Put a fresh head upon the base."""
    torch.manual_seed(seed)
    return IntentNetwork(base.encoder, base.hidden_size, [task.head], dropout=recipe.dropout)


def learn(
    network: IntentNetwork, data: Contrasted, task: Task, recipe: Recipe, run: Run
) -> Readout:
    """Train a network in place, stage after stage, and fit what reads its vectors."""
    if recipe.contrast_epochs:
        warm = replace(run.config, learning_rate=recipe.contrast_rate)
        warm_up(network, data, recipe, warm, run.on_step)
    if recipe.tune_epochs:
        start_from_probe(network, data, task, recipe, run.config.seed)
        average = WeightAverage(network, recipe.averaged_ratio, run.on_step)
        encoded = smoothed(data, task, recipe.smoothing)
        fit(network, lambda _: encoded, [task.head], run.config, average)
        average.apply()
    rows = vectors_of(network, data.ids)
    return fit_readout(task, rows, data.targets, recipe, seed=run.config.seed)


def start_from_probe(
    network: IntentNetwork, data: Contrasted, task: Task, recipe: Recipe, seed: int
) -> None:
    """Let the head begin where a linear probe ends, so that fine-tuning spoils no features.

    Source:
        Kumar et al. 2022, "Fine-Tuning can Distort Pretrained Features and Underperform
        Out-of-Distribution", section 4 (LP-FT).
    """
    rows = vectors_of(network, data.ids, normal=False)
    scale = PROBE_SCALE / float(np.linalg.norm(rows, axis=1).mean())
    probe = fit_readout(task, rows * (scale / PROBE_SCALE), data.targets, recipe, seed=seed).probe
    head = network.layers[0]
    if not isinstance(head, nn.Linear):
        raise TypeError("the head must be a linear layer")
    with torch.no_grad():
        head.weight.copy_(torch.from_numpy(probe.weights.T * scale))
        head.bias.copy_(torch.from_numpy(probe.shifts))


def smoothed(data: Contrasted, task: Task, smoothing: float) -> Encoded:
    """Give the loop its data, with a share of each target spread over the labels.

    Source:
        Szegedy et al. 2016, "Rethinking the Inception Architecture", section 7.
    """
    count = len(task.head.labels)
    share = 1.0 / count if task.kind == "single" else 0.5
    targets: Floats = data.targets * (1.0 - smoothing) + np.float32(smoothing * share)
    return Encoded([[window] for window in data.ids], {INTENTS: targets})
