"""What bad receivers do to the others: python -m tests.benchmarks.receivers [--seconds 60].

Twenty receivers get events at a fixed rate; the time is from enqueueing to the recorded 2xx. First
all are good, then one drips a byte a second, one sends an endless body, one a gzip bomb, and the
other seventeen may not notice: their p99 grows at most 20 %, the worker's memory at most 20 MB.
Repeated in turn, so that both meet the same noise. Exits with 1 where a promise is broken.
`--control` lets one receiver have every thread of the worker: it must fail.
"""

import argparse
import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from sqlalchemy import Row, select

from app.storage import tables
from app.storage.engine import open_database, sqlite_url
from app.storage.migrations import migrate
from app.webhook.signing import new_secret
from app.worker import Limits
from tests.benchmarks.receivers_load import DONE, WATCHED
from tests.benchmarks.recorder import LISTENS
from tests.benchmarks.stock import keep_endpoint
from tests.postgresql_server import PostgreSQLServer
from tests.support_service import Inlet, environ_of

RECEIVERS = 20
BAD = ("drip", "endless", "bomb")
ONE_RECEIVERS_SHARE = 4  # an endpoint's max_in_flight where nobody sets another
MOST_GROWTH = 1.20  # of p99; RELIABILITY.md P11
MOST_MEMORY_MB = 20.0
_WARM_UP_S = 3.0  # of a run: not counted
_PATIENCE_S = 120.0
_NEVER_MS = 1e9  # of a delivery that did not arrive
CONCURRENCY = Limits().concurrency
SPARE = "spare"  # names of receivers that are bad in some runs begin so
Tell = Callable[[str, int], object]  # what, and how many runs are done


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How the receivers are called."""

    seconds: float = 60.0
    rate_per_s: float = 1.0  # for each receiver
    answer_ms: int = 50  # of a good one
    repetitions: int = 3
    bad: tuple[str, ...] = BAD
    concurrency: int = CONCURRENCY
    database: str = "sqlite"


@dataclass(frozen=True, kw_only=True)
class Phase:
    """What one run measured; times of the receivers that are good in both kinds of run."""

    bad: bool
    deliveries: int
    missing: int  # that did not arrive within half a minute of the end
    p50_ms: float
    p99_ms: float
    worst_p99_ms: float  # of the receiver for which it is the highest
    most_memory_mb: float
    late_ms: int  # that a message was enqueued behind its time, at most
    bad_attempts: int


@dataclass(frozen=True, kw_only=True)
class Result:
    """The figures of all runs, and what must not be."""

    plan: Plan
    phases: tuple[Phase, ...]
    growth: tuple[float, ...]  # of p99, in each repetition
    median_growth: float
    noise: float  # the highest p99 of the good runs over their lowest
    memory_growth_mb: float  # the median's
    violations: tuple[str, ...]


def run(plan: Plan, folder: Path, tell: Tell = lambda *_: None) -> Result:
    """Measure runs in which all are good, and runs in which some are bad, in turn."""
    secret = new_secret()
    command = [sys.executable, "-m", "tests.benchmarks.recorder", f"--ports={RECEIVERS}"]
    options = ["--file", str(folder / "requests.jsonl"), "--secret", secret]
    phases = []
    with ExitStack() as stack:
        recorder = Inlet(*options, environ=environ_of(folder), folder=folder, command=command)
        stack.enter_context(recorder)
        ports = [int(port) for port in recorder.wait_until_it_says(LISTENS).split()]
        new_url = _databases(plan.database, folder, stack)
        for number in range(2 * plan.repetitions):
            bad = number % 2 == 1
            tell("some are bad" if bad else "all are good", number)
            url = new_url()
            _keep_receivers(url, _urls(plan, ports, bad=bad), secret)
            phases.append(_phase(plan, folder, url, bad=bad))
    return _result(plan, phases)


def _databases(dialect: str, folder: Path, stack: ExitStack) -> Callable[[], str]:
    """Give what makes an empty database for each run."""
    if dialect == "sqlite":
        numbers = count(1)
        return lambda: sqlite_url(folder / f"run-{next(numbers)}.db")
    server = PostgreSQLServer()
    stack.callback(server.remove)
    return lambda: str(server.url(server.create_database()))


def _urls(plan: Plan, ports: Sequence[int], *, bad: bool) -> dict[str, str]:
    """Name the receivers; those that are bad in some runs are not watched in any."""
    urls = {}
    for number, port in enumerate(ports):
        spare = number < len(plan.bad)
        how = plan.bad[number] if bad and spare else f"good/{plan.answer_ms}"
        urls[f"{SPARE if spare else WATCHED}-{number}"] = f"http://127.0.0.1:{port}/{how}"
    return urls


def _keep_receivers(url: str, urls: Mapping[str, str], secret: str) -> None:
    with closing(open_database(url)) as database:
        migrate(database)
        with database.write() as conn:
            for name, to in urls.items():
                keep_endpoint(conn, name, to, secrets=(secret,))


def _phase(plan: Plan, folder: Path, url: str, *, bad: bool) -> Phase:
    """Let a worker run under load, and read from its database how long everything took."""
    command = [sys.executable, "-m", "tests.benchmarks.receivers_load", url]
    rate = f"--rate={plan.rate_per_s * RECEIVERS}"
    options = [f"--seconds={plan.seconds}", rate, f"--concurrency={plan.concurrency}"]
    with Inlet(*options, environ=environ_of(folder), folder=folder, command=command) as load:
        patience_s = plan.seconds + _PATIENCE_S
        said = json.loads(load.wait_until_it_says(DONE, timeout_s=patience_s))
    times_ms, bad_attempts = _times_ms(url)
    every = [one for some in times_ms.values() for one in some]
    return Phase(
        bad=bad,
        deliveries=len(every),
        missing=sum(one == _NEVER_MS for one in every),
        p50_ms=round(median(every), 1),
        p99_ms=_p99(every),
        worst_p99_ms=max(map(_p99, times_ms.values())),
        bad_attempts=bad_attempts,
        **said,
    )


def _times_ms(url: str) -> tuple[dict[str, list[float]], int]:
    """Read how long each delivery to a watched receiver took, and how often others were tried."""
    sent, tried, to = tables.deliveries.c, tables.attempts.c, tables.endpoints.c
    joined = tables.deliveries.join(tables.endpoints, to.id == sent.endpoint_id)
    joined = joined.outerjoin(tables.attempts, tried.delivery_id == sent.id)
    query = select(
        to.name, sent.created_at, tried.started_at, tried.duration_ms, tried.status_code
    ).select_from(joined)
    with closing(open_database(url)) as database, database.read() as conn:
        rows = conn.execute(query.order_by(sent.created_at)).all()
    begin = rows[0].created_at + timedelta(seconds=_WARM_UP_S)
    times_ms: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        if row.name.startswith(WATCHED) and row.created_at >= begin:
            times_ms[row.name].append(_took_ms(row))
    return times_ms, sum(row.name.startswith(SPARE) and row.started_at is not None for row in rows)


def _took_ms(row: Row[Any]) -> float:
    """From enqueueing to the answer; a delivery that was tried twice here has two rows."""
    if row.status_code is None or not 200 <= row.status_code < 300:
        return _NEVER_MS
    waited: timedelta = row.started_at - row.created_at
    return waited.total_seconds() * 1_000 + float(row.duration_ms)


def _p99(times_ms: Sequence[float]) -> float:
    return round(quantiles(times_ms, n=100, method="inclusive")[98], 1)


def _result(plan: Plan, phases: Sequence[Phase]) -> Result:
    good, bad = [one for one in phases if not one.bad], [one for one in phases if one.bad]
    growth = [b.p99_ms / g.p99_ms for g, b in zip(good, bad, strict=True)]
    memory = median(one.most_memory_mb for one in bad) - median(o.most_memory_mb for o in good)
    found = []
    if median(growth) > MOST_GROWTH:
        found.append(f"p99 of the others grows by {median(growth) - 1:.0%}")
    if memory > MOST_MEMORY_MB:
        found.append(f"the worker's memory grows by {memory:.1f} MB")
    missing = sum(one.missing for one in phases)
    if missing:
        found.append(f"{missing} deliveries to good receivers did not arrive")
    return Result(
        plan=plan,
        phases=tuple(phases),
        growth=tuple(round(one, 2) for one in growth),
        median_growth=round(median(growth), 2),
        noise=round(max(o.p99_ms for o in good) / min(o.p99_ms for o in good), 2),
        memory_growth_mb=round(memory, 1),
        violations=tuple(found),
    )


def show(result: Result) -> None:
    """Print the figures for a person."""
    names = [name for name in asdict(result.phases[0]) if name != "bad"]
    table = Table("receivers", *(name.replace("_", " ") for name in names))
    for phase in result.phases:
        row = asdict(phase)
        kinds = ", ".join(result.plan.bad) if phase.bad else "all good"
        table.add_row(kinds, *(str(row[name]) for name in names))
    console = Console()
    console.print(table)
    for sentence in result.violations:
        console.print(f"BROKEN: {sentence}", style="bold red")
    console.print(
        f"p99 of the others × {result.median_growth} (each: {list(result.growth)}; the good runs "
        f"differ × {result.noise}), memory +{result.memory_growth_mb} MB"
    )


def main() -> int:
    """Run as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=Plan.seconds, help="of each run")
    parser.add_argument("--rate", type=float, default=Plan.rate_per_s, help="for each receiver")
    parser.add_argument("--answer-ms", type=int, default=Plan.answer_ms)
    parser.add_argument("--repetitions", type=int, default=Plan.repetitions)
    parser.add_argument("--on", choices=("sqlite", "postgresql"), default=Plan.database)
    parser.add_argument("--mute", action="store_true", help="a fourth bad one never answers")
    parser.add_argument("--control", action="store_true", help="let one have all: must fail")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    plan = Plan(
        seconds=given.seconds,
        rate_per_s=given.rate,
        answer_ms=given.answer_ms,
        repetitions=given.repetitions,
        bad=(*BAD, "mute") if given.mute else BAD,
        database=given.on,
        concurrency=ONE_RECEIVERS_SHARE if given.control else CONCURRENCY,
    )
    with (
        tempfile.TemporaryDirectory(prefix="inlet-receivers-") as folder,
        Progress(console=Console(stderr=True), transient=True) as progress,
    ):
        task = progress.add_task("receivers", total=2 * plan.repetitions)
        result = run(
            plan,
            Path(folder),
            lambda what, done: progress.update(task, description=what, completed=done),
        )
    if given.json:
        print(json.dumps(asdict(result)))  # noqa: T201
    else:
        show(result)
    return 1 if result.violations else 0


if __name__ == "__main__":
    sys.exit(main())
