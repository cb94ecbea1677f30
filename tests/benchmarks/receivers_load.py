"""A worker and what it is given to do, at a fixed rate, in a process of its own.

    python -m tests.benchmarks.receivers_load URL --seconds 60 --rate 20

It enqueues a message for one endpoint after the other, wakes the worker as the service does, waits
until the watched endpoints have theirs, and says how much memory it held at most.
"""

import argparse
import json
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path

import structlog
from sqlalchemy import func, select

from app.domain import DeliveryStatus, Endpoint
from app.storage import endpoints, tables
from app.storage.engine import Database, open_database
from app.webhook.guard import Guard
from app.webhook.sender import Sender
from app.worker import Limits, Worker
from tests.benchmarks.delivering import LOOPBACK
from tests.benchmarks.stock import keep_message

DONE = "done: "
WATCHED = "good"  # names of endpoints that are waited for begin so
_LAST_S = 30.0  # until the last one is there; what comes later counts as never
_PAUSE_S = 0.2
_ERROR = 40


def feed(database: Database, worker: Worker, *, seconds: float, rate_per_s: float) -> int:
    """Enqueue at a fixed rate, however long it takes; the most that it was late, in ms."""
    with database.read() as conn:
        receivers = cycle(endpoints.all_endpoints(conn))
    began, late_s = time.monotonic(), 0.0
    for number in range(int(seconds * rate_per_s)):
        due_at = began + number / rate_per_s
        time.sleep(max(0.0, due_at - time.monotonic()))
        late_s = max(late_s, time.monotonic() - due_at)
        with database.write() as conn:
            keep_message(conn, [next(receivers)])
        worker.wake()
    return round(1_000 * late_s)


def wait_for(database: Database, watched: Sequence[Endpoint]) -> None:
    """Wait until nothing is pending for those that are watched, or the time is up."""
    table = tables.deliveries
    pending = table.c.status == DeliveryStatus.PENDING
    theirs = table.c.endpoint_id.in_([one.id for one in watched])
    give_up_at = time.monotonic() + _LAST_S
    while time.monotonic() < give_up_at:
        with database.read() as conn:
            left = conn.execute(select(func.count()).where(pending, theirs)).scalar_one()
        if not left:
            return
        time.sleep(_PAUSE_S)


def most_memory_mb() -> float:
    """Give the most memory that this process ever held, in millions of bytes."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1_024 / 1e6


def main() -> None:
    """Run as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", help="of a migrated database that has endpoints")
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--rate", type=float, required=True, help="messages a second")
    parser.add_argument("--concurrency", type=int, default=Limits().concurrency)
    parser.add_argument("--timeout-s", type=float, default=15.0)
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(_ERROR))
    database = open_database(given.url)
    worker = Worker(
        database,
        Sender(Guard(allow_cidrs=[LOOPBACK]), timeout_s=given.timeout_s).begin,
        now=lambda: datetime.now(UTC),
        timeout_s=given.timeout_s,
        limits=Limits(concurrency=given.concurrency),
    )
    threading.Thread(target=worker.run, args=(threading.Event(),), daemon=True).start()
    late_ms = feed(database, worker, seconds=given.seconds, rate_per_s=given.rate)
    with database.read() as conn:
        watched = [e for e in endpoints.all_endpoints(conn) if e.name.startswith(WATCHED)]
    wait_for(database, watched)
    said = {"most_memory_mb": round(most_memory_mb(), 1), "late_ms": late_ms}
    print(DONE + json.dumps(said), flush=True)  # noqa: T201
    threading.Event().wait()  # to be killed: what drips is not waited for


if __name__ == "__main__":
    main()
