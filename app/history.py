"""What a customer went through before: their last messages, their mood, what they wait for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from app.routing.context import Context
from app.routing.policy import Rule
from app.storage import messages, once, promises
from app.storage.engine import Connection
from app.storage.messages import By, Past, Whose
from app.webhook.alert import Earlier, Promise

MAX_PROMISES = 10  # that an alert tells of
MOODS = 20  # messages that a trend is made of, the last ones
STEADY = 0.25  # by which a mood must change, of 2.0 from all bad to all good
_SENTIMENT = "sentiment"
_SIGNS = {"negative": -1.0, "positive": 1.0}


class Direction(StrEnum):
    """Where a mood goes."""

    FALLING = "falling"
    STEADY = "steady"
    RISING = "rising"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """How a mood changed: means from -1, all bad, to 1, all good."""

    direction: Direction
    before: float  # of the older half of the messages
    lately: float  # of the newer half; the one in the middle is in it
    messages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The last messages of an account, or of a person without one."""

    earlier: tuple[Earlier, ...] = ()  # newest first
    trend: Trend | None = None  # None: too little is known


def history_of(
    conn: Connection,
    context: Context,
    *,
    limit: int,
    before: datetime,
    latest: Mapping[str, Any] | None = None,
) -> History:
    """Give what an account, or a person without one, wrote before; machines left out.

    Args:
        conn: A transaction to read in.
        context: Of the message in hand.
        limit: Messages to give, at most.
        before: The instant before which they were received.
        latest: Prediction.as_dict() of the message in hand; it counts for the trend.
    """
    past = _past(conn, context, before=before)
    people = [one for one in past if not one.aside]
    said: list[Mapping[str, Any]] = [one.prediction for one in people]
    if latest is not None:
        said.append(latest)
    moods = [mood for mood in map(_mood, said[-MOODS:]) if mood is not None]
    shown = people[-limit:] if limit > 0 else []
    return History(
        earlier=tuple(_earlier(one) for one in reversed(shown)), trend=sentiment_trend(moods)
    )


def sentiment_trend(moods: Sequence[float]) -> Trend | None:
    """Compare the newer half of some moods with the older one; None for fewer than two.

    Args:
        moods: From -1 to 1, oldest first.
    """
    if len(moods) < 2:
        return None
    half = len(moods) // 2
    before = sum(moods[:half]) / half
    lately = sum(moods[half:]) / (len(moods) - half)
    direction = Direction.STEADY
    if abs(lately - before) >= STEADY:
        direction = Direction.RISING if lately > before else Direction.FALLING
    return Trend(
        direction=direction, before=round(before, 2), lately=round(lately, 2), messages=len(moods)
    )


def open_promises(conn: Connection, context: Context) -> tuple[Promise, ...]:
    """Give the replies that a person and their company wait for, the one due first at the head."""
    found = promises.open_of(
        conn, contact=context.contact.name, account=context.account.name, limit=MAX_PROMISES
    )
    return tuple(
        Promise(message_id=one.message_id, owner=one.owner, due_at=one.due_at) for one in found
    )


def told_lately(conn: Connection, rule: Rule, context: Context, *, now: datetime) -> bool:
    """Say whether a rule that tells once in a while told of this sender lately; else it tells now.

    Call it in the transaction that stores the message, and only where somebody would be told: the
    first that asks takes the window. Of a sender whom nobody knows it is told each time.
    """
    key = once_key(rule, context)
    if key is None or rule.once is None:
        return False
    return not once.take(conn, key, now=now, every=rule.once.every)


def once_key(rule: Rule, context: Context) -> str | None:
    """Name what a rule tells once in a while; None where it tells each time.

    An account's place is taken by the person where they have none: a private address.
    """
    if rule.once is None:
        return None
    contact, account = context.contact.name, context.account.name
    name = contact if rule.once.of == "contact" else account or contact
    return None if name is None else f"{rule.once.of}\n{rule.name}\n{name}"


def _past(conn: Connection, context: Context, *, before: datetime) -> list[Past]:
    if context.account.name is not None:
        return messages.last_of(conn, Whose(By.ACCOUNT, context.account.name), before=before)
    if context.contact.name is not None:
        return messages.last_of(conn, Whose(By.CONTACT, context.contact.name), before=before)
    return []


def _earlier(past: Past) -> Earlier:
    said = past.prediction.get("signals", {}).get(_SENTIMENT)
    return Earlier(
        at=past.received_at,
        channel=past.channel.value,
        subject=past.subject,
        excerpt=" ".join(past.excerpt.split()),
        labels=tuple(past.prediction.get("labels", ())),
        sentiment=None if said is None else said["label"],
    )


def _mood(prediction: Mapping[str, Any]) -> float | None:
    """Read a message's sentiment as a number from -1 to 1; None where the model tells none."""
    said = prediction.get("signals", {}).get(_SENTIMENT)
    if said is None:
        return None
    return _SIGNS.get(said["label"], 0.0) * float(said["probability"])
