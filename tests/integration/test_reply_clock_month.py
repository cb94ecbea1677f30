from datetime import UTC, datetime, timedelta

import pytest

from tests.benchmarks.month import run
from tests.benchmarks.month_run import Plan
from tests.benchmarks.timetable import Due, Office, Promise, Timetable

FIRST = datetime(2026, 3, 28, tzinfo=UTC)  # a Saturday; Berlin puts its clocks forward on Sunday
NIGHTS = Office(zone="Europe/Berlin", hours=dict.fromkeys(range(7), ("01:00-04:00",)))


def at(day, hour, minute=0):
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize("month", ["march", "october"])
def test_every_step_of_a_month_is_taken_exactly_once(database_url, month):
    result = run(Plan(database_url=database_url, clocks=24, gap_min=90.0, month=month))

    assert result.wrong == 0
    assert (result.written, result.events_sent) == (result.due, result.events_due)
    assert result.due > 100
    assert min(result.kills, result.restarts, result.ticks_hours_late) > 0


def test_a_step_that_is_missing_shows(sqlite_file):
    plan = Plan(database_url=f"sqlite:///{sqlite_file}", clocks=4, gap_min=600.0)

    result = run(plan, forget_one=True)

    assert (result.missing, result.events_missing) == (1, 1)
    assert result.wrong > 0


def test_the_oracle_walks_over_the_hour_that_is_left_out():
    table = Timetable({"nights": NIGHTS}, FIRST, 3)
    promise = Promise(office="nights", minutes=180, remind_after=0.5, levels=(("leads", 60),))

    noon = FIRST + timedelta(hours=12)
    assert list(table.of(promise, noon, noon))[:3] == [
        Due(at(29, 1, 30), 0, "reminded"),  # 1:00 to 2:00 and 3:00 to 3:30
        Due(at(29, 23, 0) + timedelta(hours=1), 1, "escalated"),
        Due(at(30, 0, 30), 1, "reminded"),
    ]
