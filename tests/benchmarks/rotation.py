"""Secrets that change under load: python -m tests.benchmarks.rotation [--deliveries 5000] [--json].

A worker delivers over HTTP while the endpoint's secret is rotated three times. One receiver
follows each rotation late, one never follows within the grace; both verify every request. After
the grace the first secret must sign nothing. Exits with 1 where a verification failed.
`--without-grace` is the negative control: the old secret ends at once, and receivers must fail.
"""

import argparse
import json
import sys
import tempfile
import threading
import time
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
from rich.console import Console

from app.domain import Channel, Delivery, DeliveryStatus, Endpoint, Message, Sender
from app.storage import endpoints, messages, outbox
from app.storage.engine import Database, open_database, sqlite_url
from app.storage.migrations import migrate
from app.webhook import sender
from app.webhook.guard import Guard
from app.webhook.rotation import rotated
from app.webhook.signing import WEBHOOK_SIGNATURE, new_secret, verify
from app.worker import Limits, Worker
from tests.support_receiver import Conversation, Receiver, Request, status

ROTATIONS = 3
GRACE = timedelta(hours=24)
AFTER = 100  # deliveries when the grace is over


@dataclass(frozen=True, kw_only=True)
class Result:
    """The figures of a run."""

    deliveries: int
    rotations: int
    failed_late: int  # at the receiver that follows each rotation, but late
    failed_never: int  # at the one that keeps the first secret
    most_signatures: int
    old_after_grace: int  # requests that the first secret still verifies when its time is over
    seconds: float

    @property
    def violated(self) -> bool:
        """Whether a verification failed, or an old secret outlived its time."""
        return bool(self.failed_late or self.failed_never or self.old_after_grace)


class Verifying:
    """Verifies each request with the secrets that two receivers hold by then."""

    def __init__(self, first: str) -> None:
        self._lock = threading.Lock()
        self.secrets = [first]  # every one there was
        self.held = first  # by the receiver that follows late
        self.now = lambda: datetime.now(UTC)
        self.failed_late = self.failed_never = self.most = self.old = self.seen = 0

    def __call__(self, talk: Conversation) -> None:
        """Take a webhook."""
        if talk.request is not None:
            with self._lock:
                self._judge(talk.request)
        talk.send(status(204))

    def _judge(self, request: Request) -> None:
        self.failed_late += not self._holds(request, self.held)
        first = self._holds(request, self.secrets[0])
        self.failed_never += not first
        self.old += first
        self.seen += 1
        self.most = max(self.most, request.headers[WEBHOOK_SIGNATURE].count(" ") + 1)

    def _holds(self, request: Request, secret: str) -> bool:
        return verify(request.headers, request.body, secrets=[secret], now=self.now())


def run(deliveries: int, folder: Path, *, grace: timedelta = GRACE) -> Result:
    """Deliver in eight parts: after every other one the secret changes, a part later a receiver."""
    began = time.monotonic()
    shift = timedelta()
    first = new_secret()
    verifying = Verifying(first)
    verifying.now = lambda: datetime.now(UTC) + shift
    with Receiver(verifying) as receiver, closing(_database(folder)) as database:
        _prepare(database, receiver.url, first, deliveries + AFTER)
        part = -(-deliveries // (2 * ROTATIONS + 2))
        worker = Worker(
            database,
            sender.Sender(Guard(allow_cidrs=["127.0.0.0/8"]), timeout_s=5).begin,
            now=verifying.now,
            timeout_s=5,
            limits=Limits(batch=part),
        )
        for _ in range(ROTATIONS):
            worker.run_once()
            verifying.secrets.append(_rotate(database, grace))
            worker.run_once()
            verifying.held = verifying.secrets[-1]
        while verifying.seen < deliveries:
            worker.run_once()
        failed_never, verifying.old = verifying.failed_never, 0
        shift = grace
        worker.run_once()
    return Result(
        deliveries=verifying.seen,
        rotations=ROTATIONS,
        failed_late=verifying.failed_late,
        failed_never=failed_never,
        most_signatures=verifying.most,
        old_after_grace=verifying.old,
        seconds=round(time.monotonic() - began, 1),
    )


def _database(folder: Path) -> Database:
    database = open_database(sqlite_url(folder / "inlet.db"))
    migrate(database)
    return database


def _prepare(database: Database, url: str, secret: str, deliveries: int) -> None:
    now = datetime.now(UTC)
    message = Message(
        id="msg_1",
        channel=Channel.EMAIL,
        subject="",
        text="What does it cost?",
        sender=Sender(None, None),
        thread_id=None,
        source="api",
        external_id=None,
        received_at=now,
        created_at=now,
    )
    endpoint = Endpoint(
        id="ep_1", name="sales", url=url, secrets=(secret,), enabled=True, created_at=now
    )
    with database.write() as conn:
        messages.add(conn, message, prediction={}, decision={})
        endpoints.add(conn, endpoint)
        for number in range(deliveries):
            outbox.enqueue(conn, _delivery(number, now))


def _delivery(number: int, now: datetime) -> Delivery:
    return Delivery(
        id=f"dlv_{number:06}",
        message_id="msg_1",
        endpoint_id="ep_1",
        event_type="lead.detected",
        body=b'{"type":"lead.detected"}',
        status=DeliveryStatus.PENDING,
        attempts=0,
        next_attempt_at=now,
        created_at=now,
    )


def _rotate(database: Database, grace: timedelta) -> str:
    """Change the secret as `inlet endpoints rotate` does."""
    secret = new_secret()
    with database.write() as conn:
        endpoint = endpoints.find(conn, "sales", to_change=True)
        assert endpoint is not None
        now = datetime.now(UTC)
        endpoints.keep_secrets(conn, rotated(endpoint, secret, now=now, grace=grace))
    return secret


def main() -> int:
    """Run, tell, and say by the exit code whether it is as promised."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--deliveries", type=int, default=5_000)
    options.add_argument("--without-grace", action="store_true")
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    structlog.configure(processors=[_drop])
    with tempfile.TemporaryDirectory() as folder:
        grace = timedelta() if given.without_grace else GRACE
        result = run(given.deliveries, Path(folder), grace=grace)
    if given.json:
        print(json.dumps(asdict(result)))  # noqa: T201
    else:
        Console().print(result)
    return 1 if result.violated else 0


def _drop(*_: object) -> dict[str, object]:
    raise structlog.DropEvent


if __name__ == "__main__":
    sys.exit(main())
