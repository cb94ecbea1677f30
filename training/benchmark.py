"""Measure our training on public intent data sets: `python -m training.benchmark --data FOLDER`.

SetFit runs in an environment of its own, made by

    python3.11 -m venv setfit
    setfit/bin/pip install torch==2.13.0 setfit==1.2.0 'transformers<5'

and named by `--setfit-python setfit/bin/python`.
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from training.config import TrainConfig
from training.errors import TrainingError
from training.public.methods import METHODS, Setup, default_methods
from training.public.readers import FOLDS, NAMES
from training.public.results import read_results
from training.public.run import Plan, run
from training.public.table import markdown_table

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


def _known(given: list[str] | None, names: tuple[str, ...]) -> list[str] | None:
    """Refuse a name that nothing has."""
    for name in given or []:
        if name not in names:
            raise typer.BadParameter(f"{name!r} is none of {', '.join(names)}")
    return given


@app.command()
def benchmark(
    data: Annotated[Path | None, typer.Option(help="folder of the data sets")] = None,
    base: Annotated[str, typer.Option(help="e5, minilm, a folder or a hub id")] = "minilm",
    only: Annotated[
        list[str] | None,
        typer.Option(help="a task; may be given again", callback=lambda v: _known(v, NAMES)),
    ] = None,
    method: Annotated[
        list[str] | None,
        typer.Option(help="a method; may be given again", callback=lambda v: _known(v, METHODS)),
    ] = None,
    folds: Annotated[int, typer.Option(min=1, max=FOLDS, help="of NLU++ that are run")] = FOLDS,
    seed: Annotated[int, typer.Option(min=0, max=2**31)] = TrainConfig().seed,
    setfit_python: Annotated[
        Path | None, typer.Option(help="interpreter of an environment with setfit")
    ] = None,
    out: Annotated[Path, typer.Option(help="file of results, added to")] = Path("results.json"),
    again: Annotated[bool, typer.Option(help="measure anew what the file has already")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print results as JSON")] = False,
    table: Annotated[bool, typer.Option(help="print the table of the file's results")] = False,
) -> None:
    """Measure our training and baselines on public data sets; print a table of all results."""
    console = Console(stderr=True)
    try:
        if data is not None:
            setup = Setup(base=base, seed=seed, setfit_python=setfit_python)
            methods = method or default_methods(setup)
            run(Plan(data, only or list(NAMES), methods, folds, out, again), setup, console)
        elif not table and not as_json:
            raise TrainingError("nothing to do: give --data FOLDER to measure, --table to print")
        results = read_results(out)
    except TrainingError as error:
        console.print(f"[red]error:[/red] {escape(str(error))}", soft_wrap=True)
        raise typer.Exit(1) from error
    shown = json.dumps([asdict(r) for r in results]) if as_json else markdown_table(results)
    typer.echo(shown)


if __name__ == "__main__":
    sys.exit(app())
