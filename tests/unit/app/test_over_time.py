from datetime import UTC, date, datetime, timedelta

import pytest

from app.leads.over_time import MOST_MONTHS, OverTime, Unit, over_time

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)  # a Wednesday


def ago(**span):
    return NOW - timedelta(**span)


def test_of_nothing_that_counts_there_is_no_picture():
    assert over_time([], until=NOW) is None
    assert over_time([(NOW, ())], until=NOW) is None


def test_a_few_days_are_told_by_the_day_with_the_empty_ones_between():
    told = [(ago(days=2), ("pricing",)), (NOW, ("pricing", "demo_request")), (NOW, ("pricing",))]

    assert over_time(told, until=NOW) == OverTime(
        unit=Unit.DAY,
        intents=("pricing", "demo_request"),
        rows=(
            (date(2026, 11, 23), (1, 0)),
            (date(2026, 11, 24), (0, 0)),
            (date(2026, 11, 25), (2, 1)),
        ),
    )


@pytest.mark.parametrize(
    ("days", "unit", "first", "stretches"),
    [
        (0, Unit.DAY, date(2026, 11, 25), 1),
        (30, Unit.DAY, date(2026, 10, 26), 31),
        (31, Unit.WEEK, date(2026, 10, 19), 6),
        (7 * 30 + 2, Unit.WEEK, date(2026, 4, 27), 31),
        (7 * 30 + 3, Unit.MONTH, date(2026, 4, 1), 8),
        (5_000, Unit.MONTH, date(2023, 12, 1), MOST_MONTHS),
    ],
)
def test_the_unit_is_the_shortest_that_fits(days, unit, first, stretches):
    told = [(ago(days=days), ("support",)), (NOW, ("pricing",))]

    found = over_time(told, until=NOW)

    assert (found.unit, found.rows[0][0], len(found.rows)) == (unit, first, stretches)
    assert found.rows[-1][0] <= NOW.date()


def test_what_is_older_than_the_picture_names_no_intent():
    told = [(ago(days=5_000), ("support",)), (NOW, ("pricing",))]

    assert over_time(told, until=NOW).intents == ("pricing",)


def test_a_message_after_the_present_has_its_own_day():
    found = over_time([(NOW + timedelta(days=1), ("pricing",))], until=NOW)

    assert found.rows == ((date(2026, 11, 26), (1,)),)


def test_a_time_of_another_zone_counts_for_the_day_that_it_is_in_utc():
    east = datetime.fromisoformat("2026-11-25T00:30:00+02:00")

    assert over_time([(east, ("pricing",))], until=east).rows[0][0] == date(2026, 11, 24)
