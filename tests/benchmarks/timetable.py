"""What must happen on reply clocks, found minute by minute: written apart from what is measured.

A minute works where the wall shows one of the hours, on a day that is no holiday. Time is added by
walking over minutes and counting those that work, so every time here is a whole minute.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
DAY_MINUTES = 24 * 60
PLANNED, DAILY = 50, 50  # levels as the plan has them, and levels of a day after those


@dataclass(frozen=True, kw_only=True)
class Office:
    """When somebody works: weekday, Monday 0 -> ("09:00-12:30", …)."""

    zone: str
    hours: Mapping[int, tuple[str, ...]]
    holidays: frozenset[date] = frozenset()
    yearly: frozenset[tuple[int, int]] = frozenset()

    def works(self, at: datetime) -> bool:
        """Whether the minute that begins at an instant is worked in."""
        wall = at.astimezone(ZoneInfo(self.zone))
        if wall.date() in self.holidays or (wall.month, wall.day) in self.yearly:
            return False
        shown = wall.strftime("%H:%M")
        spans = (span.split("-") for span in self.hours.get(wall.weekday(), ()))
        return any(opens <= shown < closes for opens, closes in spans)


@dataclass(frozen=True, kw_only=True)
class Promise:
    """A reply clock, in minutes."""

    office: str | None  # None: every minute counts
    minutes: int
    remind_after: float  # share; 0: nobody is reminded
    levels: tuple[tuple[str | None, int], ...] = ()  # pool (None: the same) and minutes


@dataclass(frozen=True, order=True)
class Due:
    """One thing that must happen."""

    at: datetime
    level: int
    step: str


class Timetable:
    """The working minutes of some offices over a span of time."""

    def __init__(self, offices: Mapping[str, Office], first: datetime, days: int) -> None:
        self._first = first
        self._end = days * DAY_MINUTES
        self._works = {
            name: [office.works(first + number * MINUTE) for number in range(self._end)]
            for name, office in offices.items()
        }

    def of(self, promise: Promise, start: datetime, stored: datetime) -> Iterator[Due]:
        """Give what happens to a message that nobody takes, in order, to the end of the span.

        Args:
            promise: Of its reply.
            start: The message's own time.
            stored: When it came to us: who hears of it too late has the whole time from then on.
        """
        minute, number, told = self._number(start), 0, self._number(stored)
        first = self._after(promise.office, minute, promise.minutes)
        if first is not None and first <= told:
            minute = told
        span: int = promise.minutes
        while number <= PLANNED + DAILY:
            half = self._after(promise.office, minute, span * promise.remind_after)
            over = self._after(promise.office, minute, span)
            if number > PLANNED:
                half, over = None, self._next_day(promise.office, minute)
            if promise.remind_after and half is not None and (number or half > told):
                yield Due(self._time(half), number, "reminded")
            if over is None:
                return
            number += 1
            pool, span = (None, promise.minutes)
            if promise.levels:
                pool, span = promise.levels[min(number, len(promise.levels)) - 1]
            if number > PLANNED + DAILY:
                yield Due(self._time(over), number - 1, "closed")
                return
            yield Due(self._time(over), number, "escalated" if pool else "reassigned")
            minute = over

    def _after(self, office: str | None, minute: int, count: float) -> int | None:
        """Walk until so many minutes were worked; None where the span ends before."""
        left = int(count)
        while left:
            if minute >= self._end:
                return None
            left -= office is None or self._works[office][minute]
            minute += 1
        return minute

    def _next_day(self, office: str | None, minute: int) -> int | None:
        minute += DAY_MINUTES
        while minute < self._end and office is not None and not self._works[office][minute]:
            minute += 1
        return minute if minute < self._end else None

    def _number(self, at: datetime) -> int:
        return (at - self._first) // MINUTE

    def _time(self, minute: int) -> datetime:
        return self._first + minute * MINUTE
