"""Which Idempotency-Key came with which body, and which message it made."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select

from app.storage import tables
from app.storage.rows import insert_new

_TABLE = tables.idempotency_keys


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a key was used for the first time."""

    body_sha256: bytes
    message_id: str


def remember(
    conn: Connection, *, owner: str, key: str, body_sha256: bytes, message_id: str, now: datetime
) -> None:
    """Bind a key to its first body, in the transaction that stores the message, and after it.

    Raises:
        Duplicate: The owner used the key before, or in a transaction that was faster.
    """
    insert_new(
        conn,
        _TABLE,
        owner=owner,
        key=key,
        body_sha256=body_sha256,
        message_id=message_id,
        created_at=now,
    )


def recall(conn: Connection, *, owner: str, key: str) -> Remembered | None:
    """Look up what an owner's key was used for; None where it is new or forgotten."""
    query = select(_TABLE.c.body_sha256, _TABLE.c.message_id)
    row = conn.execute(query.where(_TABLE.c.owner == owner, _TABLE.c.key == key)).first()
    return None if row is None else Remembered(row.body_sha256, row.message_id)


def forget_before(conn: Connection, instant: datetime) -> int:
    """Forget the keys that were first used before an instant, and say how many they were."""
    return conn.execute(delete(_TABLE).where(_TABLE.c.created_at < instant)).rowcount
