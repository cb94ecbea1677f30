"""Replies that somebody still waits for: running reply clocks of a person or a company."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, or_, select

from app.domain import ClockStatus
from app.storage import tables

_TABLE = tables.reply_clocks


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A reply that was promised and not yet taken."""

    message_id: str
    owner: str | None
    due_at: datetime


def open_of(
    conn: Connection, *, contact: str | None, account: str | None, limit: int
) -> list[Running]:
    """Give what a person, or anybody of their company, waits for; what is due first comes first."""
    whose = [
        column == name
        for column, name in ((_TABLE.c.contact, contact), (_TABLE.c.account, account))
        if name is not None
    ]
    if not whose:
        return []
    query = (
        select(_TABLE.c.message_id, _TABLE.c.owner, _TABLE.c.due_at)
        .where(_TABLE.c.status == ClockStatus.RUNNING, or_(*whose))
        .order_by(_TABLE.c.due_at, _TABLE.c.id)
        .limit(limit)
    )
    return [Running(**row) for row in conn.execute(query).mappings()]
