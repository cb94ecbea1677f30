"""Fill an inbox with sample messages: the model and the policy judge them, nobody is told.

They are stored as judged, but for what would leave the house: no deliveries, no reply clock that
runs, no place in the review queue.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any

from app.contexts import context_of
from app.domain import (
    Channel,
    ClockStatus,
    Decision,
    Feedback,
    FeedbackKind,
    InboxState,
    Message,
    ReplyClock,
    Sender,
    new_id,
)
from app.replies.feedback import labels_of, told_labels
from app.routing.clocks import fallback, started
from app.routing.decide import decide
from app.routing.policy import Policy
from app.storage import clocks, feedback, inbox_keeping, messages, samples
from app.storage.engine import Connection, Database
from models.prediction import Prediction
from models.text.compose import compose_text

_SPAN = timedelta(days=7)  # over which they are spread
_DONE_AFTER = timedelta(days=2)  # by then somebody has looked at what nobody was promised
_SAID_AFTER = timedelta(minutes=20)  # a person says whether the labels hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """What judges the samples."""

    predict: Callable[[Sequence[str]], list[Prediction]]  # all at once
    for_channel: Callable[[Prediction, str | None], Prediction]
    policy: Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sample:
    """One sample, as its line of the file has it."""

    message: Message
    taken: float | None  # share of the promised time after which it is taken; None: it never is
    by: str  # who takes it
    intents: tuple[str, ...] | None  # that a person says it has; None: nobody says


def fill(database: Database, filling: Filling, *, now: datetime) -> int:
    """Store the samples, unless there are any, and say how many were stored.

    Args:
        database: With its schema up to date.
        filling: What judges them.
        now: The present; they were received in the week before it.
    """
    with database.read() as conn:
        if samples.there(conn):
            return 0
    some = _samples(now)
    texts = [compose_text(one.message.subject, one.message.text) for one in some]
    judged = list(zip(some, filling.predict(texts), strict=True))
    with database.write() as conn:
        if samples.there(conn):  # another was quicker
            return 0
        for one, said in judged:
            prediction = filling.for_channel(said, one.message.channel)
            _store(conn, one, prediction, filling.policy, now)
    return len(judged)


def _store(
    conn: Connection, one: _Sample, prediction: Prediction, policy: Policy, now: datetime
) -> None:
    message = one.message
    context = context_of(conn, message, None, now=message.received_at)
    decision = replace(decide(prediction, context, policy), endpoints=())
    said = prediction.as_dict()
    messages.add(conn, message, prediction=said, decision=decision.as_dict())
    clock = _clock(message, decision, policy)
    if clock is not None:
        clocks.add(conn, clock)
    inbox_keeping.add(conn, message, prediction, route=decision.route, clock=clock)
    if clock is not None:
        _settle(conn, one, clock, now)
    elif message.received_at < now - _DONE_AFTER:
        inbox_keeping.mark(conn, message.id, InboxState.DONE, by=one.by)
    if one.intents is not None:
        feedback.give(conn, _feedback(one, prediction, now))


def _clock(message: Message, decision: Decision, policy: Policy) -> ReplyClock | None:
    """The promise that the policy makes, of which nobody hears: it is settled at once."""
    if decision.clock is None:
        return None
    at = message.received_at
    plan = policy.clocks.get(decision.clock) or fallback(decision.clock)
    due_at = started(plan, policy.calendars, at=at).due_at
    return ReplyClock(
        id=new_id("clk", at),
        message_id=message.id,
        rule=decision.rule,
        route=decision.route,
        clock=decision.clock,
        pool=None,
        owner=None,
        contact=None,  # whose they were is asked when an owner is named: never of a sample
        account=None,
        level=0,
        started_at=at,
        promised_at=due_at,
        due_at=due_at,
        next_at=due_at,
        reminded=False,
        status=ClockStatus.RUNNING,
    )


def _settle(conn: Connection, one: _Sample, clock: ReplyClock, now: datetime) -> None:
    """Let it be taken in time or late, or never."""
    promised = clock.promised_at - clock.started_at
    if one.taken is None and clock.promised_at < now:
        status, by, at = ClockStatus.CLOSED, clocks.LAPSED, clock.promised_at
    else:
        status, by = ClockStatus.ACKNOWLEDGED, one.by
        at = min(clock.started_at + promised * (one.taken or 0.0), now)
    clocks.settle(conn, one.message.id, status=status, by=by, at=at)


def _feedback(one: _Sample, prediction: Prediction, now: datetime) -> Feedback:
    at = min(one.message.received_at + _SAID_AFTER, now)
    labels = labels_of(one.intents or (), tuple(prediction.intents))
    right = labels == told_labels(prediction.as_dict())
    return Feedback(
        id=new_id("fb", at),
        message_id=one.message.id,
        kind=FeedbackKind.RIGHT_LABEL if right else FeedbackKind.WRONG_LABEL,
        labels=labels,
        given_by=one.by,
        created_at=at,
    )


def _samples(now: datetime) -> list[_Sample]:
    """Read the samples, oldest first."""
    raw = files(__package__).joinpath("samples.jsonl").read_text(encoding="utf-8")
    some = [_sample(json.loads(line), now) for line in raw.splitlines()]
    return sorted(some, key=lambda one: one.message.received_at)


def _sample(row: dict[str, Any], now: datetime) -> _Sample:
    at = _received_at(row["days"], row["minute"], now)
    message = Message(
        id=new_id("msg", at),
        channel=Channel(row["channel"]),
        subject=row["subject"],
        text=row["text"],
        sender=Sender(row["sender"].get("email"), row["sender"]["name"]),
        thread_id=None,
        source=samples.SAMPLE,
        external_id=row["id"],
        received_at=at,
        created_at=at,
    )
    said = tuple(row["intents"]) if row.get("told") else None
    return _Sample(message=message, taken=row["taken"], by=row["by"], intents=said)


def _received_at(days: int, minute: int, now: datetime) -> datetime:
    """The minute of a day before; what would lie ahead lies a week back."""
    midnight = datetime(now.year, now.month, now.day, tzinfo=UTC)
    at = midnight - timedelta(days=days) + timedelta(minutes=minute)
    return at if at < now else at - _SPAN
