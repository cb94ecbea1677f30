"""A worker in a process of its own, which may be killed: python -m tests.benchmarks.delivering URL.

It is `app.worker.Worker` with the sender and the guard of the service, and nothing else: what takes
a service seconds to load would fill the time between two kills.
"""

import argparse
import signal
import threading
from datetime import UTC, datetime

import structlog

from app.storage.engine import open_database
from app.webhook.guard import Guard
from app.webhook.sender import Sender
from app.worker import Limits, Worker

DELIVERS = "delivers from "
LOOPBACK = "127.0.0.0/8"
_WARNING = 30


def main() -> None:
    """Deliver until told to stop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", help="of a migrated database")
    parser.add_argument("--timeout-s", type=float, default=15.0)
    parser.add_argument("--concurrency", type=int, default=Limits().concurrency)
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(_WARNING))
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    database = open_database(given.url)
    sender = Sender(Guard(allow_cidrs=[LOOPBACK]), timeout_s=given.timeout_s)
    worker = Worker(
        database,
        sender.begin,
        now=lambda: datetime.now(UTC),
        timeout_s=given.timeout_s,
        limits=Limits(concurrency=given.concurrency),
    )
    print(f"{DELIVERS}{database.dialect}", flush=True)  # noqa: T201
    worker.run(stop)
    database.close()


if __name__ == "__main__":
    main()
