"""What kind of database this is, for those who run it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import URL, Connection, func, make_url, select
from sqlalchemy import text as sql

from app.storage import tables

_CREATED = tables.messages.c.created_at
_MUST_BE_ON = ("fsync", "full_page_writes", "synchronous_commit")
_SAFE = ("on", "remote_apply", "remote_write", "local")  # each waits for this server's own disk


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a database says of itself."""

    version: str
    journal: str  # SQLite: its journal_mode; empty on PostgreSQL
    full_text: bool  # whether text can be searched
    unsafe: tuple[str, ...]  # settings of the server under which a power cut loses commits


def facts_of(conn: Connection) -> Facts:
    """Ask a database for its version and for how it keeps what is committed."""
    if conn.dialect.name == "sqlite":
        modules = "SELECT count(*) FROM pragma_module_list WHERE name = 'fts5'"
        return Facts(
            version=_text(conn, "SELECT sqlite_version()"),
            journal=_text(conn, "PRAGMA journal_mode"),
            full_text=_text(conn, modules) != "0",
            unsafe=(),
        )
    return Facts(
        version=_text(conn, "SHOW server_version").partition(" ")[0],
        journal="",
        full_text=True,
        unsafe=tuple(name for name in _MUST_BE_ON if _text(conn, f"SHOW {name}") not in _SAFE),
    )


def clock_of(conn: Connection) -> datetime | None:
    """Ask the server for its clock; None of SQLite, which has this machine's."""
    if conn.dialect.name == "sqlite":
        return None
    answer: datetime = conn.execute(sql("SELECT clock_timestamp()")).scalar_one()
    return answer


def newest_at(conn: Connection) -> datetime | None:
    """When the newest message was stored."""
    newest: datetime | None = conn.execute(select(func.max(_CREATED))).scalar_one()
    return newest


def libpq_url(url: str) -> str:
    """Write a database's URL as PostgreSQL's own programs read it, without its password."""
    parsed = make_url(url).difference_update_query(["password", "sslpassword"])
    return URL.create(
        "postgresql",
        username=parsed.username,
        host=parsed.host,
        port=parsed.port,
        database=parsed.database,
        query=parsed.query,
    ).render_as_string()


def _text(conn: Connection, query: str) -> str:
    return str(conn.execute(sql(query)).scalar_one())
