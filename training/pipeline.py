"""From labelled messages to a published artifact; each step of `train_artifact` is a stage."""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from onnx import ModelProto

from models.artifact import NETWORK, READING, TOKENIZER, WIDE, Manifest, publish
from models.calibration import Calibration
from models.classifier import IntentClassifier
from models.labels import OTHER
from models.network import load_network
from models.registry import live_version
from models.text.reading import reading_bytes
from models.types import Network
from models.wide import Wide, wide_bytes
from training.assess import assess
from training.augment import augmenting
from training.calibrate import Parts, calibrated
from training.changes import changes_since
from training.config import TrainConfig
from training.console import Console
from training.dataset import Dataset, Splits, languages_of, split
from training.errors import DatasetError, TrainingError
from training.export import disagreement, export
from training.facts import facts_of
from training.learning import Learnt, learn
from training.loop import encode
from training.metrics import head_targets
from training.probes import run_probes
from training.publication import METRICS, Reporting, columns_of, data_facts, write_reports
from training.quantize import quantize
from training.ranges import channel_ranges
from training.scope import compare_scores
from training.vectors import vectors_of
from training.weights import save_weights
from training.wide import choose_shares, fit_wide, scaled

_PROVEN_WINDOWS = 64  # on which torch and ONNX are compared
_KNOWN = 4_000  # messages of the training part that new ones are compared with
_REPORTING = Reporting()


def train_artifact(
    dataset: Dataset,
    config: TrainConfig,
    *,
    root: Path,
    version: str,
    console: Console,
    reporting: Reporting = _REPORTING,
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
    if reporting.weights:
        save_weights(learnt.network, reporting.weights)
    with console.stage("exporting to ONNX, and proving that it says the same"):
        exported = export(learnt.network, dataset.heads)
        windows = learnt.tokenize([example.composed for example in splits.test]).ids
        worst = disagreement(learnt.network, exported, windows[:_PROVEN_WINDOWS])
    data = data_facts(dataset, splits)
    facts = facts_of(data, config, learnt.base, finished=learnt.finished)
    draft = draft_manifest(dataset, config, version, facts)
    with console.stage("fitting the wide part, and choosing how much it counts"):
        known = learnt.tokenize([example.composed for example in splits.train]).ids
        served = quantize(exported, channel_ranges(exported, known))
        wide = chosen_wide(draft, learnt, _network(served), splits, config)
    with console.stage("calibrating float32, to compare, and what will be served"):
        full = _calibrated(draft, learnt, _network(exported), wide, splits, config)
        classifier = _calibrated(draft, learnt, _network(served), wide, splits, config)
    with console.stage("evaluating on the test part, beside a baseline"):
        findings = assess(classifier, full, splits, seed=config.seed)
        scope = scope_of(classifier, learnt, splits)
    more: dict[str, Any] = {"out_of_scope": scope}
    if reporting.probes:
        with console.stage("trying tricks, long texts and other names on it"):
            more["probes"] = run_probes(classifier, splits.test, config.seed)
    with console.stage("comparing with the version before"):
        more["changes"] = changes_since(findings, root=root, before=reporting.before)
    findings = replace(findings, more=more)
    previous = previous_metrics(root, reporting.before)
    columns = columns_of(version, findings, previous)
    measured = {"onnx_disagreement": worst, **learnt.speed}
    building = _building(root, version)
    (building / NETWORK).write_bytes(served.SerializeToString())
    (building / TOKENIZER).write_bytes(learnt.tokenizer)
    (building / WIDE).write_bytes(wide_bytes(wide))
    (building / READING).write_bytes(reading_bytes(learnt.reading))
    texts = reporting.with_texts
    write_reports(building, classifier.manifest, findings, columns, measured, with_texts=texts)
    console.results(columns)
    return publish(building, root / version, classifier.manifest)


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
        languages=languages_of(dataset.examples),
        facts=facts,
    )


def previous_metrics(root: Path, before: Path | None = None) -> dict[str, Mapping[str, Any]]:
    """The figures of the version that is compared with, where there are any, under its heading.

    Args:
        root: Folder of the artifacts; the live one is compared with.
        before: An artifact or a file of metrics to take instead.
    """
    place = before or root / live_version(root)
    path = place if place.is_file() else place / METRICS
    name = f"{place.stem if place.is_file() else place.name} ({'before' if before else 'live'})"
    try:
        return {name: json.loads(path.read_text(encoding="utf-8"))}
    except (OSError, ValueError):  # there are none, or none that can be read
        return {}


def chosen_wide(
    draft: Manifest, learnt: Learnt, network: Network, splits: Splits, config: TrainConfig
) -> Wide:
    """Fit the wide part, and let each head of it count as the validation part prefers."""
    varied = augmenting(splits.train, seed=config.seed)(config.epochs)  # slips and other names, too
    wide = fit_wide(draft.heads, [*splits.train, *varied], seed=config.seed, read=learnt.reading)
    parts = Parts(learnt.tokenize, network, wide)
    return scaled(wide, choose_shares(draft.heads, parts, splits.calibration, splits.validation))


def scope_of(
    classifier: IntentClassifier, learnt: Learnt, splits: Splits
) -> dict[str, dict[str, float]]:
    """Compare the scores that could tell a message without a wish; none without `other`."""
    head = classifier.manifest.intents
    if OTHER not in head.labels:
        return {}
    some = splits.train[:: max(1, len(splits.train) // _KNOWN)]
    known, asked = (
        [message[0] for message in encode(part, [head], learnt.tokenize).windows]
        for part in (some, splits.test)
    )
    return compare_scores(
        head,
        classifier.logits([example.composed for example in splits.test])[head.name],
        head_targets(head, splits.test)[1],
        known=vectors_of(learnt.network, known, normal=False),
        known_targets=head_targets(head, some)[1],
        vectors=vectors_of(learnt.network, asked, normal=False),
    )


def _calibrated(
    draft: Manifest,
    learnt: Learnt,
    network: Network,
    wide: Wide,
    splits: Splits,
    config: TrainConfig,
) -> IntentClassifier:
    """Calibrate a network on the part that is kept for it."""
    parts = Parts(learnt.tokenize, network, wide)
    return calibrated(draft, parts, splits.calibration, precision=config.precision)


def _network(model: ModelProto) -> Network:
    """Load a graph as the service would."""
    return load_network(model.SerializeToString(), threads=0)


def _building(root: Path, version: str) -> Path:
    """Make an empty folder beside the artifact's place."""
    building = root / f".building-{version}"
    shutil.rmtree(building, ignore_errors=True)  # left by a run that was stopped
    building.mkdir(parents=True)
    return building
