"""How deliveries wait, are settled behind a fence, and are looked up; claims.py takes them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Update,
    func,
    insert,
    literal,
    select,
    union_all,
    update,
)

from app.domain import Answer, Attempt, Delivery, DeliveryStatus, Endpoint, new_id
from app.storage import tables
from app.storage.rows import insert_new

MAX_ATTEMPTS = 10  # tries of the Standard Webhooks schedule; app.webhook.retry has the delays
LONGEST_LEASE_S = 90.0  # 60 s are the longest attempt, and a worker's margin
COUNTED = 1_000  # deliveries of a list, at most: an index is walked for it

_TABLE = tables.deliveries
_ANSWER = ("status_code", "error_code", "body_excerpt", "retry_after_s", "duration_ms")


def enqueue(conn: Connection, delivery: Delivery) -> None:
    """Let a delivery wait, in the transaction that stores its message; raise Duplicate by id."""
    values = {column.name: getattr(delivery, column.name) for column in _TABLE.c}
    insert_new(conn, _TABLE, **values)


def tell(
    conn: Connection,
    receivers: Iterable[Endpoint],
    *,
    message_id: str,
    event_type: str,
    body: bytes,
    now: datetime,
) -> tuple[Delivery, ...]:
    """Let an event wait for each of its receivers, due now; gives the deliveries, oldest first."""
    made = [
        Delivery(
            id=new_id("dlv", now),
            message_id=message_id,
            endpoint_id=receiver.id,
            event_type=event_type,
            body=body,
            status=DeliveryStatus.PENDING,
            attempts=0,
            next_attempt_at=now,
            created_at=now,
        )
        for receiver in receivers
    ]
    for delivery in made:
        enqueue(conn, delivery)
    return tuple(sorted(made, key=lambda delivery: delivery.id))


def record(
    conn: Connection,
    attempt: Attempt,
    *,
    status: DeliveryStatus,
    next_attempt_at: datetime | None = None,
) -> bool:
    """Keep an attempt, and let its outcome stand unless a later claim owns the delivery.

    Only a pending delivery needs `next_attempt_at`: when it is due again.

    Returns:
        False where the outcome came too late: the later claim's will stand.
    """
    if status is DeliveryStatus.PENDING and next_attempt_at is None:
        raise ValueError("a pending delivery needs the time of its next attempt")
    answer = {name: getattr(attempt.answer, name) for name in _ANSWER}
    values = {"number": attempt.number, "started_at": attempt.started_at, **answer}
    conn.execute(insert(tables.attempts), {"delivery_id": attempt.delivery_id, **values})
    outcome: dict[str, Any] = {"status": status}
    if next_attempt_at is not None:
        outcome["next_attempt_at"] = next_attempt_at
    fence = _claimed(attempt.delivery_id, attempt.number)
    return conn.execute(_change(*fence, **outcome)).rowcount == 1


def release(conn: Connection, delivery: Delivery, *, now: datetime) -> bool:
    """Give a claimed delivery back, due at once, as if it had not been claimed.

    Returns:
        False where it is no longer this claim's to give.
    """
    fence = _claimed(delivery.id, delivery.attempts)
    lease = _TABLE.c.next_attempt_at == delivery.next_attempt_at
    change = _change(*fence, lease, attempts=_TABLE.c.attempts - 1, next_attempt_at=now)
    return conn.execute(change).rowcount == 1


def suppress(conn: Connection, endpoint_id: str) -> int:
    """Give up what waits for an endpoint that was disabled, and say how many they were.

    What a worker holds just now is among them: its attempt is kept, and changes nothing more.
    """
    waiting = (_TABLE.c.endpoint_id == endpoint_id, _TABLE.c.status == DeliveryStatus.PENDING)
    return conn.execute(_change(*waiting, status=DeliveryStatus.SUPPRESSED)).rowcount


def find(conn: Connection, delivery_id: str) -> Delivery | None:
    """Look a delivery up by its id."""
    row = conn.execute(select(_TABLE).where(_TABLE.c.id == delivery_id)).mappings().first()
    return None if row is None else delivery_of(row)


def listed(
    conn: Connection,
    *,
    status: DeliveryStatus | None = None,
    endpoint_id: str | None = None,
    limit: int = 50,
    before: str | None = None,
) -> list[Delivery]:
    """Give a page of deliveries, newest first; `before` is the last id of the page before."""
    query = select(_TABLE).order_by(_TABLE.c.id.desc()).limit(limit)
    if status is not None:
        query = query.where(_TABLE.c.status == status)
    if endpoint_id is not None:
        query = query.where(goes_to(endpoint_id, status))
    if before is not None:
        query = query.where(_TABLE.c.id < before)
    return [delivery_of(row) for row in conn.execute(query).mappings()]


def of_message(conn: Connection, message_id: str) -> list[Delivery]:
    """Give the deliveries that a message led to, oldest first."""
    query = select(_TABLE).where(_TABLE.c.message_id == message_id).order_by(_TABLE.c.id)
    return [delivery_of(row) for row in conn.execute(query).mappings()]


def of_messages(conn: Connection, message_ids: Sequence[str]) -> Mapping[str, list[Delivery]]:
    """Give the deliveries of some messages, by message; one that led to none is not there."""
    found: dict[str, list[Delivery]] = {}
    query = select(_TABLE).where(_TABLE.c.message_id.in_(message_ids)).order_by(_TABLE.c.id)
    for row in conn.execute(query).mappings():
        found.setdefault(row["message_id"], []).append(delivery_of(row))
    return found


def attempts_of(conn: Connection, delivery_id: str) -> list[Attempt]:
    """Give the attempts of a delivery in the order they were recorded, late ones too."""
    attempts = tables.attempts
    query = select(attempts).where(attempts.c.delivery_id == delivery_id).order_by(attempts.c.id)
    return [_attempt(row) for row in conn.execute(query).mappings()]


def last_answers(conn: Connection, delivery_ids: Collection[str]) -> Mapping[str, Answer]:
    """Give what came of the last attempt at some deliveries, without its text; untried: none."""
    attempts, told = tables.attempts, [name for name in _ANSWER if name != "body_excerpt"]
    columns = [attempts.c[name] for name in ("delivery_id", *told)]
    query = select(*columns).where(attempts.c.delivery_id.in_(delivery_ids))
    found: dict[str, Answer] = {}
    for row in conn.execute(query.order_by(attempts.c.id)).mappings():
        values: dict[str, Any] = {name: row[name] for name in told}
        found[row["delivery_id"]] = Answer(**values)
    return found


def counted(conn: Connection, *, endpoint_id: str | None = None) -> Mapping[DeliveryStatus, int]:
    """Say how many deliveries stand where, up to COUNTED each: of all, or of one endpoint."""
    of_all = [
        (status, select(literal(1)).select_from(_TABLE).where(_TABLE.c.status == status))
        for status in DeliveryStatus
    ]
    if endpoint_id is not None:
        of_all = [(one, some.where(_TABLE.c.endpoint_id == endpoint_id)) for one, some in of_all]
    bounded = [
        select(literal(status.value), func.count()).select_from(some.limit(COUNTED).subquery())
        for status, some in of_all
    ]
    return {DeliveryStatus(row[0]): row[1] for row in conn.execute(union_all(*bounded))}


def counts(conn: Connection) -> Mapping[DeliveryStatus, int]:
    """Say how many deliveries stand where; every status is there."""
    query = select(_TABLE.c.status, func.count()).group_by(_TABLE.c.status)
    found = {status: count for status, count in conn.execute(query)}
    return {status: found.get(status, 0) for status in DeliveryStatus}


def waiting_by_endpoint(conn: Connection) -> Mapping[str, int]:
    """Say how many deliveries wait for each endpoint that any waits for."""
    pending = _TABLE.c.status == DeliveryStatus.PENDING
    query = select(_TABLE.c.endpoint_id, func.count()).where(pending)
    return {row[0]: row[1] for row in conn.execute(query.group_by(_TABLE.c.endpoint_id))}


def goes_to(endpoint_id: str, status: DeliveryStatus | None) -> ColumnElement[bool]:
    """Be true of what goes to an endpoint, beside a condition on the status.

    SQLite has no statistics, and would look through all that an endpoint ever took. What is not
    delivered is rare, so that the status finds it; what is, is most of what an endpoint has.
    """
    column = _TABLE.c.endpoint_id
    is_rare = status is not None and status is not DeliveryStatus.DELIVERED
    return (column.concat("") if is_rare else column) == endpoint_id  # no index has the former


def delivery_of(row: RowMapping) -> Delivery:
    """Read a row of the table."""
    values: dict[str, Any] = dict(row)
    return Delivery(**values)


def _claimed(delivery_id: str, number: int) -> tuple[ColumnElement[bool], ...]:
    """Be true while the claim of this attempt is the last one, and unsettled."""
    pending = _TABLE.c.status == DeliveryStatus.PENDING
    return (_TABLE.c.id == delivery_id, _TABLE.c.attempts == number, pending)


def _change(*conditions: ColumnElement[bool], **values: Any) -> Update:
    return update(_TABLE).where(*conditions).values(**values)


def _attempt(row: RowMapping) -> Attempt:
    answer: dict[str, Any] = {name: row[name] for name in _ANSWER}
    return Attempt(
        delivery_id=row["delivery_id"],
        number=row["number"],
        started_at=row["started_at"],
        answer=Answer(**answer),
    )
