"""Sample messages: there to be looked at, apart from what came in, and gone with one call."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, Connection, delete, exists, func, select

from app.storage import inbox_keeping, tables

SAMPLE = "sample"  # the source of every sample message; nothing that comes in has it

_MESSAGES, _CLOCKS = tables.messages, tables.reply_clocks
_MINE = _MESSAGES.c.source == SAMPLE
_BATCH = 200  # ids named in one statement
NOT_SAMPLE: ColumnElement[bool] = _MESSAGES.c.source != SAMPLE
"""Holds for what people really wrote: what is learnt from, and measured, asks for it."""


def there(conn: Connection) -> bool:
    """Whether there are any; one look into an index."""
    return bool(conn.execute(select(exists().where(_MINE))).scalar_one())


def count(conn: Connection) -> int:
    """Say how many there are."""
    return conn.execute(select(func.count()).select_from(_MESSAGES).where(_MINE)).scalar_one()


def among(conn: Connection, message_ids: Collection[str]) -> frozenset[str]:
    """Say which of some messages are samples."""
    query = select(_MESSAGES.c.id).where(_MESSAGES.c.id.in_(message_ids), _MINE)
    return frozenset(conn.execute(query).scalars())


def remove(conn: Connection) -> int:
    """Delete every sample with all that was kept of it, and say how many there were."""
    ids = list(conn.execute(select(_MESSAGES.c.id).where(_MINE)).scalars())
    for start in range(0, len(ids), _BATCH):
        _delete(conn, ids[start : start + _BATCH])
    return len(ids)


def _delete(conn: Connection, ids: Collection[str]) -> None:
    inbox_keeping.remove(conn, ids)
    clocks = select(_CLOCKS.c.id).where(_CLOCKS.c.message_id.in_(ids))
    events = tables.clock_events
    conn.execute(delete(events).where(events.c.clock_id.in_(clocks)))
    for table in (_CLOCKS, tables.feedback, tables.review):
        conn.execute(delete(table).where(table.c.message_id.in_(ids)))
    conn.execute(delete(_MESSAGES).where(_MESSAGES.c.id.in_(ids)))
