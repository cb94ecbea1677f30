"""What people said of messages: kept once, listed, and given back as examples to learn from."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, func, select

from app.domain import Correction, Feedback, FeedbackKind, Sender
from app.storage import tables
from app.storage.rows import insert_new
from app.storage.samples import NOT_SAMPLE

_TABLE = tables.feedback
_MESSAGES = tables.messages
_CHUNK = 200  # rows in memory at once where all are read
_NEWEST = (_TABLE.c.created_at.desc(), _TABLE.c.id.desc())


def give(conn: Connection, feedback: Feedback) -> Feedback | None:
    """Keep what a person says, unless it was the last that was said of the message, by them.

    Who says the same again after somebody else spoke means it: the newest word counts.

    Returns:
        What stands: this, or the same from before; None where there is no such message.
    """
    locked = select(_MESSAGES.c.id).where(_MESSAGES.c.id == feedback.message_id)
    # Not the whole lock: what refers to the message may go on, such as its deliveries.
    if conn.execute(locked.with_for_update(key_share=True)).first() is None:
        return None
    before = last(conn, feedback.message_id)
    if before is not None and _says(before) == _says(feedback):
        return before
    values = {column.name: getattr(feedback, column.name) for column in _TABLE.c}
    labels = None if feedback.labels is None else list(feedback.labels)
    insert_new(conn, _TABLE, **{**values, "labels": labels, "kind": feedback.kind.value})
    return feedback


def last(conn: Connection, message_id: str) -> Feedback | None:
    """Give what was said of a message last."""
    return _first(conn, _TABLE.c.message_id == message_id)


def last_of(conn: Connection, message_ids: Collection[str]) -> Mapping[str, Feedback]:
    """Give what was said last of each of some messages; one of which nothing was is not there."""
    query = select(_TABLE).where(_TABLE.c.message_id.in_(message_ids))
    rows = conn.execute(query.order_by(_TABLE.c.created_at, _TABLE.c.id)).mappings()
    return {row["message_id"]: _feedback(row) for row in rows}


def standing(conn: Connection, message_id: str) -> Feedback | None:
    """Give what counts of all that was said of a message's labels: the newest that tells them."""
    return _first(conn, _TABLE.c.message_id == message_id, _TABLE.c.labels.is_not(None))


def listed(
    conn: Connection,
    *,
    message_id: str | None = None,
    since: datetime | None = None,
    limit: int = 50,
    before: str | None = None,
) -> list[Feedback]:
    """Give a page of feedback, newest first; `before` is the last id of the page before."""
    query = select(_TABLE).order_by(_TABLE.c.id.desc()).limit(limit)
    if message_id is not None:
        query = query.where(_TABLE.c.message_id == message_id)
    if since is not None:
        query = query.where(_TABLE.c.created_at >= since)
    if before is not None:
        query = query.where(_TABLE.c.id < before)
    return [_feedback(row) for row in conn.execute(query).mappings()]


def corrections(conn: Connection, *, since: datetime | None = None) -> Iterator[Correction]:
    """Give the messages whose right intents somebody told, the newest word first and alone.

    Samples are none of them.
    """
    told = select(
        _TABLE.c.message_id,
        _TABLE.c.labels,
        _TABLE.c.created_at,
        _TABLE.c.id,
        func.row_number().over(partition_by=_TABLE.c.message_id, order_by=_NEWEST).label("place"),
    ).where(_TABLE.c.labels.is_not(None))
    newest = told.subquery()
    query = (
        select(_MESSAGES, newest.c.labels)
        .join_from(newest, _MESSAGES, _MESSAGES.c.id == newest.c.message_id)
        .where(newest.c.place == 1, NOT_SAMPLE)
        .order_by(newest.c.created_at.desc(), newest.c.id.desc())
    )
    if since is not None:
        query = query.where(newest.c.created_at >= since)
    for row in conn.execute(query.execution_options(yield_per=_CHUNK)).mappings():
        yield _correction(row)


def _first(conn: Connection, *conditions: ColumnElement[bool]) -> Feedback | None:
    query = select(_TABLE).where(*conditions).order_by(*_NEWEST).limit(1)
    row = conn.execute(query).mappings().first()
    return None if row is None else _feedback(row)


def _says(feedback: Feedback) -> tuple[str, FeedbackKind, frozenset[str] | None]:
    """Give what a word on a message comes to, whenever it is said."""
    labels = None if feedback.labels is None else frozenset(feedback.labels)
    return feedback.given_by, feedback.kind, labels


def _feedback(row: RowMapping) -> Feedback:
    labels = None if row["labels"] is None else tuple(row["labels"])
    values: dict[str, Any] = {**row, "labels": labels, "kind": FeedbackKind(row["kind"])}
    return Feedback(**values)


def _correction(row: RowMapping) -> Correction:
    return Correction(
        message_id=row["id"],
        channel=row["channel"].value,
        subject=row["subject"],
        text=row["text"],
        intents=tuple(row["labels"]),
        language=row["prediction"].get("language"),
        sender=Sender(row["sender_email"], row["sender_name"]),
    )
