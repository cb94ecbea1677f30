"""From labelled messages to a published artifact; each step of `train_artifact` is a stage."""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from onnx import ModelProto

from models.artifact import NETWORK, TOKENIZER, Manifest, publish
from models.calibration import Calibration
from models.classifier import IntentClassifier
from models.network import load_network
from models.registry import live_version
from models.tokenization import parse_tokenizer, windowing
from models.types import Network, Tokenize
from training.assess import assess
from training.base.encoder import Base
from training.base.load import load_base
from training.calibrate import calibrated
from training.config import TrainConfig
from training.console import Console, Steps
from training.dataset import Dataset, Splits, split
from training.errors import BaseError, DatasetError, TrainingError
from training.export import disagreement, export
from training.facts import facts_of
from training.loop import encode, fit, seconds_a_step, steps_of
from training.network import IntentNetwork
from training.publication import METRICS, columns_of, data_facts, write_reports
from training.quantize import quantize
from training.ranges import channel_ranges

_PROVEN_WINDOWS = 64  # on which torch and ONNX are compared


@dataclass(frozen=True, slots=True)
class Learnt:
    """A network after training, with what training was made of."""

    network: IntentNetwork
    base: Base
    tokenizer: bytes  # a tokenizer.json
    tokenize: Tokenize
    finished: bool  # False where Ctrl-C ended it early
    speed: Mapping[str, float]


def train_artifact(
    dataset: Dataset, config: TrainConfig, *, root: Path, version: str, console: Console
) -> Path:
    """Train, export, quantise, calibrate, evaluate and publish a model.

    Returns:
        The folder of the published artifact.

    Raises:
        TrainingError: A stage cannot do its work; nothing was published.
    """
    _check_place(root)
    splits = _usable(split(dataset.examples))
    console.parts(splits)
    learnt = learn(dataset, splits, config, console)
    with console.stage("exporting to ONNX, and proving that it says the same"):
        exported = export(learnt.network, dataset.heads)
        windows = learnt.tokenize([example.composed for example in splits.test]).ids
        worst = disagreement(learnt.network, exported, windows[:_PROVEN_WINDOWS])
    data = data_facts(dataset, splits)
    facts = facts_of(data, config, learnt.base, finished=learnt.finished)
    draft = draft_manifest(dataset, config, version, facts)
    with console.stage("calibrating in float32, to compare"):
        full = _calibrated(draft, _network(exported), learnt, splits, config)
    with console.stage("quantising to int8, and calibrating what will be served"):
        known = learnt.tokenize([example.composed for example in splits.train]).ids
        served = quantize(exported, channel_ranges(exported, known))
        classifier = _calibrated(draft, _network(served), learnt, splits, config)
    with console.stage("evaluating on the test part, beside a baseline"):
        findings = assess(classifier, full, splits, seed=config.seed)
    previous = previous_metrics(root)
    columns = columns_of(version, findings, previous)
    measured = {"onnx_disagreement": worst, **learnt.speed}
    building = _building(root, version)
    (building / NETWORK).write_bytes(served.SerializeToString())
    (building / TOKENIZER).write_bytes(learnt.tokenizer)
    write_reports(building, classifier.manifest, findings, columns, measured)
    console.results(columns)
    return publish(building, root / version, classifier.manifest)


def learn(dataset: Dataset, splits: Splits, config: TrainConfig, console: Console) -> Learnt:
    """Fine-tune the base on the training part."""
    with console.stage(f"reading the base model {config.base}"):
        base = load_base(config.base, vocabulary=config.vocabulary)
        if base.max_length is not None and config.max_length > base.max_length:
            raise BaseError(f"{base.name} reads {base.max_length} tokens, not {config.max_length}")
        tokenizer = base.tokenizer.to_str().encode()
        tokenize = windowing(parse_tokenizer(tokenizer), max_length=config.max_length)
        data = encode(splits.train, dataset.heads, tokenize)
        torch.manual_seed(config.seed)
        network = IntentNetwork(
            base.encoder, base.hidden_size, dataset.heads, dropout=config.dropout
        )
    estimate = seconds_a_step(network, data, dataset.heads, config)
    with console.training(steps_of(len(data.ids), config), estimate) as steps:
        finished = fit(network, data, dataset.heads, config, steps)
    console.learnt(finished, steps)
    return Learnt(network, base, tokenizer, tokenize, finished, _speed(steps, config))


def _check_place(root: Path) -> None:
    """Find out before training whether the artifact can be written after it."""
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TrainingError(f"{root}: {error.strerror or type(error).__name__}") from error
    if not os.access(root, os.W_OK):
        raise TrainingError(f"{root}: must be writable")


def _usable(splits: Splits) -> Splits:
    """Refuse data too small to be divided."""
    empty = [name for name in ("train", "calibration", "test") if not getattr(splits, name)]
    if empty:
        raise DatasetError(f"too few rows: none falls into the part for {' and '.join(empty)}")
    return splits


def draft_manifest(
    dataset: Dataset, config: TrainConfig, version: str, facts: Mapping[str, Any]
) -> Manifest:
    """Write down everything but calibration, thresholds and digests."""
    return Manifest(
        version=version,
        heads=dataset.heads,
        max_length=config.max_length,
        calibration={h.name: Calibration.identity(len(h.labels)) for h in dataset.heads},
        thresholds={},
        facts=facts,
    )


def previous_metrics(root: Path) -> dict[str, Mapping[str, Any]]:
    """The figures of the version that is live, where there is one, under its heading."""
    version = live_version(root)
    path = root / version / METRICS
    try:
        return {f"{version} (live)": json.loads(path.read_text(encoding="utf-8"))}
    except (OSError, ValueError):  # there are none, or none that can be read
        return {}


def _calibrated(
    draft: Manifest, network: Network, learnt: Learnt, splits: Splits, config: TrainConfig
) -> IntentClassifier:
    """Calibrate a network on the part that is kept for it."""
    return calibrated(
        draft, network, learnt.tokenize, splits.calibration, precision=config.precision
    )


def _network(model: ModelProto) -> Network:
    """Load a graph as the service would."""
    return load_network(model.SerializeToString(), threads=0)


def _building(root: Path, version: str) -> Path:
    """Make an empty folder beside the artifact's place."""
    building = root / f".building-{version}"
    shutil.rmtree(building, ignore_errors=True)  # left by a run that was stopped
    building.mkdir(parents=True)
    return building


def _speed(steps: Steps, config: TrainConfig) -> dict[str, float]:
    """How fast training went."""
    messages = steps.done * config.batch_size
    return {
        "training_seconds": round(steps.seconds, 1),
        "training_messages_per_second": round(messages / max(steps.seconds, 1e-9), 1),
    }
