"""A month of reply clocks: python -m tests.benchmarks.month [--clocks 400] [--seed 1] [--json].

Messages come, some of them days late; people take them, say that they are no lead, or never look.
Two timekeepers, each with a database of its own, look at the same time: at irregular times, now
and then hours late. They are killed before a commit, and everything is closed and opened again.
No time passes: the clock is set from one moment to the next. People work in Berlin, in New York
and at night in both, with holidays; both zones change their clocks within the month.

What should have happened is found minute by minute (timetable.py) and compared with what stands in
the database: every reminder, reassignment and escalation that was due when somebody looked before
the message was taken, once, with its time, and nothing else. Exits with 1 where it is not so.
"""

import argparse
import json
import logging
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import structlog
from rich.console import Console
from rich.table import Table
from sqlalchemy import select

from app.domain import ClockEvent, ClockStep
from app.replies.telling import EVENT_TYPES
from app.storage import clocks, tables
from app.storage.engine import Database, open_database, sqlite_url
from app.storage.migrations import migrate
from tests.benchmarks.month_cases import Case, Told
from tests.benchmarks.month_policy import MONTHS
from tests.benchmarks.month_run import Month, Plan
from tests.benchmarks.timetable import Due
from tests.postgresql_server import PostgreSQLServer

_STEPS = {event_type: step.value for step, event_type in EVENT_TYPES.items()}


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of a month."""

    database: str
    month: str
    clocks: int
    taken: int
    closed: int
    never_taken: int
    ticks: int
    ticks_hours_late: int
    kills: int
    restarts: int
    due: int  # steps that were due when somebody looked before the message was taken
    written: int
    missing: int
    extra: int
    duplicates: int
    events_due: int  # deliveries to enqueue
    events_sent: int
    events_missing: int
    events_extra: int
    events_twice: int
    overtaken: int  # due while nobody looked, and taken before somebody did: not to be sent
    same_owner: int  # reassignments to who had it
    promised: int  # deliveries that the steps say were enqueued
    seconds: float

    @property
    def wrong(self) -> int:
        """How much is not as it should be."""
        steps = self.missing + self.extra + self.duplicates + self.same_owner
        events = self.events_missing + self.events_extra + self.events_twice
        return steps + events + abs(self.promised - self.events_sent)


def run(plan: Plan, *, forget_one: bool = False) -> Result:
    """Let a month pass and compare; with `forget_one` a step is overlooked, and it must show."""
    began = time.monotonic()
    month = Month(plan)
    try:
        month.run()
    finally:
        month.close()
    with closing(open_database(plan.database_url)) as database:
        return _result(plan, month, database, forget_one, time.monotonic() - began)


def _result(
    plan: Plan, month: Month, database: Database, forget_one: bool, seconds: float
) -> Result:
    happened = {case.number: _events(database, case) for case in month.cases}
    written = [(n, due) for n, events in happened.items() for due in _dues(events[1:])]
    due = [(case.number, one) for case in month.cases for one in case.due()]
    told, sent = [one for case in month.cases for one in case.told()], list(_sent(database))
    if forget_one:
        written, sent = written[1:], sent[1:]
    how = Counter(case.how for case in month.cases)
    return Result(
        database=database.dialect,
        month=plan.month,
        clocks=len(month.cases),
        taken=how["taken"],
        closed=how["closed"],
        never_taken=how["never"],
        ticks=month.ticks,
        ticks_hours_late=month.late_ticks,
        kills=month.kills,
        restarts=month.restarts,
        due=len(due),
        written=len(written),
        missing=len(set(due) - set(written)),
        extra=len(set(written) - set(due)),
        duplicates=len(written) - len(set(written)),
        events_due=len(told),
        events_sent=len(sent),
        events_missing=len(set(told) - set(sent)),
        events_extra=len(set(sent) - set(told)),
        events_twice=len(sent) - len(set(sent)),
        overtaken=sum(case.overtaken() for case in month.cases),
        same_owner=sum(_same_owner(events) for events in happened.values()),
        promised=_promised(database),
        seconds=round(seconds, 1),
    )


def _events(database: Database, case: Case) -> list[ClockEvent]:
    """Read what happened on a message's clock from its start on, but for what people did."""
    with database.read() as conn:
        clock = clocks.of_message(conn, case.message_id)
        events = [] if clock is None else clocks.events_of(conn, clock.id)
    settled = {"taken": ClockStep.ACKNOWLEDGED, "closed": ClockStep.CLOSED}.get(case.how)
    return [event for event in events if event.step is not settled]


def _dues(events: Iterable[ClockEvent]) -> Iterator[Due]:
    for event in events:
        yield Due(event.at, event.level, event.step.value)


def _same_owner(events: list[ClockEvent]) -> int:
    return sum(
        before.owner == after.owner
        for before, after in pairwise(events)
        if after.step in (ClockStep.REASSIGNED, ClockStep.ESCALATED)
    )


def _sent(database: Database) -> Iterator[Told]:
    """Read every event that waits in the outbox."""
    deliveries = tables.deliveries.c
    query = select(deliveries.message_id, deliveries.endpoint_id, deliveries.body)
    with database.read() as conn:
        for message_id, endpoint_id, body in conn.execute(query):
            event = json.loads(body)
            level = event["data"]["reply"]["level"]
            yield message_id, _STEPS[event["type"]], level, endpoint_id.removeprefix("ep_")


def _promised(database: Database) -> int:
    with database.read() as conn:
        return sum(conn.execute(select(tables.clock_events.c.promised)).scalars())


def show(results: list[Result]) -> None:
    """Print the figures for a person."""
    table = Table("what", *(f"{one.database}, {one.month}" for one in results))
    for name in asdict(results[0]):
        if name not in ("database", "month"):
            table.add_row(name.replace("_", " "), *(str(asdict(one)[name]) for one in results))
    Console().print(table)


@contextmanager
def _empty_database(kind: str) -> Iterator[str]:
    """Give the URL of a new database without rows."""
    if kind == "sqlite":
        with tempfile.TemporaryDirectory(prefix="inlet-month-") as folder:
            yield _migrated(sqlite_url(Path(folder) / "inlet.db"))
        return
    server = PostgreSQLServer()
    try:
        yield _migrated(server.url(server.create_database()))
    finally:
        server.remove()


def _migrated(url: str) -> str:
    with closing(open_database(url)) as database:
        migrate(database)
    return url


def main() -> int:
    """Run as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clocks", type=int, default=Plan.clocks)
    parser.add_argument("--seed", type=int, default=Plan.seed)
    parser.add_argument("--month", choices=sorted(MONTHS), help="default: each")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], help="default: each")
    parser.add_argument("--control", action="store_true", help="overlook a step: must fail")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    quiet = structlog.make_filtering_bound_logger(logging.WARNING)
    structlog.configure(wrapper_class=quiet)
    results = []
    for kind in [given.database] if given.database else ["sqlite", "postgresql"]:
        for name in [given.month] if given.month else sorted(MONTHS):
            with _empty_database(kind) as url:
                plan = Plan(database_url=url, clocks=given.clocks, seed=given.seed, month=name)
                results.append(run(plan, forget_one=given.control))
    if given.json:
        print(json.dumps([asdict(one) for one in results]))  # noqa: T201
    else:
        show(results)
    return 1 if any(one.wrong for one in results) else 0


if __name__ == "__main__":
    sys.exit(main())
