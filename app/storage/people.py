"""What people and companies wrote, by the page, and who they say that they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, literal, select, tuple_

from app.domain import Sender
from app.errors import NotFound
from app.storage import tables
from app.storage.messages import COUNTED, By, Whose

PAGE = 25  # messages
_TABLE = tables.messages
_NEWEST_FIRST = (_TABLE.c.received_at.desc(), _TABLE.c.id.desc())


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """What a message tells of who wrote it."""

    sender: Sender  # as the gateway told it
    facts: Mapping[str, Any]  # that are kept beside the text


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """A person of a company, by what they wrote of its last COUNTED messages."""

    contact: str
    messages: int
    last_at: datetime


def page_of(
    conn: Connection, whose: Whose, *, after: str | None = None, limit: int = PAGE
) -> tuple[str, ...]:
    """Give a page of what a person or a company wrote, as ids of messages, the newest first.

    Args:
        conn: A transaction to read in.
        whose: Whose messages.
        after: The last message of the page before.
        limit: Messages, at most.

    Raises:
        NotFound: The page before ended with no message of theirs.
    """
    theirs = _TABLE.c[whose.by] == whose.name
    query = select(_TABLE.c.id).where(theirs).order_by(*_NEWEST_FIRST).limit(limit)
    if after is not None:
        place = select(_TABLE.c.received_at).where(theirs, _TABLE.c.id == after)
        at = conn.execute(place).scalar_one_or_none()
        if at is None:
            raise NotFound("this page of the list begins nowhere")
        query = query.where(
            _TABLE.c.received_at <= at,  # so that its index is used everywhere
            tuple_(_TABLE.c.received_at, _TABLE.c.id)
            < tuple_(literal(at, _TABLE.c.received_at.type), after),
        )
    return tuple(conn.execute(query).scalars())


def signed_of(conn: Connection, whose: Whose, *, limit: int) -> tuple[Signed, ...]:
    """Give what the last messages of a person or a company tell of them, the newest first."""
    columns = (_TABLE.c.sender_email, _TABLE.c.sender_name, _TABLE.c.facts)
    query = select(*columns).where(_TABLE.c[whose.by] == whose.name)
    return tuple(
        Signed(sender=Sender(email, name), facts=facts or {})
        for email, name, facts in conn.execute(query.order_by(*_NEWEST_FIRST).limit(limit))
    )


def writers_of(conn: Connection, account: str, *, limit: int) -> tuple[Writer, ...]:
    """Give the people of a company, who wrote last first."""
    lately = (
        select(_TABLE.c.contact, _TABLE.c.received_at)
        .where(_TABLE.c[By.ACCOUNT] == account)
        .order_by(*_NEWEST_FIRST)
        .limit(COUNTED)
        .subquery()
    )
    last_at = func.max(lately.c.received_at)
    query = (
        select(lately.c.contact, func.count().label("messages"), last_at.label("last_at"))
        .where(lately.c.contact.is_not(None))
        .group_by(lately.c.contact)
        .order_by(last_at.desc(), lately.c.contact)
        .limit(limit)
    )
    return tuple(Writer(**row) for row in conn.execute(query).mappings())
