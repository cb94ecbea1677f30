import random
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain import Answer, DeliveryStatus
from app.webhook import retry

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
HOUR_S = 3_600.0


def answered(status_code, *, retry_after_s=None):
    return Answer(status_code=status_code, error_code=None, retry_after_s=retry_after_s)


def after(answer, *, attempts=1, spread=0.0):
    return retry.after(answer, attempts=attempts, now=NOW, spread=spread)


def wait_s(outcome):
    return (outcome.next_attempt_at - NOW).total_seconds()


def test_the_schedule_is_that_of_the_specification():
    waits = [wait_s(after(answered(500), attempts=n)) for n in range(1, retry.MAX_ATTEMPTS)]

    assert waits == [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]
    assert retry.MAX_ATTEMPTS == 10
    assert timedelta(seconds=sum(waits)) == timedelta(hours=75, minutes=35, seconds=5)


@pytest.mark.parametrize("status_code", [200, 201, 202, 204, 226, 299])
def test_only_2xx_is_delivered(status_code):
    assert after(answered(status_code)) == retry.Outcome(
        status=DeliveryStatus.DELIVERED, next_attempt_at=NOW, disable_endpoint=False
    )


@pytest.mark.parametrize(
    "status_code", [100, 199, 300, 301, 304, 307, 400, 401, 404, 407, 409, 411, 429, 500, 503, 999]
)
def test_every_other_status_waits_for_another_attempt(status_code):
    assert after(answered(status_code)) == retry.Outcome(
        status=DeliveryStatus.PENDING, next_attempt_at=NOW + timedelta(seconds=5)
    )


def test_an_attempt_without_an_answer_waits_for_another():
    outcome = after(Answer(status_code=None, error_code="timeout"), attempts=2)

    assert (outcome.status, wait_s(outcome)) == (DeliveryStatus.PENDING, 300)


@pytest.mark.parametrize("attempts", [1, 5, 10])
def test_410_ends_the_delivery_and_disables_the_endpoint(attempts):
    assert after(answered(410), attempts=attempts) == retry.Outcome(
        status=DeliveryStatus.DEAD, next_attempt_at=NOW, disable_endpoint=True
    )


@pytest.mark.parametrize("attempts", [10, 11, 1_000])
def test_a_delivery_is_dead_when_its_attempts_are_used_up(attempts):
    assert after(answered(500), attempts=attempts) == retry.Outcome(
        status=DeliveryStatus.DEAD, next_attempt_at=NOW, disable_endpoint=False
    )


def test_jitter_stays_within_a_fifth_of_the_step():
    drawn = random.Random(7)
    for attempts, delay_s in enumerate(retry.DELAYS_S, start=1):
        for _ in range(200):
            outcome = after(answered(500), attempts=attempts, spread=drawn.uniform(-1, 1))

            assert 0.8 * delay_s <= wait_s(outcome) <= 1.2 * delay_s


@pytest.mark.parametrize(
    ("retry_after_s", "expected_s"),
    [
        (None, 300),
        (0.0, 300),
        (299.0, 300),
        (301.0, 301),
        (3600.5, 3600.5),
        (1e20, 86_400),
        (float("inf"), 86_400),
    ],
)
def test_retry_after_counts_between_the_step_and_a_day(retry_after_s, expected_s):
    outcome = after(answered(503, retry_after_s=retry_after_s), attempts=2)

    assert wait_s(outcome) == expected_s


@pytest.mark.parametrize(
    ("header", "expected_s"),
    [
        ("0", 0.0),
        ("120", 120.0),
        (" 120 ", 120.0),
        ("3600.5", 3600.5),
        (format_datetime(NOW + timedelta(hours=1), usegmt=True), HOUR_S),
        ("Tue, 24 Nov 2026 10:00:00 +0000", HOUR_S),
        ("Tue, 24 Nov 2026 12:00:00 +0200", HOUR_S),
        ("Tue Nov 24 10:00:00 2026", HOUR_S),
        ("Tuesday, 24-Nov-26 10:00:00 GMT", HOUR_S),
        ("Tue, 24 Nov 2026 08:00:00 GMT", 0.0),
        (None, None),
        ("", None),
        ("-5", None),
        ("1e20", None),
        ("99999999999999999999", None),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("1_000", None),
        ("٣", None),
        ("5, 10", None),
        ("Tue, 99 Nov 2026 10:00:00 GMT", None),
        ("Tue, 24 Nov 2026 10:00:00 +999999999", None),
        ("9" * 10_000, None),
    ],
)
def test_retry_after_is_read_or_ignored(header, expected_s):
    assert retry.parse_retry_after(header, NOW) == expected_s


@settings(max_examples=300, deadline=None)
@given(st.text() | st.from_regex(r"[A-Za-z]{3}, [0-9 :+-]{1,5} Nov [0-9:+ -]{1,30}"))
def test_no_header_makes_reading_it_raise(header):
    seconds = retry.parse_retry_after(header, NOW)

    assert seconds is None or seconds >= 0
