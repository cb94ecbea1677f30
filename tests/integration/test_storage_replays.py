from dataclasses import replace
from datetime import timedelta

import pytest
from support import START, a_delivery, an_attempt, an_endpoint
from support_outbox import (
    DEAD,
    DELIVERED,
    LEASE_S,
    PENDING,
    SUPPRESSED,
    claim,
    claim_due,
    fill,
    record,
    seconds,
    the_delivery,
)

from app.storage import endpoints, outbox, replays
from app.storage.replays import PAGE, Replayed, Wanted

HOUR = timedelta(hours=1)


def again(database, *, limit=1_000, now=START, on_page=lambda _: None, **wanted):
    return replays.replay_range(database, Wanted(**wanted), now=now, limit=limit, on_page=on_page)


def waiting(database):
    with database.read() as conn:
        return sorted(d.id for d in outbox.listed(conn, status=PENDING, limit=2_000))


def dead(number, **changes):
    return a_delivery(id=f"dlv_{number:04}", status=DEAD, attempts=10, **changes)


def test_a_delivery_that_waits_for_its_next_attempt_is_tried_now_and_that_attempt_counts(database):
    fill(database, a_delivery())
    claim(database, START)
    failed = an_attempt(1, status_code=500)
    record(database, failed, status=PENDING, next_attempt_at=seconds(7_200))

    with database.write() as conn:
        assert replays.replay(conn, "dlv_1", now=seconds(60)) is True

    assert the_delivery(database) == a_delivery(attempts=1, next_attempt_at=seconds(60))
    assert claim(database, seconds(60))[0].delivery.attempts == 2  # the later one is not due


def test_a_delivery_that_a_worker_holds_is_not_sent_beside_it(database):
    fill(database, a_delivery())
    held = claim(database, START)[0].delivery

    with database.write() as conn:
        assert replays.replay(conn, "dlv_1", now=START) is False
    assert the_delivery(database) == held


def test_no_lease_is_so_long_that_a_replay_would_take_it_for_a_wait(database):
    fill(database, a_delivery())

    with database.write() as conn, pytest.raises(ValueError, match="lease"):
        claim_due(conn, now=START, lease_s=outbox.LONGEST_LEASE_S + 1)
    with database.write() as conn:
        assert len(claim_due(conn, now=START, lease_s=outbox.LONGEST_LEASE_S)) == 1
        assert replays.replay(conn, "dlv_1", now=START) is False


def test_a_range_of_dead_letters_goes_out_again_and_nothing_else(database):
    fill(
        database,
        dead(1, created_at=START - HOUR),
        dead(2),
        dead(3, created_at=START + HOUR),
        replace(dead(4), status=SUPPRESSED),
        replace(dead(5), status=DELIVERED),
        dead(6, endpoint_id="ep_2"),
        receivers=(an_endpoint(), an_endpoint(id="ep_2", name="inbox")),
    )

    wanted = {"endpoint_id": "ep_1", "since": START, "until": START + HOUR}
    assert again(database, now=seconds(9), **wanted) == Replayed(count=1, more=False)
    sent = the_delivery(database, "dlv_0002")
    assert (sent.status, sent.attempts, sent.next_attempt_at) == (PENDING, 0, seconds(9))
    assert waiting(database) == ["dlv_0002"]


@pytest.mark.parametrize("status", [SUPPRESSED, DELIVERED])
def test_another_status_may_be_asked_for(database, status):
    fill(database, dead(1), replace(dead(2), status=status))

    assert again(database, status=status).count == 1
    assert waiting(database) == ["dlv_0002"]


def test_what_waits_for_later_may_be_asked_for_and_what_is_held_stays(database):
    later = START + timedelta(seconds=LEASE_S) + HOUR
    fill(database, a_delivery(id="dlv_1"), a_delivery(id="dlv_2", next_attempt_at=later))
    held = claim(database, START)[0].delivery

    assert again(database, status=PENDING).count == 1
    assert the_delivery(database, "dlv_1") == held
    assert the_delivery(database, "dlv_2").next_attempt_at == START


def test_the_oldest_go_first_up_to_the_limit_page_by_page(database):
    fill(database, *(dead(number) for number in range(PAGE + 3)))
    pages = []

    first = again(database, limit=PAGE + 1, on_page=pages.append)
    second = again(database, on_page=pages.append)

    assert (first, second) == (Replayed(count=PAGE + 1, more=True), Replayed(count=2, more=False))
    assert pages == [PAGE, 1, 2, 0]
    assert len(waiting(database)) == PAGE + 3


def test_a_disabled_endpoints_deliveries_are_left_out(database):
    fill(database, dead(1))
    with database.write() as conn:
        endpoints.set_enabled(conn, "ep_1", False)

    assert again(database) == Replayed(count=0, more=False)
    with database.read() as conn:
        assert replays.count(conn, Wanted(), now=START) == 0


def test_there_are_as_many_as_are_counted(database):
    fill(database, *(dead(number) for number in range(7)), replace(dead(8), status=DELIVERED))

    with database.read() as conn:
        assert replays.count(conn, Wanted(), now=START) == 7
    assert again(database).count == 7
