"""Which endpoints have something due, and claiming it for one attempt each, with a lease."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import BindParameter, Connection, bindparam, case, func, or_, select, update

from app.domain import Delivery, DeliveryStatus, Endpoint
from app.storage import endpoints, health, outbox, tables

_TABLE = tables.deliveries
_TO = tables.endpoints
_INSTANT = _TABLE.c.next_attempt_at.type
_NOW = bindparam("now", type_=_INSTANT)
_LEASED: BindParameter[datetime] = bindparam("leased_until", type_=_INSTANT)
_SPENT = _TABLE.c.attempts >= bindparam("max_attempts")
_FIRST_DUE = (  # of one endpoint: the first entry of an index, however much waits
    select(func.min(_TABLE.c.next_attempt_at))
    .where(_TABLE.c.endpoint_id == _TO.c.id, _TABLE.c.status == DeliveryStatus.PENDING)
    .correlate(_TO)
    .scalar_subquery()
)
_LISTENING = (_TO.c.enabled, ~_TO.c.paused)
# Whose last attempt failed gets one at a time until it answers: several silent receivers would hold
# every thread of a worker before their circuits open.
_ROOM = case((_TO.c.failures > 0, 1), else_=_TO.c.max_in_flight).label("max_in_flight")
_READY = (
    select(_TO.c.id, _ROOM, _TO.c.rate_per_s, _TO.c.open_until)
    .where(*_LISTENING, or_(_TO.c.open_until.is_(None), _TO.c.open_until <= _NOW))
    .where(_FIRST_DUE <= _NOW)
    .order_by(_TO.c.id)
)
_OLDEST_DUE = select(func.min(_FIRST_DUE)).where(*_LISTENING, _TO.c.open_until.is_(None))
_DUE = (  # PostgreSQL skips what others are taking
    select(_TABLE.c.id)
    .where(
        _TABLE.c.endpoint_id == bindparam("to"),
        _TABLE.c.status == DeliveryStatus.PENDING,
        _TABLE.c.next_attempt_at <= _NOW,
    )
    .order_by(_TABLE.c.next_attempt_at)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
    .cte("due")
)
_CLAIM = (
    update(_TABLE)
    .where(_TABLE.c.id.in_(select(_DUE.c.id)))
    .values(
        status=case((_SPENT, DeliveryStatus.DEAD), else_=_TABLE.c.status),
        attempts=case((_SPENT, _TABLE.c.attempts), else_=_TABLE.c.attempts + 1),
        next_attempt_at=case((_SPENT, _TABLE.c.next_attempt_at), else_=_LEASED),
    )
    .returning(_TABLE)
)


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that is ours for one attempt, until its lease ends at next_attempt_at."""

    delivery: Delivery
    endpoint: Endpoint
    probe: bool = False  # the one attempt that a half-open circuit lets through


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """An endpoint that something is due for, and how much of it may be under way."""

    id: str
    max_in_flight: int  # of one worker
    rate_per_s: float | None
    open_until: datetime | None  # in the past: its circuit is half open

    @property
    def half_open(self) -> bool:
        """Whether one attempt has to show first that it is well again."""
        return self.open_until is not None


def ready(conn: Connection, *, now: datetime) -> list[Ready]:
    """Give the endpoints that something is due for and may go to, by id."""
    return [Ready(**row) for row in conn.execute(_READY, {"now": now}).mappings()]


def claim_due(
    conn: Connection,
    shares: Mapping[Ready, int],
    *,
    now: datetime,
    lease_s: float,
    max_attempts: int = outbox.MAX_ATTEMPTS,
) -> list[Claim]:
    """Take due deliveries for one attempt each; a worker that dies only lets its lease run out.

    An attempt counts from here, so that one whose worker dies counts too: a delivery that kills
    its workers is dead after `max_attempts`, like any other.

    Args:
        conn: A transaction to write in.
        shares: How many to take for each endpoint, at most: the longest due. Where its circuit is
            half open, one, and none where another worker has the probe.
        now: What is due by then.
        lease_s: Longer than an attempt can take, and not longer than LONGEST_LEASE_S.
        max_attempts: Where they are used up, the delivery is dead.
    """
    if lease_s > outbox.LONGEST_LEASE_S:
        raise ValueError(f"a lease of {lease_s} s is longer than replays expect")
    leased_until = now + timedelta(seconds=lease_s)
    given = {"now": now, "leased_until": leased_until, "max_attempts": max_attempts}
    claimed: list[Delivery] = []
    for one, most in sorted(shares.items(), key=lambda share: share[0].id):  # all lock in one order
        if one.half_open and not _take_probe(conn, one, leased_until):
            continue
        most = 1 if one.half_open else most
        found = conn.execute(_CLAIM, {**given, "to": one.id, "most": most}).mappings()
        claimed += [outbox.delivery_of(row) for row in found]
    live = [delivery for delivery in claimed if delivery.status is DeliveryStatus.PENDING]
    return _claims(conn, live, probed={one.id for one in shares if one.half_open})


def oldest_due_at(conn: Connection) -> datetime | None:
    """Say since when, or from when, the next delivery is due; None where none waits.

    What waits for an endpoint that is disabled, paused, or has its circuit open is not due.
    """
    due_at: datetime | None = conn.execute(_OLDEST_DUE).scalar_one()
    return due_at


def _take_probe(conn: Connection, one: Ready, leased_until: datetime) -> bool:
    """Be the one worker that tries; if it dies, another may when the lease is over."""
    seen = one.open_until
    return seen is not None and health.move_open_until(conn, one.id, seen, leased_until)


def _claims(conn: Connection, deliveries: Sequence[Delivery], *, probed: set[str]) -> list[Claim]:
    """Join deliveries with their endpoints as they are now, the oldest first."""
    found = endpoints.by_ids(conn, {delivery.endpoint_id for delivery in deliveries})
    by_id = {endpoint.id: endpoint for endpoint in found}
    return [
        Claim(one, by_id[one.endpoint_id], one.endpoint_id in probed)
        for one in sorted(deliveries, key=lambda delivery: delivery.id)  # ids sort by time
    ]
