import threading
import time
from datetime import timedelta

import pytest
import structlog
from support import START, a_delivery, an_endpoint, race
from support_outbox import claim_due
from support_receiver import Receiver, hang_up, held, silent, status
from support_worker import (
    FAILED,
    GONE,
    LATE,
    OK,
    SECRET,
    SOON_S,
    TIMEOUT_S,
    Posts,
    Running,
    attempts,
    eventually,
    fill,
    states,
    worker,
)

from app.domain import Answer, DeliveryStatus
from app.errors import StorageDown
from app.storage import endpoints, outbox
from app.webhook import signing
from app.webhook.guard import Guard
from app.webhook.inflight import THREAD_NAME
from app.webhook.retry import DELAYS_S
from app.webhook.sender import Sender
from app.worker import Hooks, Limits, Worker


@pytest.fixture(autouse=True)
def logged():
    """What the worker logs, which would else be printed."""
    with structlog.testing.capture_logs() as entries:
        yield entries


# One attempt after the other


def test_a_refused_delivery_waits_and_keeps_its_id(database, clock):
    fill(database)
    post = Posts(FAILED, LATE, OK)
    delivering = worker(database, post, clock)

    assert [delivering.run_once(), delivering.run_once()] == [1, 0]  # the second finds nothing due
    for delay_s in DELAYS_S[:2]:
        clock.advance(delay_s * 1.2)
        delivering.run_once()
    assert states(database) == {"dlv_001": ("delivered", 3)}
    assert post.ids == ["dlv_001"] * 3
    assert attempts(database) == [(1, 500, None), (2, None, "timeout"), (3, 200, None)]


def test_a_delivery_is_tried_ten_times_on_schedule_and_is_then_dead(database, clock):
    fill(database)
    post = Posts(FAILED)
    delivering = worker(database, post, clock)

    taken = [delivering.run_once()]
    for delay_s in DELAYS_S:
        clock.advance(delay_s - 1)
        taken.append(delivering.run_once())
        clock.advance(1)
        taken.append(delivering.run_once())
    clock.advance(365 * 86_400)

    assert taken == [1] + [0, 1] * 9
    assert clock.now - START == timedelta(days=365, hours=75, minutes=35, seconds=5)
    assert delivering.run_once() == 0
    assert states(database) == {"dlv_001": ("dead", 10)}
    assert [number for number, _, _ in attempts(database)] == list(range(1, 11))


def test_each_attempt_is_signed_anew_for_its_own_time(database, clock):
    fill(database)
    post = Posts(FAILED, OK)
    delivering = worker(database, post, clock)

    delivering.run_once()
    clock.advance(60)
    delivering.run_once()

    for number, (url, headers, body) in enumerate(post.calls):
        assert (url, body) == ("https://hooks.example/inlet", a_delivery().body)
        assert headers["Content-Type"] == "application/json"
        assert headers["webhook-timestamp"] == str(int(START.timestamp()) + 60 * number)
        assert signing.verify(headers, body, secrets=[SECRET], now=clock.now)


def test_retry_after_moves_the_next_attempt(database, clock):
    fill(database)
    busy = Answer(status_code=503, error_code=None, retry_after_s=3_600.0)
    delivering = worker(database, Posts(busy, OK), clock)

    delivering.run_once()
    clock.advance(3_599)
    assert delivering.run_once() == 0
    clock.advance(1)
    assert delivering.run_once() == 1


def test_jitter_is_drawn_for_each_attempt(database, clock):
    fill(database)
    delivering = worker(database, Posts(FAILED), clock, hooks=Hooks(spread=lambda: 1.0))

    delivering.run_once()
    clock.advance(5.9)
    assert delivering.run_once() == 0
    clock.advance(0.1)
    assert delivering.run_once() == 1


def test_410_disables_the_endpoint_and_nothing_more_is_sent_there(database, clock):
    fill(database, deliveries=3)
    post = Posts(GONE, OK)
    delivering = worker(database, post, clock, limits=Limits(concurrency=1))

    assert delivering.run_once() == 1
    with database.read() as conn:
        assert not endpoints.find(conn, "sales").enabled
    assert states(database) == {
        "dlv_001": ("dead", 1),
        "dlv_002": ("suppressed", 0),
        "dlv_003": ("suppressed", 0),
    }
    clock.advance(365 * 86_400)
    assert delivering.run_once() == 0


def test_a_batch_is_the_most_that_one_round_takes(database, clock):
    fill(database, deliveries=7)
    delivering = worker(database, Posts(OK), clock, limits=Limits(batch=5))

    assert [delivering.run_once() for _ in range(3)] == [5, 2, 0]


def test_metrics_hear_of_every_attempt(database, clock):
    fill(database)
    heard = []
    hooks = Hooks(on_attempt=heard.append, spread=lambda: 0.0)
    delivering = worker(database, Posts(LATE, OK), clock, hooks=hooks)

    delivering.run_once()
    clock.advance(5)
    delivering.run_once()

    assert heard == [LATE, OK]


def test_logs_name_ids_codes_and_durations_and_nothing_private(database, clock, logged):
    fill(database, url="https://hooks.example/canary-path?token=canary")
    failing = RuntimeError("https://hooks.example/canary-path")
    delivering = worker(database, Posts(failing, GONE), clock)

    delivering.run_once()
    clock.advance(5)
    delivering.run_once()

    assert [entry["event"] for entry in logged] == [
        "attempt_failed",
        "attempt",
        "endpoint_disabled",
        "attempt",
    ]
    assert logged[3] == {
        "event": "attempt",
        "log_level": "info",
        "delivery_id": "dlv_001",
        "message_id": "msg_1",
        "endpoint_id": "ep_1",
        "number": 2,
        "status_code": 410,
        "error_code": None,
        "duration_ms": 0.0,
        "outcome": "dead",
    }
    assert "canary" not in str(logged)
    assert SECRET not in str(logged)


# What goes wrong


def test_an_unexpected_error_counts_as_an_attempt_so_that_a_poison_delivery_dies(database, clock):
    fill(database)
    delivering = worker(database, Posts(RuntimeError("poison")), clock)

    for delay_s in (0, *DELAYS_S):
        clock.advance(delay_s)
        assert delivering.run_once() == 1

    assert states(database) == {"dlv_001": ("dead", 10)}
    assert {code for _, _, code in attempts(database)} == {"internal_error"}


def test_an_endpoint_with_an_unfit_secret_fails_its_own_deliveries_only(database, clock):
    fill(database)
    with database.write() as conn:
        endpoints.add(conn, an_endpoint(id="ep_2", name="other", secrets=("whsec_c2hvcnQ=",)))
        outbox.enqueue(conn, a_delivery(id="dlv_002", endpoint_id="ep_2"))

    worker(database, Posts(OK), clock).run_once()

    assert states(database) == {"dlv_001": ("delivered", 1), "dlv_002": ("pending", 1)}
    assert attempts(database, "dlv_002") == [(1, None, "internal_error")]


def test_the_lease_covers_an_attempt_with_room_for_the_commits(database, clock):
    delivering = worker(database, Posts(OK), clock)

    assert delivering.lease_s >= TIMEOUT_S + 5
    assert delivering.lease_s <= 60  # an orphan is claimed again within a minute


@pytest.mark.parametrize(("margin_s", "timeout_s"), [(5.0, 15.0), (30.0, 60.5)])
def test_a_worker_whose_lease_does_not_fit_its_attempts_does_not_start(
    database, clock, monkeypatch, margin_s, timeout_s
):
    monkeypatch.setattr("app.worker.LEASE_MARGIN_S", margin_s)

    with pytest.raises(ValueError, match="does not fit"):
        Worker(database, Posts(OK), now=clock, timeout_s=timeout_s)


def test_a_live_delivery_is_not_claimed_again(database, clock):
    fill(database)
    found = []

    def look_around(_):
        clock.advance(TIMEOUT_S)
        found.append(worker(database, Posts(OK), clock).run_once())
        return OK

    worker(database, Posts(look_around), clock).run_once()

    assert found == [0]
    assert states(database) == {"dlv_001": ("delivered", 1)}


def test_a_dead_workers_delivery_is_taken_over_when_its_lease_is_over(database, clock):
    fill(database)
    post = Posts(OK)
    rescuing = worker(database, post, clock)
    with database.write() as conn:  # a worker claims, and is killed
        claim_due(conn, now=clock(), lease_s=rescuing.lease_s, limit=1)

    clock.advance(rescuing.lease_s - 1)
    assert rescuing.run_once() == 0
    clock.advance(1)
    assert rescuing.run_once() == 1
    assert states(database) == {"dlv_001": ("delivered", 2)}
    assert post.ids == ["dlv_001"]


def test_a_database_that_goes_away_in_a_round_does_not_lose_what_is_in_flight(database, clock):
    fill(database, deliveries=2)
    flaky = Unreliable(database, down=iter([False, False, True]))  # claim, record, claim
    delivering = worker(flaky, Posts(OK), clock, limits=Limits(concurrency=1))

    with pytest.raises(StorageDown):
        delivering.run_once()

    assert states(database) == {"dlv_001": ("delivered", 1), "dlv_002": ("pending", 0)}


def test_a_worker_that_wakes_after_its_lease_does_not_overrule_the_later_one(database, clock):
    fill(database)

    def outlive_the_lease(_):
        clock.advance(60)
        assert worker(database, Posts(OK), clock).run_once() == 1
        return FAILED

    late = worker(database, Posts(outlive_the_lease), clock, limits=Limits(batch=1))
    late.run_once()

    assert states(database) == {"dlv_001": ("delivered", 2)}
    assert attempts(database) == [(2, 200, None), (1, 500, None)]  # both are kept


def test_a_claim_whose_lease_no_longer_covers_an_attempt_is_given_back(database, clock):
    fill(database)
    post = Posts(OK)
    late = START + timedelta(seconds=31)  # the claim's commit took that long
    times = [START, late, late]
    slow = Worker(
        database,
        post,
        now=lambda: times.pop(0) if times else clock(),
        timeout_s=TIMEOUT_S,
        limits=Limits(batch=1),
    )

    slow.run_once()
    assert (post.calls, states(database)) == ([], {"dlv_001": ("pending", 0)})
    clock.advance(31)
    slow.run_once()
    assert (post.ids, states(database)) == (["dlv_001"], {"dlv_001": ("delivered", 1)})


class Unreliable:
    """A database that is down for some writes."""

    def __init__(self, database, *, down):
        self._database = database
        self.down = down  # yields True for each write that fails
        self.read = database.read

    def write(self):
        if next(self.down, False):
            raise StorageDown("down")
        return self._database.write()

    def write_in_group(self, work):
        with self.write() as conn:
            return work(conn)


def test_an_outcome_is_recorded_although_the_database_was_away(database, clock):
    fill(database)
    post = Posts(OK)
    flaky = Unreliable(database, down=iter([False, True, True, False]))

    worker(flaky, post, clock, limits=Limits(batch=1)).run_once()

    assert states(database) == {"dlv_001": ("delivered", 1)}
    assert post.ids == ["dlv_001"]


def test_an_outcome_that_cannot_be_recorded_leaves_the_delivery_to_its_lease(database, clock):
    fill(database)
    post = Posts(OK)
    flaky = Unreliable(database, down=iter([False, True, True, True]))
    delivering = worker(flaky, post, clock, limits=Limits(batch=1))

    delivering.run_once()
    assert states(database) == {"dlv_001": ("pending", 1)}
    clock.advance(delivering.lease_s)
    delivering.run_once()

    assert states(database) == {"dlv_001": ("delivered", 2)}
    assert post.ids == ["dlv_001", "dlv_001"]  # a duplicate with one id, never a loss


# Many at a time


def test_eight_workers_send_every_delivery_once(database, clock):
    fill(database, deliveries=40)
    post = Posts(OK)

    taken = race(8, lambda _: worker(database, post, clock).run_once())
    taken.append(worker(database, post, clock).run_once())

    assert sum(taken) == 40
    assert sorted(post.ids) == [f"dlv_{number:03}" for number in range(1, 41)]
    assert set(states(database).values()) == {("delivered", 1)}


def test_four_attempts_are_in_flight_and_no_more(database, clock):
    fill(database, deliveries=12)
    lock, release = threading.Lock(), threading.Event()
    flying, most = set(), []

    def fly(delivery_id):
        with lock:
            flying.add(delivery_id)
            most.append(len(flying))
        if len(most) >= 4:
            release.set()
        release.wait(SOON_S)
        with lock:
            flying.remove(delivery_id)
        return OK

    assert worker(database, Posts(fly), clock).run_once() == 12
    assert max(most) == 4


def test_a_slow_receiver_holds_one_place_and_not_the_others(database, clock):
    fill(database, deliveries=20)
    release = threading.Event()

    def answer(delivery_id):
        if delivery_id == "dlv_001":
            release.wait(SOON_S)
        return OK

    with Running(worker(database, Posts(answer), clock)):
        eventually(lambda: list(states(database).values()).count(("delivered", 1)) == 19)
        assert states(database)["dlv_001"] == ("pending", 1)
        release.set()
        eventually(lambda: states(database)["dlv_001"] == ("delivered", 1))


# The loop


def test_the_loop_delivers_at_once_when_it_is_woken(database, clock):
    fill(database)
    post = Posts(OK)
    delivering = worker(database, post, clock, limits=Limits(idle_wait_s=9.0))
    with Running(delivering):
        eventually(lambda: states(database) == {"dlv_001": ("delivered", 1)})
        with database.write() as conn:
            outbox.enqueue(conn, a_delivery(id="dlv_002"))
        woken_at = time.monotonic()
        delivering.wake()
        eventually(lambda: len(post.calls) == 2)

        assert time.monotonic() - woken_at < 5.0


def test_the_loop_finds_what_nobody_woke_it_for(database, clock):
    fill(database)
    post = Posts(FAILED, OK)
    with Running(worker(database, post, clock, limits=Limits(idle_wait_s=0.05))):
        eventually(lambda: attempts(database))
        clock.advance(5)
        eventually(lambda: states(database) == {"dlv_001": ("delivered", 2)})


def test_the_loop_survives_a_database_that_is_away(database, clock):
    fill(database)
    away = iter([True])
    with Running(worker(Unreliable(database, down=away), Posts(OK), clock)) as running:
        eventually(lambda: states(database) == {"dlv_001": ("delivered", 1)})
        assert running.worker.alive


def test_the_loop_survives_its_own_mistakes(database, clock):
    fill(database)
    failing = Hooks(housekeeping=lambda: 1 / 0, spread=lambda: 0.0)
    with Running(worker(database, Posts(OK), clock, hooks=failing)):
        eventually(lambda: states(database) == {"dlv_001": ("delivered", 1)})


def test_house_is_kept_now_and_then(database, clock):
    kept = threading.Semaphore(0)
    hooks = Hooks(housekeeping=kept.release, housekeeping_every_s=0.02)
    with Running(worker(database, Posts(OK), clock, limits=Limits(idle_wait_s=0.01), hooks=hooks)):
        assert [kept.acquire(timeout=SOON_S) for _ in range(3)] == [True] * 3


def test_a_worker_says_whether_its_loop_lives(database, clock):
    delivering = worker(database, Posts(OK), clock)
    assert (delivering.alive, delivering.last_beat_at) == (False, None)

    with Running(delivering) as running:
        eventually(lambda: delivering.alive)
        assert delivering.last_beat_at == START
        running.stop()
        assert not delivering.alive


def test_a_loop_that_hangs_is_not_alive(database, clock, monkeypatch):
    hang, hanging = threading.Event(), threading.Event()

    def never_end():
        hanging.set()
        hang.wait(SOON_S)

    delivering = worker(database, Posts(OK), clock, hooks=Hooks(housekeeping=never_end))
    with Running(delivering):
        assert hanging.wait(SOON_S)
        alive_at_once = delivering.alive
        monkeypatch.setattr("app.worker.STALE_S", 0.0)
        assert (alive_at_once, delivering.alive) == (True, False)
        hang.set()


@pytest.mark.parametrize("wrong", [{"batch": 0}, {"concurrency": 0}, {"idle_wait_s": 10.0}])
def test_limits_that_make_no_sense_are_a_mistake(wrong):
    with pytest.raises(ValueError, match="need batch"):
        Limits(**wrong)


# Stopping


def test_an_attempt_in_flight_is_finished_when_the_worker_stops(database, clock):
    fill(database)
    flying, release = threading.Event(), threading.Event()

    def answer(_):
        flying.set()
        release.wait(SOON_S)
        return OK

    with Running(worker(database, Posts(answer), clock)) as running:
        assert flying.wait(SOON_S)
        threading.Timer(0.1, release.set).start()
        running.stop()

    assert states(database) == {"dlv_001": ("delivered", 1)}


def test_an_interrupted_delivery_is_not_counted_as_an_attempt(database, clock):
    fill(database)
    flying, release = threading.Event(), threading.Event()

    def answer(_):
        flying.set()
        release.wait(SOON_S)
        return FAILED

    delivering = worker(database, Posts(answer), clock, limits=Limits(grace_s=0.05))
    with Running(delivering) as running:
        assert flying.wait(SOON_S)
        took_s = running.stop()
        assert states(database) == {"dlv_001": ("pending", 0)}
        release.set()  # its answer comes after all, and is nobody's
        eventually(lambda: THREAD_NAME not in {thread.name for thread in threading.enumerate()})

    assert states(database) == {"dlv_001": ("pending", 0)}
    assert attempts(database) == []

    assert took_s < 5.0
    assert worker(database, Posts(OK), clock).run_once() == 1  # due at once
    assert states(database) == {"dlv_001": ("delivered", 1)}
    assert attempts(database) == [(1, 200, None)]


def test_stopping_ends_although_the_database_is_away(database, clock):
    fill(database)
    flying, release = threading.Event(), threading.Event()

    def answer(_):
        flying.set()
        release.wait(SOON_S)
        return OK

    away = Unreliable(database, down=iter([False, *[True] * 100]))
    delivering = worker(away, Posts(answer), clock, limits=Limits(grace_s=0.05))
    with Running(delivering) as running:
        assert flying.wait(SOON_S)
        assert running.stop() < 5.0
        release.set()

    assert states(database) == {"dlv_001": ("pending", 1)}  # its lease will run out


# The whole way, to a real receiver


def sender(timeout_s=5.0):
    return Sender(Guard(allow_cidrs=["127.0.0.0/8"]), timeout_s=timeout_s)


def test_a_receiver_gets_a_signed_delivery_again_until_it_takes_it(database, clock):
    with Receiver(status(500), hang_up, status(204)) as receiver:
        fill(database, url=receiver.url)
        delivering = worker(database, sender().begin, clock)
        for delay_s in (0, *DELAYS_S[:2]):
            clock.advance(delay_s)
            assert delivering.run_once() == 1
        requests = receiver.wait_for(3)

    assert states(database) == {"dlv_001": ("delivered", 3)}
    assert attempts(database) == [(1, 500, None), (2, None, "protocol_error"), (3, 204, None)]
    assert {request.headers["webhook-id"] for request in requests} == {"dlv_001"}
    for request, late_s in zip(requests, (0, 5, 305), strict=True):
        now = START + timedelta(seconds=late_s)
        assert signing.verify(request.headers, request.body, secrets=[SECRET], now=now)


def test_receivers_that_hang_do_not_hold_the_one_that_answers(database, clock):
    release = threading.Event()
    with Receiver(silent) as hanging, Receiver(held(release, status(200))) as good:
        fill(database, deliveries=2, url=hanging.url)
        with database.write() as conn:
            endpoints.add(conn, an_endpoint(id="ep_2", name="b", url=good.url, secrets=(SECRET,)))
            outbox.enqueue(conn, a_delivery(id="dlv_900", endpoint_id="ep_2"))
        release.set()
        assert worker(database, sender(timeout_s=0.3).begin, clock).run_once() == 3

    assert states(database) == {
        "dlv_001": (DeliveryStatus.PENDING.value, 1),
        "dlv_002": (DeliveryStatus.PENDING.value, 1),
        "dlv_900": (DeliveryStatus.DELIVERED.value, 1),
    }
