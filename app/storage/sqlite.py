"""SQLite as Inlet uses it: durable commits, and one writer or checkpointer at a time (see lock).

SQLite 3.7.0 to 3.51.2 can lose commits when two connections write and checkpoint at the same
instant (https://sqlite.org/wal.html#walresetbug), and Pythons of today carry such a version.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import QueuePool

from app.errors import ConfigError

# The writer's alone; a commit is on the disk when it returns (FULL), and what is deleted is
# overwritten. The writer also makes the checkpoints, inside its own commit.
_WRITER = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON")
_READER = ("query_only=ON", "wal_autocheckpoint=0")
_READERS = 16  # connections; more readers than that wait for one


def sqlite_url(path: Path) -> str:
    """Give the URL of a database file."""
    return URL.create("sqlite", database=str(path.absolute())).render_as_string()


def file_of(url: URL) -> Path:
    """Give the database file a URL names; raise ConfigError for what is not a plain file."""
    name = url.database or ":memory:"
    if name == ":memory:" or name.startswith("file:") or url.query:
        raise ConfigError(
            "SQLite must be a plain file, in memory nothing outlives a restart: "
            "set INLET_DATABASE_URL to sqlite:////absolute/path/inlet.db"
        )
    return Path(name).absolute()


def create_file(path: Path) -> None:
    """Make the database file and its folder, for this user alone, where they are missing.

    A file that exists is not opened: closing it would drop the locks that SQLite holds on it.

    Raises:
        ConfigError: They cannot be made, or not be written to.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except OSError as error:
        reason = error.strerror
        raise ConfigError(f"cannot create the database file {path}: {reason}") from error
    if not (os.access(path, os.R_OK | os.W_OK) and os.access(path.parent, os.W_OK)):
        raise ConfigError(f"cannot write to {path} or its folder: see who owns them")


def writer_engine(path: Path, *, busy_timeout_s: float) -> Engine:
    """Give an engine of one connection, whose transactions begin as writers."""
    engine = _engine(path, busy_timeout_s=busy_timeout_s, connections=1)
    _on_connect(engine, _WRITER)
    # BEGIN alone would begin as a reader; becoming a writer later ignores busy_timeout.
    event.listen(engine, "begin", _begin_immediate)
    event.listen(engine, "handle_error", _reopen_after_io_error)
    return engine


def reader_engine(path: Path, *, busy_timeout_s: float) -> Engine:
    """Give an engine whose connections see one snapshot a transaction, and cannot write."""
    engine = _engine(path, busy_timeout_s=busy_timeout_s, connections=_READERS)
    _on_connect(engine, _READER)
    event.listen(engine, "begin", _begin)
    return engine


def connect_first(writer: Engine, path: Path) -> None:
    """Open the writer's connection, which then stays: others may close without being the last.

    Raises:
        ConfigError: The file is something else than a database.
    """
    try:
        writer.connect().close()
    except DatabaseError as error:
        if _error_name(error.orig) == "SQLITE_NOTADB":
            raise ConfigError(f"{path} is no SQLite database; move it away") from error
        raise


def _engine(path: Path, *, busy_timeout_s: float, connections: int) -> Engine:
    return create_engine(
        URL.create("sqlite", database=str(path)),
        poolclass=QueuePool,
        pool_size=connections,
        max_overflow=0,  # an overflow connection would be closed, and might checkpoint, at any time
        pool_timeout=busy_timeout_s,
        hide_parameters=True,  # errors must not carry messages
        connect_args={
            "timeout": busy_timeout_s,
            "isolation_level": None,  # transactions begin by the events below, not by the driver
            "check_same_thread": False,  # the pool gives a connection to one thread at a time
        },
    )


def _on_connect(engine: Engine, pragmas: tuple[str, ...]) -> None:
    def set_pragmas(connection: Any, record: object) -> None:
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}").close()

    event.listen(engine, "connect", set_pragmas)


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _reopen_after_io_error(context: ExceptionContext) -> None:
    """Trust no connection after a failed write or sync: the next write opens the file again."""
    if _error_name(context.original_exception).startswith("SQLITE_IOERR"):
        context.is_disconnect = True


def _error_name(error: BaseException | None) -> str:
    return str(getattr(error, "sqlite_errorname", ""))
