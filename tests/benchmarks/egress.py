"""Whether anything inside can be reached: python -m tests.benchmarks.egress [--rounds 1000].

Canaries listen on loopback, and the process watches each connection that it begins itself. Every
address and URL of RELIABILITY.md 3.6 goes through every way out: as it is, behind a name, behind a
redirect, and behind a name whose answers change. Exits with 1 where anything reached a canary, was
connected to, or was not refused, or where a public address was. `--control` opens the guard: it
must fail.
"""

import argparse
import json
import socket
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field

import structlog
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from tests.benchmarks.egress_lists import (
    ANYWHERE,
    MOVER,
    PUBLIC_HOSTS,
    Extent,
    Place,
    Step,
    moving,
    steps,
)
from tests.benchmarks.egress_watch import Canaries, Names, Wire
from tests.benchmarks.egress_ways import MAILED, Setup, ways_of
from tests.hostile_urls import NAMES, PUBLIC, url_of
from tests.support_receiver import Receiver

QUICK = Extent(rounds=50, codes=(307,), ports=1, by_command=5, by_worker=67)
FEW = Extent(rounds=12, codes=(), ports=1, by_command=2, by_worker=7)  # enough for the control
_WAIT_S = 2.0  # for a canary to notice


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much is tried."""

    extent: Extent = field(default_factory=Extent)
    open_guard: bool = False  # the negative control


@dataclass(frozen=True, kw_only=True)
class Row:
    """What came of one list by one way out."""

    what: str
    way: str
    tried: int
    as_it_must: int  # of these: what was said of them is what must be
    reached: int  # canaries that were connected to
    begun: int  # connections to where none may go, whether or not somebody listens
    wrong: tuple[str, ...]  # what was said else


@dataclass(frozen=True, kw_only=True)
class Result:
    """The figures of a run, and what must not be."""

    canaries: int
    rows: tuple[Row, ...]
    looked_up: int
    seconds: float
    violations: tuple[str, ...]

    @property
    def reached(self) -> int:
        """Requests that reached a canary, those of the proof that it works left out."""
        return sum(row.reached for row in self.rows)


class Proof:
    """Tries list after list while canaries and the process itself look on."""

    def __init__(self, plan: Plan, wire: Wire, canaries: Canaries, names: Names) -> None:
        self._plan = plan
        self._wire = wire
        self._canaries = canaries
        self._names = names
        self.broken: list[str] = []

    def rows(self, tell: Callable[[str, int], object]) -> list[Row]:
        """Try everything; `tell` hears of each step, and how many there are."""
        allowed = {"allow_cidrs": ANYWHERE} if self._plan.open_guard else {}
        with ExitStack() as stack:
            ports = self._canaries.ports[: self._plan.extent.ports]
            mover = stack.enter_context(Receiver(moving(ports[0]), host=MOVER))
            place = Place(
                ports=ports,
                mail_ports=self._canaries.mail_ports[: self._plan.extent.ports],
                mover_port=mover.port,
                **allowed,
            )
            self._see_that_each_works(place)
            todo = [*steps(place, self._names, self._plan.extent)]
            return [self._row(step, tell, len(todo)) for step in todo]

    def _row(self, step: Step, tell: Callable[[str, int], object], of: int) -> Row:
        tell(f"{step.what}: {step.way}", of)
        reached, begun = len(self._canaries.reached), len(self._wire.begun)
        said = step.send(step.urls)
        fell = [host for host, _ in self._wire.begun[begun:] if not self._may_begin(host)]
        wrong = Counter(one for one in said if one not in step.good)
        return Row(
            what=step.what,
            way=step.way,
            tried=len(said),
            as_it_must=len(said) - wrong.total(),
            reached=len(self._canaries.reached) - reached,
            begun=len(fell),
            wrong=tuple(f"{count} × {one}" for one, count in sorted(wrong.items())),
        )

    @staticmethod
    def _may_begin(host: str) -> bool:
        return host in (MOVER, *PUBLIC_HOSTS)

    def _see_that_each_works(self, place: Place) -> None:
        """Reach every canary without the guard, by a redirect, and by a name that changes."""
        places = self._canaries.places
        by_mail = [place for place in places if place[1] in self._canaries.mail_ports]
        by_web = [place for place in places if place not in by_mail]
        ways = ways_of(Setup(allow_cidrs=ANYWHERE))
        ways["Sender.post"]([url_of(*one) for one in by_web])
        ways[MAILED]([url_of(*one, scheme="smtp").removesuffix("/hook") for one in by_mail])
        self._expect(len(places), "by address")
        urllib.request.urlopen(f"http://{MOVER}:{place.mover_port}/302/0", timeout=_WAIT_S).close()
        self._expect(len(places) + 1, "by redirect")
        self._names.set("naive.example", (PUBLIC,), ("127.0.0.1",))
        socket.getaddrinfo("naive.example", place.ports[0])  # what a careless guard looks at
        url = url_of("naive.example", place.ports[0])
        urllib.request.urlopen(url, timeout=_WAIT_S).close()
        self._expect(len(places) + 2, "by a name that changes")

    def _expect(self, reached: int, how: str) -> None:
        give_up_at = time.monotonic() + _WAIT_S
        while len(self._canaries.reached) < reached and time.monotonic() < give_up_at:
            time.sleep(0.01)
        if len(self._canaries.reached) != reached:
            self.broken.append(f"the canaries do not notice who comes {how}: this proves nothing")


def run(plan: Plan, tell: Callable[[str, int], object] = lambda *_: None) -> Result:
    """Try everything, and tell what came of it."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    began = time.monotonic()
    wire = Wire()
    with Canaries() as canaries, Names() as names:
        for name, addresses in NAMES.items():
            names.set(name, addresses)
        proof = Proof(plan, wire, canaries, names)
        rows = proof.rows(tell)
        return Result(
            canaries=len(canaries.places),
            rows=tuple(rows),
            looked_up=names.asked,
            seconds=round(time.monotonic() - began, 1),
            violations=(*proof.broken, *violations(rows)),
        )


def violations(rows: Sequence[Row]) -> list[str]:
    """What must not be, in sentences; none where every promise was kept."""
    found = []
    for row in rows:
        where = f"{row.what} by {row.way}"
        if row.reached:
            found.append(f"{row.reached} requests reached a canary: {where}")
        if row.begun:
            found.append(f"{row.begun} connections were begun that must not be: {where}")
        if row.wrong:
            found.append(f"{', '.join(row.wrong)}: {where}")
    return found


def show(result: Result) -> None:
    """Print the figures for a person."""
    table = Table("what", "way out", "tried", "as it must", "reached", "begun")
    for row in result.rows:
        counts = (row.tried, row.as_it_must, row.reached, row.begun)
        style = "bold red" if violations([row]) else None
        table.add_row(row.what, row.way, *map(str, counts), style=style)
    console = Console()
    console.print(table)
    for sentence in result.violations:
        console.print(f"BROKEN: {sentence}", style="bold red")
    tried = sum(row.tried for row in result.rows)
    console.print(
        f"{tried} tried, {result.reached} reached one of {result.canaries} canaries, "
        f"{len(result.violations)} promises broken, {result.seconds} s"
    )


def main() -> int:
    """Run as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=Extent().rounds)
    parser.add_argument("--quick", action="store_true", help="in seconds, for a test")
    parser.add_argument("--control", action="store_true", help="open the guard: must fail")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    extent = QUICK if given.quick else Extent(rounds=given.rounds)
    plan = Plan(extent=FEW if given.control else extent, open_guard=given.control)
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("canaries", total=None)
        result = run(
            plan,
            lambda what, of: progress.update(task, description=what, total=of, advance=1),
        )
    if given.json:
        print(json.dumps(asdict(result)))  # noqa: T201
    else:
        show(result)
    return 1 if result.violations else 0


if __name__ == "__main__":
    sys.exit(main())
