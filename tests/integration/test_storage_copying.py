import sqlite3
import threading
from contextlib import closing

import pytest
from sqlalchemy import func, select
from support import DECISION, PREDICTION, a_message

from app.errors import ConfigError, StorageDown
from app.storage import messages, tables
from app.storage.copying import Contents, contents_of, copy_database, put_in_place
from app.storage.engine import open_database, sqlite_url


def add(database, number):
    with database.write() as conn:
        message = a_message(id=f"msg_{number}")
        messages.add(conn, message, prediction=PREDICTION, decision=DECISION)


def count(path):
    with closing(open_database(sqlite_url(path))) as database, database.read() as conn:
        return conn.scalar(select(func.count()).select_from(tables.messages))


@pytest.fixture
def sqlite_database(sqlite_file):
    with closing(open_database(sqlite_url(sqlite_file))) as database:
        yield database


def test_a_copy_is_one_whole_file_with_what_the_log_holds(tmp_path, sqlite_database):
    add(sqlite_database, 1)
    folder = tmp_path / "copy"
    folder.mkdir()

    copy_database(sqlite_database, folder / "copy.db")

    assert [file.name for file in folder.iterdir()] == ["copy.db"]
    found = contents_of(folder / "copy.db")
    assert (found.messages, found.pending) == (1, 0)
    assert found.schema


def test_writers_go_on_while_a_copy_is_made(tmp_path, sqlite_database):
    """A copy that began again with every commit would never end under this writer."""
    stop, written = threading.Event(), []

    def write():
        while not stop.is_set():
            add(sqlite_database, len(written))
            written.append(len(written))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(3):
            before = len(written)
            copy_database(sqlite_database, tmp_path / f"{number}.db")
            assert contents_of(tmp_path / f"{number}.db").messages >= before
    finally:
        stop.set()
        writer.join()
    assert written


def test_a_copy_that_cannot_be_written_is_told(tmp_path, sqlite_database):
    with pytest.raises(StorageDown, match="the database cannot be copied: "):
        copy_database(sqlite_database, tmp_path / "none" / "copy.db")


def test_postgresql_is_not_copied(postgresql_url, tmp_path):
    with (
        closing(open_database(postgresql_url)) as database,
        pytest.raises(ValueError, match="only SQLite is copied"),
    ):
        copy_database(database, tmp_path / "copy.db")


def test_a_file_that_is_no_database_is_refused(tmp_path):
    path = tmp_path / "copy.db"
    path.write_text("something else " * 500)

    with pytest.raises(ConfigError, match="no database of Inlet"):
        contents_of(path)


def test_a_database_of_something_else_is_refused(tmp_path):
    path = tmp_path / "copy.db"
    with closing(sqlite3.connect(path)) as conn:
        conn.execute("CREATE TABLE t (x)")

    with pytest.raises(ConfigError, match="no database of Inlet"):
        contents_of(path)


def test_a_spoilt_page_is_found(sqlite_file):
    with sqlite_file.open("r+b") as file:
        file.seek(-4_096, 2)
        file.write(b"\xff" * 4_096)

    with pytest.raises(ConfigError):
        contents_of(sqlite_file)


def test_a_database_takes_the_place_of_another_which_is_kept(tmp_path, sqlite_file):
    path, new = tmp_path / "place" / "inlet.db", tmp_path / "place" / "new.db"
    path.parent.mkdir()
    new.write_bytes(sqlite_file.read_bytes())
    path.write_bytes(sqlite_file.read_bytes())
    with closing(open_database(sqlite_url(path))) as database:
        add(database, 1)
    aside = path.with_name("inlet.db.before")

    moved = put_in_place(new, path, aside=aside)

    assert moved
    assert (count(path), count(aside)) == (0, 1)


def test_nothing_is_moved_where_nothing_was(tmp_path, sqlite_file):
    path = tmp_path / "place.db"

    assert not put_in_place(sqlite_file, path, aside=tmp_path / "aside.db")

    assert contents_of(path) == Contents(schema=contents_of(path).schema, messages=0, pending=0)


def test_a_database_that_is_open_keeps_its_place(tmp_path, sqlite_database, sqlite_file):
    new = tmp_path / "new.db"
    copy_database(sqlite_database, new)
    add(sqlite_database, 1)

    with pytest.raises(ConfigError, match="stop the service"):
        put_in_place(new, sqlite_file, aside=tmp_path / "aside.db")

    add(sqlite_database, 2)
    assert count(sqlite_file) == 2
    assert not (tmp_path / "aside.db").exists()


def test_a_log_without_its_database_does_not_meet_the_new_one(tmp_path, sqlite_file):
    path = tmp_path / "place.db"
    stray = tmp_path / "place.db-wal"
    stray.write_bytes(b"of another database")

    put_in_place(sqlite_file, path, aside=tmp_path / "aside.db")

    assert not stray.exists()
    assert (tmp_path / "aside.db-wal").read_bytes() == b"of another database"


def test_a_spoilt_database_is_moved_aside_as_it_is(tmp_path, sqlite_file):
    path = tmp_path / "place.db"
    path.write_bytes(b"something else " * 500)

    put_in_place(sqlite_file, path, aside=tmp_path / "aside.db")

    assert contents_of(path).messages == 0
    assert (tmp_path / "aside.db").read_bytes() == b"something else " * 500
