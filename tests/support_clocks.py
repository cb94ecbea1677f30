"""Reply clocks to start from, stored with the messages that they are about."""

from dataclasses import replace
from datetime import timedelta

from support import DECISION, PREDICTION, START, a_message

from app.domain import ClockStatus, ReplyClock
from app.storage import clocks, messages

HOUR = timedelta(hours=1)
RUNNING, ACKNOWLEDGED = ClockStatus.RUNNING, ClockStatus.ACKNOWLEDGED
CLOSED = ClockStatus.CLOSED


def a_clock(number=1, **changes):
    """The clock of message `msg_<number>`, an hour long; half of it is over at next_at."""
    clock = ReplyClock(
        id=f"clk_{number}",
        message_id=f"msg_{number}",
        rule="pricing",
        route="sales",
        clock="hour",
        pool="sales",
        owner="ana",
        contact="ada@example.com",
        account="example.com",
        level=0,
        started_at=START,
        promised_at=START + HOUR,
        due_at=START + HOUR,
        next_at=START + HOUR / 2,
        reminded=False,
        status=RUNNING,
    )
    return replace(clock, **changes)


def taken(number, after, **changes):
    """A clock whose message was taken so long after it began."""
    clock = a_clock(number, **changes)
    settled_at = clock.started_at + after
    settled = {"settled_at": settled_at, "settled_by": clock.owner, "next_at": None}
    return replace(clock, **{"status": ACKNOWLEDGED, **settled, **changes})


def fill(database, *some):
    """Store clocks, each with its message."""
    with database.write() as conn:
        for clock in some:
            message = a_message(id=clock.message_id)
            messages.add(conn, message, prediction=PREDICTION, decision=DECISION)
            clocks.add(conn, clock)


def the_clock(database, number=1):
    with database.read() as conn:
        return clocks.of_message(conn, f"msg_{number}")


def the_events(database, number=1):
    with database.read() as conn:
        return clocks.events_of(conn, f"clk_{number}")
