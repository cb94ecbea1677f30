"""Show a comparison of servers: ratios first, then every figure."""

import json
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.table import Table

from tests.benchmarks.serve_drive import Result
from tests.benchmarks.serve_figures import Measured, Rate, ratios


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What all servers had in common."""

    seconds: float  # of each load
    messages: int
    mean_chars: float
    mean_tokens: float
    logits_apart: float  # torch in float32 and the released graph, at most
    logits_apart_mean: float


def as_json(facts: Facts, result: Result) -> str:
    """Write everything down for a program."""
    return json.dumps({"ratios": ratios(result.measured), **asdict(facts), **asdict(result)})


def show(facts: Facts, result: Result) -> None:
    """Print everything for a person."""
    console = Console()
    if len(result.measured) > 1:
        console.print(_ratio_table(result.measured))
    if result.measured:
        console.print(_figures(result))
    for name, why in result.skipped.items():
        console.print(f"skipped: {name}: {why}", markup=False)
    console.print(
        f"{facts.messages} messages of {facts.mean_chars} characters, {facts.mean_tokens} tokens "
        f"on average; {facts.seconds} s a load; macro-F1 on the {result.f1_messages} messages that "
        f"all answered; logits of torch and of the released graph differ by {facts.logits_apart} "
        f"at most, {facts.logits_apart_mean} on average"
    )
    for one in result.measured:
        console.print(f"{one.name}: {one.note}")


def _ratio_table(measured: tuple[Measured, ...]) -> Table:
    found = ratios(measured)
    columns = list(next(iter(found.values())))
    table = Table(f"times as many a second: {measured[0].name} against", *columns)
    for name, row in found.items():
        table.add_row(name, *(f"{row[column]:.1f}" for column in columns))
    return table


def _figures(result: Result) -> Table:
    measured = result.measured
    table = Table("", *(one.name for one in measured))
    for clients in measured[0].closed:
        rates = [one.closed[clients] for one in measured]
        table.add_row(f"{clients} clients: a second", *(str(rate.per_s) for rate in rates))
        table.add_row("p50 / p99 ms", *map(_latencies, rates))
    table.add_row(
        "at half its best rate: p50 / p99 ms", *(_latencies(m.half_load) for m in measured)
    )
    beside = [result.first_at_half_of.get(one.name) for one in measured]
    table.add_row(
        f"{measured[0].name} under that load: p50 / p99 ms",
        *("" if rate is None else _latencies(rate) for rate in beside),
    )
    table.add_row("not answered well", *(str(_failed(one)) for one in measured))
    table.add_row("memory MB", *(str(one.memory_mb) for one in measured))
    table.add_row("start s", *(str(one.start_s) for one in measured))
    table.add_row("macro-F1 of the labels given", *(str(one.macro_f1) for one in measured))
    table.add_row("macro-F1 at 0.5", *(str(one.macro_f1_at_half) for one in measured))
    return table


def _latencies(rate: Rate) -> str:
    return f"{rate.p50_ms} / {rate.p99_ms}"


def _failed(measured: Measured) -> int:
    return sum(rate.failed for rate in (*measured.closed.values(), measured.half_load))
