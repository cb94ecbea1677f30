import threading
from collections import Counter

import pytest
import structlog
from support import DECISION, PREDICTION, a_delivery, a_message, an_endpoint, race
from support_worker import OK, SECRET, SOON_S, Posts, Running, eventually, states, worker

from app.storage import endpoints, messages, outbox
from app.worker import Hooks, Limits


@pytest.fixture(autouse=True)
def logged():
    """What the worker logs, which would else be printed."""
    with structlog.testing.capture_logs() as entries:
        yield entries


def fill(database, deliveries=1, *receivers):
    """Store so many deliveries for each of these endpoints: dlv_<name>_001, …"""
    with database.write() as conn:
        messages.add(conn, a_message(), prediction=PREDICTION, decision=DECISION)
        for receiver in receivers:
            endpoints.add(conn, receiver)
            for number in range(1, deliveries + 1):
                delivery_id = f"dlv_{receiver.name}_{number:03}"
                outbox.enqueue(conn, a_delivery(id=delivery_id, endpoint_id=receiver.id))


def to(name, **changes):
    return an_endpoint(id=f"ep_{name}", name=name, secrets=(SECRET,), **changes)


def name_of(delivery_id):
    return delivery_id.split("_")[1]


class Flight:
    """Holds every attempt until it is released, and knows who was under way together."""

    def __init__(self, hold=lambda name: True):
        self._hold = hold
        self._changed = threading.Condition()
        self._released = False
        self.flying = Counter()
        self.most = Counter()

    def __call__(self, delivery_id):
        name = name_of(delivery_id)
        with self._changed:
            self.flying[name] += 1
            self.most[name] = max(self.most[name], self.flying[name])
            self._changed.notify_all()
            if self._hold(name):
                self._changed.wait_for(lambda: self._released, SOON_S)
            self.flying[name] -= 1
        return OK

    def wait_until(self, flying):
        """Wait until exactly these are under way."""
        with self._changed:
            assert self._changed.wait_for(lambda: +self.flying == Counter(flying), SOON_S)

    def release(self):
        with self._changed:
            self._released = True
            self._changed.notify_all()


def test_an_endpoint_has_four_attempts_in_flight_and_the_next_ones_have_theirs(database, clock):
    fill(database, 6, to("a"), to("b"), to("c"))
    flight = Flight()
    with Running(worker(database, Posts(flight), clock)):
        flight.wait_until({"a": 4, "b": 4, "c": 4})
        flight.release()
        eventually(lambda: set(states(database).values()) == {("delivered", 1)})

    assert flight.most == {"a": 4, "b": 4, "c": 4}


def test_an_endpoint_may_have_a_limit_of_its_own(database, clock):
    fill(database, 9, to("a", max_in_flight=1), to("b", max_in_flight=8))
    flight = Flight()
    with Running(worker(database, Posts(flight), clock)):
        flight.wait_until({"a": 1, "b": 8})
        flight.release()
        eventually(lambda: set(states(database).values()) == {("delivered", 1)})

    assert flight.most == {"a": 1, "b": 8}


def test_an_endpoint_that_failed_gets_one_at_a_time_until_it_answers(database, clock):
    fill(database, 6, to("a", failures=1, failing_since=clock()), to("b"))
    flight = Flight()
    with Running(worker(database, Posts(flight), clock)):
        flight.wait_until({"a": 1, "b": 4})
        flight.release()
        eventually(lambda: set(states(database).values()) == {("delivered", 1)})

    assert flight.most["b"] == 4


def test_receivers_that_never_answer_do_not_hold_the_one_that_does(database, clock):
    slow = [to(f"slow{n}") for n in range(7)]
    fill(database, 20, *slow, to("good"))
    flight = Flight(hold=lambda name: name != "good")
    with Running(worker(database, Posts(flight), clock)):
        eventually(lambda: delivered(database)["good"] == 20)
        flight.wait_until({one.name: 4 for one in slow})
        flight.release()


def delivered(database):
    with database.read() as conn:
        found = outbox.listed(conn, limit=1_000)
    return Counter(name_of(one.id) for one in found if one.status.value == "delivered")


def test_few_threads_go_round_so_that_nobody_waits_for_a_long_queue_of_another(database, clock):
    fill(database, 4, to("a"), to("b"), to("c"))
    post = Posts(OK)
    delivering = worker(database, post, clock, limits=Limits(batch=3, concurrency=1))

    delivering.run_once()
    delivering.run_once()

    assert [name_of(delivery_id) for delivery_id in post.ids] == ["a", "b", "c", "a", "b", "c"]


def test_a_paused_endpoint_gets_nothing_and_what_waits_goes_out_when_it_is_resumed(database, clock):
    fill(database, 1, to("a", paused=True), to("b"))
    delivering = worker(database, Posts(OK), clock)

    assert delivering.run_once() == 1
    assert states(database) == {"dlv_a_001": ("pending", 0), "dlv_b_001": ("delivered", 1)}
    with database.write() as conn:
        assert endpoints.set_paused(conn, "ep_a", False)
    assert delivering.run_once() == 1


def test_a_rate_lets_so_many_a_second_through_and_leaves_the_rest_uncounted(database, clock):
    fill(database, 9, to("a", rate_per_s=3.0, max_in_flight=9), to("b"))
    seconds = [100.0]
    hooks = Hooks(spread=lambda: 0.0, monotonic=lambda: seconds[0])
    delivering = worker(database, Posts(OK), clock, hooks=hooks)

    sent = []
    for _ in range(4):
        delivering.run_once()
        sent.append(dict(delivered(database)))
        seconds[0] += 0.7
    assert sent == [{"a": 3, "b": 9}, {"a": 5, "b": 9}, {"a": 7, "b": 9}, {"a": 9, "b": 9}]
    assert set(states(database).values()) == {("delivered", 1)}


def test_a_wall_clock_that_jumps_ahead_lets_no_burst_through(database, clock):
    fill(database, 9, to("a", rate_per_s=2.0, max_in_flight=9))
    hooks = Hooks(spread=lambda: 0.0, monotonic=lambda: 100.0)
    delivering = worker(database, Posts(OK), clock, hooks=hooks)

    delivering.run_once()
    clock.advance(3 * 3_600)
    delivering.run_once()

    assert delivered(database) == {"a": 2}


def test_workers_that_share_the_endpoints_send_every_delivery_once(database, clock):
    fill(database, 15, *(to(name) for name in "abcd"))
    post = Posts(OK)

    limits = Limits(batch=60, concurrency=8)
    race(4, lambda _: worker(database, post, clock, limits=limits).run_once())
    worker(database, post, clock, limits=limits).run_once()

    assert set(Counter(post.ids).values()) == {1}
    assert delivered(database) == dict.fromkeys("abcd", 15)
