"""Measure a version again, and write its reports again: `python -m training.remeasure VERSION`."""

import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from models import registry
from models.artifact import publish, verify
from models.classifier import IntentClassifier
from models.errors import ModelError
from training.assess import METRICS, Findings, findings_of
from training.changes import changes_since
from training.config import TrainConfig
from training.dataset import Example, default_sources, read_dataset, split
from training.errors import TrainingError
from training.probes import run_probes
from training.publication import columns_of, write_reports

_OF_TRAINING = ("training_seconds", "training_messages_per_second", "onnx_disagreement")

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def remeasure(
    version: Annotated[str, typer.Argument(help="whose reports are written")] = registry.DEFAULT,
    data: Annotated[list[str] | None, typer.Option(help="files; default data/*.jsonl")] = None,
    root: Annotated[Path, typer.Option(help="folder of the artifacts")] = registry.SHIPPED,
    before: Annotated[
        Path | None, typer.Option(help="metrics to compare with; default: its own", exists=True)
    ] = None,
    probes: Annotated[bool, typer.Option(help="measure them anew: minutes more")] = True,
) -> None:
    """Measure a version whose reading was made again; what training alone can tell is kept."""
    console = Console()
    try:
        test = split(read_dataset(data or default_sources()).examples).test
        folder, classifier = root / version, registry.load(root, version)
        earlier = before or folder / METRICS
        findings = measured(classifier, test, earlier, root=root, probes=probes)
        publish_reports(folder, classifier, findings, _read(earlier))
    except (TrainingError, ModelError) as error:
        console.print(f"[red]error:[/red] {escape(str(error))}", soft_wrap=True)
        raise typer.Exit(1) from error
    console.print(f"written anew: metrics.json, report.html and CARD.md of {version}")


def measured(
    classifier: IntentClassifier,
    test: Sequence[Example],
    earlier: Path,
    *,
    root: Path,
    probes: bool,
) -> Findings:
    """Measure a classifier on the test part, beside what was found of it earlier.

    Args:
        classifier: As it is served now.
        test: The test part.
        earlier: Its metrics.json: float32 form, baseline and scope are taken from there.
        root: Folder of the artifacts.
        probes: Whether they are measured anew, and not taken from there.
    """
    old = _read(earlier)
    found = findings_of(classifier, test, float32=old["float32"], baseline=old["baseline"])
    kept: dict[str, Any] = {n: old[n] for n in ("out_of_scope", "probes") if n in old}
    if probes:
        kept["probes"] = run_probes(classifier, test, TrainConfig().seed)
    changes = changes_since(found, root=root, before=earlier)
    named = {"version": f"{classifier.manifest.version}, as it was measured before"}
    return replace(found, more={**kept, "changes": changes | named})


def publish_reports(
    folder: Path, classifier: IntentClassifier, findings: Findings, old: Mapping[str, Any]
) -> None:
    """Put new reports into an artifact; every other file stays byte for byte."""
    manifest = verify(folder)
    building = folder.with_name(f".building-{folder.name}")
    shutil.rmtree(building, ignore_errors=True)  # left by a run that was stopped
    building.mkdir()
    for name in manifest.sha256:
        shutil.copyfile(folder / name, building / name)
    columns = columns_of(manifest.version, findings, {"as measured before": old})
    run = {name: old["run"][name] for name in _OF_TRAINING if name in old["run"]}
    write_reports(building, classifier.manifest, findings, columns, run)
    publish(building, folder, manifest)


def _read(metrics: Path) -> dict[str, Any]:
    """Read what was measured earlier."""
    try:
        found: dict[str, Any] = json.loads(metrics.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TrainingError(f"{metrics}: cannot be read: {error}") from error
    missing = [name for name in ("float32", "baseline", "run") if name not in found]
    if missing:
        raise TrainingError(f"{metrics}: lacks {', '.join(missing)}; train again instead")
    return found


if __name__ == "__main__":
    sys.exit(app())
