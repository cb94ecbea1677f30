"""Deliveries while workers are killed: python -m tests.benchmarks.deliveries [--deliveries 10000].

Workers deliver what waits in an outbox, and one of them is killed with SIGKILL every two seconds
and started again at once. Afterwards no delivery may be lost, each repeat must be byte for byte the
first one under its webhook-id, there may be no more of them than were in flight at the kills, and
every delivery stands somewhere. On SQLite with one worker, then on PostgreSQL with four. Exits with
1 where a promise is broken. `--control` forgets what a killed worker had claimed: it must fail.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from sqlalchemy import select, update

from app.domain import DeliveryStatus
from app.storage import account, outbox, tables
from app.storage.engine import Database, open_database, sqlite_url
from app.storage.migrations import migrate
from app.webhook.signing import new_secret
from app.worker import LEASE_MARGIN_S, Limits
from tests.benchmarks.delivered import Kills, Result, Sent, judged
from tests.benchmarks.delivering import DELIVERS
from tests.benchmarks.recorder import LISTENS, read_received
from tests.benchmarks.stock import keep_endpoint, keep_message
from tests.postgresql_server import PostgreSQLServer
from tests.support_service import Inlet, environ_of

RECEIVERS = 10  # which answer 500 the first time now and then
ASIDE = 100  # deliveries to a receiver that is gone, and to one that is paused
ATTEMPT_S = 5.0  # a lease is this and LEASE_MARGIN_S
_BATCH = 200  # messages that are stored in one transaction
_PAUSE_S = 0.1
_PATIENCE_S = 1_800.0
Tell = Callable[[str, int, int], object]  # what, done, of how many


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is done to the workers."""

    deliveries: int = 10_000
    workers: int = 1
    kill_every_s: float = 2.0
    answer_ms: int = 20
    forget: bool = False  # the negative control


class Fleet:
    """Workers on one database, killed and started again one after the other."""

    def __init__(self, url: str, folder: Path, plan: Plan) -> None:
        command = [sys.executable, "-m", "tests.benchmarks.delivering", url]
        self._command = [*command, f"--timeout-s={ATTEMPT_S}"]
        self._folder = folder
        self._every_s = plan.kill_every_s
        self._working_s: dict[int, float] = {}  # by pid: since when
        self._workers = [self._start() for _ in range(plan.workers)]
        self.kills: list[float] = []

    def __enter__(self) -> "Fleet":
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.kill()

    def look(self) -> None:
        """See who has begun to work since; fail where one ended by itself."""
        for worker in self._workers:
            if worker.process.poll() is not None:
                raise SystemExit(f"a worker ended by itself:\n{worker.said()[-5_000:]}")
            if worker.pid not in self._working_s and DELIVERS in worker.said():
                self._working_s[worker.pid] = time.monotonic()

    def kill_in_time(self) -> bool:
        """Kill the longest at work and start another, if it is time, and it worked for as long."""
        now, first = time.monotonic(), self._workers[0]
        last_s = self.kills[-1] if self.kills else 0.0
        if now - max(self._working_s.get(first.pid, now), last_s) < self._every_s:
            return False
        self._workers.pop(0).kill()
        self.kills.append(now)
        self._workers.append(self._start())
        return True

    def _start(self) -> Inlet:
        environ = environ_of(self._folder)
        return Inlet(environ=environ, folder=self._folder, command=self._command)


def run(plan: Plan, url: str, folder: Path, tell: Tell = lambda *_: None) -> Result:
    """Fill an outbox, let workers that are killed empty it, and judge what came of it."""
    secret, file = new_secret(), folder / "requests.jsonl"
    command = [sys.executable, "-m", "tests.benchmarks.recorder"]
    options = ["--file", str(file), "--secret", secret]
    with ExitStack() as stack:
        recorder = Inlet(*options, environ=environ_of(folder), folder=folder, command=command)
        stack.enter_context(recorder)
        port = int(recorder.wait_until_it_says(LISTENS))
        database = stack.enter_context(closing(open_database(url)))
        migrate(database)
        sent = _fill(database, plan, port, secret)
        began = time.monotonic()
        fleet = stack.enter_context(Fleet(url, folder, plan))
        _kill_and_wait(fleet, database, plan, tell)
        seconds = time.monotonic() - began
        with database.read() as conn:
            stands = account.read(conn)
        return judged(
            sent,
            tuple(read_received(file)),
            stands,
            Kills(moments_s=fleet.kills, in_flight=Limits().concurrency),
            database=database.dialect,
            workers=plan.workers,
            seconds=seconds,
        )


def _fill(database: Database, plan: Plan, port: int, secret: str) -> Sent:
    """Store messages, each with a delivery to one receiver."""
    root, signing = f"http://127.0.0.1:{port}", {"secrets": (secret,)}
    with database.write() as conn:
        receivers = [
            keep_endpoint(conn, f"r{number}", f"{root}/moody-{number}/{plan.answer_ms}", **signing)
            for number in range(RECEIVERS)
        ]
        gone = keep_endpoint(conn, "gone", f"{root}/gone", **signing)
        paused = keep_endpoint(conn, "paused", f"{root}/good", paused=True, **signing)
    owed = [receivers[number % len(receivers)] for number in range(plan.deliveries)]
    queue = [*owed, *[gone] * ASIDE, *[paused] * ASIDE]
    bodies: dict[str, bytes] = {}
    for start in range(0, len(queue), _BATCH):
        with database.write() as conn:
            for endpoint in queue[start : start + _BATCH]:
                (made,) = keep_message(conn, [endpoint])
                if endpoint in receivers:
                    bodies[made.id] = made.body
    return Sent(bodies=bodies, gone=ASIDE, paused=ASIDE)


def _kill_and_wait(fleet: Fleet, database: Database, plan: Plan, tell: Tell) -> None:
    """Kill while there is work that nobody has claimed; then wait for the leases of the dead."""
    give_up_at = time.monotonic() + _PATIENCE_S
    while (left := _left(database)) > 0 and time.monotonic() < give_up_at:
        tell(f"{len(fleet.kills)} kills", plan.deliveries - left, plan.deliveries)
        fleet.look()
        if _unclaimed(database) and fleet.kill_in_time() and plan.forget:
            _forget_claimed(database)
        _end_waits(database)
        time.sleep(_PAUSE_S)


def _left(database: Database) -> int:
    """Count what still has to be delivered; what waits for the paused receiver has not."""
    with database.read() as conn:
        return outbox.counts(conn)[DeliveryStatus.PENDING] - ASIDE


def _unclaimed(database: Database) -> bool:
    """Whether something is due that no worker has, dead or alive."""
    due = tables.deliveries.c.next_attempt_at <= datetime.now(UTC)
    waits = tables.deliveries.c.status == DeliveryStatus.PENDING
    with database.read() as conn:
        counted = conn.execute(tables.deliveries.select().where(waits, due).limit(ASIDE + 1))
        return len(counted.all()) > ASIDE


def _end_waits(database: Database) -> None:
    """Let what waits for a retry longer than any lease be due, as time would have done."""
    table = tables.deliveries
    now = datetime.now(UTC)
    waits = table.c.next_attempt_at > now + timedelta(seconds=ATTEMPT_S + LEASE_MARGIN_S)
    with database.read() as conn:
        found = conn.execute(select(table.c.id).where(waits)).scalars().all()
    if found:
        with database.write() as conn:
            later = update(table).where(table.c.id.in_(found), waits)
            conn.execute(later.values(next_attempt_at=now))


def _forget_claimed(database: Database) -> None:
    """Take what is claimed off the outbox, as a queue without leases would have done."""
    table = tables.deliveries
    lease = table.c.next_attempt_at > datetime.now(UTC)
    claimed = (table.c.status == DeliveryStatus.PENDING, table.c.attempts == 1, lease)
    with database.write() as conn:
        conn.execute(update(table).where(*claimed).values(status=DeliveryStatus.DELIVERED))


def show(results: list[Result]) -> None:
    """Print the figures for a person."""
    console = Console()
    table = Table("what", *(f"{one.database}, {one.workers} worker(s)" for one in results))
    rows = [asdict(one) for one in results]
    for name in rows[0]:
        if name != "violations":
            table.add_row(name.replace("_", " "), *(str(row[name]) for row in rows))
    console.print(table)
    for one in results:
        for sentence in one.violations:
            console.print(f"BROKEN on {one.database}: {sentence}", style="bold red")
    for one in results:
        console.print(
            f"{one.database}: {one.deliveries} deliveries, {one.kills} kills, {one.lost} lost, "
            f"{one.duplicates} duplicates (at most {one.most_duplicates}), {one.seconds} s"
        )


def main() -> int:
    """Run as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deliveries", type=int, default=Plan.deliveries)
    parser.add_argument("--kill-every", type=float, default=Plan.kill_every_s, metavar="S")
    parser.add_argument("--answer-ms", type=int, default=Plan.answer_ms)
    parser.add_argument("--on", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--workers", type=int, default=4, help="on PostgreSQL")
    parser.add_argument("--control", action="store_true", help="forget claims: must fail")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    results = []
    with ExitStack() as stack:
        progress = stack.enter_context(Progress(console=Console(stderr=True), transient=True))
        for dialect in ("sqlite", "postgresql") if given.on == "both" else (given.on,):
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="inlet-kill-")))
            task = progress.add_task(dialect, total=given.deliveries)
            plan = Plan(
                deliveries=given.deliveries,
                workers=given.workers if dialect == "postgresql" else 1,
                kill_every_s=given.kill_every,
                answer_ms=given.answer_ms,
                forget=given.control,
            )

            def tell(what: str, done: int, of: int, task: int = task, on: str = dialect) -> None:
                progress.update(task, description=f"{on}: {what}", completed=done, total=of)

            url = _database_url(dialect, folder, stack)
            results.append(run(plan, url, folder, tell))
    if given.json:
        print(json.dumps([asdict(one) for one in results]))  # noqa: T201
    else:
        show(results)
    return 1 if any(one.violations for one in results) else 0


def _database_url(dialect: str, folder: Path, stack: ExitStack) -> str:
    if dialect == "sqlite":
        return sqlite_url(folder / "inlet.db")
    server = PostgreSQLServer()
    stack.callback(server.remove)
    return str(server.url(server.create_database()))


if __name__ == "__main__":
    sys.exit(main())
