import threading
from collections import Counter
from datetime import timedelta

import pytest
import structlog
from support import DECISION, PREDICTION, START, a_delivery, a_message, an_endpoint, race
from support_outbox import seconds
from support_worker import FAILED, GONE, OK, SECRET, SOON_S, Posts, states, worker

from app.domain import Answer, Health
from app.storage import claims, endpoints, health, messages, outbox
from app.webhook.breaker import GIVEN_UP_AFTER, Transition
from app.worker import Hooks, Limits

DAY_S = 86_400.0


@pytest.fixture(autouse=True)
def logged():
    """What the worker logs, which would else be printed."""
    with structlog.testing.capture_logs() as entries:
        yield entries


def fill(database, deliveries=1, **changes):
    with database.write() as conn:
        endpoints.add(conn, an_endpoint(secrets=(SECRET,), **changes))
        messages.add(conn, a_message(), prediction=PREDICTION, decision=DECISION)
        for number in range(1, deliveries + 1):
            outbox.enqueue(conn, a_delivery(id=f"dlv_{number:03}"))


def one_by_one(database, post, clock, heard=None):
    hooks = Hooks(spread=lambda: 0.0, on_transition=(heard if heard is not None else []).append)
    return worker(database, post, clock, limits=Limits(concurrency=1), hooks=hooks)


def state_of(database, endpoint_id="ep_1"):
    with database.read() as conn:
        return health.of_endpoint(conn, endpoint_id)


def transitions(logged):
    told = ("circuit_opened", "circuit_closed", "endpoint_disabled")
    return [entry for entry in logged if entry["event"] in told]


def test_five_failures_open_the_circuit_and_what_waits_is_not_tried_nor_counted(
    database, clock, logged
):
    fill(database, deliveries=8)
    heard = []
    delivering = one_by_one(database, Posts(FAILED), clock, heard)

    assert delivering.run_once() == 5
    clock.advance(29)

    assert delivering.run_once() == 0
    assert Counter(states(database).values()) == {("pending", 1): 5, ("pending", 0): 3}
    assert state_of(database) == Health(failures=5, failing_since=START, open_until=seconds(30))
    assert heard == [Transition.OPENED]
    assert transitions(logged) == [
        {"event": "circuit_opened", "endpoint_id": "ep_1", "log_level": "warning"}
    ]


def test_one_probe_goes_out_when_it_is_half_open_and_a_success_closes_it(database, clock, logged):
    fill(database, deliveries=8)
    heard = []
    delivering = one_by_one(database, Posts(*[FAILED] * 6, OK), clock, heard)

    delivering.run_once()
    clock.advance(30)
    assert delivering.run_once() == 1  # fails
    assert state_of(database).open_until == seconds(90)
    clock.advance(60)

    assert delivering.run_once() == 8  # the probe, and all the others after it
    assert state_of(database) == Health()
    assert heard == [Transition.OPENED, Transition.CLOSED]
    assert [entry["event"] for entry in transitions(logged)] == ["circuit_opened", "circuit_closed"]


def half_open(database):
    with database.write() as conn:
        health.keep(conn, "ep_1", Health(failures=5, failing_since=START, open_until=START))


def test_of_many_workers_one_has_the_probe(database, clock):
    fill(database, deliveries=20)
    half_open(database)
    release, trying = threading.Event(), threading.Semaphore(0)

    def answer(_):
        trying.release()
        release.wait(SOON_S)
        return FAILED

    post = Posts(answer)
    rounds = [threading.Thread(target=worker(database, post, clock).run_once) for _ in range(6)]
    for one in rounds:
        one.start()
    assert trying.acquire(timeout=SOON_S)
    second = trying.acquire(timeout=0.3)
    release.set()
    for one in rounds:
        one.join(SOON_S)

    assert (second, len(post.calls)) == (False, 1)


def test_a_probe_whose_worker_dies_is_tried_by_another_after_the_lease(database, clock):
    fill(database, deliveries=2)
    half_open(database)
    post = Posts(OK)
    rescuing = worker(database, post, clock)
    with database.write() as conn:  # a worker takes the probe, and is killed
        shares = dict.fromkeys(claims.ready(conn, now=clock()), 4)
        found = claims.claim_due(conn, shares, now=clock(), lease_s=rescuing.lease_s)
    assert [claim.probe for claim in found] == [True]

    assert rescuing.run_once() == 0
    clock.advance(rescuing.lease_s)
    assert rescuing.run_once() == 2
    assert state_of(database) == Health()


def test_an_open_circuit_stops_its_own_endpoint_only(database, clock):
    fill(database, deliveries=6)
    with database.write() as conn:
        endpoints.add(conn, an_endpoint(id="ep_2", name="b", url="https://b/", secrets=(SECRET,)))
        for number in range(6):
            outbox.enqueue(conn, a_delivery(id=f"dlv_9{number}", endpoint_id="ep_2"))
    answers = {"dlv_9": OK, "dlv_0": FAILED}
    delivering = one_by_one(database, Posts(lambda d: answers[d[:5]]), clock)

    assert delivering.run_once() == 5 + 6
    assert state_of(database, "ep_2") == Health()


def test_what_was_under_way_together_opens_the_circuit_once(database, clock, logged):
    fill(database, deliveries=8, max_in_flight=8)
    together = threading.Barrier(8)

    def answer(_):
        together.wait(SOON_S)
        return FAILED

    worker(database, Posts(answer), clock).run_once()

    assert state_of(database) == Health(failures=5, failing_since=START, open_until=seconds(30))
    assert len(transitions(logged)) == 1


@pytest.mark.parametrize("status_code", [429, 502, 504])
def test_an_endpoint_that_has_too_much_to_do_is_left_alone(database, clock, status_code):
    fill(database, deliveries=3)
    busy = Answer(status_code=status_code, error_code=None, retry_after_s=20.0)
    delivering = one_by_one(database, Posts(busy, OK), clock)

    assert delivering.run_once() == 1
    clock.advance(19)
    assert delivering.run_once() == 0
    clock.advance(1)
    assert delivering.run_once() == 3


def test_five_days_of_failures_disable_an_endpoint_and_suppress_what_waits(database, clock, logged):
    fill(database, deliveries=60)
    heard, until = [], START + GIVEN_UP_AFTER
    delivering = one_by_one(database, Posts(FAILED), clock, heard)
    while clock() < until:
        delivering.run_once()
        clock.advance(3_600)
    assert heard == [Transition.OPENED]

    delivering.run_once()

    with database.read() as conn:
        assert not endpoints.find(conn, "sales").enabled
        waiting = [one for one in outbox.listed(conn, limit=100) if one.status.value == "pending"]
    assert waiting == []
    assert heard == [Transition.OPENED, Transition.DISABLED]
    assert transitions(logged)[-1]["suppressed"] > 0


def test_an_endpoint_that_answers_now_and_then_is_never_given_up(database, clock):
    fill(database)
    heard = []
    answer = Posts(lambda delivery_id: OK if delivery_id.startswith("dlv_good") else FAILED)
    delivering = one_by_one(database, answer, clock, heard)
    for day in range(7):
        noon = clock() + timedelta(hours=12)
        with database.write() as conn:
            outbox.enqueue(conn, a_delivery(id=f"dlv_bad_{day}", next_attempt_at=clock()))
            outbox.enqueue(conn, a_delivery(id=f"dlv_good_{day}", next_attempt_at=noon))
        for _ in range(24):
            delivering.run_once()
            clock.advance(3_600)

    assert set(heard) == {Transition.OPENED, Transition.CLOSED}
    with database.read() as conn:
        assert endpoints.find(conn, "sales").enabled


def test_answers_of_410_that_come_together_are_told_once(database, clock, logged):
    fill(database, deliveries=4)
    together, heard = threading.Barrier(4), []

    def answer(_):
        together.wait(SOON_S)
        return GONE

    hooks = Hooks(spread=lambda: 0.0, on_transition=heard.append)
    worker(database, Posts(answer), clock, hooks=hooks).run_once()

    assert heard == [Transition.DISABLED]
    assert len(transitions(logged)) == 1


def test_while_all_is_well_the_endpoints_row_is_not_written(database, clock, monkeypatch):
    fill(database, deliveries=4)
    written = []
    monkeypatch.setattr(health, "keep", lambda *given: written.append(given))

    worker(database, Posts(OK), clock).run_once()

    assert written == []


def test_an_endpoint_that_is_enabled_again_begins_anew(database, clock):
    fill(database, enabled=False)
    with database.write() as conn:
        health.keep(conn, "ep_1", Health(failures=90, failing_since=START - GIVEN_UP_AFTER))
        endpoints.set_enabled(conn, "ep_1", True)

    assert state_of(database) == Health()
    one_by_one(database, Posts(FAILED), clock).run_once()
    with database.read() as conn:
        assert endpoints.find(conn, "sales").enabled


def test_workers_that_record_failures_at_once_count_each_of_them(database, clock):
    fill(database, deliveries=4)

    race(4, lambda _: worker(database, Posts(FAILED), clock, limits=Limits(batch=1)).run_once())

    assert state_of(database).failures == sum(1 for _, n in states(database).values() if n)


def test_workers_whose_turns_differ_do_not_wait_for_each_others_probes(database):
    with database.write() as conn:
        for number in range(40):
            endpoint_id = f"ep_{number:02}"
            endpoints.add(conn, an_endpoint(id=endpoint_id, name=endpoint_id))
            health.keep(conn, endpoint_id, Health(failures=5, open_until=START))
        messages.add(conn, a_message(), prediction=PREDICTION, decision=DECISION)
        for number in range(40):
            delivery = a_delivery(id=f"dlv_{number:02}", endpoint_id=f"ep_{number:02}")
            outbox.enqueue(conn, delivery)
    with database.read() as conn:
        ready = claims.ready(conn, now=START)
    turns = [dict.fromkeys(ready, 1), dict.fromkeys(reversed(ready), 1)]

    def claim(number):
        with database.write() as conn:
            return claims.claim_due(conn, turns[number], now=START, lease_s=60)

    outcomes = race(2, claim)

    assert sorted(len(claimed) for claimed in outcomes) == [0, 40]
