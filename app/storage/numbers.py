"""What came in over a time, counted: by hour and channel, by intent and day, by owner.

Each query reads ranges of an index that hold all it asks for, of the time in question alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Column, ColumnElement, Connection, func, select, type_coerce
from sqlalchemy import literal_column as constant

from app.domain import Channel, ClockStep, InboxState
from app.storage import inbox_tables, tables

ALERTS = (ClockStep.STARTED, ClockStep.REMINDED, ClockStep.REASSIGNED, ClockStep.ESCALATED)
"""The steps of a reply clock of which its owner is told."""

_TABLE, _INTENTS = inbox_tables.inbox, inbox_tables.inbox_intents
_CLOCKS, _EVENTS = tables.reply_clocks, tables.clock_events
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_INTENTS = 100  # a model has a handful


@dataclass(frozen=True, slots=True)
class Hourly:
    """Messages of one channel in one hour."""

    hour: datetime  # when it begins, in UTC
    channel: Channel
    count: int


@dataclass(frozen=True, slots=True)
class Daily:
    """Messages of a day for which an intent counts."""

    day: date  # in UTC
    intent: str  # app.storage.inbox.NO_INTENT: of those for which none does
    count: int


def by_hour(conn: Connection, since: datetime) -> tuple[Hourly, ...]:
    """Count messages that came since an instant, by hour and channel; hours without any miss."""
    hour = _bucket(_TABLE.c.received_at, _HOUR)
    query = (
        select(hour, _TABLE.c.channel, func.count())
        .where(
            _TABLE.c.channel.in_(list(Channel)),  # all there are: the index begins with it
            _TABLE.c.state.in_(list(InboxState)),
            _TABLE.c.received_at >= since,
        )
        .group_by(hour, _TABLE.c.channel)
    )
    found = [Hourly(_EPOCH + at * _HOUR, *rest) for at, *rest in conn.execute(query)]
    return tuple(sorted(found, key=lambda one: (one.hour, one.channel)))


def by_intent(conn: Connection, since: datetime) -> tuple[Daily, ...]:
    """Count messages that came since an instant, by day and intent; one may have several."""
    day = _bucket(_INTENTS.c.received_at, _DAY)
    query = (
        select(day, _INTENTS.c.intent, func.count())
        .where(
            _INTENTS.c.intent.in_(_intents(conn)),
            _INTENTS.c.state.in_(list(InboxState)),
            _INTENTS.c.received_at >= since,
        )
        .group_by(day, _INTENTS.c.intent)
    )
    found = [Daily((_EPOCH + at * _DAY).date(), *rest) for at, *rest in conn.execute(query)]
    return tuple(sorted(found, key=lambda one: (one.day, one.intent)))


def alerts(conn: Connection, since: datetime) -> Mapping[str | None, int]:
    """Count how often each owner was told of a message that came since an instant."""
    query = (
        select(_EVENTS.c.owner, func.count())
        .join_from(_CLOCKS, _EVENTS, _EVENTS.c.clock_id == _CLOCKS.c.id)
        .where(_CLOCKS.c.started_at >= since, _EVENTS.c.step.in_(ALERTS))
        .group_by(_EVENTS.c.owner)
    )
    return {owner: count for owner, count in conn.execute(query)}


def _intents(conn: Connection) -> list[str]:
    """Name every intent that a message has; one look into the index for each."""
    found: list[str] = []
    while len(found) < _MOST_INTENTS:
        query = select(func.min(_INTENTS.c.intent))
        named = conn.execute(query.where(_INTENTS.c.intent > found[-1]) if found else query)
        intent = named.scalar()
        if intent is None:
            break
        found.append(intent)
    return found


def _bucket(column: Column[datetime], size: timedelta) -> ColumnElement[Any]:
    """Say in which hour or day of UTC an instant lies, counted from 1970.

    The size is written into the statement: PostgreSQL must see that what is grouped by is what is
    asked for.
    """
    microseconds = size // timedelta(microseconds=1)
    return type_coerce(column, BigInteger) // constant(str(microseconds), BigInteger)
