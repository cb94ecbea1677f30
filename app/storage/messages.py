"""Messages, with the prediction and the decision that were made of them."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, select

from app.domain import Delivery, Message, Sender, Stored
from app.storage import outbox, tables
from app.storage.rows import insert_new

_TABLE = tables.messages
_OWN = ("id", "channel", "subject", "text", "thread_id", "source", "external_id")
_TIMES = ("received_at", "created_at")


def add(
    conn: Connection,
    message: Message,
    *,
    prediction: Mapping[str, Any],
    decision: Mapping[str, Any],
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Keep a message; its deliveries are enqueued in the same transaction.

    Raises:
        Duplicate: The source sent a message of this external_id before; the first stands.
    """
    insert_new(
        conn,
        _TABLE,
        **{name: getattr(message, name) for name in (*_OWN, *_TIMES)},
        sender_email=message.sender.email,
        sender_name=message.sender.name,
        prediction=dict(prediction),
        decision=dict(decision),
        facts=None if facts is None else dict(facts),
    )


def find(conn: Connection, message_id: str) -> Stored | None:
    """Look a message up by our id."""
    return _find(conn, _TABLE.c.id == message_id)


def find_external(conn: Connection, source: str, external_id: str) -> Stored | None:
    """Look a message up by its source's own id."""
    return _find(conn, _TABLE.c.source == source, _TABLE.c.external_id == external_id)


def of_thread(
    conn: Connection, source: str, thread_id: str, *, since: datetime, limit: int
) -> list[Stored]:
    """Give the last messages of a thread since an instant, oldest first."""
    query = (
        select(_TABLE)
        .where(_TABLE.c.source == source, _TABLE.c.thread_id == thread_id)
        .where(_TABLE.c.received_at >= since)
        .order_by(_TABLE.c.received_at.desc(), _TABLE.c.id.desc())
        .limit(limit)
    )
    rows = conn.execute(query).mappings().all()
    deliveries = outbox.of_messages(conn, [row["id"] for row in rows])
    return [_stored(row, deliveries.get(row["id"], ())) for row in reversed(rows)]


def _find(conn: Connection, *conditions: ColumnElement[bool]) -> Stored | None:
    row = conn.execute(select(_TABLE).where(*conditions)).mappings().first()
    if row is None:
        return None
    return _stored(row, outbox.of_message(conn, row["id"]))


def _stored(row: RowMapping, deliveries: Iterable[Delivery]) -> Stored:
    return Stored(
        message=_message(row),
        prediction=row["prediction"],
        decision=row["decision"],
        facts=row["facts"],
        deliveries=tuple(deliveries),
    )


def _message(row: RowMapping) -> Message:
    values: dict[str, Any] = {name: row[name] for name in (*_OWN, *_TIMES)}
    return Message(**values, sender=Sender(row["sender_email"], row["sender_name"]))
