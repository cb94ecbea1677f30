import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import event, text
from support import DECISION, PREDICTION, a_message

from app.errors import Duplicate, StorageDown
from app.storage import messages
from app.storage.engine import open_database, sqlite_url
from app.storage.group_commit import MOST, GroupCommit

WAIT_S = 20


def adding(name):
    def work(conn):
        messages.add(conn, a_message(id=f"msg_{name}"), prediction=PREDICTION, decision=DECISION)
        return name

    return work


def stored(database):
    with database.read() as conn:
        return sorted(conn.execute(text("SELECT id FROM messages")).scalars())


def outcome_of(future):
    return future.exception(WAIT_S) or future.result(WAIT_S)


@pytest.fixture
def sqlite_database(sqlite_file):
    database = open_database(sqlite_url(sqlite_file))
    yield database
    database.close()


@pytest.fixture
def commits(sqlite_database):
    """How often the database was asked to put something on the disk."""
    seen = []
    event.listen(sqlite_database._writer, "commit", seen.append)
    return seen


class Company:
    """Threads that hand in their writes while the one before them is still being written."""

    def __init__(self, group):
        self.group = group
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.threads = ThreadPoolExecutor(MOST + 20)

    def __enter__(self):
        self.first = self.threads.submit(self.group.run, self._slow)
        assert self.begun.wait(WAIT_S)
        return self

    def __exit__(self, *_):
        self.go_on.set()
        self.threads.shutdown()

    def _slow(self, conn):
        self.begun.set()
        assert self.go_on.wait(WAIT_S)

    def come(self, *works):
        """Hand in some writes, and let the first one go on when all of them wait."""
        futures = []
        for number, work in enumerate(works, start=1):
            futures.append(self.threads.submit(self.group.run, work))
            while len(self.group._waiting) < number:
                assert not futures[-1].done()
        self.go_on.set()
        return futures


def test_writes_that_wait_together_are_one_commit(sqlite_database, commits):
    with Company(GroupCommit(sqlite_database.write, timeout_s=WAIT_S)) as company:
        futures = company.come(*(adding(name) for name in "abc"))

    assert [outcome_of(future) for future in futures] == ["a", "b", "c"]
    assert stored(sqlite_database) == ["msg_a", "msg_b", "msg_c"]
    assert len(commits) == 2  # that of the slow one, and theirs


def test_more_writes_than_a_group_holds_are_all_made(sqlite_database, commits):
    names = [f"{number:03}" for number in range(MOST + 5)]
    with Company(GroupCommit(sqlite_database.write, timeout_s=WAIT_S)) as company:
        futures = company.come(*map(adding, names))

    assert [outcome_of(future) for future in futures] == names
    assert stored(sqlite_database) == [f"msg_{name}" for name in names]
    assert len(commits) == 3


def test_a_write_that_is_refused_leaves_the_others_of_its_group_alone(sqlite_database):
    def half(conn):
        adding("half")(conn)
        raise LookupError("as the test wants it")

    with Company(GroupCommit(sqlite_database.write, timeout_s=WAIT_S)) as company:
        futures = company.come(adding("a"), half, adding("a"), adding("b"))

    first, broken, again, last = map(outcome_of, futures)
    assert (first, last) == ("a", "b")
    assert isinstance(broken, LookupError)
    assert isinstance(again, Duplicate)
    assert stored(sqlite_database) == ["msg_a", "msg_b"]


def test_where_the_database_fails_nobody_of_the_group_is_told_that_it_is_stored(sqlite_database):
    def too_much(conn):
        pages = conn.exec_driver_sql("PRAGMA page_count").scalar_one()
        conn.exec_driver_sql(f"PRAGMA max_page_count={pages}").close()
        many = a_message(id="msg_many", text="x" * 10_000_000)
        messages.add(conn, many, prediction=PREDICTION, decision=DECISION)

    group = GroupCommit(sqlite_database.write, timeout_s=WAIT_S)
    with Company(group) as company:
        futures = company.come(adding("a"), too_much, adding("b"))

    assert [type(outcome_of(future)) for future in futures] == [StorageDown] * 3
    assert stored(sqlite_database) == []
    with sqlite_database.write() as conn:
        conn.exec_driver_sql("PRAGMA max_page_count=1000000").close()
    assert group.run(adding("c")) == "c"
    assert stored(sqlite_database) == ["msg_c"]


def test_nobody_is_told_before_the_commit(sqlite_database):
    def fail(_conn):
        raise OSError("the disk is gone")

    event.listen(sqlite_database._writer, "commit", fail)
    with pytest.raises(OSError, match="the disk is gone"):
        GroupCommit(sqlite_database.write, timeout_s=WAIT_S).run(adding("a"))

    assert stored(sqlite_database) == []


def test_a_write_that_had_no_turn_in_time_is_not_made_later(sqlite_database):
    group = GroupCommit(sqlite_database.write, timeout_s=0.05)
    with Company(group) as company:
        late = company.threads.submit(group.run, adding("late"))
        with pytest.raises(StorageDown, match="keep the database busy"):
            late.result(WAIT_S)

    assert company.first.exception(WAIT_S) is None
    assert stored(sqlite_database) == []


def test_a_write_that_another_thread_has_in_hand_is_waited_for(sqlite_database):
    group = GroupCommit(sqlite_database.write, timeout_s=0.5)
    begun, go_on = threading.Event(), threading.Event()

    def slow(_conn):
        begun.set()
        assert go_on.wait(WAIT_S)

    with Company(group) as company:
        leader, follower = company.come(slow, adding("a"))
        assert begun.wait(WAIT_S)
        threading.Timer(0.6, go_on.set).start()

        assert outcome_of(follower) == "a"
        assert outcome_of(leader) is None
    assert stored(sqlite_database) == ["msg_a"]


def test_each_database_makes_a_write_of_a_group(database):
    assert database.write_in_group(adding("a")) == "a"
    with pytest.raises(Duplicate):
        database.write_in_group(adding("a"))

    assert stored(database) == ["msg_a"]
