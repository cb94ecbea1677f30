"""Reply clocks: what runs, what is due next, what happened, and who settled it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, func, select, update

from app.domain import ClockEvent, ClockStatus, ClockStep, ReplyClock
from app.storage import inbox_keeping, tables
from app.storage.rows import insert_new

LAPSED = "lapsed"  # settled_by of a clock that nobody took until its last level was over

_TABLE = tables.reply_clocks
_EVENTS = tables.clock_events
_RUNNING = _TABLE.c.status == ClockStatus.RUNNING
_STEP_OF = {
    ClockStatus.ACKNOWLEDGED: ClockStep.ACKNOWLEDGED,
    ClockStatus.CLOSED: ClockStep.CLOSED,
}
_MOVING = ("pool", "owner", "level", "due_at", "next_at", "reminded")  # what a step changes
_MEASURED = ("owner", "route", "clock", "started_at", "promised_at", "status", "settled_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What statistics need of one reply clock."""

    owner: str | None  # whose turn it was when it was settled, or is now
    route: str
    clock: str
    started_at: datetime
    promised_at: datetime
    status: ClockStatus
    settled_at: datetime | None
    lapsed: bool  # closed because nobody took it


def add(conn: Connection, clock: ReplyClock) -> None:
    """Start a clock, in the transaction that stores its message.

    Raises:
        Duplicate: The message has one already.
    """
    insert_new(conn, _TABLE, **{column.name: getattr(clock, column.name) for column in _TABLE.c})
    event = ClockEvent(
        clock_id=clock.id,
        step=ClockStep.STARTED,
        level=clock.level,
        at=clock.started_at,
        owner=clock.owner,
    )
    _add_event(conn, event, promised=0)  # what its message promised stands there


def find(conn: Connection, clock_id: str) -> ReplyClock | None:
    """Look a clock up by its id."""
    return _first(conn, _TABLE.c.id == clock_id)


def of_message(conn: Connection, message_id: str) -> ReplyClock | None:
    """Give the clock of a message."""
    return _first(conn, _TABLE.c.message_id == message_id)


def claim_due(
    conn: Connection, *, now: datetime, limit: int, without: Collection[str] = ()
) -> list[ReplyClock]:
    """Take running clocks on which something is due, the longest due first.

    They are held until the transaction ends, and what was due has to be written in it: there is
    no lease. PostgreSQL skips those that others hold.

    Args:
        conn: A writing transaction.
        now: The present.
        limit: Clocks, at most.
        without: Ids that are not to be taken.
    """
    query = (
        select(_TABLE)
        .where(_RUNNING, _TABLE.c.next_at <= now)
        .order_by(_TABLE.c.next_at, _TABLE.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    if without:
        query = query.where(_TABLE.c.id.not_in(without))
    return _clocks(conn.execute(query).mappings().all())


def next_at(conn: Connection) -> datetime | None:
    """Say when something happens next on any clock; None where none runs."""
    query = select(func.min(_TABLE.c.next_at)).where(_RUNNING)
    found: datetime | None = conn.execute(query).scalar_one()
    return found


def write_step(conn: Connection, clock: ReplyClock, event: ClockEvent, *, promised: int) -> None:
    """Keep a step, with the clock as it is after it.

    Args:
        conn: The transaction that claimed the clock.
        clock: After the step; it still runs.
        event: The step.
        promised: Deliveries that are enqueued in the same transaction.

    Raises:
        Duplicate: This step of this level was written before.
    """
    _add_event(conn, event, promised=promised)
    values = {name: getattr(clock, name) for name in _MOVING}
    conn.execute(update(_TABLE).where(_TABLE.c.id == clock.id, _RUNNING).values(**values))
    inbox_keeping.follow(conn, clock)


def hold(conn: Connection, message_id: str) -> ReplyClock | None:
    """Give the running clock of a message, and keep others from moving it; None: none runs."""
    query = select(_TABLE).where(_TABLE.c.message_id == message_id, _RUNNING).with_for_update()
    row = conn.execute(query).mappings().first()
    return None if row is None else _clock(row)


def write_handing(conn: Connection, clock: ReplyClock, *, at: datetime, promised: int) -> None:
    """Keep that somebody gave a clock to another owner; of a level, the last time is kept.

    Args:
        conn: The transaction that holds the clock.
        clock: With its new owner.
        at: When.
        promised: Deliveries that are enqueued in the same transaction.
    """
    event = ClockEvent(
        clock_id=clock.id, step=ClockStep.REASSIGNED, level=clock.level, at=at, owner=clock.owner
    )
    same = [_EVENTS.c[name] == getattr(event, name) for name in ("clock_id", "step", "level")]
    again = update(_EVENTS).where(*same)
    total = _EVENTS.c.promised + promised
    if conn.execute(again.values(at=at, owner=clock.owner, promised=total)).rowcount == 0:
        _add_event(conn, event, promised=promised)
    conn.execute(update(_TABLE).where(_TABLE.c.id == clock.id).values(owner=clock.owner))
    inbox_keeping.follow(conn, clock)


def settle(
    conn: Connection, message_id: str, *, status: ClockStatus, by: str, at: datetime
) -> ReplyClock | None:
    """Stop the running clock of a message: acknowledged, or closed.

    Returns:
        The clock as it is now; None where none was running, and nothing is changed.
    """
    change = (
        update(_TABLE)
        .where(_TABLE.c.message_id == message_id, _RUNNING)
        .values(status=status, next_at=None, settled_at=at, settled_by=by)
        .returning(_TABLE)
    )
    row = conn.execute(change).mappings().first()
    if row is None:
        return None
    clock = _clock(row)
    event = ClockEvent(
        clock_id=clock.id, step=_STEP_OF[status], level=clock.level, at=at, owner=clock.owner
    )
    _add_event(conn, event, promised=0)
    inbox_keeping.follow(conn, clock)
    return clock


def counts(conn: Connection) -> Mapping[ClockStatus, int]:
    """Say how many clocks stand where; every status is there."""
    query = select(_TABLE.c.status, func.count()).group_by(_TABLE.c.status)
    found = {status: count for status, count in conn.execute(query)}
    return {status: found.get(status, 0) for status in ClockStatus}


def listed(
    conn: Connection,
    *,
    status: ClockStatus | None = None,
    owner: str | None = None,
    account: str | None = None,
    limit: int = 50,
    before: str | None = None,
) -> list[ReplyClock]:
    """Give a page of clocks, newest first; `before` is the last id of the page before."""
    wanted = {"status": status, "owner": owner, "account": account}
    query = select(_TABLE).order_by(_TABLE.c.id.desc()).limit(limit)
    for name, value in wanted.items():
        if value is not None:
            query = query.where(_TABLE.c[name] == value)
    if before is not None:
        query = query.where(_TABLE.c.id < before)
    return _clocks(conn.execute(query).mappings().all())


def events_of(conn: Connection, clock_id: str) -> list[ClockEvent]:
    """Give what happened on a clock, in the order in which it was due."""
    query = (
        select(_EVENTS)
        .where(_EVENTS.c.clock_id == clock_id)
        .order_by(_EVENTS.c.at, _EVENTS.c.level, _EVENTS.c.step)
    )
    return [_event(row) for row in conn.execute(query).mappings()]


def measured(conn: Connection, *, since: datetime, limit: int) -> list[Measured]:
    """Give what statistics need of the clocks that started since an instant, the newest first."""
    columns = [_TABLE.c[name] for name in _MEASURED]
    query = (
        select(*columns, _TABLE.c.settled_by)
        .where(_TABLE.c.started_at >= since)
        .order_by(_TABLE.c.started_at.desc(), _TABLE.c.id.desc())
        .limit(limit)
    )
    return [_measured(row) for row in conn.execute(query).mappings()]


def _add_event(conn: Connection, event: ClockEvent, *, promised: int) -> None:
    own = ("clock_id", "step", "level", "at", "owner")
    values = {name: getattr(event, name) for name in own}
    insert_new(conn, _EVENTS, **values, promised=promised)


def _first(conn: Connection, condition: ColumnElement[bool]) -> ReplyClock | None:
    row = conn.execute(select(_TABLE).where(condition)).mappings().first()
    return None if row is None else _clock(row)


def _clocks(rows: Sequence[RowMapping]) -> list[ReplyClock]:
    return [_clock(row) for row in rows]


def _clock(row: RowMapping) -> ReplyClock:
    values: dict[str, Any] = dict(row)
    return ReplyClock(**values)


def _event(row: RowMapping) -> ClockEvent:
    values: dict[str, Any] = {name: row[name] for name in row if name != "promised"}
    return ClockEvent(**values)


def _measured(row: RowMapping) -> Measured:
    values: dict[str, Any] = {name: row[name] for name in _MEASURED}
    lapsed = row["status"] is ClockStatus.CLOSED and row["settled_by"] == LAPSED
    return Measured(**values, lapsed=lapsed)
