"""The stage that takes long: from a base model and labelled messages to a trained network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from models.labels import Head, deciding
from models.text.reading import Reading
from models.tokenization import parse_tokenizer, windowing
from models.types import Tokenize
from training.augment import augmenting
from training.average import WeightAverage, put_weights
from training.base.encoder import Base
from training.base.load import load_base
from training.config import TrainConfig
from training.console import Console, Steps
from training.contrast import warm_up
from training.dataset import Dataset, Splits
from training.distil import learning_from, shallower
from training.errors import BaseError
from training.loop import (
    Encoded,
    StepLoss,
    encode,
    fit,
    head_loss,
    score,
    seconds_a_step,
    steps_of,
)
from training.network import IntentNetwork
from training.reading import reading_of
from training.weights import load_weights


@dataclass(frozen=True, slots=True)
class Learnt:
    """A network after training, with what training was made of."""

    network: IntentNetwork
    base: Base
    tokenizer: bytes  # a tokenizer.json
    reading: Reading
    tokenize: Tokenize
    finished: bool  # False where Ctrl-C ended it early
    speed: Mapping[str, float]


def learn(dataset: Dataset, splits: Splits, config: TrainConfig, console: Console) -> Learnt:
    """Fine-tune the base on the training part."""
    with console.stage(f"reading the base model {config.base}"):
        base = load_base(config.base, vocabulary=config.vocabulary)
        if base.max_length is not None and config.max_length > base.max_length:
            raise BaseError(f"{base.name} reads {base.max_length} tokens, not {config.max_length}")
        tokenizer = base.tokenizer.to_str().encode()
        reading = reading_of(splits.train)
        tokenize = windowing(parse_tokenizer(tokenizer), max_length=config.max_length, read=reading)
        data = encode(splits.train, dataset.heads, tokenize)
        torch.manual_seed(config.seed)
        network, step_loss = _pupil(base, dataset.heads, config)
    varied = augmenting(splits.train, seed=config.seed)

    def epoch_of(number: int) -> Encoded:
        return encode(varied(number), dataset.heads, tokenize)

    def before(number: int) -> Encoded:
        return epoch_of(config.epochs + 1 + number)  # variations that no epoch reads again

    warm_up(network, before, dataset.heads, config, console)
    estimate = seconds_a_step(network, data, dataset.heads, config, step_loss)
    with console.training(steps_of(len(data.windows), config), estimate) as steps:
        average = WeightAverage(network, config.averaged_ratio, steps)
        finished = fit(network, epoch_of, dataset.heads, config, average, step_loss)
    console.learnt(finished, steps)
    with console.stage("choosing between the last weights and their average"):
        averaged = average_if_better(
            network, average, dataset.heads, encode(splits.validation, dataset.heads, tokenize)
        )
    console.chosen("the average" if averaged else "the last")
    return Learnt(network, base, tokenizer, reading, tokenize, finished, _speed(steps, config))


def _pupil(
    base: Base, heads: Sequence[Head], config: TrainConfig
) -> tuple[IntentNetwork, StepLoss | None]:
    """Make what is trained, and what it learns from where that is not the labels alone."""
    network = IntentNetwork(base.encoder, base.hidden_size, heads, dropout=config.dropout)
    if not config.teacher:
        return network, None
    load_weights(network, Path(config.teacher))
    return shallower(network, config.layers), learning_from(network, config.layers)


def average_if_better(
    network: IntentNetwork, average: WeightAverage, heads: Sequence[Head], data: Encoded
) -> bool:
    """Put the average of the last weights in place if messages apart from training prefer it."""
    if not data.windows:
        return False
    last = surprise(network, data, heads)
    weights = average.apply()
    if surprise(network, data, heads) < last:
        return True
    put_weights(network, weights)
    return False


def surprise(network: IntentNetwork, data: Encoded, heads: Sequence[Head]) -> float:
    """Loss of the deciding head over some messages, each read in its first window."""
    head = deciding(heads)
    logits = score(network, [windows[0] for windows in data.windows])[head.name]
    return float(head_loss(head, *map(torch.from_numpy, (logits, data.targets[head.name]))))


def _speed(steps: Steps, config: TrainConfig) -> dict[str, float]:
    """How fast training went."""
    messages = steps.done * config.batch_size
    return {
        "training_seconds": round(steps.seconds, 1),
        "training_messages_per_second": round(messages / max(steps.seconds, 1e-9), 1),
    }
