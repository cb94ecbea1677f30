from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest
from support import START, race
from support_clocks import (
    ACKNOWLEDGED,
    CLOSED,
    HOUR,
    RUNNING,
    a_clock,
    fill,
    taken,
    the_clock,
    the_events,
)

from app.domain import ClockEvent, ClockStep
from app.errors import Duplicate
from app.replies.settling import Outcome, Settled, acknowledge, close
from app.storage import clocks
from app.storage.engine import open_database

LATER = START + 10 * HOUR


def claim(database, now, *, limit=10, without=()):
    with database.write() as conn:
        return [one.id for one in clocks.claim_due(conn, now=now, limit=limit, without=without)]


def settled(database, settle, number=1, *, by="ana", now=LATER):
    with database.write() as conn:
        return settle(conn, f"msg_{number}", by=by, now=now)


def an_event(step, *, number=1, level=0, at=START, owner="ana"):
    return ClockEvent(clock_id=f"clk_{number}", step=step, level=level, at=at, owner=owner)


def test_a_clock_is_kept_whole_with_its_beginning(database):
    fill(database, a_clock())

    assert the_clock(database) == a_clock()
    assert the_events(database) == [an_event(ClockStep.STARTED)]


def test_a_settled_clock_is_kept_whole(database):
    fill(database, taken(1, HOUR))

    with database.read() as conn:
        assert clocks.find(conn, "clk_1") == taken(1, HOUR)


def test_a_message_has_one_clock(database):
    fill(database, a_clock())

    with database.write() as conn, pytest.raises(Duplicate):
        clocks.add(conn, a_clock(id="clk_2"))

    assert the_clock(database) == a_clock()


def test_what_is_not_there_is_not_found(database):
    with database.read() as conn:
        assert clocks.find(conn, "clk_1") is None
        assert clocks.of_message(conn, "msg_1") is None
        assert clocks.next_at(conn) is None


def test_due_clocks_are_taken_the_longest_due_first(database):
    fill(
        database,
        a_clock(1, next_at=START + HOUR),
        a_clock(2, next_at=START + HOUR / 2),
        a_clock(3, next_at=START + 2 * HOUR),
        taken(4, HOUR),
    )

    assert claim(database, START + HOUR) == ["clk_2", "clk_1"]
    assert claim(database, START + HOUR, limit=1) == ["clk_2"]
    assert claim(database, START + HOUR, without={"clk_2"}) == ["clk_1"]


def test_the_next_time_is_that_of_the_running_clock_that_comes_first(database):
    fill(database, a_clock(1, next_at=LATER), a_clock(2, next_at=START + HOUR), taken(3, HOUR))

    with database.read() as conn:
        assert clocks.next_at(conn) == START + HOUR


def test_others_skip_a_clock_that_is_held(postgresql_url):  # SQLite has one writer at a time
    with closing(open_database(postgresql_url)) as database:
        fill(database, a_clock(1), a_clock(2, next_at=START + HOUR))
        with database.write() as conn:
            held = clocks.claim_due(conn, now=LATER, limit=1)
            others = claim(database, LATER)

    assert ([one.id for one in held], others) == (["clk_1"], ["clk_2"])


def test_a_step_is_kept_with_the_clock_as_it_is_after_it(database):
    fill(database, a_clock())
    moved = a_clock(
        pool="leads",
        owner="eve",
        level=1,
        due_at=START + 2 * HOUR,
        next_at=START + 1.5 * HOUR,
    )
    event = an_event(ClockStep.ESCALATED, level=1, at=START + HOUR, owner="eve")

    with database.write() as conn:
        clocks.write_step(conn, moved, event, promised=2)

    assert the_clock(database) == moved
    assert the_events(database) == [an_event(ClockStep.STARTED), event]


def test_a_step_of_a_level_is_written_once(database):
    fill(database, a_clock())
    event = an_event(ClockStep.REMINDED, at=START + HOUR / 2)
    reminded = a_clock(reminded=True, next_at=START + HOUR)

    with database.write() as conn:
        clocks.write_step(conn, reminded, event, promised=1)
    with database.write() as conn, pytest.raises(Duplicate):
        clocks.write_step(conn, replace(reminded, owner="ben"), event, promised=1)

    assert the_clock(database) == reminded


def test_who_takes_a_message_stops_its_clock(database):
    fill(database, a_clock())

    taken_now = settled(database, acknowledge, by="ana")

    stopped = a_clock(status=ACKNOWLEDGED, next_at=None, settled_at=LATER, settled_by="ana")
    assert taken_now == Settled(outcome=Outcome.TAKEN, clock=stopped)
    assert the_clock(database) == stopped
    assert the_events(database)[-1] == an_event(ClockStep.ACKNOWLEDGED, at=LATER)


def test_who_comes_second_is_told_who_was_first(database):
    fill(database, a_clock())
    first = settled(database, acknowledge, by="ben")

    again = settled(database, acknowledge, by="ana", now=LATER + HOUR)

    assert (first.first, again.first) == (True, False)
    assert (again.outcome, again.by) == (Outcome.TAKEN_BEFORE, "ben")
    assert again.clock == first.clock == the_clock(database)
    assert len(the_events(database)) == 2


def test_what_is_closed_cannot_be_taken_and_what_is_taken_not_closed(database):
    fill(database, a_clock(1), a_clock(2))
    settled(database, close, 1, by="ana")
    settled(database, acknowledge, 2, by="ana")

    assert settled(database, acknowledge, 1, by="ben").outcome is Outcome.CLOSED_BEFORE
    assert settled(database, close, 2, by="ben").outcome is Outcome.TAKEN_BEFORE
    assert (the_clock(database, 1).status, the_clock(database, 2).status) == (CLOSED, ACKNOWLEDGED)


def test_a_message_without_a_clock_is_nobodys_to_take(database):
    assert settled(database, acknowledge) == Settled(outcome=Outcome.NO_CLOCK, clock=None)
    assert settled(database, close).by is None


def test_of_many_who_take_a_message_at_once_one_is_the_first(database):
    fill(database, a_clock())

    outcomes = race(8, lambda n: settled(database, acknowledge, by=f"owner {n}"))

    first = [one for one in outcomes if one.first]
    assert len(first) == 1
    assert {one.by for one in outcomes} == {first[0].by}


def test_counts_name_every_status(database):
    fill(database, a_clock(1), a_clock(2), taken(3, HOUR))

    with database.read() as conn:
        assert clocks.counts(conn) == {RUNNING: 2, ACKNOWLEDGED: 1, CLOSED: 0}


def test_clocks_are_listed_newest_first_page_by_page(database):
    fill(database, *(a_clock(number) for number in range(1, 6)))

    with database.read() as conn:
        first = clocks.listed(conn, limit=2)
        second = clocks.listed(conn, limit=2, before=first[-1].id)

    assert [one.id for one in first + second] == ["clk_5", "clk_4", "clk_3", "clk_2"]


def test_a_list_holds_only_what_was_asked_for(database):
    fill(
        database,
        a_clock(1),
        a_clock(2, owner="ben"),
        a_clock(3, account="acme.com"),
        taken(4, HOUR),
    )

    with database.read() as conn:
        found = {
            "running": clocks.listed(conn, status=RUNNING),
            "ben": clocks.listed(conn, owner="ben"),
            "acme": clocks.listed(conn, account="acme.com"),
            "ana's open": clocks.listed(conn, status=RUNNING, owner="ana"),
        }

    assert {name: [one.id for one in kept] for name, kept in found.items()} == {
        "running": ["clk_3", "clk_2", "clk_1"],
        "ben": ["clk_2"],
        "acme": ["clk_3"],
        "ana's open": ["clk_3", "clk_1"],
    }


def test_statistics_look_at_clocks_from_an_instant_on_and_not_at_more_than_allowed(database):
    early = a_clock(1, started_at=START - timedelta(days=1))
    fill(database, early, a_clock(2), taken(3, HOUR, started_at=START + HOUR))

    with database.read() as conn:
        since = clocks.measured(conn, since=START, limit=10)
        newest = clocks.measured(conn, since=START, limit=1)

    assert [one.status for one in since] == [ACKNOWLEDGED, RUNNING]
    assert newest == since[:1]


def test_a_clock_that_lapsed_is_told_from_one_that_a_person_closed(database):
    closed = taken(1, HOUR, status=CLOSED)
    lapsed = taken(2, HOUR, status=CLOSED, settled_by=clocks.LAPSED)
    fill(database, closed, lapsed)

    with database.read() as conn:
        found = clocks.measured(conn, since=START, limit=10)

    assert [one.lapsed for one in found] == [True, False]
