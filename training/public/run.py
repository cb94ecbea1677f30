"""Run methods on tasks, one after the other, and write each result at once."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from training.public.answers import measure
from training.public.methods import Setup, method_of, suits
from training.public.readers import tasks_of
from training.public.results import Result, add_result, read_results
from training.public.tasks import Task

_WITHOUT_BASE = "svm"
_PLAIN_EVERY_S = 30.0  # where there is no terminal, a line now and then


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be run, and where results go."""

    data: Path
    tasks: Sequence[str]
    methods: Sequence[str]
    folds: int  # at most, of a task that has some
    out: Path
    again: bool  # also what the file of results has already


def run(plan: Plan, setup: Setup, console: Console) -> None:
    """Measure what is planned and not yet known.

    Raises:
        TrainingError: Data or a base is not there; what was measured before is kept.
    """
    for task, method in _pairs(plan):
        name = f"{task.name}" + ("" if task.fold is None else f" fold {task.fold}") + f", {method}"
        planned = _result(task, method, setup)
        known = {result.identity for result in read_results(plan.out)}
        if planned.identity in known and not plan.again:
            console.print(f"• {name}: known", markup=False)
            continue
        result = _measured(task, method, setup, _Shown(console, name))
        add_result(plan.out, result)
        said = ", ".join(f"{key} {value:.3f}" for key, value in result.figures.items())
        console.print(f"• {name}: {said} ({result.seconds:.0f} s)", markup=False)


def _pairs(plan: Plan) -> Iterator[tuple[Task, str]]:
    """Give tasks with the methods that suit them."""
    for name in plan.tasks:
        for task in tasks_of(name, plan.data, plan.folds):
            yield from ((task, method) for method in plan.methods if suits(method, task))


def _measured(task: Task, method: str, setup: Setup, shown: "_Shown") -> Result:
    """Train and test once."""
    started = time.monotonic()
    with shown.bar:
        figures = measure(task, method_of(method, task, setup, shown))
    return _result(task, method, setup, time.monotonic() - started, figures)


def _result(
    task: Task,
    method: str,
    setup: Setup,
    seconds: float = 0.0,
    figures: dict[str, float] | None = None,
) -> Result:
    return Result(
        task=task.name,
        method=method,
        base=None if method == _WITHOUT_BASE else setup.base,
        seed=setup.seed,
        fold=task.fold,
        train=len(task.train),
        test=len(task.test) + len(task.strangers),
        seconds=round(seconds, 1),
        figures={name: round(value, 4) for name, value in (figures or {}).items()},
    )


class _Shown:
    """Shows the steps of the stage that is under way; called by the loops after each."""

    def __init__(self, console: Console, name: str) -> None:
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self._console = console
        self._name = name
        self._task = self.bar.add_task(name, total=None)
        self._told = time.monotonic()

    def __call__(self, done: int, steps: int, loss: float) -> None:
        """Take note of a finished step."""
        told = f"{self._name}, loss {loss:.3f}"
        self.bar.update(self._task, completed=done, total=steps, description=told)
        if not self._console.is_terminal and time.monotonic() - self._told >= _PLAIN_EVERY_S:
            self._told = time.monotonic()
            self._console.print(f"{told}, step {done} of {steps}", markup=False)
