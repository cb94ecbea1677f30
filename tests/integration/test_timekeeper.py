import threading
from contextlib import contextmanager

import pytest
from support import START
from support_api import until
from support_clocks import HOUR, a_policy, add_endpoints, sent, store, the_clock

from app.errors import StorageDown
from app.replies.telling import Telling
from app.timekeeper import LOOK_EVERY_S, Timekeeper

TELLING = Telling(personal_data=False)


@contextmanager
def running(timekeeper):
    stop = threading.Event()
    thread = threading.Thread(target=timekeeper.run, args=(stop,))
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        timekeeper.wake()
        thread.join(10)
        assert not thread.is_alive()


def a_timekeeper(database, clock, **options):
    return Timekeeper(database, a_policy, now=clock, telling=TELLING, **options)


class Away:
    """A database that is down until told otherwise."""

    def __init__(self, database):
        self._database = database
        self.down = True
        self.asked = 0

    def read(self):
        self.asked += 1
        if self.down:
            raise StorageDown("down")
        return self._database.read()

    def write(self):
        return self._database.write()


def test_it_does_what_is_due_and_calls_who_delivers(database, clock):
    add_endpoints(database, "sales")
    store(database)
    called = []
    timekeeper = a_timekeeper(database, clock, on_enqueued=lambda: called.append(clock.now))
    clock.advance(1_800)

    assert [timekeeper.run_once(), timekeeper.run_once()] == [1, 0]
    assert called == [clock.now]
    assert len(sent(database)) == 1


def test_it_does_a_batch_at_a_time(database, clock):
    for number in range(1, 4):
        store(database, number)
    clock.advance(3 * 3_600)
    timekeeper = a_timekeeper(database, clock)

    assert [timekeeper.run_once(), timekeeper.run_once()] == [20, 10]


def test_it_wakes_when_the_next_clock_is_due(database, clock, monkeypatch):
    store(database)
    waits = []
    timekeeper = a_timekeeper(database, clock)
    monkeypatch.setattr(timekeeper, "_wait", lambda s: (waits.append(s), clock.advance(s)))
    clock.now = START + HOUR / 2
    clock.advance(-12)

    with running(timekeeper):
        assert until(lambda: the_clock(database).reminded)

    assert waits[:3] == [LOOK_EVERY_S, LOOK_EVERY_S, 2.0]


def test_it_looks_again_when_it_is_woken(database, clock):
    timekeeper = a_timekeeper(database, clock)

    with running(timekeeper):
        assert until(lambda: timekeeper.alive)
        store(database)
        clock.advance(1_800)
        timekeeper.wake()
        assert until(lambda: the_clock(database).reminded, deadline_s=LOOK_EVERY_S - 1)

    assert not timekeeper.alive


def test_it_outlives_a_database_that_is_down(database, clock):
    store(database)
    clock.advance(1_800)
    away = Away(database)
    timekeeper = a_timekeeper(away, clock)

    with running(timekeeper):
        assert until(lambda: away.asked > 1)
        assert timekeeper.alive
        away.down = False
        assert until(lambda: the_clock(database).reminded)


def test_it_outlives_a_policy_that_cannot_be_had(database, clock):
    store(database)
    clock.advance(1_800)
    asked = []

    def policy():
        asked.append(1)
        if len(asked) == 1:
            raise OSError("no such file")
        return a_policy()

    timekeeper = Timekeeper(database, policy, now=clock, telling=TELLING)

    with running(timekeeper):
        assert until(lambda: the_clock(database).reminded)


def test_it_says_when_the_database_is_down(database, clock):
    with pytest.raises(StorageDown):
        a_timekeeper(Away(database), clock).run_once()


def test_it_is_not_alive_before_it_runs(database, clock):
    assert not a_timekeeper(database, clock).alive
