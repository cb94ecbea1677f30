"""The review queue: messages that nobody has said anything of, and how unsure the model was."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Float,
    RowMapping,
    and_,
    delete,
    func,
    literal,
    or_,
    select,
    update,
)

from app.domain import Channel
from app.storage import tables
from app.storage.rows import insert_new
from app.storage.samples import NOT_SAMPLE

EXCERPT_CHARS = 200  # of a text
_TABLE, _MESSAGES, _FEEDBACK = tables.review, tables.messages, tables.feedback
_SHOWN = (
    *(_MESSAGES.c.received_at, _MESSAGES.c.channel, _MESSAGES.c.subject, _MESSAGES.c.prediction),
    func.substr(_MESSAGES.c.text, 1, EXCERPT_CHARS).label("excerpt"),
)
_ROUNDING = 1e-9  # by which a quotient may be too large: the exact condition stands beside it


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A message that waits for a person to say whether its labels hold."""

    message_id: str
    kind: str  # its primary intent, or that the model abstained
    margin: float  # of the nearest intent to its threshold; 0 where somebody said it is wrong
    received_at: datetime
    channel: Channel
    subject: str
    excerpt: str  # the first EXCERPT_CHARS of its text
    prediction: Any  # Prediction.as_dict()


@dataclass(frozen=True, slots=True)
class Told:
    """What the model said of a message, beside what a person says."""

    message_id: str
    prediction: Any  # Prediction.as_dict()
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of the queue ended."""

    rank: float  # margin times the weight of its kind
    message_id: str


def add(conn: Connection, message_id: str, *, kind: str, margin: float) -> None:
    """Let a message wait, in the transaction that stores it.

    Raises:
        Duplicate: It waits already.
    """
    insert_new(conn, _TABLE, message_id=message_id, kind=kind, margin=margin)


def leave(conn: Connection, message_id: str) -> None:
    """Take a message off the queue: somebody said what it asks for."""
    conn.execute(delete(_TABLE).where(_TABLE.c.message_id == message_id))


def dispute(conn: Connection, message_id: str) -> None:
    """Let a message come first: its labels are wrong, and nobody said which hold."""
    conn.execute(update(_TABLE).where(_TABLE.c.message_id == message_id).values(margin=0.0))


def kinds(conn: Connection) -> tuple[str, ...]:
    """Name the kinds that wait, in order; one look into the index for each."""
    found: list[str] = []
    while True:
        query = select(func.min(_TABLE.c.kind))
        kind = conn.execute(query.where(_TABLE.c.kind > found[-1]) if found else query).scalar()
        if kind is None:
            return tuple(found)
        found.append(kind)


def of_kind(
    conn: Connection, kind: str, *, weight: float, after: Place | None, limit: int
) -> list[Waiting]:
    """Give the messages of one kind behind a place, the least sure first.

    Args:
        conn: A transaction.
        kind: Of the messages.
        weight: By which their margins are multiplied; more than 0.
        after: Where the page before ended, among the messages of all kinds.
        limit: Messages, at most.
    """
    query = (
        select(_TABLE, *_SHOWN)
        .join_from(_TABLE, _MESSAGES, _MESSAGES.c.id == _TABLE.c.message_id)
        .where(_TABLE.c.kind == kind)
        .order_by(_TABLE.c.margin, _TABLE.c.message_id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(*_behind(after, weight))
    return [_waiting(row) for row in conn.execute(query).mappings()]


def told(
    conn: Connection, *, until: datetime, limit: int, since: datetime | None = None
) -> list[Told]:
    """Give what people said of labels last, newest first, with what the model had said.

    What was said of samples is left out.

    Args:
        conn: A transaction.
        until: The instant up to which it was said.
        limit: Words, at most; of a message the newest one alone is given.
        since: The instant from which on it was said.
    """
    query = (
        select(_FEEDBACK.c.message_id, _FEEDBACK.c.labels, _MESSAGES.c.prediction)
        .join_from(_FEEDBACK, _MESSAGES, _MESSAGES.c.id == _FEEDBACK.c.message_id)
        .where(_FEEDBACK.c.labels.is_not(None), _FEEDBACK.c.created_at <= until, NOT_SAMPLE)
        .order_by(_FEEDBACK.c.created_at.desc(), _FEEDBACK.c.id.desc())
        .limit(limit)
    )
    if since is not None:
        query = query.where(_FEEDBACK.c.created_at >= since)
    newest: dict[str, Told] = {}
    for message_id, labels, prediction in conn.execute(query):
        newest.setdefault(message_id, Told(message_id, prediction, tuple(labels)))
    return list(newest.values())


def _behind(after: Place, weight: float) -> tuple[ColumnElement[bool], ...]:
    rank = _TABLE.c.margin * literal(weight, Float)
    exactly = or_(
        rank > after.rank, and_(rank == after.rank, _TABLE.c.message_id > after.message_id)
    )
    near = after.rank / weight * (1 - _ROUNDING)  # where the index is entered
    return _TABLE.c.margin >= near, exactly


def _waiting(row: RowMapping) -> Waiting:
    values: dict[str, Any] = dict(row)
    return Waiting(**values)
