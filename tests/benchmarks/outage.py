"""PostgreSQL stops in the middle: python -m tests.benchmarks.outage [--seconds 60].

Clients post to the real service at a fixed rate and repeat what is refused, a receiver takes the
webhooks, and somebody looks at /readyz all the time. The server is stopped at once, as a crash
does, and started again later. Readiness must be red within 5 s, nothing may have to be restarted,
the full rate must be back within 10 s after the server is, and nothing acknowledged may be lost.
Exits with 1 where a promise is broken. `--control` freezes the service for a while when
the server is back: it must fail.
"""

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, TaskID
from rich.table import Table

from app.domain import DeliveryStatus
from app.storage import account, outbox
from app.storage.engine import Database, open_database
from app.storage.migrations import migrate
from app.webhook.signing import new_secret
from app.worker import LEASE_MARGIN_S
from tests.benchmarks.aftermath import left_behind
from tests.benchmarks.clients import Clients
from tests.benchmarks.outage_parts import FULL_AGAIN_S, Course, Probes, Result, judged
from tests.benchmarks.stock import keep_endpoint
from tests.postgresql_server import PostgreSQLServer
from tests.support_receiver import Conversation, Receiver, status
from tests.support_service import Inlet, environ_of

ROUTES = ("sales", "success", "support", "inbox")  # of the shipped policy: a delivery a message
_ANSWER_S = 0.02  # of the receiver
_ATTEMPT_S = 5  # INLET_DELIVERY_TIMEOUT_S
_LOOK_S = 0.1  # between looks at the outbox
Tell = Callable[[str], object]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What happens when."""

    seconds: float = 60.0  # without a database
    before_s: float = 20.0
    after_s: float = 30.0
    rate_per_s: float = 10.0  # messages
    frozen_s: float = 0.0  # the negative control: the service hangs for so long


def run(plan: Plan, server: PostgreSQLServer, folder: Path, tell: Tell = lambda _: None) -> Result:
    """Let a service work, take its database away for a while, and judge what came of it."""
    url = server.url(server.create_database())
    came_s: list[float] = []

    def answer(talk: Conversation) -> None:
        came_s.append(time.monotonic())
        talk.closing.wait(_ANSWER_S)
        talk.send(status(204))

    with ExitStack() as stack:
        receiver = stack.enter_context(Receiver(answer))
        secrets = _prepare(url, receiver)
        service = stack.enter_context(_service(folder, url))
        at = service.wait_until_it_listens()
        probes = Probes(at)
        clients = Clients(at, sys.maxsize, every_s=1 / plan.rate_per_s)
        course = Course(clients=clients, probes=probes, came_s=came_s, began_s=time.monotonic())
        _live_through(plan, server, service, course, tell)
        database = stack.enter_context(closing(open_database(url)))
        tell("until nothing is pending")
        _wait_for_empty_outbox(database)
        restarts = 0 if service.process.poll() is None and service.stop() == 0 else 1
        left = left_behind(database, clients.answers, receiver.requests, secrets)
        with database.read() as conn:
            unaccounted = account.read(conn).unaccounted
    return judged(course, left, restarts=restarts, unaccounted=unaccounted)


def _prepare(url: str, receiver: Receiver) -> dict[str, str]:
    """Make the receiver every route's endpoint; path -> secret."""
    secrets = {f"/{route}": new_secret() for route in ROUTES}
    with closing(open_database(url)) as database:
        migrate(database)
        with database.write() as conn:
            for path, secret in secrets.items():
                to = f"http://127.0.0.1:{receiver.port}{path}"
                keep_endpoint(conn, path[1:], to, secrets=(secret,))
    return secrets


def _service(folder: Path, url: str) -> Inlet:
    settings = {
        "database_url": url,
        "egress_allow_cidrs": "127.0.0.0/8",
        "delivery_timeout_s": _ATTEMPT_S,
        "log_level": "warning",
        "port": 0,
    }
    if os.environ.get("INLET_ARTIFACTS"):
        settings["artifacts"] = os.environ["INLET_ARTIFACTS"]
    return Inlet("serve", environ=environ_of(folder, **settings), folder=folder)


def _live_through(
    plan: Plan, server: PostgreSQLServer, service: Inlet, course: Course, tell: Tell
) -> None:
    """Post all the time, and take the database away in the middle."""
    course.clients.start()
    tell("before")
    with course.probes:
        time.sleep(plan.before_s)
        tell("the database is stopped")
        course.stopped_s = time.monotonic()
        server.stop(signal.SIGQUIT)
        time.sleep(max(0.0, course.stopped_s + plan.seconds - time.monotonic()))
        tell("the database is back")
        server.start()
        course.back_s = time.monotonic()
        if plan.frozen_s:
            service.process.send_signal(signal.SIGSTOP)
            time.sleep(plan.frozen_s)
            service.process.send_signal(signal.SIGCONT)
        time.sleep(plan.after_s)
        course.clients.end()


def _wait_for_empty_outbox(database: Database) -> None:
    """Wait until nothing is pending; one lease and a retry at the latest."""
    give_up_at = time.monotonic() + 2 * (_ATTEMPT_S + LEASE_MARGIN_S)
    while time.monotonic() < give_up_at:
        with database.read() as conn:
            if not outbox.counts(conn)[DeliveryStatus.PENDING]:
                return
        time.sleep(_LOOK_S)


def show(result: Result) -> None:
    """Print the figures for a person."""
    figures = asdict(result)
    broken = figures.pop("violations")
    table = Table("what", "figure")
    for name, value in figures.items():
        table.add_row(name.replace("_", " "), str(value))
    console = Console()
    console.print(table)
    for sentence in broken:
        console.print(f"BROKEN: {sentence}", style="bold red")
    console.print(
        f"{result.outage_s} s without a database: readiness red after {result.ready_red_s} s, full "
        f"rate {result.full_again_s} s after its return, {result.restarts} restarts, "
        f"{result.lost} of {result.acknowledged} messages lost, {result.arrived} of "
        f"{result.deliveries} deliveries arrived, {result.duplicates} twice"
    )


def main() -> int:
    """Run as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=Plan.seconds, help="without a database")
    parser.add_argument("--rate", type=float, default=Plan.rate_per_s, help="messages a second")
    parser.add_argument("--control", action="store_true", help="let the service hang: must fail")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    frozen_s = 2 * FULL_AGAIN_S if given.control else 0.0
    plan = Plan(seconds=given.seconds, rate_per_s=given.rate, frozen_s=frozen_s)
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="inlet-outage-"))
        progress = stack.enter_context(Progress(console=Console(stderr=True), transient=True))
        task = progress.add_task("start", total=None)
        server = PostgreSQLServer()
        stack.callback(server.remove)
        tell = partial(_show_step, progress, task)
        result = run(plan, server, Path(folder), tell)
    if given.json:
        print(json.dumps(asdict(result)))  # noqa: T201
    else:
        show(result)
    return 1 if result.violations else 0


def _show_step(progress: Progress, task: TaskID, what: str) -> None:
    progress.update(task, description=what)


if __name__ == "__main__":
    sys.exit(main())
