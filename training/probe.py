"""Disguise, hide and swap in the test part: `python -m training.probe [VERSION]`."""

import json
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console as RichConsole
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from models import registry
from models.errors import ModelError
from models.labels import INTENTS
from training.config import TrainConfig
from training.dataset import default_sources, read_dataset, split
from training.errors import DatasetError, TrainingError
from training.probes import HIGH_INTENTS, KINDS, Classifier, Sizes
from training.probes.run import Probe, prepare
from training.probes.serving import Probed
from training.probes.tables import probe_tables

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
_TABLE_WIDTH = 150  # where the output is no terminal


@app.command()
def probe(
    version: Annotated[str | None, typer.Argument(help="default: the live one")] = None,
    data: Annotated[list[str] | None, typer.Option(help="files; default data/*.jsonl")] = None,
    root: Annotated[Path, typer.Option(help="folder of the artifacts")] = registry.SHIPPED,
    only: Annotated[
        list[str] | None, typer.Option(help=f"of {', '.join(KINDS)}; may be repeated")
    ] = None,
    most: Annotated[int | None, typer.Option(help="messages of a probe, for a quick look")] = None,
    seed: Annotated[int, typer.Option(help="of every choice made")] = TrainConfig().seed,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Measure what text tricks, long texts and swapped names do to a version's decisions."""
    console = RichConsole(stderr=as_json)
    try:
        chosen = _kinds(only)
        test = split(read_dataset(data or default_sources()).examples).test
        if not any(set(HIGH_INTENTS) & set(e.labels.get(INTENTS, ())) for e in test):
            raise DatasetError(f"no row of the test part has one of {', '.join(HIGH_INTENTS)}")
        probes = prepare(test, seed=seed, sizes=Sizes().at_most(most), only=chosen)
        classifier = registry.load(root, version or registry.live_version(root))
    except (TrainingError, ModelError) as error:
        console.print(f"[red]error:[/red] {escape(str(error))}", soft_wrap=True)
        raise typer.Exit(1) from error
    found = _measured(classifier, probes)
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    if not console.is_terminal:
        console.width = _TABLE_WIDTH
    for table in probe_tables(found):
        console.print(table)


def _kinds(only: Sequence[str] | None) -> Sequence[str]:
    """Take the probes named, or all."""
    unknown = [kind for kind in only or () if kind not in KINDS]
    if unknown:
        raise TrainingError(f"--only must be one of {', '.join(KINDS)}, not {unknown[0]!r}")
    return only or KINDS


def _measured(classifier: Classifier, probes: Sequence[Probe]) -> dict[str, Any]:
    """Run the probes behind a progress bar on the error stream."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    console = RichConsole(stderr=True)
    found: dict[str, Any] = {}
    with Progress(
        *columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal
    ) as bar:
        for one in probes:
            task = bar.add_task(one.kind, total=one.work)
            probed = Probed(classifier, partial(bar.advance, task))
            found[one.kind] = one.measure(probed).as_dict()
    return found


if __name__ == "__main__":
    sys.exit(app())
