"""The insert that every repository uses for what must stand once."""

from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

from app.errors import Duplicate


def insert_new(conn: Connection, table: Table, **values: Any) -> None:
    """Insert a row.

    Raises:
        Duplicate: A key of the row stands already. The transaction goes on, also on PostgreSQL,
            where a failed INSERT would have ended it.
    """
    insert = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
    unless_there = insert(table).values(**values).on_conflict_do_nothing()
    if conn.execute(unless_there.returning(*table.primary_key)).first() is None:
        raise Duplicate(f"{table.name}: it is there already")
