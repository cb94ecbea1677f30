"""The files of an artifact that people read: metrics.json, report.html and CARD.md."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from models.artifact import Manifest, manifest_json
from models.labels import Head
from training.assess import METRICS as METRICS
from training.assess import Findings
from training.card import model_card
from training.data_report import data_report
from training.dataset import Dataset, Splits, data_sha256
from training.metrics import head_targets, slice_rows
from training.promised import promises_of
from training.promises import promise_for
from training.report import HeadCurves, read_learning, write_report

REPORT, CARD = "report.html", "CARD.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporting:
    """What a person wants of the reports, beside what is always in them."""

    with_texts: bool = False  # show the words of misread test messages, not their ids alone
    probes: bool = False  # measure tricks, long texts and other names, too: some minutes more
    before: Path | None = None  # compared with instead of the live version; see changes_since
    weights: Path | None = None  # where the float32 weights are kept, for a student to learn from


def write_reports(
    folder: Path,
    manifest: Manifest,
    findings: Findings,
    columns: Mapping[str, Mapping[str, Any]],
    measured: Mapping[str, float],
    *,
    with_texts: bool = False,
) -> None:
    """Write the reports of a model into its folder.

    Args:
        folder: Of the artifact.
        manifest: Its digests are not needed.
        findings: What was measured.
        columns: Heading -> evaluation, the model first; see `columns_of`.
        measured: Figures of the run itself.
        with_texts: Let the report show the words of misread test messages, not their ids alone.
    """
    found = findings.as_dict(measured)
    (folder / METRICS).write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    raw = manifest_json(manifest)
    curves = [_curves(head, manifest, findings, with_texts) for head in manifest.heads]
    write_report(
        folder / REPORT,
        manifest=raw,
        metrics=columns,
        curves=curves,
        found=found,
        learning=read_learning(),
    )
    card = model_card(raw, columns, raw["facts"]["data"], found)
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


def _curves(head: Head, manifest: Manifest, findings: Findings, with_texts: bool) -> HeadCurves:
    """Gather what the plots of one head are drawn from."""
    present, targets = head_targets(head, findings.test)
    curves = HeadCurves(
        head=head,
        probabilities=findings.probabilities[head.name][present],
        targets=targets[present],
        thresholds={},
    )
    if head != manifest.intents:
        return curves
    examples = [example for example, has in zip(findings.test, present, strict=True) if has]
    promised = promises_of(manifest)
    return replace(
        curves,
        thresholds=manifest.thresholds,
        decisions=findings.decisions[present],
        promised={label: promise_for(label, promised) for label in head.labels if promised},
        parts=slice_rows(examples),
        channel_thresholds=manifest.channel_thresholds,
        ids=[example.id for example in examples],
        texts=[example.composed for example in examples] if with_texts else (),
    )
