from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import event
from support import (
    START,
    a_delivery,
    an_attempt,
    an_endpoint,
    race,
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

from app.domain import Answer
from app.errors import Duplicate
from app.storage import claims, endpoints, outbox
from app.storage.claims import Claim
from app.storage.engine import open_database, sqlite_url
from app.webhook import retry


def test_a_delivery_of_one_id_is_enqueued_once(database):
    fill(database, a_delivery())

    with pytest.raises(Duplicate), database.write() as conn:
        outbox.enqueue(conn, a_delivery())


def test_a_delivery_that_is_not_there_is_none(database):
    assert the_delivery(database, "dlv_9") is None


def test_the_schedule_has_as_many_attempts_as_the_outbox_allows():
    assert outbox.MAX_ATTEMPTS == retry.MAX_ATTEMPTS


def test_a_claim_brings_the_very_bytes_and_the_receiver_and_counts_the_attempt(database):
    fill(database, a_delivery())

    claims = claim(database, START)
    leased = a_delivery(attempts=1, next_attempt_at=seconds(LEASE_S))
    assert claims == [Claim(leased, an_endpoint())]
    assert the_delivery(database) == leased


def test_a_delivery_is_claimed_when_it_is_due_and_not_before(database):
    fill(
        database,
        a_delivery(id="dlv_1", next_attempt_at=START + timedelta(microseconds=1)),
        a_delivery(id="dlv_2", next_attempt_at=START),
    )

    assert claimed_ids(database, START) == ["dlv_2"]
    assert claimed_ids(database, seconds(1)) == ["dlv_1"]


def test_the_longest_due_are_claimed_first_up_to_the_limit(database):
    fill(database, *(a_delivery(id=f"dlv_{n}", next_attempt_at=seconds(-n)) for n in range(5)))

    assert claimed_ids(database, START, limit=2) == ["dlv_3", "dlv_4"]
    assert claimed_ids(database, START, limit=2) == ["dlv_1", "dlv_2"]


@pytest.mark.parametrize("status", [DELIVERED, DEAD, SUPPRESSED])
def test_a_settled_delivery_is_not_claimed(database, status):
    fill(database, a_delivery(status=status))

    assert claim(database, seconds(10**6)) == []


def test_a_disabled_endpoints_deliveries_wait_without_holding_up_others(database):
    off, on = an_endpoint(enabled=False), an_endpoint(id="ep_2", name="inbox")
    fill(
        database,
        a_delivery(id="dlv_1", endpoint_id="ep_1", next_attempt_at=seconds(-9)),
        a_delivery(id="dlv_2", endpoint_id="ep_2"),
        receivers=(off, on),
    )

    assert claimed_ids(database, START, limit=1) == ["dlv_2"]
    with database.write() as conn:
        endpoints.set_enabled(conn, "ep_1", True)
    assert claimed_ids(database, START, limit=1) == ["dlv_1"]


def test_a_dead_workers_claim_is_due_again_after_its_lease(database, clock):
    fill(database, a_delivery())
    claim(database, clock())

    clock.advance(LEASE_S - 0.001)
    assert claim(database, clock()) == []
    clock.advance(0.001)
    again = claim(database, clock())
    assert [(c.delivery.id, c.delivery.attempts) for c in again] == [("dlv_1", 2)]


def test_a_delivery_that_kills_its_workers_is_dead_after_the_schedule(database, clock):
    fill(database, a_delivery())
    numbers = []
    for _ in range(outbox.MAX_ATTEMPTS + 2):
        numbers += [claim.delivery.attempts for claim in claim(database, clock())]
        clock.advance(LEASE_S)

    assert numbers == list(range(1, outbox.MAX_ATTEMPTS + 1))
    settled = the_delivery(database)
    assert (settled.status, settled.attempts) == (DEAD, outbox.MAX_ATTEMPTS)


def test_what_has_used_up_the_schedule_is_never_claimed_however_much_of_it_there_is(database):
    fill(database, *(a_delivery(id=f"dlv_{n}", attempts=outbox.MAX_ATTEMPTS) for n in range(3)))

    assert [claim(database, START, limit=2) for _ in range(2)] == [[], []]
    with database.read() as conn:
        assert outbox.counts(conn)[DEAD] == 3


def test_the_last_attempt_is_not_declared_dead_while_its_lease_lasts(database, clock):
    fill(database, a_delivery(attempts=outbox.MAX_ATTEMPTS - 1))
    claim(database, clock())

    clock.advance(LEASE_S - 1)
    assert claim(database, clock()) == []
    assert record(database, an_attempt(outbox.MAX_ATTEMPTS), status=DELIVERED)
    assert the_delivery(database).status is DELIVERED


def test_what_waits_for_an_endpoint_is_suppressed_and_nothing_else(database):
    fill(
        database,
        a_delivery(id="dlv_1"),
        a_delivery(id="dlv_2", status=DELIVERED),
        a_delivery(id="dlv_3", endpoint_id="ep_2"),
        receivers=(an_endpoint(), an_endpoint(id="ep_2", name="inbox")),
    )

    with database.write() as conn:
        assert outbox.suppress(conn, "ep_1") == 1
    with database.read() as conn:
        found = {delivery.id: delivery.status for delivery in outbox.listed(conn)}
    assert found == {"dlv_1": SUPPRESSED, "dlv_2": DELIVERED, "dlv_3": PENDING}


def test_deliveries_are_counted_where_they_stand(database):
    fill(database, *(a_delivery(id=f"dlv_{n}", status=DEAD if n else PENDING) for n in range(3)))

    with database.read() as conn:
        assert outbox.counts(conn) == {PENDING: 1, DELIVERED: 0, DEAD: 2, SUPPRESSED: 0}


def test_the_oldest_due_is_the_first_that_an_enabled_endpoint_waits_for(database):
    fill(
        database,
        a_delivery(id="dlv_1", next_attempt_at=seconds(-9), endpoint_id="ep_2"),
        a_delivery(id="dlv_2", next_attempt_at=seconds(-5), status=DEAD),
        a_delivery(id="dlv_3", next_attempt_at=seconds(-2)),
        a_delivery(id="dlv_4", next_attempt_at=seconds(-1)),
        receivers=(an_endpoint(), an_endpoint(id="ep_2", name="inbox", enabled=False)),
    )

    with database.read() as conn:
        assert claims.oldest_due_at(conn) == seconds(-2)


def test_nothing_is_due_in_an_empty_outbox(database):
    with database.read() as conn:
        assert claims.oldest_due_at(conn) is None
    assert claim(database, START) == []


def test_deliveries_are_listed_by_the_page_newest_first(database):
    fill(database, *(a_delivery(id=f"dlv_{n}") for n in range(5)))

    pages, before = [], None
    with database.read() as conn:
        while page := [d.id for d in outbox.listed(conn, limit=2, before=before)]:
            pages.append(page)
            before = page[-1]
    assert pages == [["dlv_4", "dlv_3"], ["dlv_2", "dlv_1"], ["dlv_0"]]


def test_deliveries_are_listed_by_status_and_endpoint(database):
    fill(
        database,
        a_delivery(id="dlv_1", status=DEAD),
        a_delivery(id="dlv_2", status=DEAD, endpoint_id="ep_2"),
        a_delivery(id="dlv_3", endpoint_id="ep_2"),
        receivers=(an_endpoint(), an_endpoint(id="ep_2", name="inbox")),
    )

    def ids(**chosen):
        with database.read() as conn:
            return [delivery.id for delivery in outbox.listed(conn, **chosen)]

    assert ids(status=DEAD) == ["dlv_2", "dlv_1"]
    assert ids(endpoint_id="ep_2") == ["dlv_3", "dlv_2"]
    assert ids(status=DEAD, endpoint_id="ep_2", limit=1) == ["dlv_2"]
    assert ids(status=PENDING, endpoint_id="ep_2") == ["dlv_3"]
    assert ids(status=DELIVERED, endpoint_id="ep_2") == []
    assert ids(status=SUPPRESSED) == []


@pytest.mark.parametrize(
    ("status", "index"),
    [
        (DEAD, "ix_deliveries_status_id (status=? AND id<?)"),
        (SUPPRESSED, "ix_deliveries_status_id (status=? AND id<?)"),
        (DELIVERED, "ix_deliveries_endpoint_id_id (endpoint_id=? AND id<?)"),
        (None, "ix_deliveries_endpoint_id_id (endpoint_id=? AND id<?)"),
    ],
)
def test_sqlite_finds_an_endpoints_deliveries_by_what_is_rare(sqlite_file, status, index):
    database, asked = open_database(sqlite_url(sqlite_file)), []

    def note(conn, cursor, statement, parameters, context, many):
        asked.append((f"EXPLAIN QUERY PLAN {statement}", parameters))

    with database.read() as conn:
        event.listen(conn, "before_cursor_execute", note)
        outbox.listed(conn, status=status, endpoint_id="ep_1", before="dlv_9")
        event.remove(conn, "before_cursor_execute", note)
        steps = [row[3] for row in conn.exec_driver_sql(*asked[0])]
    database.close()

    assert steps == [f"SEARCH deliveries USING INDEX {index}"]


def test_deliveries_are_counted_up_to_a_bound_of_all_or_of_one_endpoint(database, monkeypatch):
    fill(
        database,
        *(a_delivery(id=f"dlv_{n}", status=DEAD) for n in range(3)),
        a_delivery(id="dlv_4", endpoint_id="ep_2"),
        receivers=(an_endpoint(), an_endpoint(id="ep_2", name="inbox")),
    )
    monkeypatch.setattr(outbox, "COUNTED", 2)

    with database.read() as conn:
        of_all, of_one = outbox.counted(conn), outbox.counted(conn, endpoint_id="ep_2")

    none = dict.fromkeys((PENDING, DELIVERED, DEAD, SUPPRESSED), 0)
    assert of_all == none | {DEAD: 2, PENDING: 1}
    assert of_one == none | {PENDING: 1}


def test_the_last_attempt_at_each_delivery_is_known_without_its_text(database):
    fill(database, *(a_delivery(id=f"dlv_{n}") for n in range(3)))
    for number, answer in ((1, {"status_code": 503}), (2, {"error_code": "timeout"})):
        record(database, an_attempt(number, delivery_id="dlv_1", **answer), status=DEAD)
    told = {"status_code": 200, "body_excerpt": "thanks", "duration_ms": 12.5}
    record(database, an_attempt(1, delivery_id="dlv_2", **told), status=DELIVERED)

    with database.read() as conn:
        found = outbox.last_answers(conn, ["dlv_0", "dlv_1", "dlv_2"])

    assert found == {
        "dlv_1": Answer(status_code=None, error_code="timeout"),
        "dlv_2": Answer(status_code=200, error_code=None, duration_ms=12.5),
    }


def test_eight_workers_claim_five_hundred_deliveries_and_none_twice(database):
    wanted = [f"dlv_{n:03}" for n in range(500)]
    fill(database, *(a_delivery(id=delivery_id) for delivery_id in wanted))

    def work(_):
        mine = []
        while claims := claim(database, START, limit=7):
            mine += [claimed.delivery.id for claimed in claims]
        return mine

    taken = race(8, work)
    counted = Counter(delivery_id for mine in taken for delivery_id in mine)
    assert counted == Counter(wanted)
