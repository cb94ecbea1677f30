"""Drive one server after the other through the same loads."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from models.labels import INTENTS, LABELS
from tests.benchmarks.serve_contenders import PORT, Contender
from tests.benchmarks.serve_figures import (
    Measured,
    Rate,
    best,
    f1_of_answers,
    latencies_of,
    rate_of,
)
from tests.benchmarks.serve_load import Load, Target, closed_loop, open_loop
from tests.benchmarks.serve_process import Server, Unstarted, free_port
from training.dataset import Example

CLIENTS = (1, 8, 64)
Tell = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is run on each server."""

    seconds: float = 30.0  # of each load
    warm_up_s: float = 5.0  # before each load
    clients: tuple[int, ...] = CLIENTS


@dataclass(frozen=True, kw_only=True)
class Result:
    """All servers' figures."""

    measured: tuple[Measured, ...]
    skipped: Mapping[str, str]  # why, by name
    f1_messages: int  # that all answered
    first_at_half_of: Mapping[str, Rate]  # the first server under half of each other one's best


@dataclass(frozen=True, kw_only=True)
class Driven:
    """One server's figures, and its answers by message."""

    measured: Measured
    answered: Mapping[int, frozenset[str]]
    at_half: Mapping[int, frozenset[str]]


def drive(contender: Contender, plan: Plan, examples: Sequence[Example], folder: Path) -> Driven:
    """Start a server, ask it as planned, and end it.

    Raises:
        Unstarted: It never answered.
    """
    with _started(contender, folder) as server:
        start_s = server.wait_until_it_answers(contender.ask(examples[0]), _readable(contender))
        target = Target(server.port, [contender.ask(example) for example in examples])
        loads = {
            clients: closed_loop(
                target, clients=clients, warm_up_s=plan.warm_up_s, seconds=plan.seconds
            )
            for clients in plan.clients
        }
        closed = {clients: rate_of(load) for clients, load in loads.items()}
        half = open_loop(target, per_s=max(best(closed) / 2, 0.1), seconds=plan.seconds)
        memory_mb = server.memory_mb()
    measured = Measured(
        name=contender.name,
        note=contender.note,
        start_s=start_s,
        memory_mb=memory_mb,
        closed=closed,
        half_load=latencies_of(half.calls),
        macro_f1=None,
        macro_f1_at_half=None,
    )
    bodies = _first_bodies([*loads.values(), half], len(examples))
    return Driven(
        measured=measured,
        answered={number: contender.decide(body) for number, body in bodies.items()},
        at_half={number: contender.at_half(body) for number, body in bodies.items()},
    )


def at_loads_of(
    first: Contender,
    others: Sequence[Measured],
    plan: Plan,
    examples: Sequence[Example],
    folder: Path,
) -> dict[str, Rate]:
    """Start the first server again, and ask it as often as each other one was asked at half."""
    found: dict[str, Rate] = {}
    if not others:
        return found
    with _started(first, folder) as server:
        server.wait_until_it_answers(first.ask(examples[0]), _readable(first))
        target = Target(server.port, [first.ask(example) for example in examples])
        closed_loop(target, clients=1, warm_up_s=0.0, seconds=plan.warm_up_s)
        for other in others:
            half = open_loop(target, per_s=max(best(other.closed) / 2, 0.1), seconds=plan.seconds)
            found[other.name] = latencies_of(half.calls)
    return found


def _started(contender: Contender, folder: Path) -> Server:
    port = free_port()
    command = [str(port) if part == PORT else part for part in contender.command]
    Path(contender.environ["HOME"]).mkdir(exist_ok=True)
    return Server(command, environ=contender.environ, folder=contender.cwd or folder, port=port)


def _readable(contender: Contender) -> Callable[[bytes], bool]:
    def is_readable(body: bytes) -> bool:
        try:
            contender.decide(body)
        except (ValueError, LookupError, TypeError):
            return False
        return True

    return is_readable


def _first_bodies(loads: Sequence[Load], messages: int) -> dict[int, bytes]:
    """Give what was answered to each message at first."""
    bodies: dict[int, bytes] = {}
    for call in sorted((c for load in loads for c in load.calls), key=lambda call: call.number):
        if call.status == 200:
            bodies.setdefault(call.number % messages, call.body)
    return bodies


def run(
    chosen: Sequence[Contender], plan: Plan, folder: Path, examples: Sequence[Example], tell: Tell
) -> Result:
    """Drive one server after the other; one that cannot be had or started is left out."""
    driven: list[Driven] = []
    skipped: dict[str, str] = {}
    first: Contender | None = None
    for contender in chosen:
        tell(contender.name)
        if contender.missing:
            skipped[contender.name] = contender.missing
            continue
        try:
            driven.append(drive(contender, plan, examples, folder))
            first = first or contender
        except Unstarted as error:
            skipped[contender.name] = f"never answered: {error}"
    others = [one.measured for one in driven[1:]]
    beside = at_loads_of(first, others, plan, examples, folder) if first else {}
    common = sorted(set.intersection(*(set(one.answered) for one in driven))) if driven else []
    measured = tuple(_with_f1(one, examples, common) for one in driven)
    return Result(
        measured=measured, skipped=skipped, f1_messages=len(common), first_at_half_of=beside
    )


def _with_f1(driven: Driven, examples: Sequence[Example], common: Sequence[int]) -> Measured:
    held = [example.labels[INTENTS] for example in examples]
    if not common:
        return driven.measured
    f1, at_half = (
        f1_of_answers(answered, held, LABELS[INTENTS], common)
        for answered in (driven.answered, driven.at_half)
    )
    return replace(driven.measured, macro_f1=f1, macro_f1_at_half=at_half)
