"""The inserts that every repository uses for what must stand once."""

from functools import cache
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert

from app.errors import Duplicate


def insert_into(conn: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """Begin an insert that knows ON CONFLICT, in the words of the connection's database."""
    return _insert(conn.dialect.name, table)


def insert_new(conn: Connection, table: Table, **values: Any) -> None:
    """Insert a row.

    Raises:
        Duplicate: A key of the row stands already. The transaction goes on, also on PostgreSQL,
            where a failed INSERT would have ended it.
    """
    if conn.execute(_unless_there(conn.dialect.name, table), values).first() is None:
        raise Duplicate(f"{table.name}: it is there already")


def _insert(dialect: str, table: Table) -> postgresql.Insert | sqlite.Insert:
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


@cache
def _unless_there(dialect: str, table: Table) -> ReturningInsert[Any]:
    """Make a table's insert once: that takes longer than SQLite needs to run it."""
    insert = _insert(dialect, table).on_conflict_do_nothing()
    return insert.returning(*table.primary_key)
