"""Bring a database to the schema of this release; safe when several processes start at once."""

from functools import cache
from pathlib import Path

from sqlalchemy import inspect
from sqlalchemy import text as sql

from app.storage.engine import Database

PATIENCE_S = 60  # of who comes second
_VERSIONS = Path(__file__).parent / "versions"


def migrate(database: Database) -> None:
    """Apply, in one transaction, the migrations that the database has not seen.

    Raises:
        ConfigError: The database is of a newer release than this one.
        StorageDown: The database did not take it, or another process migrated for too long.
    """
    if schema_is_current(database):
        return
    # Most starts find nothing to do, and alembic takes a tenth of them.
    from app.storage.migrations.upgrading import upgrade

    upgrade(database, patience_s=PATIENCE_S)


def schema_is_current(database: Database) -> bool:
    """Whether the database has the schema of this release; raise StorageDown as `read` does."""
    with database.read() as conn:
        if not inspect(conn).has_table("alembic_version"):
            return False
        revisions = conn.execute(sql("SELECT version_num FROM alembic_version")).scalars().all()
    return revisions == [newest()]


@cache
def newest() -> str:
    """Name the newest migration: its file begins with its number."""
    return max(path.name.partition("_")[0] for path in _VERSIONS.glob("[0-9]*_*.py"))
