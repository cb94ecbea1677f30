"""The database: transactions to read in and to write in, and whether it answers."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TypeVar

from sqlalchemy import URL, Connection, Engine, make_url
from sqlalchemy import text as sql
from sqlalchemy.exc import ArgumentError

from app.errors import ConfigError, StorageDown
from app.storage import sqlite
from app.storage.failure import translated
from app.storage.group_commit import GroupCommit
from app.storage.lock import FileLock
from app.storage.sqlite import sqlite_url

_T = TypeVar("_T")

__all__ = ["Connection", "Database", "file_of_url", "open_database", "sqlite_url"]

_PROBE = {  # on SQLite, `SELECT 1` would not touch the file
    "sqlite": "SELECT count(*) FROM sqlite_master",
    "postgresql": "SELECT 1",
}
_TURN_S = 20.0  # for the groups of writers before one's own


class Database:
    """One database, shared by all threads. Close it at the end."""

    def __init__(
        self,
        *,
        reader: Engine,
        writer: Engine,
        alone: Callable[..., AbstractContextManager[object]],
    ) -> None:
        self.dialect = writer.dialect.name  # sqlite or postgresql
        self._reader = reader
        self._writer = writer
        self._alone = alone
        self._group = GroupCommit(self.write, timeout_s=_TURN_S)
        self._closed = False
        self._probe: Future[None] | None = None
        self._probe_lock = threading.Lock()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give one snapshot to read from.

        Raises:
            StorageDown: The database did not answer.
        """
        with translated(), self._begun(self._reader) as conn:
            yield conn

    @contextmanager
    def write(self, *, wait_s: float | None = None) -> Iterator[Connection]:
        """Give one transaction to read and write in; it is durable when the block is left.

        SQLite has one writer at a time. PostgreSQL has many (READ COMMITTED): what is read in
        order to be changed is read `with_for_update()` there, which SQLite ignores.

        Args:
            wait_s: For the other writers of SQLite, at most; None: as long as is usual here.

        Raises:
            StorageDown: The database did not take it, or not in time. Where the connection was
                lost while committing, it may be stored all the same.
        """
        with translated(), self._alone(wait_s), self._begun(self._writer) as conn:
            yield conn

    def write_in_group(self, work: Callable[[Connection], _T]) -> _T:
        """Do some work in a transaction, on SQLite with what other threads want written meanwhile.

        The disk is then waited for once. PostgreSQL joins the commits of its connections itself.

        Args:
            work: Reads and writes. What it raises is undone, and raised here.

        Raises:
            StorageDown: The database did not take it; as `write` does.
        """
        if self.dialect == "sqlite":
            return self._group.run(work)
        with self.write() as conn:
            return work(conn)

    def ping(self, *, timeout_s: float = 3.0) -> None:
        """Return if the database answers; raise StorageDown if it does not within the time."""
        with self._probe_lock:  # who asks while a probe hangs waits for that one: one thread only
            if self._probe is None or self._probe.done():
                self._probe = Future()
                threading.Thread(target=self._look, args=(self._probe,), daemon=True).start()
            probe = self._probe
        try:
            probe.result(timeout_s)
        except TimeoutError:
            raise StorageDown("the database did not answer in time") from None

    def close(self) -> None:
        """Close every connection; on SQLite the last one also writes the log into the file."""
        self._closed = True
        with self._alone():
            self._reader.dispose()
            self._writer.dispose()

    def _begun(self, engine: Engine) -> AbstractContextManager[Connection]:
        if self._closed:
            raise StorageDown("the database is closed")
        return engine.begin()

    def _look(self, probe: Future[None]) -> None:
        try:
            with self.read() as conn:
                conn.execute(sql(_PROBE[self.dialect]))
        except Exception as error:  # noqa: BLE001  who waits for the probe gets it
            probe.set_exception(error)
        else:
            probe.set_result(None)


def open_database(
    url: str, *, busy_timeout_s: float = 10.0, start_timeout_s: float | None = None
) -> Database:
    """Open the database that a URL names; it need not be there yet, or be migrated.

    Args:
        url: As INLET_DATABASE_URL has it.
        busy_timeout_s: No wait for other writers or for a free connection is longer.
        start_timeout_s: Nor is the first one, where another process may be migrating.

    Raises:
        ConfigError: The URL names nothing that can be opened.
        StorageDown: SQLite: another process kept the file locked.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ConfigError("INLET_DATABASE_URL is no database URL") from None
    if parsed.drivername in ("sqlite", "sqlite+pysqlite"):
        start_timeout_s = busy_timeout_s if start_timeout_s is None else start_timeout_s
        return _open_sqlite(sqlite.file_of(parsed), busy_timeout_s, start_timeout_s)
    if parsed.drivername in ("postgres", "postgresql", "postgresql+psycopg"):
        return _open_postgresql(parsed, busy_timeout_s)
    raise ConfigError(
        "INLET_DATABASE_URL must begin with sqlite:/// or postgresql:// "
        f"(the driver is psycopg), not with {parsed.drivername}"
    )


def file_of_url(url: str) -> Path | None:
    """Name the file of a SQLite database; None of any other database."""
    parsed = make_url(url)
    return sqlite.file_of(parsed) if parsed.get_backend_name() == "sqlite" else None


def _open_postgresql(url: URL, busy_timeout_s: float) -> Database:
    from app.storage import postgresql  # a start on SQLite has no time for the driver

    writer = postgresql.writer_engine(url, busy_timeout_s=busy_timeout_s)
    return Database(reader=postgresql.reader_engine(writer), writer=writer, alone=nullcontext)


def _open_sqlite(path: Path, busy_timeout_s: float, start_timeout_s: float) -> Database:
    sqlite.create_file(path)
    alone = FileLock(path.with_name(path.name + ".lock"), timeout_s=busy_timeout_s).held
    reader = sqlite.reader_engine(path, busy_timeout_s=busy_timeout_s)
    writer = sqlite.writer_engine(path, busy_timeout_s=busy_timeout_s)
    with translated(), alone(start_timeout_s):
        sqlite.connect_first(writer, path)
    return Database(reader=reader, writer=writer, alone=alone)
