"""Measure a published version on labelled messages: `python -m training.evaluate VERSION`."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console as RichConsole
from rich.markup import escape

from models import registry
from models.errors import ModelError
from training.assess import evaluated
from training.dataset import (
    Dataset,
    Example,
    default_sources,
    plain_columns,
    read_dataset,
    split,
)
from training.errors import DatasetError, TrainingError
from training.report import metrics_table

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def evaluate(
    version: Annotated[str | None, typer.Argument(help="default: the live one")] = None,
    data: Annotated[list[str] | None, typer.Option(help="files; default data/*.jsonl")] = None,
    all_rows: Annotated[bool, typer.Option(help="every row, not the test part alone")] = False,
    root: Annotated[Path, typer.Option(help="folder of the artifacts")] = registry.SHIPPED,
    text_column: Annotated[str | None, typer.Option(help="of a plain two-column file")] = None,
    label_column: Annotated[str | None, typer.Option(help="of a plain two-column file")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Measure a version by the very path that serves, on the test part of the data."""
    console = RichConsole(stderr=as_json)
    try:
        columns = plain_columns(text_column, label_column)
        dataset = read_dataset(data or default_sources(), columns=columns)
        classifier = registry.load(root, version or registry.live_version(root))
        metrics = evaluated(classifier, _chosen(dataset, all_rows))[0].as_dict()
    # ValueError: a label that the model does not know
    except (TrainingError, ModelError, ValueError) as error:
        console.print(f"[red]error:[/red] {escape(str(error))}", soft_wrap=True)
        raise typer.Exit(1) from error
    if dataset.refused:
        told = f"{len(dataset.refused)} rows were left out, the first is {dataset.refused[0]}"
        console.print(told, markup=False, soft_wrap=True)
    if as_json:
        typer.echo(json.dumps(metrics, indent=2))
    else:
        console.print(metrics_table({classifier.manifest.version: metrics}))


def _chosen(dataset: Dataset, all_rows: bool) -> Sequence[Example]:
    """Take every row, or the test part."""
    examples = dataset.examples if all_rows else split(dataset.examples).test
    if not examples:
        raise DatasetError("no row falls into the test part; measure on all with --all-rows")
    return examples


if __name__ == "__main__":
    sys.exit(app())
