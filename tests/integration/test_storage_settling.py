from dataclasses import replace

import pytest
from support import (
    START,
    a_delivery,
    an_attempt,
)
from support_outbox import (
    DEAD,
    DELIVERED,
    LEASE_S,
    PENDING,
    SUPPRESSED,
    claim,
    claimed_ids,
    fill,
    record,
    seconds,
    the_delivery,
)

from app.storage import outbox, replays


def test_a_recorded_attempt_settles_its_delivery(database):
    fill(database, a_delivery())
    claim(database, START)

    assert record(database, an_attempt(1), status=DELIVERED) is True
    settled = the_delivery(database)
    assert (settled.status, settled.attempts) == (DELIVERED, 1)
    with database.read() as conn:
        assert outbox.attempts_of(conn, "dlv_1") == [an_attempt(1)]


def test_a_refused_delivery_waits_for_its_next_attempt(database):
    fill(database, a_delivery())
    claim(database, START)
    refused = an_attempt(
        1, status_code=503, body_excerpt="später", retry_after_s=1.5, duration_ms=12.25
    )
    unanswered = an_attempt(2, error_code="timeout", duration_ms=15_000.0)

    assert record(database, refused, status=PENDING, next_attempt_at=seconds(5))
    assert claim(database, seconds(4)) == []
    assert claimed_ids(database, seconds(5)) == ["dlv_1"]
    assert record(database, unanswered, status=DEAD)
    with database.read() as conn:
        assert outbox.attempts_of(conn, "dlv_1") == [refused, unanswered]


def test_a_pending_outcome_must_say_when(database):
    fill(database, a_delivery())
    claim(database, START)

    with pytest.raises(ValueError, match="next attempt"):
        record(database, an_attempt(1), status=PENDING)
    with database.read() as conn:
        assert outbox.attempts_of(conn, "dlv_1") == []


def test_a_late_workers_outcome_is_kept_but_does_not_stand(database):
    fill(database, a_delivery())
    claim(database, START)
    owner = claim(database, seconds(LEASE_S))[0].delivery

    assert record(database, an_attempt(1), status=DEAD) is False
    assert the_delivery(database) == owner
    assert record(database, an_attempt(2), status=DELIVERED) is True
    assert record(database, an_attempt(1), status=DEAD) is False
    assert the_delivery(database).status is DELIVERED
    with database.read() as conn:
        numbers = [attempt.number for attempt in outbox.attempts_of(conn, "dlv_1")]
    assert numbers == [1, 2, 1]


def test_what_was_suppressed_in_flight_stays_so(database):
    fill(database, a_delivery())
    claim(database, START)
    with database.write() as conn:
        outbox.suppress(conn, "ep_1")

    assert record(database, an_attempt(1), status=DELIVERED) is False
    assert the_delivery(database).status is SUPPRESSED
    with database.read() as conn:
        assert outbox.attempts_of(conn, "dlv_1") == [an_attempt(1)]


def test_an_attempt_without_any_answer_is_refused(database):
    fill(database, a_delivery())

    with pytest.raises(ValueError, match="answer"):
        record(database, an_attempt(1, status_code=None), status=DEAD)


def test_a_released_claim_is_due_at_once_and_not_counted(database):
    fill(database, a_delivery())
    claimed = claim(database, START)[0].delivery

    with database.write() as conn:
        assert outbox.release(conn, claimed, now=seconds(3)) is True
        assert outbox.release(conn, claimed, now=seconds(3)) is False
    assert the_delivery(database) == a_delivery(attempts=0, next_attempt_at=seconds(3))
    assert claim(database, seconds(3))[0].delivery.attempts == 1


def test_a_claim_that_is_over_cannot_be_released(database):
    fill(database, a_delivery(id="dlv_1"), a_delivery(id="dlv_2"))
    lapsed, recorded = (claimed.delivery for claimed in claim(database, START))
    record(
        database,
        an_attempt(1, delivery_id="dlv_2", status_code=500),
        status=PENDING,
        next_attempt_at=seconds(300),
    )
    owner = claim(database, seconds(LEASE_S))[0].delivery

    with database.write() as conn:
        released = [outbox.release(conn, old, now=START) for old in (lapsed, recorded)]
    assert released == [False, False]
    assert the_delivery(database, "dlv_1") == owner
    assert the_delivery(database, "dlv_2").next_attempt_at == seconds(300)


@pytest.mark.parametrize("status", [DEAD, DELIVERED, SUPPRESSED])
def test_a_settled_delivery_is_replayed_under_its_old_id(database, status):
    settled = a_delivery(status=status, attempts=10)
    fill(database, settled)

    with database.write() as conn:
        assert replays.replay(conn, "dlv_1", now=seconds(7)) is True
    replayed = replace(settled, status=PENDING, attempts=0, next_attempt_at=seconds(7))
    assert the_delivery(database) == replayed
    assert claim(database, seconds(7))[0].delivery.attempts == 1


def test_only_what_is_settled_can_be_replayed(database):
    fill(database, a_delivery(attempts=3))

    with database.write() as conn:
        assert replays.replay(conn, "dlv_1", now=START) is False
        assert replays.replay(conn, "dlv_9", now=START) is False
    assert the_delivery(database) == a_delivery(attempts=3)


def test_attempts_of_a_replay_are_kept_beside_the_first_ones(database):
    fill(database, a_delivery())
    for _ in range(2):
        claim(database, START)
        record(database, an_attempt(1), status=DEAD)
        with database.write() as conn:
            replays.replay(conn, "dlv_1", now=START)

    with database.read() as conn:
        assert outbox.attempts_of(conn, "dlv_1") == [an_attempt(1), an_attempt(1)]
