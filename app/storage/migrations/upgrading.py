"""Migrations by alembic: one process at a time, in one transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection
from sqlalchemy import text as sql

from app.errors import ConfigError
from app.storage.engine import Database

_ADVISORY_LOCK = 0x696E6C6574  # "inlet": a number that no other program in the database should use
_STATEMENT_TIMEOUT_S = 600  # large tables take their time


def upgrade(database: Database, *, patience_s: int) -> None:
    """Apply what the database has not seen; see `migrate`.

    Args:
        database: Of any release.
        patience_s: For another process that migrates.
    """
    with database.write(wait_s=patience_s) as conn, _alone(conn, patience_s):
        config = config_of(conn)
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise ConfigError(
                "the database was made by a newer release: install that one, or restore a backup"
            ) from error


def config_of(conn: Connection) -> Config:
    """Tell alembic where the migrations are, and the transaction they run in."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = conn
    return config


@contextmanager
def _alone(conn: Connection, patience_s: int) -> Iterator[None]:
    """Let one process migrate and the others wait for it; on SQLite, write() has done so."""
    if conn.dialect.name == "sqlite":
        yield
        return
    from app.storage import postgresql  # needs its driver, which SQLite does not

    with postgresql.patient(
        conn, lock_timeout_s=patience_s, statement_timeout_s=_STATEMENT_TIMEOUT_S
    ):
        conn.execute(sql(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})"))
        yield
