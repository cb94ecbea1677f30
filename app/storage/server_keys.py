"""Keys of the installation: made at first use, the same for all processes of one database."""

import secrets
from datetime import datetime

from sqlalchemy import Connection, select

from app.storage import tables
from app.storage.engine import Database
from app.storage.rows import insert_into

LINKS = "links"  # signs the one-click links of alerts
SESSIONS = "sessions"  # signs the cookies of who is signed in
OIDC = "oidc"  # signs the cookies of who is on the way to a provider
KEY_BYTES = 32
_TABLE = tables.server_keys


def key_of(database: Database, name: str, *, now: datetime) -> bytes:
    """Give a key of KEY_BYTES random bytes, and make it where nobody asked for it before.

    Raises:
        StorageDown: The database did not answer, or did not take it.
    """
    with database.read() as conn:
        known = find(conn, name)
    if known is not None:
        return known
    with database.write() as conn:
        return made_once(conn, name, now=now)


def find(conn: Connection, name: str) -> bytes | None:
    """Look a key up; None where nobody asked for it before."""
    secret: bytes | None = conn.execute(
        select(_TABLE.c.secret).where(_TABLE.c.name == name)
    ).scalar_one_or_none()
    return secret


def made_once(conn: Connection, name: str, *, now: datetime) -> bytes:
    """Make a key unless a faster transaction did, and give the one that stands."""
    new = {"name": name, "secret": secrets.token_bytes(KEY_BYTES), "created_at": now}
    conn.execute(insert_into(conn, _TABLE).values(**new).on_conflict_do_nothing())
    secret: bytes = conn.execute(select(_TABLE.c.secret).where(_TABLE.c.name == name)).scalar_one()
    return secret
