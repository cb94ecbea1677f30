"""Links that sign somebody in once: whom they are for, never the links themselves."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, delete, select, update

from app.domain import LoginLink
from app.storage import tables
from app.storage.rows import insert_new

_TABLE = tables.login_links
_FACTS = [column for column in _TABLE.c if column.name not in ("sha256", "used_at")]


def add(conn: Connection, link: LoginLink, *, sha256: bytes) -> None:
    """Keep a new link; raise Duplicate where its digest is there already."""
    insert_new(
        conn,
        _TABLE,
        sha256=sha256,
        name=link.name,
        role=link.role,
        created_at=link.created_at,
        expires_at=link.expires_at,
        used_at=None,
    )


def find(conn: Connection, sha256: bytes, now: datetime) -> LoginLink | None:
    """Look up a link that would sign in now; None where it was used, is over, or never was."""
    row = conn.execute(select(*_FACTS).where(*_is_open(sha256, now))).mappings().first()
    return None if row is None else _link(row)


def use(conn: Connection, sha256: bytes, now: datetime) -> LoginLink | None:
    """Use a link up; of two who try at once one has it, the other gets None."""
    change = update(_TABLE).where(*_is_open(sha256, now)).values(used_at=now)
    row = conn.execute(change.returning(*_FACTS)).mappings().first()
    return None if row is None else _link(row)


def forget_before(conn: Connection, instant: datetime) -> int:
    """Forget the links that ran out before an instant, and say how many they were."""
    return conn.execute(delete(_TABLE).where(_TABLE.c.expires_at < instant)).rowcount


def forget_all(conn: Connection) -> int:
    """Forget every link, used or not, and say how many they were."""
    return conn.execute(delete(_TABLE)).rowcount


def _is_open(sha256: bytes, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (_TABLE.c.sha256 == sha256, _TABLE.c.used_at.is_(None), _TABLE.c.expires_at > now)


def _link(row: RowMapping) -> LoginLink:
    values: dict[str, Any] = {**row}
    return LoginLink(**values)
