from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from support import DECISION, PREDICTION, START, a_message, race
from support_clocks import CLOSED, a_clock, fill, taken

from app.routing.assigning import PoolState, Wish, choose
from app.routing.owners import Owner, Pool
from app.storage import clocks, messages, tables
from app.storage.engine import open_database
from app.storage.turns import pool_state, running_load, write_credits

THREADS = 8
DAY = timedelta(days=1)
POOL = Pool(name="sales", weights={"ana": 2.0, "ben": 1.0, "cem": 1.0})
PEOPLE = {name: Owner(id=name, name=name.title()) for name in (*POOL.weights, "dan")}


def state_of(database, pool=POOL, *, contact=None, account=None, now=START, counted=PEOPLE):
    with database.write() as conn:
        return pool_state(conn, pool, contact=contact, account=account, now=now, counted=counted)


def take_turn(conn, pool, people):
    state = pool_state(conn, pool, contact=None, account=None, now=START, counted=people)
    choice = choose(pool, people, {}, wish=Wish(at=START), state=state)
    write_credits(conn, pool, choice.credits)
    return choice.owner


def test_a_pool_that_nobody_asked_before_owes_nobody_anything(database):
    nothing = PoolState(credits={"ana": 0.0, "ben": 0.0, "cem": 0.0}, load={}, sticky=None)

    assert state_of(database) == nothing
    assert state_of(database) == nothing


def test_credits_come_back_as_they_were_written_each_pool_its_own(database):
    other = replace(POOL, name="success")
    with database.write() as conn:
        write_credits(conn, POOL, {"ana": 1.5, "ben": -1.5})
        write_credits(conn, POOL, {"ben": 0.1})
        write_credits(conn, POOL, {})

    assert state_of(database).credits == {"ana": 1.5, "ben": 0.1, "cem": 0.0}
    assert state_of(database, other).credits == {"ana": 0.0, "ben": 0.0, "cem": 0.0}


def test_who_left_the_pool_keeps_no_turn_in_it_and_who_joined_begins_with_none(database):
    with database.write() as conn:
        write_credits(conn, POOL, {"ana": 1.0, "zoe": -1.0})

    joined = replace(POOL, weights={"ana": 1.0, "dan": 1.0})

    assert state_of(database, joined).credits == {"ana": 1.0, "dan": 0.0}


def test_load_is_what_runs_for_the_owners_of_the_pool_and_its_fallback(database):
    fill(
        database,
        a_clock(1, owner="ana"),
        a_clock(2, owner="ana", pool="another"),
        taken(3, DAY, owner="ana"),
        a_clock(4, owner="dan"),
        a_clock(5, owner="zoe"),
        a_clock(6, owner=None),
    )

    assert state_of(database).load == {"ana": 2}
    assert state_of(database, counted=("ben",)).load == {}
    assert state_of(database, replace(POOL, fallback="dan")).load == {"ana": 2, "dan": 1}
    with database.read() as conn:
        assert running_load(conn, ("zoe", "yan")) == {"zoe": 1}


@pytest.mark.parametrize(
    ("sticky", "contact", "account", "owner"),
    [
        ("account", "new@acme.com", "acme.com", "ben"),
        ("account", "ada@acme.com", "acme.com", "ben"),
        ("contact", "ada@acme.com", "acme.com", "ana"),
        ("contact", "new@acme.com", "acme.com", None),
        ("contact", None, "acme.com", None),
        ("account", "eve@gmail.com", None, "cem"),  # a private address: there is no account
        ("account", None, None, None),
        (None, "ada@acme.com", "acme.com", None),
    ],
)
def test_who_had_the_account_or_the_contact_last_has_it_again(
    database, sticky, contact, account, owner
):
    acme = {"account": "acme.com", "contact": "ada@acme.com"}
    fill(
        database,
        a_clock(1, owner="ana", started_at=START - 3 * DAY, **acme),
        taken(
            2, DAY, owner="ben", started_at=START - 2 * DAY, **{**acme, "contact": "bo@acme.com"}
        ),
        a_clock(3, owner="zoe", started_at=START - DAY, **acme),  # of another pool
        a_clock(4, owner=None, started_at=START - DAY, **acme),
        a_clock(5, owner="cem", started_at=START - DAY, contact="eve@gmail.com", account=None),
    )

    found = state_of(database, replace(POOL, sticky=sticky), contact=contact, account=account)

    assert found.sticky == owner


def test_a_clock_that_was_closed_sticks_too_but_none_of_long_ago(database):
    pool = replace(POOL, sticky="account", sticky_days=90)
    fill(database, taken(1, DAY, owner="ana", started_at=START - 90 * DAY, status=CLOSED))

    def sticky_at(now):
        return state_of(database, pool, account="example.com", now=now).sticky

    assert sticky_at(START) == "ana"
    assert sticky_at(START + timedelta(microseconds=1)) is None


def test_many_at_once_share_exactly_by_weight(database_url):
    each = 400 // THREADS
    replicas = [open_database(database_url) for _ in range(2)]

    def work(number):
        named = []
        for _ in range(each):
            with replicas[number % 2].write() as conn:
                named.append(take_turn(conn, POOL, PEOPLE))
        return named

    outcomes = race(THREADS, work)
    for replica in replicas:
        replica.close()

    assert Counter(owner for named in outcomes for owner in named) == {
        "ana": 200,
        "ben": 100,
        "cem": 100,
    }


def test_many_at_once_give_nobody_more_than_they_have_room_for(database):
    people = {name: replace(owner, capacity=10) for name, owner in PEOPLE.items()}

    def work(number):
        for message in range(4):
            with database.write() as conn:
                owner = take_turn(conn, POOL, people)
                start(conn, 10 * number + message, owner)

    assert race(THREADS, work) == [None] * THREADS
    with database.read() as conn:
        assert sorted(running_load(conn, list(POOL.weights)).values()) == [10, 11, 11]


def start(conn, number, owner):
    message = a_message(id=f"msg_{number}")
    messages.add(conn, message, prediction=PREDICTION, decision=DECISION)
    clocks.add(conn, a_clock(number, owner=owner))


def test_a_turn_that_is_not_committed_is_not_taken(database):
    def taken_and_lost():
        with database.write() as conn:
            take_turn(conn, POOL, PEOPLE)
            raise LookupError

    with pytest.raises(LookupError):
        taken_and_lost()

    with database.read() as conn:
        assert conn.execute(select(tables.turns)).all() == []
