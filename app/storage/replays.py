"""Sending settled deliveries anew, by the page: one of them, or those of a range of time."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, case, func, or_, select, update

from app.domain import Delivery, DeliveryStatus
from app.errors import NotFound, Refused
from app.storage import endpoints, outbox, tables
from app.storage.engine import Database

PAGE = 500  # in one transaction: other writers wait no longer than that takes

ENDPOINT_DISABLED = "the endpoint is disabled: `inlet endpoints enable` lets events go to it again"

_TABLE = tables.deliveries
_PENDING = _TABLE.c.status == DeliveryStatus.PENDING


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which deliveries are sent anew."""

    status: DeliveryStatus = DeliveryStatus.DEAD
    endpoint_id: str | None = None
    since: datetime | None = None  # made then or later
    until: datetime | None = None  # made before


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What came of it."""

    count: int
    more: bool  # there may be: the limit was reached


def replay(conn: Connection, delivery_id: str, *, now: datetime) -> bool:
    """Send a delivery anew, under its old id.

    A settled one has the whole schedule before it. One that waits for its next attempt is tried
    now instead, and that attempt counts like any other.

    Returns:
        False where there is no such delivery, or it is on its way just now.

    Raises:
        Refused: Its endpoint is disabled: it would wait, and nothing would go out.
    """
    to = select(_TABLE.c.endpoint_id).where(_TABLE.c.id == delivery_id).scalar_subquery()
    listening = select(tables.endpoints.c.enabled).where(tables.endpoints.c.id == to)
    if conn.execute(listening).scalar_one_or_none() is False:
        raise Refused(ENDPOINT_DISABLED, code="endpoint_disabled")
    return _again(conn, _TABLE.c.id == delivery_id, now) == 1


def replay_one(conn: Connection, delivery_id: str, *, now: datetime) -> Delivery:
    """Send a delivery anew, as `replay` does, and give it as it stands now.

    Raises:
        NotFound: There is no such delivery.
        Refused: `delivery_pending`, where it is on its way; `endpoint_disabled`.
    """
    replayed = replay(conn, delivery_id, now=now)
    kept = outbox.find(conn, delivery_id)
    if kept is None:
        raise NotFound("there is no delivery with this id")
    if not replayed:
        raise Refused("this delivery is on its way already", code="delivery_pending")
    return kept


def check_listening(conn: Connection, endpoint_id: str) -> None:
    """Refuse to send anew what would only wait.

    Raises:
        NotFound: There is no such endpoint.
        Refused: `endpoint_disabled`.
    """
    found = endpoints.by_ids(conn, [endpoint_id])
    if not found:
        raise NotFound("there is no endpoint with this id")
    if not found[0].enabled:
        raise Refused(ENDPOINT_DISABLED, code="endpoint_disabled")


def count(conn: Connection, wanted: Wanted, *, now: datetime) -> int:
    """Say how many there are to send anew."""
    query = select(func.count()).select_from(_TABLE).where(*_conditions(wanted, now))
    return int(conn.execute(query).scalar_one())


def replay_range(
    database: Database,
    wanted: Wanted,
    *,
    now: datetime,
    limit: int,
    on_page: Callable[[int], object] = lambda _count: None,
) -> Replayed:
    """Send anew what is wanted, the oldest first; what is sent meanwhile is not sent twice.

    Endpoints that are disabled are left out. Each page stands when it is written.

    Args:
        database: Where the outbox is.
        wanted: Which deliveries.
        now: From when on they are due.
        limit: How many, at most.
        on_page: Told how many each page was.

    Raises:
        StorageDown: The pages before are written.
    """
    done, after, found = 0, "", PAGE
    while found and done < limit:
        with database.write() as conn:
            ids = _page(conn, wanted, now, after=after, limit=min(PAGE, limit - done))
            found = len(ids)
            done += _again(conn, _TABLE.c.id.in_(ids), now) if ids else 0
        after = ids[-1] if ids else after
        on_page(found)
    return Replayed(count=done, more=found > 0)


def _page(conn: Connection, wanted: Wanted, now: datetime, *, after: str, limit: int) -> list[str]:
    query = select(_TABLE.c.id).where(*_conditions(wanted, now), _TABLE.c.id > after)
    return list(conn.scalars(query.order_by(_TABLE.c.id).limit(limit)))


def _conditions(wanted: Wanted, now: datetime) -> list[ColumnElement[bool]]:
    listening = select(tables.endpoints.c.id).where(tables.endpoints.c.enabled)
    conditions = [
        _TABLE.c.status == wanted.status,
        _TABLE.c.endpoint_id.in_(listening),
        _replayable(now),
    ]
    if wanted.endpoint_id is not None:
        conditions.append(outbox.goes_to(wanted.endpoint_id, wanted.status))
    if wanted.since is not None:
        conditions.append(_TABLE.c.created_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(_TABLE.c.created_at < wanted.until)
    return conditions


def _replayable(now: datetime) -> ColumnElement[bool]:
    """Be true unless it is due soon anyway; a lease, which looks so, is never longer."""
    soon = now + timedelta(seconds=outbox.LONGEST_LEASE_S)
    return or_(~_PENDING, _TABLE.c.next_attempt_at > soon)


def _again(conn: Connection, which: ColumnElement[bool], now: datetime) -> int:
    change = (
        update(_TABLE)
        .where(and_(which, _replayable(now)))
        .values(
            status=DeliveryStatus.PENDING,
            attempts=case((_PENDING, _TABLE.c.attempts), else_=0),
            next_attempt_at=now,
        )
    )
    return conn.execute(change).rowcount
