from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.domain import ClockStatus
from app.errors import Refused
from app.routing.calendars import Calendar
from app.routing.clocks import ClockPlan
from app.routing.policy import Policy, Rule
from app.sla import Figures, figures, since_of
from app.storage.clocks import Measured

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
START = datetime(2026, 11, 27, 16, 30, tzinfo=UTC)  # a Friday, 17:30 in Berlin
NOW = START + timedelta(days=5)
OFFICE = Calendar(
    name="berlin", zone="Europe/Berlin", hours={day: ((540, 1080),) for day in range(5)}
)
REST = Rule(name="otherwise", intents={}, route="inbox", endpoints=(), event_type="message.routed")
POLICY = Policy(
    rules=(),
    otherwise=REST,
    sha256="",
    calendars={"berlin": OFFICE},
    clocks={
        "hour": ClockPlan(name="hour", within=HOUR),
        "office": ClockPlan(name="office", within=HOUR, calendar="berlin"),
    },
)
NONE = Figures(
    promises=0,
    acknowledged=0,
    inside=0,
    open=0,
    overdue=0,
    lapsed=0,
    closed=0,
    inside_ratio=None,
    median_s=None,
    p90_s=None,
    working_median_s=None,
    working_p90_s=None,
)


def a_promise(**changes):
    running = Measured(
        owner="ana",
        route="sales",
        clock="hour",
        started_at=START,
        promised_at=START + HOUR,
        status=ClockStatus.RUNNING,
        settled_at=None,
        lapsed=False,
    )
    return replace(running, **changes)


def taken(after, **changes):
    status = ClockStatus.ACKNOWLEDGED
    return a_promise(status=status, settled_at=START + after, **changes)


def test_without_promises_there_are_no_figures():
    assert figures([], POLICY, NOW) == NONE


def test_the_figures_of_all_that_can_become_of_a_promise():
    closed = {"status": ClockStatus.CLOSED, "settled_at": START + HOUR}
    promises = [
        taken(HOUR),  # to the instant: inside
        taken(HOUR + timedelta(microseconds=1)),
        a_promise(),  # overdue
        a_promise(promised_at=NOW),  # nobody knows yet
        a_promise(**closed),
        a_promise(**closed, lapsed=True),
    ]

    found = figures(promises, POLICY, NOW)

    assert (found.promises, found.acknowledged, found.inside) == (5, 2, 1)
    assert (found.open, found.overdue, found.lapsed, found.closed) == (2, 1, 1, 1)
    assert found.inside_ratio == 1 / 4


@pytest.mark.parametrize(
    ("minutes", "median_s", "p90_s"),
    [
        ([7], 420, 420),
        ([1, 3], 120, 180),
        (range(1, 11), 330, 540),
        ([*range(1, 11), 600], 360, 600),
        ([600, *range(1, 20)], 630, 1080),
    ],
)
def test_nine_of_ten_were_not_slower_than_the_ninetieth_percentile(minutes, median_s, p90_s):
    found = figures([taken(minute * MINUTE) for minute in minutes], POLICY, NOW)

    assert (found.median_s, found.p90_s) == (median_s, p90_s)


def test_working_time_is_told_where_the_clock_counts_it():
    over_the_weekend = taken(timedelta(days=3), clock="office")  # half an hour, and 9:00 to 17:30

    found = figures([over_the_weekend, taken(HOUR)], POLICY, NOW)

    assert found.working_median_s == found.working_p90_s == 9 * 3600
    assert found.median_s == (72 + 1) / 2 * 3600


def test_a_clock_that_the_policy_no_longer_has_counts_every_hour():
    found = figures([taken(HOUR, clock="gone")], POLICY, NOW)

    assert (found.median_s, found.working_median_s) == (3600, None)


def test_a_message_from_the_future_was_taken_at_once():
    assert figures([taken(-HOUR)], POLICY, NOW).median_s == 0


@pytest.mark.parametrize(
    ("text", "since"),
    [
        ("90m", NOW - 90 * MINUTE),
        ("12h", NOW - 12 * HOUR),
        ("30d", NOW - timedelta(days=30)),
        ("8w", NOW - timedelta(weeks=8)),
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01T10:00:00+01:00", datetime(2026, 11, 1, 9, tzinfo=UTC)),
    ],
)
def test_promises_count_from_a_time_ago_or_from_a_date_on(text, since):
    assert since_of(text, NOW) == since


NO_INSTANTS = ("9999-12-31T23:59:00-23:00", "0001-01-01T00:00:00+23:00")  # there is none in UTC


@pytest.mark.parametrize(
    "text", ["", "30", "d", "0d", "-3d", "3 d", "30y", "999999d", "yesterday", *NO_INSTANTS]
)
def test_what_is_neither_is_refused(text):
    with pytest.raises(Refused) as refused:
        since_of(text, NOW)

    assert refused.value.code == "bad_since"
