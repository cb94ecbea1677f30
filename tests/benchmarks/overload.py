"""Five times what the service can do, for a minute: python -m tests.benchmarks.overload [--json].

Finds the capacity of POST /v1/classify with 16 clients, before and after; in between offers five
times as many messages at random moments, whether or not answers come. Looks at /livez twenty times
a second: while the service loads its model, and while it is flooded. Ends with 1 where a promise is
broken (RELIABILITY.md P23, P24).
"""

import argparse
import asyncio
import json
import sys
import tempfile
import threading
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console

from tests.benchmarks.overload_judge import ACCEPTED_MS, Flood, judged
from tests.benchmarks.serve import messages
from tests.benchmarks.serve_contenders import PORT, Contender, inlet
from tests.benchmarks.serve_figures import rate_of
from tests.benchmarks.serve_load import Call, Line, Target, closed_loop, get, open_loop
from tests.benchmarks.serve_process import Server, free_port
from training.dataset import Example

CLIENTS = 16  # fewer than the budget for waiting turns away
_LOOK_EVERY_S = 0.05
_RECOVERED = 5  # answers in a row, each as fast as one has to be under load
_RECOVERY_S = 60.0  # after which it has not recovered


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How the service is flooded."""

    seconds: float = 60.0
    times: float = 5.0
    capacity_s: float = 15.0  # for which the capacity is measured
    warm_up_s: float = 5.0


class Watch:
    """Looks at /livez at an even pace, in a thread of its own."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._look()), daemon=True)
        self.calls: list[Call] = []

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(timeout=90)

    async def _look(self) -> None:
        line, request = Line(self._port), get("/livez")
        while not self._stop.is_set():
            began_s = time.perf_counter()
            status, head, body = await line.ask(request)
            ended_s = time.perf_counter()
            call = Call(
                number=0, began_s=began_s, ended_s=ended_s, status=status, head=head, body=body
            )
            self.calls.append(call)
            await asyncio.sleep(max(0.0, began_s + _LOOK_EVERY_S - ended_s))
        line.close()


def flood(plan: Plan, folder: Path, examples: Iterable[Example]) -> Flood:
    """Start the service, measure what it can do, and flood it."""
    contender = inlet(folder)
    requests = [contender.ask(example) for example in examples]
    port = free_port()
    with _started(contender, folder, port) as server:
        with Watch(port) as loading:
            server.wait_until_it_answers(requests[0], lambda _: True)
        target = Target(port, requests)
        capacity = _capacity(target, plan)
        before_mb = server.resident_mb()
        with Watch(port) as flooded, Peak(server) as peak:
            load = open_loop(target, per_s=max(1.0, plan.times * capacity), seconds=plan.seconds)
        recovery_s = _recovery_s(target, load.until_s)
        after_mb = server.resident_mb()
        capacity_after = _capacity(target, plan)
    return Flood(
        capacities_per_s=(capacity, capacity_after),
        load=load,
        loading=tuple(call for call in loading.calls if call.status),  # 0: nobody listened yet
        flooded=tuple(flooded.calls),
        recovery_s=recovery_s,
        growth_mb=round(max(peak.most_mb, after_mb) - before_mb, 1),
    )


def _capacity(target: Target, plan: Plan) -> float:
    """Measure what is answered a second where nobody is turned away."""
    load = closed_loop(target, clients=CLIENTS, warm_up_s=plan.warm_up_s, seconds=plan.capacity_s)
    return rate_of(load).per_s


def _started(contender: Contender, folder: Path, port: int) -> Server:
    command = [str(port) if part == PORT else part for part in contender.command]
    return Server(command, environ=contender.environ, folder=folder, port=port)


class Peak:
    """Remembers the most memory that a server held, looking once a second."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.most_mb = 0.0

    def __enter__(self) -> "Peak":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(timeout=10)

    def _look(self) -> None:
        while not self._stop.wait(1.0):
            self.most_mb = max(self.most_mb, self._server.resident_mb())


def _recovery_s(target: Target, flood_ended_s: float) -> float | None:
    """Tell how long after the flood one client is answered in time again; None: never.

    The load waits for the answers that are still owed, so that time counts as well.
    """
    in_a_row = 0
    while time.perf_counter() < flood_ended_s + _RECOVERY_S:
        load = closed_loop(target, clients=1, warm_up_s=0.0, seconds=0.01)
        call = load.calls[0]
        good = call.status == 200 and call.took_ms <= ACCEPTED_MS
        in_a_row = in_a_row + 1 if good else 0
        if in_a_row == _RECOVERED:
            return round(time.perf_counter() - flood_ended_s, 2)
    return None


def main() -> int:
    """Run as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=Plan.seconds)
    parser.add_argument("--times", type=float, default=Plan.times, help="of the capacity")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    plan = Plan(seconds=given.seconds, times=given.times)
    with tempfile.TemporaryDirectory(prefix="inlet-overload-") as name:
        verdict = judged(flood(plan, Path(name), messages()))
    if given.json:
        print(json.dumps(asdict(verdict)))  # noqa: T201
    else:
        verdict.show(Console())
    return 1 if verdict.broken else 0


if __name__ == "__main__":
    sys.exit(main())
