"""Durations, days and hours as people write them."""

import re
from datetime import date, datetime, timedelta
from itertools import pairwise

from app.routing.document import Value

MAX_DURATION = timedelta(days=366)
_DURATION = re.compile(r"(\d{1,7})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_MONTH_DAY = re.compile(r"(\d\d)-(\d\d)")
_LEAP_YEAR = 2024  # in which 29 February is a day
_HOURS = re.compile(r"(\d\d):(\d\d)\s*-\s*(\d\d):(\d\d)")
_DAY_MINUTES = 24 * 60


def read_duration(value: Value) -> timedelta:
    """Read 90s, 30m, 4h or 2d: from a second to a year."""
    found = _DURATION.fullmatch(str(value.scalar()))
    duration = timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else timedelta()
    if not timedelta() < duration <= MAX_DURATION:
        raise value.fault("needs a duration such as 90s, 30m, 4h or 2d, up to 366d")
    return duration


def read_day(value: Value) -> date:
    """Read 2026-12-25."""
    day = _day_of(value.scalar())
    if day is None:
        raise value.fault("needs a day such as 2026-12-25")
    return day


def read_days(value: Value) -> tuple[date, date]:
    """Read one day or two, as in 2026-12-21..2027-01-03; both are included."""
    given = value.scalar()
    parts = given.split("..") if isinstance(given, str) else [given]
    days = [_day_of(part.strip() if isinstance(part, str) else part) for part in parts]
    first, last = days[0], days[-1]
    if first is None or last is None or len(days) > 2:
        raise value.fault("needs days such as 2026-12-21..2027-01-03")
    if last < first:
        raise value.fault("ends before it begins: put the earlier day first")
    return first, last


def read_holiday(value: Value) -> date | tuple[int, int]:
    """Read a day, or the month and day of one that comes every year, such as 12-25."""
    given = value.scalar()
    yearly = _MONTH_DAY.fullmatch(given) if isinstance(given, str) else None
    try:
        day = date(_LEAP_YEAR, int(yearly[1]), int(yearly[2])) if yearly else _day_of(given)
    except ValueError:
        day = None
    if day is None:
        raise value.fault("needs a day such as 2026-12-25, or 12-25 for every year")
    return (day.month, day.day) if yearly else day


def read_instant(value: Value) -> datetime:
    """Read 2026-11-26T10:00:00+01:00; the offset must be there."""
    instant = value.scalar()
    if not isinstance(instant, datetime) or instant.utcoffset() is None:
        raise value.fault("needs an instant with its offset, such as 2026-11-26T10:00:00+01:00")
    return instant


def read_hours(value: Value) -> tuple[tuple[int, int], ...]:
    """Read "09:00-12:30, 13:30-18:00" as (from, to) in minutes of the day, the earliest first."""
    found = [_HOURS.fullmatch(part.strip()) for part in value.text().split(",")]
    spans = [(_minute(one[1], one[2]), _minute(one[3], one[4])) for one in found if one]
    if len(spans) < len(found) or any(None in span for span in spans):
        raise value.fault('needs hours such as "09:00-12:30, 13:30-18:00"')
    hours = sorted((start or 0, end or 0) for start, end in spans)
    if any(end <= start for start, end in hours):
        raise value.fault(
            "ends before it begins: hours past midnight stand in two days, to 24:00 and from 00:00"
        )
    if any(then[0] < one[1] for one, then in pairwise(hours)):
        raise value.fault("hours overlap: let each begin when the one before has ended")
    return tuple(hours)


def _minute(hour: str, minute: str) -> int | None:
    """Give a time as minutes of its day; None where no clock shows it."""
    minutes = int(hour) * 60 + int(minute)
    return minutes if int(minute) < 60 and minutes <= _DAY_MINUTES else None


def _day_of(given: object) -> date | None:
    if type(given) is date:  # a datetime is one, too
        return given
    try:
        return date.fromisoformat(given) if isinstance(given, str) else None
    except ValueError:
        return None
