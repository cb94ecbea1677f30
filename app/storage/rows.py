"""The inserts that every repository uses for what must stand once."""

from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import sqlite

from app.errors import Duplicate

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql


def insert_into(conn: Connection, table: Table) -> "postgresql.Insert | sqlite.Insert":
    """Begin an insert that knows ON CONFLICT, in the words of the connection's database."""
    if conn.dialect.name == "sqlite":
        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql  # a start on SQLite has no time for it

    return postgresql.insert(table)


def insert_new(conn: Connection, table: Table, **values: Any) -> None:
    """Insert a row.

    Raises:
        Duplicate: A key of the row stands already. The transaction goes on, also on PostgreSQL,
            where a failed INSERT would have ended it.
    """
    unless_there = insert_into(conn, table).values(**values).on_conflict_do_nothing()
    if conn.execute(unless_there.returning(*table.primary_key)).first() is None:
        raise Duplicate(f"{table.name}: it is there already")
