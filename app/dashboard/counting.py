"""What the numbers are made of: everything counted over one period, in one look."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from app.api.services import Services
from app.dashboard.quality import Judged, judged
from app.errors import Refused
from app.sla import By, Report, report
from app.storage import numbers, review
from app.storage.inbox import NO_INTENT
from app.storage.numbers import Daily, Hourly

PERIODS = (7, 30, 90)  # days
USUAL = 30
MAX_WORDS = 5_000  # of people, the newest: each is read with what the model had said
_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A period in numbers. Days are those of UTC, today among them."""

    days: int
    since: datetime
    until: datetime
    hours: tuple[Hourly, ...]
    intents: tuple[Daily, ...]
    replies: Report  # by owner
    weeks: Report  # the same by week
    judged: tuple[Judged, ...]
    looked_at: int  # messages of whose labels somebody said which hold
    alerts: Mapping[str | None, int]  # by owner

    @property
    def messages(self) -> int:
        """How many came."""
        return sum(one.count for one in self.hours)

    @property
    def unsure(self) -> int:
        """For how many no intent counted."""
        return sum(one.count for one in self.intents if one.intent == NO_INTENT)

    @property
    def every_day(self) -> tuple[date, ...]:
        """The days of the period, the first one first."""
        return tuple(self.since.date() + timedelta(days=n) for n in range(self.days))

    @property
    def alert_weeks(self) -> float:
        """Over how many weeks alerts are spread: from the first message on, and one at least."""
        first = max(self.since, self.hours[0].hour) if self.hours else self.until
        return max(1.0, (self.until - first) / _WEEK)


def period_of(given: str) -> int:
    """Read a period, in days.

    Raises:
        Refused: `bad_period`.
    """
    if given == "":
        return USUAL
    if given not in map(str, PERIODS):
        raise Refused("days is 7, 30 or 90", code="bad_period")
    return int(given)


def count(services: Services, days: int) -> Counted:
    """Count a period; blocks, on some hundred thousand messages for about a second."""
    now, policy = services.now(), services.intake.policy()
    first = now.astimezone(UTC).date() - timedelta(days=days - 1)
    since = datetime.combine(first, time(), UTC)
    with services.database.read() as conn:
        hours = numbers.by_hour(conn, since)
        intents = numbers.by_intent(conn, since)
        alerts = numbers.alerts(conn, since)
        words = review.told(conn, since=since, until=now, limit=MAX_WORDS)
    return Counted(
        days=days,
        since=since,
        until=now,
        hours=hours,
        intents=intents,
        replies=report(services.database, policy, since=since, now=now, by=By.OWNER),
        weeks=report(services.database, policy, since=since, now=now, by=By.WEEK),
        judged=judged(words),
        looked_at=len(words),
        alerts=alerts,
    )
