from dataclasses import replace
from datetime import timedelta

import pytest
from support import START, race

from app.domain import Arrival, ArrivalStatus
from app.errors import Duplicate
from app.storage import arrivals

LEASE_S = 60.0


def an_arrival(number=1, **changes):
    arrival = Arrival(
        id=f"arr_{number}",
        source="postmark",
        sha256=bytes([number]) * 32,
        url="https://inlet.example.com/v1/inbound/postmark",
        headers={"content-type": "application/json"},
        body=b'{"From": "\xff"}',
        received_at=START,
        status=ArrivalStatus.WAITING,
        attempts=0,
        next_attempt_at=START,
    )
    return replace(arrival, **changes)


def add(database, *some):
    with database.write() as conn:
        for one in some:
            arrivals.add(conn, one)


def claim(database, now=START, limit=10, max_attempts=3):
    with database.write() as conn:
        return arrivals.claim_due(
            conn, now=now, lease_s=LEASE_S, limit=limit, max_attempts=max_attempts
        )


def find(database, number=1):
    with database.read() as conn:
        return arrivals.find(conn, f"arr_{number}")


def test_an_arrival_is_kept_as_it_came(database):
    add(database, an_arrival())

    assert find(database) == an_arrival(size=len(an_arrival().body))


def test_the_same_body_of_a_source_is_kept_once(database):
    add(database, an_arrival())

    with pytest.raises(Duplicate):
        add(database, an_arrival(2, sha256=an_arrival().sha256))
    add(database, an_arrival(3, sha256=an_arrival().sha256, source="mailgun"))
    with database.read() as conn:
        assert arrivals.find_same(conn, "postmark", an_arrival().sha256).id == "arr_1"


def test_who_claims_an_arrival_has_it_alone_until_the_lease_ends(database):
    add(database, an_arrival())

    assert [one.id for one in claim(database)] == ["arr_1"]
    assert claim(database, START + timedelta(seconds=LEASE_S - 1)) == []
    again = claim(database, START + timedelta(seconds=LEASE_S))
    assert [(one.id, one.attempts) for one in again] == [("arr_1", 2)]


def test_racing_readers_share_the_arrivals(database):
    add(database, *(an_arrival(n) for n in range(1, 21)))

    taken = race(4, lambda _n: [one.id for one in claim(database, limit=5)])

    assert sorted(i for part in taken for i in part) == sorted(f"arr_{n}" for n in range(1, 21))


def test_an_arrival_that_kills_its_readers_fails(database):
    add(database, an_arrival())
    for minute in range(3):
        claim(database, START + timedelta(minutes=minute))

    assert claim(database, START + timedelta(minutes=3)) == []
    assert find(database).status is ArrivalStatus.FAILED
    assert find(database).error_code == "attempts_used_up"


def test_what_was_read_stays_read_with_its_messages(database):
    add(database, an_arrival())
    [mine] = claim(database)
    with database.write() as conn:
        assert arrivals.settle(conn, mine, ArrivalStatus.READ, message_ids=["msg_1", "msg_2"])

    kept = find(database)
    assert (kept.status, kept.message_ids) == (ArrivalStatus.READ, ("msg_1", "msg_2"))
    assert claim(database, START + timedelta(days=1)) == []


def test_a_reader_that_lost_its_lease_settles_nothing(database):
    add(database, an_arrival())
    [late] = claim(database)
    [now] = claim(database, START + timedelta(seconds=LEASE_S))

    with database.write() as conn:
        assert not arrivals.settle(conn, late, ArrivalStatus.FAILED, error_code="unknown_shape")
        assert not arrivals.postpone(conn, late, START, error_code="overloaded", counts=True)
        assert arrivals.settle(conn, now, ArrivalStatus.READ)


def test_a_postponed_arrival_is_read_later(database):
    add(database, an_arrival())
    [mine] = claim(database)
    later = START + timedelta(seconds=5)
    with database.write() as conn:
        arrivals.postpone(conn, mine, later, error_code="overloaded", counts=False)

    assert claim(database, later - timedelta(seconds=1)) == []
    assert [(one.id, one.attempts) for one in claim(database, later)] == [("arr_1", 1)]


def test_only_what_failed_and_is_still_kept_can_be_read_again(database):
    add(database, an_arrival(1), an_arrival(2), an_arrival(3))
    one, two, _three = claim(database)
    with database.write() as conn:
        arrivals.settle(conn, one, ArrivalStatus.FAILED, error_code="unknown_shape")
        arrivals.settle(conn, two, ArrivalStatus.READ)

    with database.write() as conn:
        assert arrivals.again(conn, "arr_1", now=START)
        assert not arrivals.again(conn, "arr_2", now=START)
        assert not arrivals.again(conn, "arr_9", now=START)
    assert [one.id for one in claim(database)] == ["arr_1"]


def test_bodies_are_let_go_after_their_time_but_never_unread(database):
    old = START - timedelta(days=31)
    add(database, an_arrival(1, received_at=old), an_arrival(2, received_at=old), an_arrival(3))
    with database.write() as conn:
        [first] = arrivals.claim_due(conn, now=START, lease_s=60, limit=1, max_attempts=3)
        arrivals.settle(conn, first, ArrivalStatus.READ)
        assert arrivals.let_go_before(conn, START - timedelta(days=30)) == 1

    assert find(database, 1).body is None
    assert find(database, 2).body is not None


def test_arrivals_are_listed_newest_first_in_pages(database):
    add(database, *(an_arrival(n) for n in range(1, 4)))

    with database.read() as conn:
        page = arrivals.listed(conn, limit=2)
        rest = arrivals.listed(conn, limit=2, before=page[-1].id)
        by_digest = arrivals.listed(conn, sha256=an_arrival(2).sha256)
    assert [one.id for one in (*page, *rest)] == ["arr_3", "arr_2", "arr_1"]
    assert [one.id for one in by_digest] == ["arr_2"]


def test_every_status_is_counted(database):
    add(database, an_arrival(1), an_arrival(2))

    with database.read() as conn:
        found = arrivals.counts(conn)
    assert found == dict.fromkeys(ArrivalStatus, 0) | {ArrivalStatus.WAITING: 2}
