"""What training tells the person at the keyboard."""

import contextlib
import time
from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console as RichConsole
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from training.dataset import Splits
from training.report import metrics_table

_PLAIN_EVERY_S = 30.0  # where there is no terminal, a line now and then


class Steps:
    """Counts steps for a progress bar; called by the loop after each."""

    def __init__(self, console: RichConsole, total: int, name: str = "training") -> None:
        self.seconds = 0.0
        self.done = 0
        self.loss = float("nan")
        self.total = total
        self._name = name
        self._console = console
        self._started = time.monotonic()
        self._told = self._started
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task(name, total=total)

    def __call__(self, done: int, steps: int, loss: float) -> None:
        """Take note of a finished step."""
        now = time.monotonic()
        self.done, self.loss, self.seconds = done, loss, now - self._started
        self._bar.update(self._task, completed=done, description=f"{self._name}, loss {loss:.3f}")
        if not self._console.is_terminal and now - self._told >= _PLAIN_EVERY_S:
            self._told = now
            left = self.seconds / done * (steps - done)
            self._console.print(f"step {done} of {steps}, loss {loss:.3f}, {left:.0f} s left")

    @contextlib.contextmanager
    def shown(self) -> Iterator["Steps"]:
        """Show the bar while the block runs."""
        with self._bar:
            yield self


class Console:
    """Prints stages, the progress bar and results; the reports have their own modules."""

    def __init__(self, console: RichConsole) -> None:
        self.rich = console

    @contextlib.contextmanager
    def stage(self, what: str) -> Iterator[None]:
        """Say what is being done, and how long it took."""
        started = time.monotonic()
        self.rich.print(f"• {what} …")
        yield
        self.rich.print(f"  [dim]{time.monotonic() - started:.1f} s[/dim]")

    def parts(self, splits: Splits) -> None:
        """Say how the examples were divided."""
        sizes = {name: len(getattr(splits, name)) for name in splits.__slots__}
        self.rich.print("• split: " + ", ".join(f"{n} {name}" for name, n in sizes.items()))

    @contextlib.contextmanager
    def training(
        self, total: int, seconds_a_step: float, name: str = "training"
    ) -> Iterator[Steps]:
        """Say how long training will take, and show its progress."""
        minutes = total * seconds_a_step / 60
        early = "ends it early and keeps what was learnt" if name == "training" else "ends the run"
        self.rich.print(
            f"• {name}: {total} steps, about {minutes:.0f} min on this machine; Ctrl-C {early}"
        )
        with Steps(self.rich, total, name).shown() as steps:
            yield steps

    def learnt(self, finished: bool, steps: Steps) -> None:
        """Say how training ended."""
        how = (
            "finished" if finished else "[yellow]ended early by Ctrl-C, keeping what was learnt[/]"
        )
        self.rich.print(
            f"  {how}: {steps.done} of {steps.total} steps in {steps.seconds:.0f} s, "
            f"last loss {steps.loss:.3f}"
        )

    def chosen(self, weights: str) -> None:
        """Say which weights the validation part preferred."""
        self.rich.print(f"  of the weights, {weights} are kept", markup=False)

    def results(self, columns: Mapping[str, Mapping[str, Any]]) -> None:
        """Show the model's figures beside those it is compared with."""
        self.rich.print(metrics_table(columns))
