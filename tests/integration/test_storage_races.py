import fcntl
import os
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select, text, update
from support import DECISION, PREDICTION, START, a_message, an_endpoint, race

from app.errors import StorageDown
from app.storage import endpoints, messages, sqlite, tables
from app.storage.engine import Database, open_database, sqlite_url
from app.storage.migrations import migrate, schema_is_current

ROOT = Path(__file__).parents[2]
WRITE_MANY = """
import sys
sys.path.insert(0, "tests")
from support import DECISION, PREDICTION, a_message
from app.storage import messages
from app.storage.engine import open_database

url, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
database = open_database(url, busy_timeout_s=60)
print("ready", flush=True)
sys.stdin.read()
for number in range(count):
    message = a_message(id=f"msg_{name}_{number:03}", text=name * 20_000)
    with database.write() as conn:
        messages.add(conn, message, prediction=PREDICTION, decision=DECISION)
    with database.read() as conn:
        assert messages.find(conn, message.id).message == message
    print(message.id, flush=True)
database.close()
"""


def start_writer(url, name, count):
    """A process of its own that writes messages as soon as its stdin is closed."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITE_MANY, url, name, str(count)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "ready\n"
    return process


def all_ids(database):
    with database.read() as conn:
        return set(conn.scalars(select(tables.messages.c.id)))


def integrity(path):
    conn = sqlite3.connect(path)
    try:
        return conn.execute("PRAGMA integrity_check").fetchall()
    finally:
        conn.close()


def test_read_then_write_transactions_of_threads_lose_no_update(database):
    number = tables.endpoints.c.url  # any column that can hold a count
    with database.write() as conn:
        endpoints.add(conn, an_endpoint(url="0"))

    def count_up(_):
        for _ in range(50):
            with database.write() as conn:
                before = int(conn.scalar(select(number).with_for_update()))
                conn.execute(update(tables.endpoints).values(url=str(before + 1)))

    outcomes = race(8, count_up)

    with database.read() as conn:
        assert (outcomes, conn.scalar(select(number))) == ([None] * 8, "400")


def test_readers_go_on_while_another_writes(database):
    with database.write() as conn:
        messages.add(conn, a_message(), prediction=PREDICTION, decision=DECISION)

        def read(_):
            with database.read() as reader:
                return messages.find(reader, "msg_1")

        assert race(8, read) == [None] * 8


def test_processes_that_write_and_checkpoint_at_once_keep_every_row(sqlite_file):
    # 240 messages of 20 kB are 5 MB: the log is checkpointed at 4 MB, and at each ending.
    url = sqlite_url(sqlite_file)
    writers = [start_writer(url, name, 80) for name in "abc"]
    for writer in writers:
        writer.stdin.close()
    acknowledged = [line.strip() for writer in writers for line in writer.stdout]
    endings = [writer.wait(60) for writer in writers]
    for writer in writers:
        writer.stdout.close()

    database = open_database(url)
    stored = all_ids(database)
    database.close()
    assert endings == [0, 0, 0]
    assert (len(acknowledged), stored) == (240, set(acknowledged))
    assert integrity(sqlite_file) == [("ok",)]


def test_a_writer_that_is_killed_keeps_what_it_acknowledged_and_holds_up_nobody(sqlite_file):
    url = sqlite_url(sqlite_file)
    writer = start_writer(url, "k", 10_000)
    writer.stdin.close()
    first = [writer.stdout.readline().strip() for _ in range(20)]
    writer.kill()
    acknowledged = {*first, *(line.strip() for line in writer.stdout if line.endswith("\n"))}
    writer.wait(60)
    writer.stdout.close()

    database = open_database(url, busy_timeout_s=5)
    with database.write() as conn:
        messages.add(conn, a_message(), prediction=PREDICTION, decision=DECISION)
    stored = all_ids(database)
    database.close()
    assert acknowledged <= stored
    assert len(stored - acknowledged) <= 2  # ours, and one that was stored and not yet said
    assert integrity(sqlite_file) == [("ok",)]


def held_by_another(lock_path):
    lock = os.open(lock_path, os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def seconds_until_down(database):
    began = time.monotonic()
    with pytest.raises(StorageDown), database.write():
        pass
    return time.monotonic() - began


def test_a_file_that_another_process_keeps_is_given_up_at_the_deadline(sqlite_file):
    database = open_database(sqlite_url(sqlite_file), busy_timeout_s=0.2)
    lock = held_by_another(f"{sqlite_file}.lock")

    waited_s = seconds_until_down(database)
    with database.read() as conn:
        assert messages.find(conn, "msg_1") is None  # reading goes on
    with pytest.raises(StorageDown):
        database.close()  # closing may checkpoint: not while another writes
    os.close(lock)
    database.close()
    assert 0.2 <= waited_s < 5


def test_a_file_that_a_foreign_tool_keeps_is_given_up_at_the_deadline_and_then_goes_on(sqlite_file):
    database = open_database(sqlite_url(sqlite_file), busy_timeout_s=0.2)
    tool = sqlite3.connect(sqlite_file, isolation_level=None)
    tool.execute("BEGIN IMMEDIATE")

    waited_s = seconds_until_down(database)
    tool.execute("ROLLBACK")
    tool.close()
    with database.write() as conn:
        messages.add(conn, a_message(), prediction=PREDICTION, decision=DECISION)
    with database.read() as conn:
        assert messages.find(conn, "msg_1").message.created_at == START
    database.close()
    assert waited_s < 5


def test_a_file_that_is_kept_cannot_be_opened_either(sqlite_file):
    lock = held_by_another(f"{sqlite_file}.lock")

    with pytest.raises(StorageDown):
        open_database(sqlite_url(sqlite_file), busy_timeout_s=0.1)
    os.close(lock)


def test_who_starts_while_another_process_migrates_waits_for_it(tmp_path):
    file = tmp_path / "new.db"
    lock = held_by_another(f"{file}.lock")
    threading.Timer(0.5, os.close, [lock]).start()
    database = open_database(sqlite_url(file), busy_timeout_s=0.1, start_timeout_s=60)
    lock = held_by_another(f"{file}.lock")
    threading.Timer(0.5, os.close, [lock]).start()

    migrate(database)

    assert schema_is_current(database)
    database.close()


def test_a_commit_is_on_the_disk_before_the_next_writer_is_let_in(sqlite_file):
    seen = []

    @contextmanager
    def alone(wait_s=None):
        yield
        other = sqlite3.connect(sqlite_file)
        seen.append(other.execute("SELECT id FROM messages").fetchall())
        other.close()

    database = Database(
        reader=sqlite.reader_engine(sqlite_file, busy_timeout_s=1),
        writer=sqlite.writer_engine(sqlite_file, busy_timeout_s=1),
        alone=alone,
    )
    with database.write() as conn:
        messages.add(conn, a_message(), prediction=PREDICTION, decision=DECISION)

    database.close()
    assert seen == [[("msg_1",)], [("msg_1",)]]  # the write's turn, and the closing's


def test_two_databases_of_one_process_wait_for_each_other_too(sqlite_file):
    first, second = (open_database(sqlite_url(sqlite_file), busy_timeout_s=0.1) for _ in range(2))

    with first.write():
        assert seconds_until_down(second) < 5
    with second.write() as conn:
        conn.execute(text("SELECT 1"))
    first.close()
    second.close()


def test_a_thread_that_waits_too_long_is_told(sqlite_file):
    database = open_database(sqlite_url(sqlite_file), busy_timeout_s=0.1)
    outcomes = []

    def write():
        try:
            with database.write():
                outcomes.append("written")
        except StorageDown:
            outcomes.append("down")

    with database.write():
        thread = threading.Thread(target=write)
        thread.start()
        thread.join(5)
    database.close()
    assert outcomes == ["down"]
