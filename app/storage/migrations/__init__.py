"""Bring a database to the schema of this release; safe when several processes start at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection
from sqlalchemy import text as sql

from app.errors import ConfigError
from app.storage import postgresql
from app.storage.engine import Database

_ADVISORY_LOCK = 0x696E6C6574  # "inlet": a number that no other program in the database should use
PATIENCE_S = 60  # of who comes second
_STATEMENT_TIMEOUT_S = 600  # large tables take their time


def migrate(database: Database) -> None:
    """Apply, in one transaction, the migrations that the database has not seen.

    Raises:
        ConfigError: The database is of a newer release than this one.
        StorageDown: The database did not take it, or another process migrated for too long.
    """
    if schema_is_current(database):
        return
    with database.write(wait_s=PATIENCE_S) as conn, _alone(conn):
        config = _config()
        config.attributes["connection"] = conn
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise ConfigError(
                "the database was made by a newer release: install that one, or restore a backup"
            ) from error


def schema_is_current(database: Database) -> bool:
    """Whether the database has the schema of this release; raise StorageDown as `read` does."""
    with database.read() as conn:
        return MigrationContext.configure(conn).get_current_revision() == _head()


@contextmanager
def _alone(conn: Connection) -> Iterator[None]:
    """Let one process migrate and the others wait for it; on SQLite, write() has done so."""
    if conn.dialect.name == "sqlite":
        yield
        return
    with postgresql.patient(
        conn, lock_timeout_s=PATIENCE_S, statement_timeout_s=_STATEMENT_TIMEOUT_S
    ):
        conn.execute(sql(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})"))
        yield


@cache
def _head() -> str | None:
    """Name the newest migration; read once, since readiness asks for it every few seconds."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
