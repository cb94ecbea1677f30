"""Show how storing messages changes with what is stored already."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from tests.benchmarks.serve_figures import Rate


@dataclass(frozen=True, kw_only=True)
class Row:
    """One load on one size of the database."""

    database: str
    rows: int  # messages that were stored before
    clients: int
    rate: Rate
    delivered_per_s: float  # while the load ran, its warm-up included
    drained_s: float | None  # until nothing was left to deliver; None: longer than waited for
    memory_mb: float
    start_s: float  # from the start of the process to the first message stored


def change(row: Row, found: Sequence[Row]) -> float | None:
    """Tell by what share the rate differs from that with the fewest rows and as many clients."""
    first = next(one for one in found if one.clients == row.clients)
    return round(row.rate.per_s / first.rate.per_s - 1.0, 3) if first.rate.per_s else None


def show(found: Sequence[Row], console: Console) -> None:
    """Print a line for each load."""
    columns = ("stored", "clients", "/s", "change", "p50 ms", "p99 ms", "failed")
    table = Table(*columns, "delivered/s", "drained s", "MB", "start s")
    for row in found:
        changed = change(row, found)
        figures = (
            row.rate.per_s,
            "" if changed is None else f"{changed:+.0%}",
            row.rate.p50_ms,
            row.rate.p99_ms,
            row.rate.failed,
            row.delivered_per_s,
            row.drained_s,
            row.memory_mb,
            row.start_s,
        )
        table.add_row(f"{row.rows:,}", str(row.clients), *map(str, figures))
    console.print(table, width=120)
