"""List the rows whose labels look wrong, by confident learning: `python -m training.audit`."""

import json
import random
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated

import numpy as np
import typer
from cleanlab.multilabel_classification.rank import (
    get_label_quality_scores as multi_label_quality,
)
from cleanlab.rank import get_label_quality_scores
from rich.console import Console as RichConsole
from rich.markup import escape
from rich.progress import track
from rich.table import Table

from models.calibration import Calibration, probabilities
from models.labels import Head
from models.types import Floats
from training.dataset import Example, default_sources, read_dataset
from training.errors import TrainingError
from training.metrics import head_targets
from training.wide import fit_wide

_FOLDS = 5
_SEED = 7

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@dataclass(frozen=True, slots=True)
class Doubt:
    """A row whose labels a model trained on the other rows would not have given."""

    id: str
    head: str
    given: tuple[str, ...]
    expected: tuple[str, ...]  # most probable first
    quality: float  # 0 to 1; the lower, the likelier the labels are wrong


@app.command()
def audit(
    data: Annotated[list[str] | None, typer.Argument(help="files; default data/*.jsonl")] = None,
    head: Annotated[str, typer.Option(help="whose labels are doubted")] = "intents",
    limit: Annotated[int, typer.Option(min=1, help="rows to list")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON lines")] = False,
) -> None:
    """List the most doubtful rows of a head; nothing is changed, and no text is printed."""
    console = RichConsole(stderr=as_json)
    try:
        dataset = read_dataset(data or default_sources())
        chosen = next((one for one in dataset.heads if one.name == head), None)
        if chosen is None:
            raise TrainingError(f"no row has the head {head!r}")
        found = doubts(chosen, dataset.examples, console=console)[:limit]
    except TrainingError as error:
        console.print(f"[red]error:[/red] {escape(str(error))}", soft_wrap=True)
        raise typer.Exit(1) from error
    if as_json:
        for doubt in found:
            typer.echo(json.dumps(asdict(doubt)))
    else:
        console.print(_table(found))


def doubts(head: Head, examples: Sequence[Example], *, console: RichConsole) -> list[Doubt]:
    """Order the rows that have a head by how much its labels are to be doubted, worst first.

    Source:
        Northcutt et al. 2021, "Confident Learning: Estimating Uncertainty in Dataset Labels".
    """
    present, targets = head_targets(head, examples)
    rows = [example for example, has in zip(examples, present, strict=True) if has]
    given = targets[present]
    unseen = _out_of_fold(head, rows, console)
    qualities = _qualities(head, given, unseen)
    order = np.argsort(qualities, kind="stable")
    return [
        Doubt(
            id=rows[i].id,
            head=head.name,
            given=rows[i].labels[head.name],
            expected=_expected(head, unseen[i]),
            quality=round(float(qualities[i]), 4),
        )
        for i in order
    ]


def _out_of_fold(head: Head, rows: Sequence[Example], console: RichConsole) -> Floats:
    """Probabilities by linear models that have not seen the row. Shape: (rows, labels)."""
    folds = [number % _FOLDS for number in range(len(rows))]
    random.Random(_SEED).shuffle(folds)
    given = np.zeros((len(rows), len(head.labels)), np.float32)
    for fold in track(range(_FOLDS), "reading the rows without their labels", console=console):
        train = [row for row, of in zip(rows, folds, strict=True) if of != fold]
        left = [i for i, of in enumerate(folds) if of == fold]
        logits = fit_wide([head], train, seed=_SEED).logits([rows[i].composed for i in left])
        identity = Calibration.identity(len(head.labels))
        given[left] = probabilities(head, logits[head.name], identity)
    return given


def _qualities(head: Head, targets: Floats, unseen: Floats) -> Floats:
    """How well each row's labels agree with what was expected of it. Shape: (rows,)."""
    if head.kind == "single":
        scores = get_label_quality_scores(targets.argmax(axis=1), unseen)
    else:
        labels = [np.flatnonzero(row).tolist() for row in targets]
        scores = multi_label_quality(labels, unseen)
    return np.asarray(scores, dtype=np.float32)


def _expected(head: Head, row: Floats) -> tuple[str, ...]:
    """Labels more probable than not, or the most probable one."""
    order = np.argsort(-row, kind="stable")
    over = [head.labels[i] for i in order if row[i] >= 0.5]
    return tuple(over) if over and head.kind == "multi" else (head.labels[order[0]],)


def _table(found: Sequence[Doubt]) -> Table:
    table = Table("row", "labels given", "expected", "quality")
    for doubt in found:
        given, expected = ", ".join(doubt.given), ", ".join(doubt.expected)
        table.add_row(escape(doubt.id), given, expected, f"{doubt.quality:.3f}")
    return table


if __name__ == "__main__":
    sys.exit(app())
