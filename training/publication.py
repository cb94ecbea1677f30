"""The files of an artifact that people read: metrics.json, report.html and CARD.md."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from models.artifact import Manifest, manifest_json
from models.labels import Head
from training.assess import Findings
from training.card import model_card
from training.data_report import data_report
from training.dataset import Dataset, Splits, data_sha256
from training.metrics import head_targets
from training.report import HeadCurves, write_report

METRICS, REPORT, CARD = "metrics.json", "report.html", "CARD.md"


def write_reports(
    folder: Path,
    manifest: Manifest,
    findings: Findings,
    columns: Mapping[str, Mapping[str, Any]],
    measured: Mapping[str, float],
) -> None:
    """Write the reports of a model into its folder.

    Args:
        folder: Of the artifact.
        manifest: Its digests are not needed.
        findings: What was measured.
        columns: Heading -> evaluation, the model first; see `columns_of`.
        measured: Figures of the run itself.
    """
    metrics = json.dumps(findings.as_dict(measured), indent=2)
    (folder / METRICS).write_text(metrics + "\n", encoding="utf-8")
    raw = manifest_json(manifest)
    curves = [_curves(head, manifest, findings) for head in manifest.heads]
    write_report(folder / REPORT, manifest=raw, metrics=columns, curves=curves)
    card = model_card(raw, columns, raw["facts"]["data"])
    (folder / CARD).write_text(card, encoding="utf-8")


def columns_of(
    version: str, findings: Findings, previous: Mapping[str, Mapping[str, Any]]
) -> dict[str, Mapping[str, Any]]:
    """Lay out what is compared: the model, the version that is live, its float32 form, TF-IDF."""
    return {
        version: findings.served,
        **previous,
        "float32": findings.float32,
        "TF-IDF + LR": findings.baseline,
    }


def data_facts(dataset: Dataset, splits: Splits) -> dict[str, Any]:
    """Say what the data are; never a word of them."""
    sizes = {name: len(getattr(splits, name)) for name in Splits.__slots__}
    report = data_report(dataset.examples, dataset.refused, splits=sizes).as_dict()
    return report | {"sha256": data_sha256(dataset.examples)}


def _curves(head: Head, manifest: Manifest, findings: Findings) -> HeadCurves:
    """Gather what the plots of one head are drawn from."""
    present, targets = head_targets(head, findings.test)
    return HeadCurves(
        head=head,
        probabilities=findings.probabilities[head.name][present],
        targets=targets[present],
        thresholds=manifest.thresholds if head == manifest.intents else {},
    )
