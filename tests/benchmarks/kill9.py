"""What is left after `kill -9`: python -m tests.benchmarks.kill9 [--messages 1000] [--kills 5].

Clients post messages to the real service while it is killed and started again, and repeat what
was not answered. Afterwards nothing that was acknowledged may be missing or there twice, and each
of its webhooks must have arrived. Exits with 1 where one is.
"""

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table
from sqlalchemy import select, update

from app.domain import DeliveryStatus, Endpoint, new_id
from app.storage import endpoints, outbox, tables
from app.storage.engine import Database, open_database, sqlite_url
from app.storage.migrations import migrate
from app.webhook.signing import new_secret
from app.worker import LEASE_MARGIN_S, Limits
from tests.benchmarks.aftermath import (
    Left,
    Result,
    arrived,
    left_behind,
    lost,
    stored_twice,
    violations,
)
from tests.benchmarks.clients import Clients
from tests.support_receiver import Conversation, Receiver, status
from tests.support_service import Inlet, environ_of

ROUTES = ("sales", "success", "support", "inbox")  # of the shipped policy: a delivery a message
ANSWER_AFTER_S = 0.02  # so that attempts are in flight when the service is killed
ATTEMPT_S = 5  # INLET_DELIVERY_TIMEOUT_S; a lease is this and LEASE_MARGIN_S
PAUSE_S = 0.05  # between looks at the outbox


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is done to a service."""

    messages: int = 1_000
    kills: int = 5
    seed: int = 1
    database_url: str | None = None  # of an empty database; SQLite where it is missing
    wait_for_leases: bool = (
        True  # else those of a killed service are ended by hand: nobody has them
    )
    forget_one: bool = False  # the negative control: a stored message is overlooked


def run(plan: Plan, folder: Path, *, artifacts: Path | None = None) -> Result:
    """Post, kill, start again, wait, and look what is left."""
    started = time.monotonic()
    url = plan.database_url or sqlite_url(folder / "data" / "inlet.db")
    with Receiver(_answer) as receiver:
        secrets = _prepare(url, receiver)
        settings = {
            "database_url": url,
            "egress_allow_cidrs": "127.0.0.0/8",
            "delivery_timeout_s": ATTEMPT_S,
            "log_level": "warning",
            **({"artifacts": artifacts} if artifacts else {}),
        }
        clients = _post_and_kill(plan, folder, settings)
        left = _left(plan, url, clients, receiver, secrets)
    return _result(plan, left, clients.unanswered, url, time.monotonic() - started)


def _answer(talk: Conversation) -> None:
    """Take a webhook, but not at once."""
    talk.closing.wait(ANSWER_AFTER_S)
    talk.send(status(204))


def _prepare(url: str, receiver: Receiver) -> dict[str, str]:
    """Make the receiver every route's endpoint; path -> secret."""
    now = datetime.now(UTC)
    secrets = {f"/{route}": new_secret() for route in ROUTES}
    with closing(open_database(url)) as database:
        migrate(database)
        with database.write() as conn:
            if conn.execute(select(tables.messages.c.id).limit(1)).first():
                raise SystemExit("the database is not empty")
            for path, secret in secrets.items():
                receiver_url = f"http://127.0.0.1:{receiver.port}{path}"
                endpoint = Endpoint(
                    id=new_id("ep", now),
                    name=path[1:],
                    url=receiver_url,
                    secrets=(secret,),
                    enabled=True,
                    created_at=now,
                )
                endpoints.add(conn, endpoint)
    return secrets


def _post_and_kill(plan: Plan, folder: Path, settings: Mapping[str, object]) -> Clients:
    """Kill at moments drawn by chance while the clients post; then let the outbox run empty."""
    chance = random.Random(plan.seed)
    moments = sorted(chance.sample(range(1, plan.messages), plan.kills))
    service = Inlet("serve", environ=environ_of(folder, port=0, **settings), folder=folder)
    try:
        url = service.wait_until_it_listens()
        environ = environ_of(folder, port=url.rpartition(":")[2], **settings)
        clients = Clients(url, plan.messages)
        clients.start()
        for moment in moments:
            clients.wait_for(moment)
            time.sleep(chance.uniform(0.0, 2 * ANSWER_AFTER_S))
            service.kill()
            if not plan.wait_for_leases:
                _end_leases(str(settings["database_url"]))
            service = Inlet("serve", environ=environ, folder=folder)
            service.wait_until_it_listens()
        clients.wait_for(plan.messages)
        _wait_for_empty_outbox(str(settings["database_url"]))
        if service.stop() != 0:
            raise SystemExit(f"the service did not end well:\n{service.said()}")
    finally:
        service.kill()
    return clients


def _end_leases(url: str) -> None:
    """Let what a killed service had claimed be due now, as time would have done."""
    with closing(open_database(url)) as database, database.write() as conn:
        claimed = tables.deliveries.c.status == DeliveryStatus.PENDING
        due = {"next_attempt_at": datetime.now(UTC)}
        conn.execute(update(tables.deliveries).where(claimed).values(**due))


def _wait_for_empty_outbox(url: str) -> None:
    """Wait until nothing is pending; one lease and a retry after the last kill at the latest."""
    give_up_at = time.monotonic() + 2 * (ATTEMPT_S + LEASE_MARGIN_S)
    with closing(open_database(url)) as database:
        while _states(database)[DeliveryStatus.PENDING] and time.monotonic() < give_up_at:
            time.sleep(PAUSE_S)


def _states(database: Database) -> Mapping[DeliveryStatus, int]:
    with database.read() as conn:
        return outbox.counts(conn)


def _left(
    plan: Plan, url: str, clients: Clients, receiver: Receiver, secrets: Mapping[str, str]
) -> Left:
    """Read what is stored and what arrived."""
    with closing(open_database(url)) as database:
        left = left_behind(database, clients.answers, receiver.requests, secrets)
    return replace(left, stored=left.stored[1:]) if plan.forget_one else left


def _result(plan: Plan, left: Left, unanswered: int, url: str, seconds: float) -> Result:
    duplicates = len(left.requests) - len(arrived(left))
    return Result(
        database=url.partition(":")[0].partition("+")[0],
        messages=plan.messages,
        kills=plan.kills,
        acknowledged=len(left.answers),
        unanswered=unanswered,
        lost=len(lost(left)),
        stored_twice=len(stored_twice(left)),
        deliveries=len(left.deliveries),
        arrived=len(arrived(left) & set(left.deliveries)),
        duplicates=duplicates,
        seconds=round(seconds, 1),
        violations=tuple(violations(left, most_duplicates=plan.kills * Limits().concurrency)),
    )


def show(result: Result) -> None:
    """Print the figures for a person."""
    figures = asdict(result)
    broken = figures.pop("violations")
    table = Table("what", "count")
    for name, value in figures.items():
        table.add_row(name.replace("_", " "), str(value))
    console = Console()
    console.print(table)
    for sentence in broken:
        console.print(f"BROKEN: {sentence}", style="bold red")


def main() -> int:
    """Run as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=Plan.messages)
    parser.add_argument("--kills", type=int, default=Plan.kills)
    parser.add_argument("--seed", type=int, default=Plan.seed)
    parser.add_argument("--database-url", help="of an empty database; default: a SQLite file")
    parser.add_argument("--control", action="store_true", help="overlook a message: must fail")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    plan = Plan(
        messages=given.messages,
        kills=given.kills,
        seed=given.seed,
        database_url=given.database_url,
        forget_one=given.control,
    )
    artifacts = os.environ.get("INLET_ARTIFACTS")
    with tempfile.TemporaryDirectory(prefix="inlet-kill9-") as folder:
        result = run(plan, Path(folder), artifacts=Path(artifacts) if artifacts else None)
    if given.json:
        print(json.dumps(asdict(result)))  # noqa: T201
    else:
        show(result)
    return 1 if result.violations else 0


if __name__ == "__main__":
    sys.exit(main())
