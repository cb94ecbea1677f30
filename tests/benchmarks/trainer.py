"""Our training beside the transformers Trainer: `python -m tests.benchmarks.trainer [--json]`.

Both fine-tune the same base on the same share of the training messages, for the intents alone, and
are judged on the messages held back. The Trainer has its defaults: three epochs of batches of
eight, float32, each batch padded to its longest, a rate of 5e-5 for all weights. Ours has the
recipe of the shipped model, variations of messages included. Needs `pip install accelerate`.
"""

import json
import tempfile
import time
from dataclasses import asdict, dataclass
from typing import Annotated

import numpy as np
import torch
import typer
from rich.console import Console
from rich.table import Table
from torch import nn
from transformers import Trainer, TrainingArguments
from transformers.trainer_callback import PrinterCallback

from models.labels import INTENTS
from models.network import pad
from models.tokenization import parse_tokenizer, windowing
from training.augment import augmenting
from training.average import WeightAverage
from training.base.load import load_base
from training.config import TrainConfig
from training.dataset import Dataset, default_sources, read_dataset, split
from training.learning import average_if_better
from training.learning_curve import share_of
from training.loop import encode, fit, joined, score
from training.metrics.scores import macro_f1
from training.network import IntentNetwork
from training.reading import reading_of

_THRESHOLD = 0.0  # of a logit


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one way of training took, and what it gave."""

    messages_per_s: float  # of one epoch, the same for both: an epoch sees each message once
    epochs: int
    seconds: float
    macro_f1: float


class Plain(nn.Module):
    """The network of ours as the Trainer wants it: with a loss."""

    def __init__(self, network: IntentNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, input_ids, attention_mask, labels=None):
        (logits,) = self.network(input_ids, attention_mask)
        loss = nn.functional.binary_cross_entropy_with_logits(logits, labels)
        return {"loss": loss, "logits": logits}


class Study:
    """What both have in common."""

    def __init__(self, dataset: Dataset, share: float) -> None:
        parts = split(dataset.examples)
        self.config = TrainConfig()
        self.heads = tuple(head for head in dataset.heads if head.name == INTENTS)
        self.train = share_of(parts.train, share)
        self.valid = parts.validation
        self.held = [*parts.validation, *parts.calibration]
        self.base = load_base(self.config.base, vocabulary=self.config.vocabulary)
        self.tokenize = windowing(
            parse_tokenizer(self.base.tokenizer.to_str().encode()),
            max_length=self.config.max_length,
            read=reading_of(parts.train),
        )

    def network(self) -> IntentNetwork:
        """Start from the base, and the same heads each time."""
        base = load_base(self.config.base, vocabulary=self.config.vocabulary)
        torch.manual_seed(self.config.seed)
        return IntentNetwork(
            base.encoder, base.hidden_size, self.heads, dropout=self.config.dropout
        )

    def encoded(self, examples):
        """Windows and targets of some messages."""
        return encode(examples, self.heads, self.tokenize)

    def f1(self, network) -> float:
        """Judge a network on the messages held back, every window of them."""
        data, (head,) = self.encoded(self.held), self.heads
        ids = [window for windows in data.windows for window in windows]
        sizes = [len(windows) for windows in data.windows]
        logits = joined(head, torch.from_numpy(score(network, ids)[INTENTS]), sizes).numpy()
        return float(macro_f1(logits > _THRESHOLD, data.targets[INTENTS] > 0))


def ours(study: Study) -> Outcome:
    """Train as `python -m training.train` does."""
    network, config = study.network(), study.config
    varied = augmenting(study.train, seed=config.seed)
    average = WeightAverage(network, config.averaged_ratio, lambda *_: None)
    begun = time.monotonic()
    fit(network, lambda n: study.encoded(varied(n)), study.heads, config, average)
    seconds = time.monotonic() - begun
    average_if_better(network, average, study.heads, study.encoded(study.valid))
    return _outcome(study, network, config.epochs, seconds)


def plain(study: Study) -> Outcome:
    """Train by the Trainer; a message is its first window, as `truncation=True` gives."""
    data = study.encoded(study.train)
    rows = [
        {"ids": windows[0], "labels": targets}
        for windows, targets in zip(data.windows, data.targets[INTENTS], strict=True)
        if not np.isnan(targets[0])
    ]
    model = Plain(study.network())
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            folder, save_strategy="no", report_to=[], disable_tqdm=True, use_cpu=True,
            logging_strategy="no", remove_unused_columns=False, seed=study.config.seed,
        )  # fmt: skip
        trainer = Trainer(model, arguments, train_dataset=rows, data_collator=_collated)
        trainer.remove_callback(PrinterCallback)  # standard output is for the answer
        begun = time.monotonic()
        trainer.train()
        seconds = time.monotonic() - begun
    return _outcome(study, model.network, int(arguments.num_train_epochs), seconds)


def _collated(rows):
    ids, mask = pad([row["ids"] for row in rows])
    labels = np.stack([row["labels"] for row in rows]).astype(np.float32)
    named = {"input_ids": ids, "attention_mask": mask, "labels": labels}
    return {name: torch.from_numpy(array) for name, array in named.items()}


def _outcome(study: Study, network, epochs: int, seconds: float) -> Outcome:
    return Outcome(
        messages_per_s=round(len(study.train) * epochs / seconds, 1),
        epochs=epochs,
        seconds=round(seconds, 1),
        macro_f1=round(study.f1(network), 4),
    )


def main(
    share: Annotated[float, typer.Option(min=0.01, max=1.0, help="of the training part")] = 0.125,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Train both, one after the other, on every core."""
    study = Study(read_dataset(default_sources()), share)
    found = {"trainer": plain(study), "inlet": ours(study)}
    speed = found["inlet"].messages_per_s / found["trainer"].messages_per_s
    if as_json:
        print(json.dumps({"speed": round(speed, 2)} | {n: asdict(o) for n, o in found.items()}))  # noqa: T201
        return
    table = Table("", "messages a second", "epochs", "seconds", "macro-F1 held back")
    for name, one in found.items():
        row = (one.messages_per_s, one.epochs, one.seconds, one.macro_f1)
        table.add_row(name, *map(str, row))
    console = Console()
    console.print(f"{len(study.train)} messages; inlet trains {speed:.2f} times as many a second")
    console.print(table)


if __name__ == "__main__":
    typer.run(main)
