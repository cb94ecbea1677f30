"""API keys: their facts and the SHA-256 they are recognised by, never the keys themselves."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, exists, or_, select, update

from app.domain import ApiKey
from app.storage import tables
from app.storage.rows import insert_new

TOUCH_EVERY_S = 60  # a write for each request would make every reader a writer
_TABLE = tables.api_keys
_FACTS = [column for column in _TABLE.c if column.name != "sha256"]


def add(conn: Connection, key: ApiKey, *, sha256: bytes) -> None:
    """Keep a new key; raise Duplicate where its id or digest is there already."""
    insert_new(
        conn,
        _TABLE,
        id=key.id,
        name=key.name,
        prefix=key.prefix,
        sha256=sha256,
        scopes=sorted(key.scopes),
        created_at=key.created_at,
        expires_at=key.expires_at,
        revoked_at=key.revoked_at,
        last_used_at=key.last_used_at,
    )


def by_sha256(conn: Connection, sha256: bytes) -> ApiKey | None:
    """Look a key up by its digest; whether it still holds is for the caller to judge."""
    row = conn.execute(select(*_FACTS).where(_TABLE.c.sha256 == sha256)).mappings().first()
    return None if row is None else _key(row)


def all_keys(conn: Connection) -> list[ApiKey]:
    """Give every key, revoked ones too, oldest first."""
    rows = conn.execute(select(*_FACTS).order_by(_TABLE.c.created_at, _TABLE.c.id))
    return [_key(row) for row in rows.mappings()]


def revoke(conn: Connection, key_id: str, now: datetime) -> bool:
    """End a key for good; False where there is none, or it was revoked before."""
    change = update(_TABLE).where(_TABLE.c.id == key_id, _TABLE.c.revoked_at.is_(None))
    return conn.execute(change.values(revoked_at=now)).rowcount == 1


def touch(conn: Connection, key_id: str, now: datetime) -> bool:
    """Note that a key was used, at most once in TOUCH_EVERY_S; True where it was noted.

    Look at the key's `last_used_at` first: even a touch that notes nothing waits for the writers.
    """
    before = now - timedelta(seconds=TOUCH_EVERY_S)
    change = update(_TABLE).where(
        _TABLE.c.id == key_id,
        or_(_TABLE.c.last_used_at.is_(None), _TABLE.c.last_used_at <= before),
    )
    return conn.execute(change.values(last_used_at=now)).rowcount == 1


def any_active(conn: Connection, now: datetime) -> bool:
    """Whether there is a key that opens the service now."""
    active = select(
        exists().where(
            _TABLE.c.revoked_at.is_(None),
            or_(_TABLE.c.expires_at.is_(None), _TABLE.c.expires_at > now),
        )
    )
    return bool(conn.execute(active).scalar_one())


def _key(row: RowMapping) -> ApiKey:
    values: dict[str, Any] = {**row, "scopes": frozenset(row["scopes"])}
    return ApiKey(**values)
