"""What is told once in a while: of all transactions that want to tell it, one does."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete

from app.storage import tables
from app.storage.rows import insert_into

_TABLE = tables.once


def take(conn: Connection, key: str, *, now: datetime, every: timedelta) -> bool:
    """Take a key for a while; False where another transaction has it still.

    Two that try at the same time wait for each other, on both databases; where the first is
    rolled back, the key is free for the second.
    """
    new = insert_into(conn, _TABLE).values(key=key, until=now + every)
    taken = new.on_conflict_do_update(
        index_elements=[_TABLE.c.key],
        set_={"until": new.excluded.until},
        where=_TABLE.c.until <= now,
    )
    return conn.execute(taken.returning(_TABLE.c.key)).first() is not None


def forget_before(conn: Connection, instant: datetime) -> int:
    """Forget the keys that have been free since before an instant, and say how many they were."""
    return conn.execute(delete(_TABLE).where(_TABLE.c.until < instant)).rowcount
