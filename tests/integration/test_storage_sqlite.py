import os
import resource
import stat

import pytest
from sqlalchemy import text
from support import DECISION, PREDICTION, a_message

from app.errors import ConfigError, StorageDown
from app.storage import messages, tables
from app.storage.engine import open_database, sqlite_url


def add(conn, message):
    messages.add(conn, message, prediction=PREDICTION, decision=DECISION)


def pragma(conn, name):
    return conn.execute(text(f"PRAGMA {name}")).scalar()


def test_sqlite_commits_are_durable_and_deleted_text_is_overwritten(sqlite_file):
    database = open_database(sqlite_url(sqlite_file))

    with database.write() as conn:
        found = {n: pragma(conn, n) for n in ("journal_mode", "synchronous", "foreign_keys")}
        found["secure_delete"] = pragma(conn, "secure_delete")
    database.close()
    full = 2
    assert found == {
        "journal_mode": "wal",
        "synchronous": full,
        "foreign_keys": 1,
        "secure_delete": 1,
    }


def test_sqlite_readers_neither_write_nor_checkpoint(sqlite_file):
    database = open_database(sqlite_url(sqlite_file))

    with database.read() as conn:
        found = (pragma(conn, "query_only"), pragma(conn, "wal_autocheckpoint"))
    database.close()
    assert found == (1, 0)


def test_sqlite_files_are_for_their_owner_alone(tmp_path):
    path = tmp_path / "new" / "inlet.db"
    database = open_database(sqlite_url(path))
    with database.write() as conn:
        conn.execute(text("CREATE TABLE t (x)"))

    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    database.close()
    names = ("inlet.db", "inlet.db-shm", "inlet.db-wal", "inlet.db.lock")
    assert modes == dict.fromkeys(names, 0o600)


def test_closing_sqlite_leaves_one_whole_file(sqlite_file):
    database = open_database(sqlite_url(sqlite_file))
    with database.write() as conn:
        add(conn, a_message())
    with database.read() as conn:
        messages.find(conn, "msg_1")
    database.close()

    assert sorted(f.name for f in sqlite_file.parent.iterdir()) == ["inlet.db", "inlet.db.lock"]


def test_a_full_disk_acknowledges_nothing_and_recovers(sqlite_file):
    database = open_database(sqlite_url(sqlite_file))
    with database.write() as conn:
        pages = pragma(conn, "page_count")
        pragma(conn, f"max_page_count={pages}")

    with pytest.raises(StorageDown), database.write() as conn:
        add(conn, a_message(text="x" * 100_000))
    with database.write() as conn:
        pragma(conn, "max_page_count=1000000")
        add(conn, a_message(id="msg_2"))

    with database.read() as conn:
        assert messages.find(conn, "msg_1") is None
        assert messages.find(conn, "msg_2") is not None
    database.close()


def test_after_an_io_error_nothing_is_acknowledged_until_the_file_was_opened_anew(sqlite_file):
    database = open_database(sqlite_url(sqlite_file))
    with database.write() as conn:
        conn.exec_driver_sql("PRAGMA cache_size = 77")  # tells the old connection from a new one

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8_000, hard))  # the log cannot grow: EFBIG
    try:
        with pytest.raises(StorageDown) as down, database.write() as conn:
            add(conn, a_message(text="x" * 100_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    with database.write() as conn:
        cache_size = pragma(conn, "cache_size")
        add(conn, a_message(id="msg_2"))

    assert "disk I/O error" in str(down.value.__cause__)
    assert cache_size != 77
    with database.read() as conn:
        assert messages.find(conn, "msg_1") is None
        assert messages.find(conn, "msg_2") is not None
    database.close()


def test_erased_text_is_nowhere_in_the_files(sqlite_file):
    database = open_database(sqlite_url(sqlite_file))
    with database.write() as conn:
        add(conn, a_message(text="secret-words " * 1_000))
    with database.write() as conn:
        conn.execute(tables.messages.delete())
    database.close()  # which writes the log into the file

    left = [path for path in sqlite_file.parent.iterdir() if b"secret-words" in path.read_bytes()]
    assert left == []


def test_a_file_that_is_no_database_is_named(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("these are not pages of a database\n" * 100)

    with pytest.raises(ConfigError, match=r"notes\.txt"):
        open_database(sqlite_url(path))


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(ConfigError, match=r"file/inlet\.db"):
        open_database(sqlite_url(tmp_path / "file" / "inlet.db"))


def test_a_file_that_cannot_be_written_is_named(sqlite_file, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write everywhere

    with pytest.raises(ConfigError, match=r"inlet\.db"):
        open_database(sqlite_url(sqlite_file))
