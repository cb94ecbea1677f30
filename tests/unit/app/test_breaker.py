from dataclasses import replace
from datetime import timedelta

import pytest
from support import START, Clock, an_endpoint

from app.domain import Answer, Health
from app.webhook import breaker
from app.webhook.breaker import (
    FAILURES,
    GIVEN_UP_AFTER,
    Standing,
    Transition,
    Verdict,
    standing_of,
)

OK = Answer(status_code=204, error_code=None)
FAILED = Answer(status_code=500, error_code=None)
LATE = Answer(status_code=None, error_code="timeout")


def after(health, answer=FAILED, *, now=START, spread=0.0, probe=False):
    return breaker.after(health, answer, now=now, spread=spread, probe=probe)


def seconds(number):
    return START + timedelta(seconds=number)


def failing(failures, **changes):
    return Health(failures=failures, failing_since=START, **changes)


def test_a_first_failure_is_counted_and_stops_nothing():
    assert after(Health()) == Verdict(health=failing(1))


def test_five_failures_in_a_row_open_the_circuit_for_half_a_minute():
    health, told = Health(), []
    for _ in range(FAILURES):
        verdict = after(health, LATE)
        health = verdict.health
        told.append(verdict.transition)

    assert health == failing(5, open_until=seconds(30))
    assert told == [None, None, None, None, Transition.OPENED]


def test_a_success_in_between_begins_the_count_anew():
    assert after(failing(4), OK) == Verdict(health=Health())


def test_failed_probes_keep_it_open_twice_as_long_each_time_up_to_a_quarter_of_an_hour():
    clock, health, waits_s, told = Clock(), failing(5, open_until=START), [], []
    for _ in range(8):
        verdict = after(health, now=clock(), probe=True)
        health = verdict.health
        waits_s.append((health.open_until - clock()).total_seconds())
        told.append(verdict.transition)
        clock.now = health.open_until

    assert waits_s == [60, 120, 240, 480, 750, 750, 750, 750]
    assert told == [None] * 8  # it was told when it opened


@pytest.mark.parametrize("failures", [5, 9, 1_000_000])
def test_jitter_stays_within_a_fifth_and_a_quarter_of_an_hour(failures):
    until = [after(failing(failures), spread=spread).health.open_until for spread in (-1.0, 1.0)]
    middle_s = (after(failing(failures)).health.open_until - START).total_seconds()

    assert until == [seconds(middle_s * 0.8), seconds(middle_s * 1.2)]
    assert until[1] <= seconds(900)


@pytest.mark.parametrize("open_until", [seconds(20), seconds(-1)], ids=["open", "half open"])
def test_a_success_closes_it(open_until):
    verdict = after(failing(7, open_until=open_until), OK, probe=True)

    assert verdict == Verdict(health=Health(), transition=Transition.CLOSED)


def test_what_was_under_way_when_it_opened_does_not_keep_it_open_longer():
    opened = failing(5, open_until=seconds(30))

    assert after(opened, now=seconds(2)) == Verdict(health=opened)


def test_five_days_of_failures_give_an_endpoint_up():
    health = failing(40, open_until=START)
    just = START + GIVEN_UP_AFTER

    assert after(health, now=just - timedelta(seconds=1), probe=True).transition is None
    verdict = after(health, now=just, probe=True)
    assert verdict == Verdict(health=failing(41), transition=Transition.DISABLED)


def test_few_failures_over_many_days_do_not_give_an_endpoint_up():
    verdict = after(failing(3), now=START + 2 * GIVEN_UP_AFTER)

    assert verdict == Verdict(health=failing(4))


@pytest.mark.parametrize("status_code", [429, 502, 504])
def test_an_endpoint_that_has_too_much_to_do_is_left_alone_at_once(status_code):
    verdict = after(Health(), Answer(status_code=status_code, error_code=None))

    opened = failing(1, open_until=seconds(5))
    assert verdict == Verdict(health=opened, transition=Transition.OPENED)


@pytest.mark.parametrize(
    ("status_code", "retry_after_s", "waits_s"),
    [(429, 60.0, 60), (429, 1.0, 5), (503, 60.0, 60), (429, 86_400.0, 750), (429, 1e300, 750)],
)
def test_it_is_left_alone_as_long_as_it_asks_for_up_to_a_quarter_of_an_hour(
    status_code, retry_after_s, waits_s
):
    busy = Answer(status_code=status_code, error_code=None, retry_after_s=retry_after_s)

    assert after(Health(), busy).health.open_until == seconds(waits_s)


@pytest.mark.parametrize("status_code", [500, 503, 404, 410])
def test_other_refusals_do_not_open_it_at_once(status_code):
    assert after(Health(), Answer(status_code=status_code, error_code=None)).transition is None


def test_a_probe_that_fails_before_the_fifth_failure_opens_it_again():
    throttled = failing(1, open_until=START)

    verdict = after(throttled, now=seconds(1), probe=True)

    assert verdict == Verdict(health=failing(2, open_until=seconds(6)))


@pytest.mark.parametrize("error_code", ["internal_error", "not_renderable"])
def test_our_own_mistakes_are_not_held_against_an_endpoint(error_code):
    health = failing(4)

    ours = replace(LATE, error_code=error_code)
    assert after(health, ours) == Verdict(health=health)


@pytest.mark.parametrize(
    ("state", "standing"),
    [
        ({}, Standing.ENABLED),
        ({"failures": 1}, Standing.FAILING),
        ({"failures": 5, "open_until": seconds(1)}, Standing.OPEN),
        ({"failures": 5, "open_until": START}, Standing.HALF_OPEN),
        ({"paused": True, "open_until": seconds(1)}, Standing.PAUSED),
        ({"enabled": False, "paused": True, "open_until": seconds(1)}, Standing.DISABLED),
    ],
)
def test_how_an_endpoint_is_can_be_said_in_one_word(state, standing):
    assert standing_of(an_endpoint(**state), START) is standing
