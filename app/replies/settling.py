"""How a reply clock ends: a person takes the message, or says that there is nothing to take."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.domain import ClockStatus, ReplyClock
from app.storage import clocks
from app.storage.engine import Connection


class Outcome(StrEnum):
    """What came of somebody's wish to settle a clock."""

    TAKEN = "taken"  # by them, now
    TAKEN_BEFORE = "taken_before"  # by whom `by` says, who may be the same person
    CLOSED = "closed"  # by them, now
    CLOSED_BEFORE = "closed_before"
    NO_CLOCK = "no_clock"  # nobody was promised a reply to this message


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """How a clock stands after somebody wished to settle it."""

    outcome: Outcome
    clock: ReplyClock | None  # None where there is none

    @property
    def first(self) -> bool:
        """Whether it was this wish that settled it."""
        return self.outcome in (Outcome.TAKEN, Outcome.CLOSED)

    @property
    def by(self) -> str | None:
        """Who settled it."""
        return None if self.clock is None else self.clock.settled_by


_BEFORE = {
    ClockStatus.ACKNOWLEDGED: Outcome.TAKEN_BEFORE,
    ClockStatus.CLOSED: Outcome.CLOSED_BEFORE,
}


def acknowledge(conn: Connection, message_id: str, *, by: str, now: datetime) -> Settled:
    """Let somebody take a message; of many who try, one is the first, and stays it.

    What was due on the clock and has not been noticed yet is never done: nobody is called for
    what is taken.

    Args:
        conn: A writing transaction.
        message_id: Whose clock stops.
        by: The owner, an address, or a key's name.
        now: The present.
    """
    return _settle(conn, message_id, ClockStatus.ACKNOWLEDGED, Outcome.TAKEN, by=by, now=now)


def close(conn: Connection, message_id: str, *, by: str, now: datetime) -> Settled:
    """Stop a message's clock because there is nothing to take; as `acknowledge` otherwise."""
    return _settle(conn, message_id, ClockStatus.CLOSED, Outcome.CLOSED, by=by, now=now)


def _settle(
    conn: Connection,
    message_id: str,
    status: ClockStatus,
    outcome: Outcome,
    *,
    by: str,
    now: datetime,
) -> Settled:
    clock = clocks.settle(conn, message_id, status=status, by=by, at=now)
    if clock is not None:
        return Settled(outcome=outcome, clock=clock)
    before = clocks.of_message(conn, message_id)
    if before is None:
        return Settled(outcome=Outcome.NO_CLOCK, clock=None)
    return Settled(outcome=_BEFORE[before.status], clock=before)
