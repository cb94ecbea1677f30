"""Fine-tune a classifier on labelled messages and publish it: `python -m training.train`."""

import sys
from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console as RichConsole
from rich.markup import escape

from models.registry import SHIPPED, VERSION_NAME
from training.config import TrainConfig
from training.console import Console
from training.data_report import data_report, print_report
from training.dataset import Dataset, default_sources, plain_columns, read_dataset
from training.errors import DatasetError, TrainingError
from training.pipeline import train_artifact
from training.promises import read_promises, written
from training.publication import Reporting

_DEFAULTS = TrainConfig()
_ContrastEpochs = Annotated[
    int, typer.Option(min=0, help="in which messages of one intent move together, before")
]
_Layers = Annotated[int, typer.Option(min=1, help="of a network that has a teacher")]

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


def _version_name(given: str | None) -> str | None:
    """Refuse a name that the registry could not load, before anything is trained."""
    if given is not None and not VERSION_NAME.fullmatch(given):
        raise typer.BadParameter("letters, digits, dots, dashes and underscores; no dot in front")
    return given


@app.command()
def train(
    data: Annotated[
        list[str] | None,
        typer.Argument(help="JSONL, CSV or Parquet files, or a data-set id; default data/*.jsonl"),
    ] = None,
    base: Annotated[str, typer.Option(help="e5, minilm, a folder or a hub id")] = _DEFAULTS.base,
    version: Annotated[
        str | None,
        typer.Option(help="name of the artifact; default: date and time", callback=_version_name),
    ] = None,
    root: Annotated[Path, typer.Option(help="folder of the artifacts")] = SHIPPED,
    contrast_epochs: _ContrastEpochs = _DEFAULTS.contrast_epochs,
    epochs: Annotated[int, typer.Option(min=1)] = _DEFAULTS.epochs,
    batch_size: Annotated[int, typer.Option(min=1, help="messages")] = _DEFAULTS.batch_size,
    learning_rate: Annotated[float, typer.Option(min=0.0, max=1.0)] = _DEFAULTS.learning_rate,
    max_length: Annotated[
        int, typer.Option(min=8, max=8192, help="tokens of a window")
    ] = _DEFAULTS.max_length,
    vocabulary: Annotated[
        int, typer.Option(min=1_000, help="pieces kept of e5's")
    ] = _DEFAULTS.vocabulary,
    precision: Annotated[
        str, typer.Option(help="promised: 0.9 for all, or demo_request=0.95,pricing=0.9,*=0.8")
    ] = written(_DEFAULTS.precision),
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1)] = _DEFAULTS.seed,
    text_column: Annotated[str | None, typer.Option(help="of a plain two-column file")] = None,
    label_column: Annotated[str | None, typer.Option(help="of a plain two-column file")] = None,
    before: Annotated[
        Path | None,
        typer.Option(help="artifact or metrics to compare with; default: live", exists=True),
    ] = None,
    with_texts: Annotated[bool, typer.Option(help="report words of misread messages")] = False,
    probes: Annotated[bool, typer.Option(help="measure tricks, long texts and names, too")] = False,
    weights: Annotated[
        Path | None, typer.Option(help="file to keep the float32 weights in, for a student")
    ] = None,
    teacher: Annotated[
        str, typer.Option(help="file of weights to learn from, with fewer layers")
    ] = _DEFAULTS.teacher,
    layers: _Layers = _DEFAULTS.layers,
    skip_bad_rows: Annotated[bool, typer.Option(help="train on the rest")] = False,
) -> None:
    """Train a model on labelled messages, and publish it as a new version."""
    config = _config(locals() | {"precision": _promises(precision)})
    console = Console(RichConsole())
    name = version or datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    reporting = Reporting(with_texts=with_texts, probes=probes, before=before, weights=weights)
    try:
        columns = plain_columns(text_column, label_column)
        dataset = read_dataset(data or default_sources(), columns=columns)
        _report(dataset, console, skip_bad_rows=skip_bad_rows)
        path = train_artifact(
            dataset, config, root=root, version=name, console=console, reporting=reporting
        )
    except TrainingError as error:
        console.rich.print(f"[red]error:[/red] {escape(str(error))}", soft_wrap=True)
        raise typer.Exit(1) from error
    told = f"published {path}; make it live with: python -m training.promote {name}"
    console.rich.print(told, markup=False)


def _promises(precision: str) -> Mapping[str, float]:
    """Read the promises; what is wrong with them is said as of any other flag."""
    try:
        return read_promises(precision, _DEFAULTS.precision)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="'--precision'") from error


def _config(given: dict[str, object]) -> TrainConfig:
    """Take over every flag that is named like a field."""
    names = {field.name for field in fields(TrainConfig)}
    return replace(_DEFAULTS, **{k: v for k, v in given.items() if k in names})  # type: ignore[arg-type]  # typer checked the types


def _report(dataset: Dataset, console: Console, *, skip_bad_rows: bool) -> None:
    """Show what was read; stop at bad rows unless they are to be skipped."""
    print_report(data_report(dataset.examples, dataset.refused), console.rich)
    if dataset.refused and not skip_bad_rows:
        raise DatasetError(
            f"{len(dataset.refused)} rows were refused, the first is {dataset.refused[0]}; "
            "mend them, or leave them out with --skip-bad-rows"
        )


if __name__ == "__main__":
    sys.exit(app())
