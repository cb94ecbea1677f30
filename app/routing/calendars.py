"""Working time: hours of the week in a time zone, without holidays."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

SEARCH_DAYS = 400  # closed in a row: a calendar that opens less than once a year never does
_CACHED_DAYS = 4096  # of one calendar: some 300 bytes each
_LAST_DAY = date.max.toordinal()
_DAY = timedelta(days=1)
_NONE = timedelta()
Span = tuple[datetime, datetime]  # from, to; UTC


@dataclass(frozen=True, slots=True)
class _Day:
    """The working time of one day of UTC, in order and without overlaps."""

    spans: tuple[Span, ...]
    total: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """When people are at work: whenever the clock on their wall shows one of the hours.

    Where a clock is put back, hours that it shows twice count twice; where it is put forward,
    hours that it does not show do not count. All instants are aware; those given back are UTC.
    """

    name: str
    zone: str  # of the IANA database, such as Europe/Berlin
    hours: Mapping[int, tuple[tuple[int, int], ...]]  # weekday, Monday 0 -> (from, to) in minutes
    holidays: frozenset[date] = frozenset()
    yearly: frozenset[tuple[int, int]] = field(default_factory=frozenset)  # (month, day)
    _days: dict[int, _Day] = field(default_factory=dict, init=False, repr=False, compare=False)

    def is_open(self, at: datetime) -> bool:
        """Whether an instant is working time; the end of an interval is not."""
        local = at.astimezone(ZoneInfo(self.zone))
        minute = local.hour * 60 + local.minute
        return any(start <= minute < end for start, end in self.hours_on(local.date()))

    def hours_on(self, day: date) -> tuple[tuple[int, int], ...]:
        """Give a local day's working hours as (from, to) in minutes; none on a holiday."""
        if day in self.holidays or (day.month, day.day) in self.yearly:
            return ()
        return self.hours.get(day.weekday(), ())

    def opens_at(self, at: datetime) -> datetime | None:
        """Find the first working instant at or after another; None: not within SEARCH_DAYS."""
        at = at.astimezone(UTC)
        later = (span for day in self._open_days(at) for span in day.spans if span[1] > at)
        first = next(later, None)
        return None if first is None else max(first[0], at)

    def add(self, at: datetime, working: timedelta) -> datetime:
        """Find the first instant by which so much working time has passed since another.

        A calendar that never opens again must not stop a clock: from then on every hour counts.
        """
        if working < _NONE:
            raise ValueError("working time cannot be negative")
        at = passed = at.astimezone(UTC)
        for day in self._open_days(at) if working else ():
            if day.total < working and day.spans[0][0] >= at:  # a whole day, and more to come
                working, passed = working - day.total, day.spans[-1][1]
                continue
            for start, end in day.spans:
                start = max(start, at)
                if end - start >= working:
                    return start + working
                if end > start:
                    working, passed = working - (end - start), end
        return passed + working

    def between(self, a: datetime, b: datetime) -> timedelta:
        """Measure the working time from one instant to another; negative where `b` is earlier."""
        a, b = a.astimezone(UTC), b.astimezone(UTC)
        if b < a:
            return -self.between(b, a)
        first, last = a.toordinal(), b.toordinal()
        whole = sum((self._day(number).total for number in range(first + 1, last)), _NONE)
        edges = (span for number in {first, last} for span in self._day(number).spans)
        parts = (min(end, b) - max(start, a) for start, end in edges)
        return sum((part for part in parts if part > _NONE), whole)

    def _open_days(self, at: datetime) -> Iterator[_Day]:
        """Go through the days that have working time, from that of an instant on."""
        number, closed = at.toordinal(), 0
        while closed <= SEARCH_DAYS and number < _LAST_DAY:
            day = self._day(number)
            if day.spans:
                closed = 0
                yield day
            number, closed = number + 1, closed + 1

    def _day(self, number: int) -> _Day:
        """Give a day of UTC by its proleptic Gregorian ordinal."""
        day = self._days.get(number)
        if day is None:
            if len(self._days) >= _CACHED_DAYS:
                self._days.clear()
            day = self._days[number] = self._worked_out(number)
        return day

    def _worked_out(self, number: int) -> _Day:
        spans = tuple(_merged(sorted(self._spans(number))))
        return _Day(spans, sum((end - start for start, end in spans), _NONE))

    def _spans(self, number: int) -> Iterator[Span]:
        for start, end, offset in _steady(number, ZoneInfo(self.zone)):
            first, last = start + offset, end + offset  # the wall clock, as if it were UTC
            for local in {first.toordinal(), last.toordinal()}:
                midnight = _midnight(local)
                for begins, ends in self.hours_on(midnight.date()):
                    opens = max(first, midnight + timedelta(minutes=begins))
                    closes = min(last, midnight + timedelta(minutes=ends))
                    if opens < closes:
                        yield opens - offset, closes - offset


def _steady(number: int, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime, timedelta]]:
    """Split a day of UTC where the zone's offset changes; no zone changes it twice a day."""
    start = _midnight(number)
    end = start + _DAY
    before, after = _offset(start, zone), _offset(end, zone)
    if before == after:
        yield start, end, before
        return
    change = start + timedelta(seconds=_seconds_to_change(start, zone))
    yield start, change, before
    yield change, end, after


def _seconds_to_change(start: datetime, zone: ZoneInfo) -> int:
    before = _offset(start, zone)
    return bisect_left(
        range(86_400), True, key=lambda s: _offset(start + timedelta(seconds=s), zone) != before
    )


def _offset(at: datetime, zone: ZoneInfo) -> timedelta:
    return at.astimezone(zone).utcoffset() or _NONE


def _midnight(number: int) -> datetime:
    return datetime.fromordinal(number).replace(tzinfo=UTC)


def _merged(spans: list[Span]) -> list[Span]:
    """Join what touches or overlaps, as hours that are listed twice do."""
    merged: list[Span] = []
    for start, end in spans:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged
