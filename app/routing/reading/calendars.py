"""`calendars`: working time."""

from datetime import date
from zoneinfo import ZoneInfo, available_timezones

from app.routing.calendars import Calendar
from app.routing.document import Value, nearest
from app.routing.reading.times import read_holiday, read_hours

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MAX_HOLIDAYS = 1_000


def read_calendars(value: Value) -> dict[str, Calendar]:
    """Read every calendar by its name."""
    return {name: _calendar(name, entry) for name, _, entry in value.named()}


def _calendar(name: str, value: Value) -> Calendar:
    fields = value.fields(("zone", "hours"), ("holidays",))
    holidays = _holidays(fields["holidays"]) if "holidays" in fields else []
    return Calendar(
        name=name,
        zone=_zone(fields["zone"]),
        hours=_week(fields["hours"]),
        holidays=frozenset(day for day in holidays if isinstance(day, date)),
        yearly=frozenset(day for day in holidays if isinstance(day, tuple)),
    )


def _zone(value: Value) -> str:
    zone = value.text()
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):  # not found · no name at all · a folder of zones
        raise value.fault(f"unknown time zone {zone!r}{_mend(zone)}") from None
    return zone


def _mend(zone: str) -> str:
    known = available_timezones()
    ends = sorted(one for one in known if one.lower().split("/")[-1] == zone.lower())
    if ends:
        return f": did you mean {ends[0]!r}?"
    near = nearest(zone, known)
    return near if "did you mean" in near else ": it is one of the IANA database, Europe/Berlin"


def _week(value: Value) -> dict[int, tuple[tuple[int, int], ...]]:
    """Read hours by days: mon, or mon-thu."""
    week: dict[int, tuple[tuple[int, int], ...]] = {}
    for days, place, hours in value.named():
        for day in _days(days, place):
            if day in week:
                raise place.fault(f"{_DAYS[day]} stands here twice")
            week[day] = read_hours(hours)
    return week


def _days(text: str, place: Value) -> list[int]:
    first, _, last = text.partition("-")
    last = last or first
    if first not in _DAYS or last not in _DAYS:
        raise place.fault(f"needs a day or a range of days such as mon-thu: {', '.join(_DAYS)}")
    start, end = _DAYS.index(first), _DAYS.index(last)
    return [(start + day) % 7 for day in range((end - start) % 7 + 1)]


def _holidays(value: Value) -> list[date | tuple[int, int]]:
    entries = value.entries()
    if len(entries) > _MAX_HOLIDAYS:
        raise value.fault(f"needs at most {_MAX_HOLIDAYS} days")
    days: list[date | tuple[int, int]] = []
    for entry in entries:
        day = read_holiday(entry)
        if day in days:
            raise entry.fault("stands here twice")
        days.append(day)
    return days
