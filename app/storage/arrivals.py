"""What providers sent: kept before they are answered, claimed with a lease, and settled."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, func, select, update

from app.domain import Arrival, ArrivalStatus
from app.storage import tables
from app.storage.rows import insert_new

_TABLE = tables.arrivals
_SIZE = func.length(_TABLE.c.body).label("size")  # instead of the body: a page would hold them all
_WHOLE = (*_TABLE.c, _SIZE)
_LISTED = (*(column for column in _TABLE.c if column.name != "body"), _SIZE)


def add(conn: Connection, arrival: Arrival) -> None:
    """Keep an arrival; raise Duplicate where its source sent the body, or its token, before."""
    values = {column.name: getattr(arrival, column.name) for column in _TABLE.c}
    insert_new(conn, _TABLE, **values)


def claim_due(
    conn: Connection, *, now: datetime, lease_s: float, limit: int, max_attempts: int
) -> list[Arrival]:
    """Take arrivals to read, the longest waiting first; one whose reader dies comes back.

    An attempt counts from here: an arrival that kills its readers fails after `max_attempts`.
    """
    spent = _due(now, limit, _TABLE.c.attempts >= max_attempts)
    conn.execute(
        update(_TABLE)
        .where(_TABLE.c.id.in_(spent))
        .values(status=ArrivalStatus.FAILED, error_code="attempts_used_up")
    )
    due = _due(now, limit, _TABLE.c.attempts < max_attempts)
    claim = (
        update(_TABLE)
        .where(_TABLE.c.id.in_(due))
        .values(attempts=_TABLE.c.attempts + 1, next_attempt_at=now + timedelta(seconds=lease_s))
    )
    claimed = [_arrival(row) for row in conn.execute(claim.returning(_TABLE)).mappings()]
    return sorted(claimed, key=lambda arrival: arrival.id)


def settle(
    conn: Connection,
    arrival: Arrival,
    status: ArrivalStatus,
    *,
    error_code: str | None = None,
    message_ids: Sequence[str] = (),
) -> bool:
    """Say what came of a claimed arrival; False where a later claim owns it."""
    values = {"status": status, "error_code": error_code, "message_ids": list(message_ids)}
    change = update(_TABLE).where(*_claimed(arrival)).values(**values)
    return conn.execute(change).rowcount == 1


def postpone(
    conn: Connection, arrival: Arrival, until: datetime, *, error_code: str, counts: bool
) -> bool:
    """Let a claimed arrival be read later; False where a later claim owns it.

    An attempt that failed for want of capacity does not count: nothing is wrong with the arrival.
    """
    attempts = _TABLE.c.attempts - (0 if counts else 1)
    change = update(_TABLE).where(*_claimed(arrival))
    later = change.values(next_attempt_at=until, error_code=error_code, attempts=attempts)
    return conn.execute(later).rowcount == 1


def again(conn: Connection, arrival_id: str, *, now: datetime) -> bool:
    """Read a failed arrival anew; False where there is none, or its body is gone."""
    failed = (_TABLE.c.status == ArrivalStatus.FAILED, _TABLE.c.body.is_not(None))
    anew = {"status": ArrivalStatus.WAITING, "attempts": 0, "next_attempt_at": now}
    change = update(_TABLE).where(_TABLE.c.id == arrival_id, *failed).values(**anew)
    return conn.execute(change).rowcount == 1


def find(conn: Connection, arrival_id: str) -> Arrival | None:
    """Look an arrival up by its id, with its body."""
    return _first(conn, _WHOLE, _TABLE.c.id == arrival_id)


def find_same(conn: Connection, source: str, sha256: bytes) -> Arrival | None:
    """Look up what a source sent with the same body, without the body."""
    return _first(conn, _LISTED, _TABLE.c.source == source, _TABLE.c.sha256 == sha256)


def listed(
    conn: Connection,
    *,
    status: ArrivalStatus | None = None,
    sha256: bytes | None = None,
    limit: int = 50,
    before: str | None = None,
    with_bodies: bool = False,
) -> list[Arrival]:
    """Give a page of arrivals, newest first; `before` is the last id of the page before."""
    query = select(*(_WHOLE if with_bodies else _LISTED)).order_by(_TABLE.c.id.desc()).limit(limit)
    if status is not None:
        query = query.where(_TABLE.c.status == status)
    if sha256 is not None:
        query = query.where(_TABLE.c.sha256 == sha256)
    if before is not None:
        query = query.where(_TABLE.c.id < before)
    return [_arrival(row) for row in conn.execute(query).mappings()]


def counts(conn: Connection) -> Mapping[ArrivalStatus, int]:
    """Say how many arrivals stand where; every status is there."""
    query = select(_TABLE.c.status, func.count()).group_by(_TABLE.c.status)
    found = {status: count for status, count in conn.execute(query)}
    return {status: found.get(status, 0) for status in ArrivalStatus}


def let_go_before(conn: Connection, instant: datetime) -> int:
    """Drop the bodies of what came before an instant and waits for nothing; say how many."""
    old = (_TABLE.c.received_at < instant, _TABLE.c.body.is_not(None))
    settled = _TABLE.c.status != ArrivalStatus.WAITING
    change = update(_TABLE).where(*old, settled)
    return conn.execute(change.values(body=None, headers={})).rowcount


def _due(now: datetime, limit: int, *conditions: ColumnElement[bool]) -> Any:
    """Choose waiting arrivals; PostgreSQL skips what others are taking."""
    due = (
        select(_TABLE.c.id)
        .where(_TABLE.c.status == ArrivalStatus.WAITING)
        .where(_TABLE.c.next_attempt_at <= now, *conditions)
        .order_by(_TABLE.c.next_attempt_at, _TABLE.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due_arrivals")
    )
    return select(due.c.id)


def _claimed(arrival: Arrival) -> tuple[ColumnElement[bool], ...]:
    waiting = _TABLE.c.status == ArrivalStatus.WAITING
    return (_TABLE.c.id == arrival.id, _TABLE.c.attempts == arrival.attempts, waiting)


def _first(
    conn: Connection,
    columns: Sequence[ColumnElement[Any]],
    *conditions: ColumnElement[bool],
) -> Arrival | None:
    row = conn.execute(select(*columns).where(*conditions)).mappings().first()
    return None if row is None else _arrival(row)


def _arrival(row: RowMapping) -> Arrival:
    values: dict[str, Any] = {**row, "message_ids": tuple(row["message_ids"])}
    if "size" not in values:
        values["size"] = None if values["body"] is None else len(values["body"])
    return Arrival(**values)
