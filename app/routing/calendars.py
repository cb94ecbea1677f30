"""Working time: hours of the week in a time zone, without holidays."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """When people are at work: whenever the clock on their wall shows one of the hours."""

    name: str
    zone: str  # of the IANA database, such as Europe/Berlin
    hours: Mapping[int, tuple[tuple[int, int], ...]]  # weekday, Monday 0 -> (from, to) in minutes
    holidays: frozenset[date] = frozenset()
    yearly: frozenset[tuple[int, int]] = field(default_factory=frozenset)  # (month, day)

    def is_open(self, at: datetime) -> bool:
        """Whether an aware instant is working time; the end of an interval is not."""
        local = at.astimezone(ZoneInfo(self.zone))
        minute = local.hour * 60 + local.minute
        return any(start <= minute < end for start, end in self.hours_on(local.date()))

    def hours_on(self, day: date) -> tuple[tuple[int, int], ...]:
        """Give a local day's working hours as (from, to) in minutes; none on a holiday."""
        if day in self.holidays or (day.month, day.day) in self.yearly:
            return ()
        return self.hours.get(day.weekday(), ())
