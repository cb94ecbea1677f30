import threading
from datetime import timedelta

import pytest
from support import START, race

from app.storage import once

WEEK = timedelta(days=7)


def take(database, key="acme.com", *, now=START):
    with database.write() as conn:
        return once.take(conn, key, now=now, every=WEEK)


def test_a_key_is_taken_once_in_a_window(database):
    times = [START, START + WEEK / 2, START + WEEK - timedelta(microseconds=1), START + WEEK]

    assert [take(database, now=now) for now in times] == [True, False, False, True]
    assert not take(database, now=START + WEEK * 1.5)  # the second window began anew


def test_keys_do_not_know_each_other(database):
    assert [take(database, key) for key in ("a", "b", "a")] == [True, True, False]


def test_sixteen_threads_take_a_key_once(database):
    outcomes = race(16, lambda _: take(database))

    assert sorted(outcomes) == [False] * 15 + [True]


def test_sixteen_threads_take_a_key_once_more_when_its_window_is_over(database):
    take(database)

    outcomes = race(16, lambda _: take(database, now=START + WEEK))

    assert sorted(outcomes) == [False] * 15 + [True]


def test_a_transaction_that_fails_leaves_the_key_to_the_next(database):
    def fail():
        with database.write() as conn:
            once.take(conn, "acme.com", now=START, every=WEEK)
            raise ArithmeticError

    with pytest.raises(ArithmeticError):
        fail()
    assert take(database)


@pytest.mark.parametrize("commits", [True, False])
def test_who_comes_second_waits_for_the_outcome_of_the_first(database, commits):
    has_taken, outcomes = threading.Event(), []

    def come_second():
        has_taken.wait(30)
        outcomes.append(take(database))

    second = threading.Thread(target=come_second, daemon=True)
    second.start()
    try:
        with database.write() as conn:
            outcomes.append(once.take(conn, "acme.com", now=START, every=WEEK))
            has_taken.set()
            second.join(0.2)  # it cannot have finished: the first is not decided
            assert outcomes == [True]
            if not commits:
                raise ArithmeticError
    except ArithmeticError:
        pass
    second.join(30)

    assert outcomes == [True, not commits]


def test_what_has_been_free_for_long_is_forgotten(database):
    take(database, "old", now=START - 3 * WEEK)
    take(database, "new")

    with database.write() as conn:
        forgotten = once.forget_before(conn, START)

    assert forgotten == 1
    assert not take(database, "new")
