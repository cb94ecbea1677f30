"""A SQLite database copied while it is in use, looked over, and put in the place of another."""

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import text as sql

from app.errors import ConfigError, StorageDown
from app.storage.engine import Database
from app.storage.lock import FileLock

_PAGES = 1_024  # copied between two looks at signals: 4 MiB
_BUSY_S = 10.0  # for who writes at this moment
_BESIDE = ("", "-wal", "-shm", "-journal")  # a database and what SQLite keeps next to it


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What stands in a database file."""

    schema: str  # its newest migration
    messages: int
    pending: int  # deliveries that go out at the next start


def copy_database(database: Database, target: Path) -> None:
    """Copy one snapshot of a SQLite database into a file of its own; writers go on meanwhile.

    Raises:
        StorageDown: It could not be read, or the copy not be written.
    """
    if database.dialect != "sqlite":
        raise ValueError(f"only SQLite is copied, not {database.dialect}")
    with database.read() as conn:
        # The snapshot begins with a read: without one, every commit would restart the copy.
        conn.execute(sql("SELECT count(*) FROM sqlite_master"))
        source: Any = conn.connection.driver_connection
        try:
            with closing(sqlite3.connect(target)) as copy:
                source.backup(copy, pages=_PAGES)
                copy.execute("PRAGMA journal_mode=DELETE")  # one file, with no log beside it
        except sqlite3.Error as error:
            raise StorageDown(f"the database cannot be copied: {error}") from error


def contents_of(path: Path) -> Contents:
    """Look a copy over, page by page.

    Raises:
        ConfigError: It is spoilt, or no database of Inlet.
    """
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=rw", uri=True)) as conn:
            (verdict,) = conn.execute("PRAGMA integrity_check(1)").fetchone()
            if verdict != "ok":
                raise ConfigError("the database in it is spoilt; take an older backup")
            return Contents(
                schema=_one(conn, "SELECT version_num FROM alembic_version"),
                messages=_one(conn, "SELECT count(*) FROM messages"),
                pending=_one(conn, "SELECT count(*) FROM deliveries WHERE status = 'pending'"),
            )
    except sqlite3.Error as error:
        raise ConfigError("what is in it is no database of Inlet") from error


def put_in_place(new: Path, path: Path, *, aside: Path) -> bool:
    """Make a file the database; what was there is moved aside. Returns whether anything was.

    Args:
        new: On the file system of `path`, closed, with nothing beside it.
        path: Where the database is looked for.
        aside: Where the one before is kept.

    Raises:
        ConfigError: A process has the database open.
        StorageDown: Another process keeps it busy.
    """
    lock = path.with_name(path.name + ".lock")  # that of app.storage.engine
    with FileLock(lock, timeout_s=_BUSY_S).held():
        if path.exists():
            _end_log(path)
        moved = [_moved(path, aside, ending) for ending in _BESIDE]
        new.rename(path)
        sync_folder(path.parent)
    return any(moved)


def sync_folder(folder: Path) -> None:
    """Let what was renamed in a folder outlive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _one(conn: sqlite3.Connection, query: str) -> Any:
    row = conn.execute(query).fetchone()
    return "" if row is None else row[0]


def _end_log(path: Path) -> None:
    """Write the log into the file, which SQLite lets only the one who is alone with it do."""
    with closing(sqlite3.connect(path, timeout=0)) as conn:
        try:
            (mode,) = conn.execute("PRAGMA journal_mode=DELETE").fetchone()
        except sqlite3.Error as error:
            if error.sqlite_errorname.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
                mode = "wal"
            else:
                return  # spoilt: it is moved aside as it is
    if mode != "delete":
        raise ConfigError("a process has the database open: stop the service, and try again")


def _moved(path: Path, aside: Path, ending: str) -> bool:
    """Move one of the files of a database; False where there is none."""
    try:
        path.with_name(path.name + ending).rename(aside.with_name(aside.name + ending))
    except FileNotFoundError:
        return False
    return True
