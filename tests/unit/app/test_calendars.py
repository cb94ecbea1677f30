import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.routing.calendars import SEARCH_DAYS, Calendar

MINUTE = timedelta(minutes=1)
EVERY_DAY = {day: ((0, 1440),) for day in range(7)}
OFFICE = {day: ((9 * 60, 12 * 60 + 30), (13 * 60 + 30, 18 * 60)) for day in range(5)}
BERLIN = Calendar(name="berlin", zone="Europe/Berlin", hours=OFFICE)
# Instants near which a clock is put forward or back, or a day is left out.
CHANGES = {
    "Europe/Berlin": ("2026-03-29T01:00Z", "2026-10-25T01:00Z"),
    "America/New_York": ("2026-03-08T07:00Z", "2026-11-01T06:00Z"),
    "America/Sao_Paulo": ("2018-11-04T03:00Z", "2019-02-17T02:00Z"),  # at midnight
    "Asia/Kolkata": ("2026-01-01T00:00Z",),
    "Australia/Lord_Howe": ("2026-04-04T15:00Z", "2026-10-03T15:30Z"),  # by half an hour
    "Pacific/Chatham": ("2026-04-04T14:00Z", "2026-09-26T14:00Z"),  # 12:45 ahead
    "America/St_Johns": ("2006-04-02T03:31Z", "2006-10-29T02:31Z"),  # back into the day before
    "Pacific/Apia": ("2011-12-30T10:00Z",),  # 30 December was not there
    "UTC": ("2028-02-29T00:00Z",),
}


def at(text):
    return datetime.fromisoformat(text).astimezone(UTC)


def a_calendar(rng, zone, near):
    """Random hours, some of them round the clock, and holidays near an instant."""
    hours = {}
    for day in range(7):
        edges = sorted(rng.sample([0, 1440, *range(15, 1440, 15)], 2 * rng.randint(1, 3)))
        listed = tuple(zip(edges[::2], edges[1::2], strict=True))
        hours[day] = rng.choice([listed, listed, ((0, 1440),), ()])
    local = near.astimezone(ZoneInfo(zone)).date()
    free = [local + timedelta(days=rng.randint(-3, 3)) for _ in range(2)]
    return Calendar(
        name="random",
        zone=zone,
        hours=hours,
        holidays=frozenset(free[:1]) if rng.random() < 0.5 else frozenset(),
        yearly=frozenset((day.month, day.day) for day in free[1:]) if rng.random() < 0.3 else (),
    )


def minute_by_minute(calendar, start, minutes):
    """Whether each minute is open, by what a clock on the wall shows."""
    zone = ZoneInfo(calendar.zone)
    opened = []
    for number in range(minutes):
        wall = (start + number * MINUTE).astimezone(zone)
        free = wall.date() in calendar.holidays or (wall.month, wall.day) in calendar.yearly
        minute = wall.hour * 60 + wall.minute
        listed = calendar.hours.get(wall.weekday(), ())
        opened.append(not free and any(f <= minute < t for f, t in listed))
    return opened


@pytest.mark.parametrize("zone", CHANGES)
def test_working_time_is_what_a_clock_on_the_wall_counts(zone):
    rng = random.Random(zone)
    for _ in range(5):
        change = at(rng.choice(CHANGES[zone]))
        calendar = a_calendar(rng, zone, change)
        start = change - timedelta(days=3, minutes=rng.randrange(1440))
        opened = minute_by_minute(calendar, start, 6 * 1440)
        a, b = sorted(rng.sample(range(len(opened)), 2))
        expected = sum(opened[a:b])
        first = next((n for n in range(a, len(opened)) if opened[n]), None)

        assert [calendar.is_open(start + n * MINUTE) for n in range(len(opened))] == opened
        assert calendar.between(start + a * MINUTE, start + b * MINUTE) == expected * MINUTE
        if first is not None:
            assert calendar.opens_at(start + a * MINUTE) == start + first * MINUTE
        if expected:
            reached = [n for n in range(a, b) if opened[n]][expected - 1] + 1
            until = calendar.add(start + a * MINUTE, expected * MINUTE)
            assert until == start + reached * MINUTE


@pytest.mark.parametrize("zone", CHANGES)
def test_between_takes_back_what_add_gave_and_time_goes_one_way(zone):
    rng = random.Random(zone + "again")
    for _ in range(200):
        change = at(rng.choice(CHANGES[zone]))
        calendar = a_calendar(rng, zone, change)
        if not any(calendar.hours.values()):
            continue
        a, b = sorted(change + timedelta(seconds=rng.uniform(-2e6, 2e6)) for _ in range(2))
        less, more = sorted(timedelta(seconds=rng.uniform(0, 4e5)) for _ in range(2))

        assert calendar.between(a, calendar.add(a, more)) == more
        assert calendar.add(a, less) <= calendar.add(a, more) <= calendar.add(b, more)
        assert calendar.add(calendar.add(a, less), more - less) == calendar.add(a, more)
        assert calendar.between(b, a) == -calendar.between(a, b)
        opens = calendar.opens_at(a)
        assert calendar.is_open(opens)
        assert calendar.between(a, opens) == timedelta()


@pytest.mark.parametrize(
    ("hours", "start", "end", "worked"),
    [
        ({6: ((60, 240),)}, "2026-03-29T00:00+01:00", "2026-03-30T00:00+02:00", 2),
        ({6: ((60, 240),)}, "2026-10-25T00:00+02:00", "2026-10-26T00:00+01:00", 4),
        ({6: ((120, 150),)}, "2026-03-29T00:00+01:00", "2026-03-30T00:00+02:00", 0),
        ({6: ((120, 150),)}, "2026-10-25T00:00+02:00", "2026-10-26T00:00+01:00", 1),
        (EVERY_DAY, "2026-03-29T00:00+01:00", "2026-03-30T00:00+02:00", 23),
        (EVERY_DAY, "2026-10-25T00:00+02:00", "2026-10-26T00:00+01:00", 25),
    ],
    ids=["forward", "back", "not there", "there twice", "short day", "long day"],
)
def test_hours_are_counted_as_they_really_pass(hours, start, end, worked):
    calendar = replace(BERLIN, hours=hours)

    assert calendar.between(at(start), at(end)) == timedelta(hours=worked)


def test_the_end_of_an_interval_is_closed_and_still_the_first_instant_by_which_it_has_passed():
    end = at("2026-11-27T18:00+01:00")  # a Friday

    assert not BERLIN.is_open(end)
    assert BERLIN.is_open(end - timedelta(microseconds=1))
    assert BERLIN.add(end - timedelta(hours=1), timedelta(hours=1)) == end
    assert BERLIN.add(end, timedelta(hours=1)) == at("2026-11-30T10:00+01:00")
    assert BERLIN.opens_at(end) == at("2026-11-30T09:00+01:00")


def test_no_working_time_is_no_wait():
    night = at("2026-11-27T23:00+01:00")

    assert BERLIN.add(night, timedelta()) == night


def test_a_day_may_last_until_midnight():
    calendar = replace(BERLIN, hours={0: ((20 * 60, 1440),), 1: ((0, 60),)})

    assert calendar.is_open(at("2026-11-23T23:59:59+01:00"))
    assert calendar.is_open(at("2026-11-24T00:00+01:00"))
    assert not calendar.is_open(at("2026-11-24T01:00+01:00"))
    assert calendar.add(at("2026-11-23T23:00+01:00"), timedelta(hours=2)) == at(
        "2026-11-24T01:00+01:00"
    )


def test_a_holiday_is_closed_in_its_year_and_a_yearly_one_in_every():
    calendar = replace(BERLIN, holidays=frozenset({date(2026, 12, 24)}), yearly={(2, 29), (12, 25)})
    noon = [
        "2026-12-24T12:00+01:00",
        "2026-12-25T12:00+01:00",
        "2029-12-24T12:00+01:00",
        "2028-02-29T12:00+01:00",
        "2028-02-28T12:00+01:00",
    ]

    assert [calendar.is_open(at(text)) for text in noon] == [False, False, True, False, True]


def test_hours_that_overlap_count_once():
    calendar = replace(BERLIN, hours={0: ((600, 720), (540, 660), (720, 780))})
    monday = at("2026-11-23T00:00+01:00")

    assert calendar.between(monday, monday + timedelta(days=1)) == timedelta(hours=4)
    assert calendar.add(monday, timedelta(hours=4)) == at("2026-11-23T13:00+01:00")


def test_a_calendar_that_never_opens_says_so_and_stops_no_clock():
    closed = replace(BERLIN, hours={})
    monday = at("2026-11-23T08:00+01:00")

    assert closed.opens_at(monday) is None
    assert closed.add(monday, timedelta(hours=3)) == monday + timedelta(hours=3)


def test_a_calendar_that_closes_for_good_counts_every_hour_from_its_last():
    free = frozenset(date(2026, 11, 24) + timedelta(days=n) for n in range(SEARCH_DAYS + 7))
    closing = replace(BERLIN, holidays=free)
    due = closing.add(at("2026-11-23T17:00+01:00"), timedelta(hours=3))

    assert due == at("2026-11-23T20:00+01:00")
    assert closing.opens_at(at("2026-11-23T18:00+01:00")) is None


def test_years_of_working_time_can_be_added():
    monday = at("2026-11-23T09:00+01:00")
    weeks = timedelta(hours=40) * 104

    assert BERLIN.add(monday, weeks) == at("2028-11-17T18:00+01:00")


def test_a_calendar_that_opens_once_a_year_is_waited_for():
    days = (date(2026, 1, 1) + timedelta(days=n) for n in range(365))
    closed = frozenset((day.month, day.day) for day in days) - {(12, 31)}
    calendar = replace(BERLIN, hours=EVERY_DAY, yearly=closed | {(2, 29)})

    assert calendar.opens_at(at("2027-01-01T00:00+01:00")) == at("2027-12-31T00:00+01:00")


def test_working_time_cannot_be_taken_away():
    with pytest.raises(ValueError, match="negative"):
        BERLIN.add(at("2026-11-23T08:00+01:00"), -MINUTE)


def test_an_instant_in_any_zone_is_the_same_instant():
    chatham = at("2026-11-23T10:00+01:00").astimezone(ZoneInfo("Pacific/Chatham"))

    due = BERLIN.add(chatham, timedelta(hours=1))

    assert BERLIN.is_open(chatham)
    assert (due, due.tzinfo) == (at("2026-11-23T11:00+01:00"), UTC)
    assert BERLIN.opens_at(chatham).tzinfo is UTC
