"""Measure how much more data would help: `python -m training.learning_curve`, for a quiet hour."""

import hashlib
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console as RichConsole
from rich.markup import escape

from models.labels import Head
from models.types import Floats
from training.assess import evaluated
from training.baseline import fit_baseline
from training.calibrate import Parts, calibrated
from training.config import TrainConfig
from training.console import Console
from training.dataset import (
    Dataset,
    Example,
    Splits,
    data_sha256,
    default_sources,
    read_dataset,
    split,
)
from training.errors import TrainingError
from training.learning import learn
from training.loop import score
from training.metrics import MultiMetrics, SingleMetrics, evaluate
from training.pipeline import chosen_wide, draft_manifest
from training.report.learning import FILE, Learning, Point

_SHARES = "0.125,0.25,0.5,1"
_DEFAULTS = TrainConfig()

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@dataclass(frozen=True, slots=True)
class Run:
    """What all points of a curve have in common."""

    dataset: Dataset
    splits: Splits
    config: TrainConfig
    console: Console


@app.command()
def learning_curve(
    data: Annotated[list[str] | None, typer.Argument(help="files; default data/*.jsonl")] = None,
    shares: Annotated[str, typer.Option(help="of the training part")] = _SHARES,
    out: Annotated[Path, typer.Option(help="JSON that the report draws")] = FILE,
    base: Annotated[str, typer.Option(help="e5, minilm, a folder or a hub id")] = _DEFAULTS.base,
    epochs: Annotated[int, typer.Option(min=1)] = _DEFAULTS.epochs,
) -> None:
    """Train on growing shares of the messages, and write what each gave on the test part."""
    console = Console(RichConsole())
    try:
        parts = _parts(shares)
        dataset = read_dataset(data or default_sources())
        config = replace(_DEFAULTS, base=base, epochs=epochs)
        run = Run(dataset, split(dataset.examples), config, console)
        measure_curve(run, parts, out)
    except TrainingError as error:
        console.rich.print(f"[red]error:[/red] {escape(str(error))}", soft_wrap=True)
        raise typer.Exit(1) from error
    console.rich.print(f"written {out}; the report of the next training draws it", markup=False)


def measure_curve(run: Run, shares: Sequence[float], out: Path) -> Learning:
    """Measure each share, the small ones first, and write the curve after each.

    A share holds the messages of every smaller one. Epochs stay the same, so that the steps grow in
    proportion to the messages. What is measured is the float32 network, calibrated as always.
    """
    learning = Learning(
        data_sha256=data_sha256(run.dataset.examples),
        test_rows=len(run.splits.test),
        config=asdict(run.config),
    )
    for share in sorted(shares):
        part = replace(run.splits, train=share_of(run.splits.train, share))
        run.console.parts(part)
        with run.console.stage(f"TF-IDF on {len(part.train)} messages"):
            baseline = _baseline_point(run, part, share)
        model = _model_point(run, part, share)
        run.console.rich.print(f"  macro-F1 {model.macro_f1:.3f}, baseline {baseline.macro_f1:.3f}")
        learning = replace(
            learning, model=[*learning.model, model], baseline=[*learning.baseline, baseline]
        )
        _write(out, learning)
    return learning


def share_of(train: Sequence[Example], share: float) -> tuple[Example, ...]:
    """Take a share of the messages, always the same ones; a larger share holds the smaller ones."""
    # the first bytes of the digest chose the part of the data, so the rest are taken
    ranked = sorted(train, key=lambda example: hashlib.sha256(example.key.encode()).digest()[8:])
    kept = {example.id for example in ranked[: round(share * len(ranked))]}
    return tuple(example for example in train if example.id in kept)


def _model_point(run: Run, part: Splits, share: float) -> Point:
    """Train on a share, and measure the network with its wide part."""
    started = time.monotonic()
    config, heads = run.config, run.dataset.heads
    learnt = learn(run.dataset, part, config, run.console)

    def network(ids: Sequence[Sequence[int]]) -> Mapping[str, Floats]:
        return score(learnt.network, ids)

    draft = draft_manifest(run.dataset, config, "learning-curve", {})
    wide = chosen_wide(draft, learnt, network, part, config)
    parts = Parts(learnt.tokenize, network, wide)
    classifier = calibrated(draft, parts, part.calibration, precision=config.precision)
    metrics = evaluated(classifier, part.test)[0].heads[heads[0].name]
    return _point(share, part, metrics, time.monotonic() - started)


def _baseline_point(run: Run, part: Splits, share: float) -> Point:
    """Fit the baseline on a share, and measure it."""
    started = time.monotonic()
    head: Head = run.dataset.heads[0]
    baseline = fit_baseline([head], part.train, seed=run.config.seed)
    answers = baseline([example.composed for example in part.test])
    metrics = evaluate([head], part.test, answers, {}).heads[head.name]
    return _point(share, part, metrics, time.monotonic() - started)


def _point(
    share: float, part: Splits, metrics: MultiMetrics | SingleMetrics, seconds: float
) -> Point:
    """Keep what the report draws."""
    macro_f1 = metrics.macro_f1 or 0.0
    low, high = metrics.macro_f1_interval or (macro_f1, macro_f1)
    return Point(
        share=share,
        rows=len(part.train),
        macro_f1=round(macro_f1, 6),
        interval=(round(low, 6), round(high, 6)),
        seconds=round(seconds, 1),
    )


def _write(out: Path, learning: Learning) -> None:
    """Replace the file in one step."""
    building = out.with_name(f".{out.name}-{os.getpid()}")
    building.write_text(json.dumps(learning.as_dict(), indent=2) + "\n", encoding="utf-8")
    building.replace(out)


def _parts(shares: str) -> list[float]:
    """Read the shares that were typed."""
    try:
        parts = [float(share) for share in shares.split(",")]
    except ValueError:
        parts = []
    if not parts or not all(0.0 < share <= 1.0 for share in parts):
        raise typer.BadParameter("shares over 0 up to 1, such as 0.25,1", param_hint="'--shares'")
    return parts


if __name__ == "__main__":
    sys.exit(app())
