"""Seconds from `inlet serve` to a ready service: `python -m tests.benchmarks.start`.

On a new folder, where the database is made, and then again on the same one. With `--against DIR`,
another checkout, the two take turns, and the ratio is told.
"""

import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from tests.benchmarks.serve_load import get
from tests.benchmarks.serve_process import Server, free_port
from tests.support_service import COMMAND, ROOT, environ_of

ROUNDS = 5  # of which the median counts; one more comes before, for the disk's cache


@dataclass(frozen=True, kw_only=True)
class Start:
    """From the start of the process to /readyz."""

    first_s: float  # on a new folder
    again_s: float
    resident_mb: float


def started(root: Path, folder: Path) -> Iterator[tuple[float, float]]:
    """Start a checkout twice on one folder: seconds until it is ready, and its memory."""
    for _ in range(2):
        port = free_port()
        environ = environ_of(folder, log_level="warning") | {"PYTHONPATH": str(root)}
        command = [*COMMAND, "serve", "--port", str(port)]
        with Server(command, environ=environ, folder=folder, port=port) as server:
            ready_s = server.wait_until_it_answers(get("/readyz"), _is_ready)
            yield ready_s, server.resident_mb()


def _is_ready(body: bytes) -> bool:
    return bool(json.loads(body)["ready"])


def measured(roots: Mapping[str, Path]) -> dict[str, Start]:
    """Let some checkouts take turns."""
    found: dict[str, list[list[tuple[float, float]]]] = {name: [] for name in roots}
    for _ in range(ROUNDS + 1):
        for name, root in roots.items():
            with tempfile.TemporaryDirectory(prefix="inlet-start-") as folder:
                found[name].append(list(started(root, Path(folder))))
    return {
        name: Start(
            first_s=round(median(first for (first, _), _ in rounds[1:]), 2),
            again_s=round(median(again for _, (again, _) in rounds[1:]), 2),
            resident_mb=median(mb for _, (_, mb) in rounds[1:]),
        )
        for name, rounds in found.items()
    }


def main(
    against: Annotated[Path | None, typer.Option(help="another checkout", exists=True)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Measure this checkout, and another beside it."""
    others = {} if against is None else {str(against): against.resolve()}
    found = measured({"this": ROOT, **others})
    if as_json:
        print(json.dumps({name: asdict(one) for name, one in found.items()}))  # noqa: T201
        return
    table = Table("checkout", "first s", "again s", "MB", "of the other's time, again")
    for name, one in found.items():
        ratio = "" if name == "this" else f"{found['this'].again_s / one.again_s:.2f}"
        table.add_row(name, str(one.first_s), str(one.again_s), str(one.resident_mb), ratio)
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
