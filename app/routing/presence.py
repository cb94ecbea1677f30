"""Who of a pool is there at an instant, and how much room they have."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import MAXYEAR, UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from app.routing.calendars import Calendar
from app.routing.owners import Owner, Pool


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """How one owner stands at an instant."""

    owner: Owner
    at: datetime
    load: int  # running reply clocks
    calendar: Calendar | None  # None: always at work
    left: bool
    absent_until: date | None  # the last day, in their own zone
    at_work: bool  # by the calendar alone

    @property
    def away(self) -> bool:
        """Whether they have left or are absent: then they are never named."""
        return self.left or self.absent_until is not None

    @property
    def has_room(self) -> bool:
        """Whether one more message is within their capacity."""
        return self.owner.has_room(self.load)

    @property
    def available(self) -> bool:
        """Whether they can take a message now."""
        return not self.away and self.at_work and self.has_room

    @property
    def why_not(self) -> str | None:
        """Say what keeps them from taking a message now, for a person; None where nothing does."""
        if self.left:
            return f"left on {self.owner.left}"
        if self.absent_until is not None:
            return f"absent until {self.absent_until}"
        if not self.has_room:
            return f"no room: {self.load} of {self.owner.capacity} messages wait for a reply"
        return None if self.at_work else "not at work now"

    @property
    def opens_at(self) -> datetime | None:
        """Give when they are at work next, after their absences; None where that is never."""
        at = self.at
        for _ in range(len(self.owner.absences) + 1):
            opens = at if self.calendar is None else self.calendar.opens_at(at)
            if opens is None or self.owner.has_left(day := _local_day(opens, self.calendar)):
                return None
            until = self.owner.absent_until(day)
            if until is None:
                return opens
            if until.year == MAXYEAR:
                return None
            midnight = datetime.combine(until + timedelta(days=1), time(), _zone(self.calendar))
            at = midnight.astimezone(UTC)
        return None


def who_is_available(
    pool: Pool,
    people: Mapping[str, Owner],
    calendars: Mapping[str, Calendar],
    *,
    at: datetime,
    load: Mapping[str, int],
) -> list[Presence]:
    """Say how each of a pool stands at an instant, in the pool's order, its fallback last.

    Args:
        pool: Whose people are asked after.
        people: The policy's owners; of whom it knows nothing is left out.
        calendars: The policy's.
        at: Aware.
        load: Owner -> running reply clocks; who has none may be missing.
    """
    members = [*pool.weights, *([pool.fallback] if pool.fallback else ())]
    days: dict[str | None, tuple[date, bool]] = {}
    return [
        _presence(people[name], calendars, at, load.get(name, 0), days)
        for name in _once(members)
        if name in people
    ]


def _presence(
    owner: Owner,
    calendars: Mapping[str, Calendar],
    at: datetime,
    load: int,
    days: dict[str | None, tuple[date, bool]],
) -> Presence:
    """Look at one owner; those of one calendar share its day and whether it is open."""
    calendar = calendars.get(owner.calendar) if owner.calendar else None
    if owner.calendar not in days:
        open_now = calendar is None or calendar.is_open(at)
        days[owner.calendar] = (_local_day(at, calendar), open_now)
    day, at_work = days[owner.calendar]
    return Presence(
        owner=owner,
        at=at,
        load=load,
        calendar=calendar,
        left=owner.has_left(day),
        absent_until=owner.absent_until(day),
        at_work=at_work,
    )


def _local_day(at: datetime, calendar: Calendar | None) -> date:
    return at.astimezone(_zone(calendar)).date()


def _zone(calendar: Calendar | None) -> tzinfo:
    return UTC if calendar is None else ZoneInfo(calendar.zone)


def _once(names: Iterable[str]) -> Iterable[str]:
    return dict.fromkeys(names)
