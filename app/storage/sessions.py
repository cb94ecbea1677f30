"""Who is signed in: their names and roles, never what their browsers keep."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, delete, select, update

from app.domain import Session
from app.domain.session import IDLE, LONGEST
from app.storage import tables
from app.storage.rows import insert_new

TOUCH_EVERY = timedelta(minutes=5)  # a write for each page would make every reader a writer
_TABLE = tables.sessions
_FACTS = [column for column in _TABLE.c if column.name != "sha256"]


def add(conn: Connection, session: Session, *, sha256: bytes) -> None:
    """Keep a new session; raise Duplicate where its id or digest is there already."""
    insert_new(
        conn,
        _TABLE,
        id=session.id,
        sha256=sha256,
        name=session.name,
        role=session.role,
        created_at=session.created_at,
        seen_at=session.seen_at,
        ended_at=session.ended_at,
    )


def by_sha256(conn: Connection, sha256: bytes) -> Session | None:
    """Look a session up by its digest; whether it still holds is for the caller to judge."""
    row = conn.execute(select(*_FACTS).where(_TABLE.c.sha256 == sha256)).mappings().first()
    return None if row is None else _session(row)


def holding(conn: Connection, now: datetime) -> list[Session]:
    """Give the sessions that hold, oldest first."""
    found = select(*_FACTS).where(*_holds(now)).order_by(_TABLE.c.created_at, _TABLE.c.id)
    return [_session(row) for row in conn.execute(found).mappings()]


def touch(conn: Connection, session_id: str, now: datetime) -> bool:
    """Note that a session was used, at most once in TOUCH_EVERY; True where it was noted."""
    change = update(_TABLE).where(
        _TABLE.c.id == session_id,
        _TABLE.c.ended_at.is_(None),
        _TABLE.c.seen_at <= now - TOUCH_EVERY,
    )
    return conn.execute(change.values(seen_at=now)).rowcount == 1


def end(conn: Connection, session_id: str, now: datetime) -> bool:
    """End a session for good; False where there is none, or it was ended before."""
    change = update(_TABLE).where(_TABLE.c.id == session_id, _TABLE.c.ended_at.is_(None))
    return conn.execute(change.values(ended_at=now)).rowcount == 1


def end_all(conn: Connection, now: datetime) -> int:
    """Sign everybody out, and say how many sessions that ended."""
    change = update(_TABLE).where(*_holds(now))
    return conn.execute(change.values(ended_at=now)).rowcount


def forget(conn: Connection, now: datetime) -> int:
    """Forget the sessions that began longer ago than any can hold, and say how many they were."""
    return conn.execute(delete(_TABLE).where(_TABLE.c.created_at <= now - LONGEST)).rowcount


def _holds(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """What Session.holds asks, for the database."""
    return (
        _TABLE.c.ended_at.is_(None),
        _TABLE.c.seen_at > now - IDLE,
        _TABLE.c.created_at > now - LONGEST,
    )


def _session(row: RowMapping) -> Session:
    values: dict[str, Any] = {**row}
    return Session(**values)
