"""POST /v1/messages with everything on: python -m tests.benchmarks.stored [--rows 1000 10000 …].

Messages are classified, decided on, stored with synchronous commits and delivered to a receiver on
loopback, by 1, 8 and 64 clients; and again with ever more messages, contacts, accounts, deliveries
and clocks already stored. On SQLite; with --url on an empty PostgreSQL database, with --postgresql
on a server of its own that syncs every commit.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from app.domain import DeliveryStatus
from app.storage import outbox
from app.storage.engine import Database, open_database, sqlite_url
from app.storage.migrations import migrate
from tests.benchmarks.serve import messages
from tests.benchmarks.serve_figures import Rate, rate_of
from tests.benchmarks.serve_load import Target, closed_loop, post
from tests.benchmarks.serve_process import Server, free_port
from tests.benchmarks.stock import keep_endpoint
from tests.benchmarks.stored_fill import TEMPLATE, fill, sender
from tests.benchmarks.stored_receiver import CountingReceiver
from tests.benchmarks.stored_table import Row, show
from tests.postgresql_server import PostgreSQLServer
from tests.support_service import COMMAND, environ_of
from training.dataset import Example

CLIENTS = (1, 8, 64)
ROWS = (1_000, 10_000, 100_000, 1_000_000)
ROUTES = ("sales", "success", "support", "inbox")  # endpoints that the shipped policy names
_TEMPLATES = 100
_DRAIN_S = 300.0
_PAUSE_S = 0.1
_DURABLE = {"fsync": "on", "full_page_writes": "on", "autovacuum": "on"}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is measured on one database."""

    url: str
    rows: tuple[int, ...] = ROWS
    clients: tuple[int, ...] = CLIENTS
    seconds: float = 20.0  # of each load
    warm_up_s: float = 5.0


class Posts(Target):
    """Messages that were never sent before, by people who wrote before."""

    def __init__(self, port: int, examples: Sequence[Example], *, rows: int, ids: str) -> None:
        super().__init__(port, [b""])
        self._examples = examples
        self._rows = rows
        self._ids = ids
        self._rng = random.Random(rows)

    def next(self) -> tuple[int, bytes]:
        """Give the next message and its number."""
        number, _ = super().next()
        example = self._examples[number % len(self._examples)]
        content = {
            "text": example.text,
            "subject": example.subject,
            "channel": example.channel or "email",
            "message_id": f"{self._ids}{number}",
            "sender": {"email": sender(self._rng.randrange(self._rows), self._rows)},
        }
        return number, post("/v1/messages", content)


def run(plan: Plan, folder: Path, console: Console) -> list[Row]:
    """Measure with ever more rows in one database."""
    found: list[Row] = []
    examples = messages()
    with closing(open_database(plan.url)) as database, CountingReceiver() as receiver:
        migrate(database)
        with database.write() as conn:
            for name in ROUTES:
                keep_endpoint(conn, name, f"http://127.0.0.1:{receiver.port}/{name}")
        with _service(plan, folder) as server:
            _send_templates(server, examples, database)
        for rows in plan.rows:
            began_s = time.monotonic()
            fill(database, rows, datetime.now(UTC))
            console.print(f"{rows} rows after {time.monotonic() - began_s:.0f} s")
            with _service(plan, folder) as server:
                posts = Posts(server.port, examples, rows=rows, ids=f"run-{rows}-")
                found += _measured(plan, rows, server, posts, database, receiver)
    return found


def _service(plan: Plan, folder: Path) -> Server:
    port = free_port()
    environ = environ_of(
        folder,
        database_url=plan.url,
        log_level="warning",
        egress_allow_cidrs="127.0.0.0/8",
        egress_allow_http="true",
    )
    command = [*COMMAND, "serve", "--port", str(port)]
    return Server(command, environ=environ, folder=folder, port=port)


def _send_templates(server: Server, examples: Sequence[Example], database: Database) -> None:
    """Let the service store what will be copied."""
    posts = Posts(server.port, examples, rows=_TEMPLATES, ids=TEMPLATE)
    number, request = posts.next()
    server.wait_until_it_answers(request, lambda _: True, status=201)
    while number < _TEMPLATES:
        load = closed_loop(posts, clients=1, warm_up_s=0.0, seconds=0.01)
        number = load.calls[-1].number
    _drain_s(database)


def _measured(
    plan: Plan,
    rows: int,
    server: Server,
    posts: Posts,
    database: Database,
    receiver: CountingReceiver,
) -> list[Row]:
    _, request = posts.next()
    start_s = server.wait_until_it_answers(request, lambda _: True, status=201)
    found: list[Row] = []
    for clients in plan.clients:
        before = receiver.count
        load = closed_loop(posts, clients=clients, warm_up_s=plan.warm_up_s, seconds=plan.seconds)
        delivered = receiver.count - before
        rate: Rate = rate_of(load, good=(201,))
        found.append(
            Row(
                database=database.dialect,
                rows=rows,
                clients=clients,
                rate=rate,
                delivered_per_s=round(delivered / (plan.warm_up_s + plan.seconds), 1),
                drained_s=_drain_s(database),
                memory_mb=server.memory_mb(),
                start_s=start_s,
            )
        )
    return found


def _drain_s(database: Database) -> float | None:
    """Wait until everything is delivered; tell how long that took, None: longer than allowed."""
    began_s = time.monotonic()
    while time.monotonic() < began_s + _DRAIN_S:
        with database.read() as conn:
            if not outbox.counts(conn)[DeliveryStatus.PENDING]:
                return round(time.monotonic() - began_s, 1)
        time.sleep(_PAUSE_S)
    return None


def _url(given: argparse.Namespace, folder: Path, stack: ExitStack) -> str:
    if given.url:
        return str(given.url)
    if not given.postgresql:
        return sqlite_url(folder / "inlet.db")
    server = PostgreSQLServer(_DURABLE)
    stack.callback(server.remove)
    return str(server.url(server.create_database()))


def main() -> int:
    """Run as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=list(ROWS))
    parser.add_argument("--clients", type=int, nargs="+", default=list(CLIENTS))
    parser.add_argument("--seconds", type=float, default=Plan.seconds, help="of each load")
    parser.add_argument("--warm-up", type=float, default=Plan.warm_up_s)
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--url", help="of an empty database; it is filled and stays so")
    where.add_argument("--postgresql", action="store_true", help="on a server of its own")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="inlet-stored-")))
        plan = Plan(
            url=_url(given, folder, stack),
            rows=tuple(sorted(given.rows)),
            clients=tuple(given.clients),
            seconds=given.seconds,
            warm_up_s=given.warm_up,
        )
        found = run(plan, folder, Console(stderr=True))
    if given.json:
        print(json.dumps([asdict(row) for row in found]))  # noqa: T201
    else:
        show(found, Console())
    return 0


if __name__ == "__main__":
    sys.exit(main())
