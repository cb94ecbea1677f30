"""What somebody asked for over time: messages of each intent by the day, the week or the month."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

MOST_DAYS, MOST_WEEKS, MOST_MONTHS = 31, 31, 36  # columns of one picture


class Unit(StrEnum):
    """How long a stretch of time is; each begins at midnight in UTC, a week on a Monday."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True, kw_only=True)
class OverTime:
    """How many messages had each intent, stretch by stretch, the oldest first."""

    unit: Unit
    intents: tuple[str, ...]  # the most frequent first
    rows: tuple[tuple[date, tuple[int, ...]], ...]  # where a stretch begins; one number an intent


def over_time(
    messages: Iterable[tuple[datetime, Sequence[str]]], *, until: datetime
) -> OverTime | None:
    """Count intents in the shortest unit that needs no more than MOST_… stretches.

    Args:
        messages: Each with when it came, and which intents count.
        until: The present, which is in the last stretch unless a message is newer.

    Returns:
        None where no message has an intent that counts.
    """
    told = [(_day(at), intent) for at, intents in messages for intent in intents]
    if not told:
        return None
    last = max(_day(until), max(day for day, _ in told))
    unit, starts = _stretches(min(day for day, _ in told), last)
    counts = Counter((_start(unit, day), intent) for day, intent in told)
    totals = Counter(intent for day, intent in told if _start(unit, day) >= starts[0])
    intents = tuple(sorted(totals, key=lambda intent: (-totals[intent], intent)))
    rows = tuple((start, tuple(counts[start, one] for one in intents)) for start in starts)
    return OverTime(unit=unit, intents=intents, rows=rows)


def _stretches(first: date, last: date) -> tuple[Unit, list[date]]:
    """Choose a unit, and say where each stretch from the first day to the last one begins."""
    for unit, most in ((Unit.DAY, MOST_DAYS), (Unit.WEEK, MOST_WEEKS)):
        size = timedelta(days=1 if unit is Unit.DAY else 7)
        begin = _start(unit, first)
        count = (last - begin) // size + 1
        if count <= most:
            return unit, [begin + place * size for place in range(count)]
    months = range(_month(first), _month(last) + 1)[-MOST_MONTHS:]
    return Unit.MONTH, [date(month // 12, month % 12 + 1, 1) for month in months]


def _start(unit: Unit, day: date) -> date:
    if unit is Unit.WEEK:
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if unit is Unit.MONTH else day


def _day(at: datetime) -> date:
    return at.astimezone(UTC).date()


def _month(day: date) -> int:
    """Number the months since year 0."""
    return day.year * 12 + day.month - 1
