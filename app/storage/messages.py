"""Messages, with the prediction and the decision that were made of them."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Text,
    func,
    literal,
    select,
    tuple_,
    type_coerce,
)

from app.domain import Channel, Delivery, Message, Sender, Stored
from app.routing.aside import ASIDE
from app.routing.people import account_of, contact_of
from app.storage import clocks, outbox, tables
from app.storage.rows import insert_new

LAST = 100  # messages of a person or a company that are looked back on
COUNTED = 1_000  # of them, at most: an index is walked for it
EXCERPT_CHARS = 200  # of a text
_TABLE = tables.messages
_OWN = ("id", "channel", "subject", "text", "thread_id", "source", "external_id")
_TIMES = ("received_at", "created_at")
_BACK = (
    *(_TABLE.c.id, _TABLE.c.channel, _TABLE.c.received_at, _TABLE.c.subject),
    func.substr(_TABLE.c.text, 1, EXCERPT_CHARS).label("excerpt"),
    _TABLE.c.prediction,
    # Looked for in the text as it is written: to read every decision would double the work.
    type_coerce(_TABLE.c.decision, Text).contains(f'"rule":"{ASIDE}"').label("aside"),
)
_JUDGED = ("id", "channel", *_TIMES, "contact", "account", "prediction", "decision", "facts")


class By(StrEnum):
    """Under what a message is kept beside its id."""

    CONTACT = "contact"  # the person who wrote
    ACCOUNT = "account"  # the company behind them


@dataclass(frozen=True, slots=True)
class Whose:
    """A person or a company whose messages are looked back on."""

    by: By
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A message as one looks back on it from a later one of the same sender."""

    id: str
    channel: Channel
    received_at: datetime
    subject: str
    excerpt: str  # the first EXCERPT_CHARS of its text
    prediction: Mapping[str, Any]
    aside: bool  # no rule was asked about it: a machine wrote it, or nobody could read it


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A message without its text: what a policy may look at, and what was decided."""

    id: str
    channel: Channel
    received_at: datetime
    created_at: datetime
    sender: Sender
    contact: str | None
    account: str | None
    prediction: Mapping[str, Any]
    decision: Mapping[str, Any]
    facts: Mapping[str, Any] | None


def add(
    conn: Connection,
    message: Message,
    *,
    prediction: Mapping[str, Any],
    decision: Mapping[str, Any],
    facts: Mapping[str, Any] | None = None,
    promised: int = 0,
) -> None:
    """Keep a message, and under which person and company; raise Duplicate where it is kept.

    Args:
        conn: The transaction in which its deliveries are enqueued, too.
        message: What came in.
        prediction: Prediction.as_dict(), with or without evidence.
        decision: Decision.as_dict().
        facts: What is known beside the text.
        promised: Deliveries that this transaction enqueues; none of them may be missing later.

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
        contact=contact_of(message.sender.email),
        account=account_of(message.sender.email),
        promised=promised,
    )


def find(conn: Connection, message_id: str) -> Stored | None:
    """Look a message up by our id."""
    return _find(conn, _TABLE.c.id == message_id)


def find_external(conn: Connection, source: str, external_id: str) -> Stored | None:
    """Look a message up by its source's own id."""
    return _find(conn, _TABLE.c.source == source, _TABLE.c.external_id == external_id)


def predictions_of(conn: Connection, message_ids: Collection[str]) -> Mapping[str, Any]:
    """Give what was said of some messages, Prediction.as_dict() with its evidence, by their id."""
    query = select(_TABLE.c.id, _TABLE.c.prediction).where(_TABLE.c.id.in_(message_ids))
    return {row[0]: row[1] for row in conn.execute(query)}


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


def last_of(
    conn: Connection,
    whose: Whose,
    *,
    before: datetime,
    stored_before: datetime | None = None,
    limit: int = LAST,
) -> list[Past]:
    """Give the last messages of a person or a company, newest last.

    Args:
        conn: A transaction.
        whose: Whose messages.
        before: The instant before which they were received.
        stored_before: The instant before which they reached us; None: at any time.
        limit: Messages, at most.
    """
    query = (
        select(*_BACK)
        .where(*_earlier(whose, before, stored_before))
        .order_by(_TABLE.c.received_at.desc(), _TABLE.c.id.desc())
        .limit(limit)
    )
    rows = conn.execute(query).mappings().all()
    return [Past(**row) for row in reversed(rows)]


def count_of(
    conn: Connection, whose: Whose, *, before: datetime, stored_before: datetime | None = None
) -> int:
    """Count what a person or a company wrote, up to COUNTED messages; arguments as `last_of`."""
    some = select(literal(1)).where(*_earlier(whose, before, stored_before)).limit(COUNTED)
    return conn.execute(select(func.count()).select_from(some.subquery())).scalar_one()


def first_of(conn: Connection, by: By, names: Collection[str]) -> Mapping[str, datetime]:
    """Say when the first message of some people or companies was received, by their name."""
    name = _TABLE.c[by]
    query = select(name, func.min(_TABLE.c.received_at)).where(name.in_(names)).group_by(name)
    return {row[0]: row[1] for row in conn.execute(query)}


def judged_since(
    conn: Connection, instant: datetime, *, after: Judged | None = None, limit: int
) -> list[Judged]:
    """Give a page of the messages stored since an instant, oldest first.

    Args:
        conn: A transaction; every page may have its own.
        instant: From when on.
        after: The last message of the page before.
        limit: Messages of the page.
    """
    key = (_TABLE.c.created_at, _TABLE.c.id)
    columns = [_TABLE.c[name] for name in (*_JUDGED, "sender_email", "sender_name")]
    query = select(*columns).where(_TABLE.c.created_at >= instant).order_by(*key).limit(limit)
    if after is not None:
        query = query.where(
            _TABLE.c.created_at >= after.created_at,  # so that its index is used everywhere
            tuple_(*key) > tuple_(literal(after.created_at, _TABLE.c.created_at.type), after.id),
        )
    return [_judged(row) for row in conn.execute(query).mappings()]


def count_since(conn: Connection, instant: datetime) -> int:
    """Count the messages stored since an instant."""
    query = select(func.count()).select_from(_TABLE).where(_TABLE.c.created_at >= instant)
    return conn.execute(query).scalar_one()


def first_of_newest(conn: Connection, count: int) -> datetime | None:
    """Say when the oldest of so many newest messages was stored; None where there are fewer."""
    query = select(_TABLE.c.created_at).order_by(_TABLE.c.created_at.desc())
    return conn.execute(query.offset(count - 1).limit(1)).scalar_one_or_none()


def _earlier(
    whose: Whose, before: datetime, stored_before: datetime | None
) -> tuple[ColumnElement[bool], ...]:
    found = (_TABLE.c[whose.by] == whose.name, _TABLE.c.received_at < before)
    return found if stored_before is None else (*found, _TABLE.c.created_at < stored_before)


def _judged(row: RowMapping) -> Judged:
    values: dict[str, Any] = {name: row[name] for name in _JUDGED}
    return Judged(**values, sender=Sender(row["sender_email"], row["sender_name"]))


def _find(conn: Connection, *conditions: ColumnElement[bool]) -> Stored | None:
    row = conn.execute(select(_TABLE).where(*conditions)).mappings().first()
    if row is None:
        return None
    stored = _stored(row, outbox.of_message(conn, row["id"]))
    return replace(stored, clock=clocks.of_message(conn, row["id"]))


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
