"""What receivers are told of whose turn it is: now, and again on every step of a reply clock."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from app.domain import ClockStep, ReplyClock, Stored
from app.history import History, history_of, open_promises
from app.routing.context import Context, Known
from app.routing.people import account_of, contact_of, fields_of
from app.routing.policy import Policy
from app.storage.engine import Connection
from app.webhook.alert import Alert, Links
from app.webhook.formats import event_body

EVENT_TYPES: Mapping[ClockStep, str] = {
    ClockStep.REMINDED: "reply.reminder",
    ClockStep.REASSIGNED: "reply.reassigned",
    ClockStep.ESCALATED: "reply.escalated",
}

LinksOf = Callable[[str, str | None, datetime], Links | None]
_CONTACT = ("name", "title", "company", "email", "phone", "website", "country")


def no_links(message_id: str, owner: str | None, now: datetime) -> Links | None:
    """Give no links: people cannot reach us."""
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """How much receivers are told."""

    personal_data: bool  # whether who wrote and what they wrote go along
    links: LinksOf = no_links  # of a message, for whose turn it is, as of an instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When something is told, and what holds then."""

    now: datetime
    policy: Policy
    telling: Telling


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Whose turn it is to answer which message."""

    message_id: str
    rule: str  # that decided; says how much history is told
    context: Context
    owner: str | None
    clock: ReplyClock | None


def alert_of(conn: Connection, moment: Moment, turn: Turn, said: Mapping[str, Any]) -> Alert:
    """Gather what a person needs beside the message, to answer it well and in time.

    Args:
        conn: A transaction; what it has not written yet is not told.
        moment: When, under which policy, and how much.
        turn: Whose, of which message.
        said: Prediction.as_dict() of the message; its mood counts for the trend.
    """
    context, telling = turn.context, moment.telling
    alert = Alert(
        owner=moment.policy.owners.get(turn.owner or ""),
        reply=turn.clock,
        links=telling.links(turn.message_id, turn.owner, moment.now),
        account=context.account.name,
    )
    return _with_person(conn, moment, turn, alert, said) if telling.personal_data else alert


def context_of_stored(stored: Stored) -> Context:
    """Give the circumstances of a stored message as far as owners and receivers need them."""
    message = stored.message
    sender = fields_of(message.sender, stored.facts or {})
    return Context(
        channel=message.channel.value,
        at=message.received_at,
        contact=Known(name=contact_of(message.sender.email)),
        account=Known(name=account_of(message.sender.email)),
        sender=sender,
    )


def reply_event(
    conn: Connection, moment: Moment, stored: Stored, clock: ReplyClock, step: ClockStep
) -> bytes:
    """Write the event of a step: its message's, with the present owner and the time left.

    Args:
        conn: The transaction that takes the step.
        moment: When, under which policy, and how much.
        stored: The message.
        clock: As it is after the step.
        step: One of EVENT_TYPES.
    """
    turn = Turn(
        message_id=clock.message_id,
        rule=clock.rule,
        context=context_of_stored(stored),
        owner=clock.owner,
        clock=clock,
    )
    return event_body(
        stored.message,
        stored.prediction,
        {**stored.decision, "event_type": EVENT_TYPES[step], "pool": clock.pool},
        now=moment.now,
        personal_data=moment.telling.personal_data,
        alert=alert_of(conn, moment, turn, stored.prediction),
    )


def _with_person(
    conn: Connection, moment: Moment, turn: Turn, alert: Alert, said: Mapping[str, Any]
) -> Alert:
    """Add who wrote, what they wrote before, and what else they wait for."""
    context, rule = turn.context, moment.policy.rule(turn.rule)
    past = History()
    if rule is not None and rule.history:  # looking back costs as much as the rest of storing
        past = history_of(conn, context, limit=rule.history, before=context.at, latest=said)
    others = open_promises(conn, context)
    return replace(
        alert,
        contact={name: context.sender[name] for name in _CONTACT if name in context.sender},
        history=past.earlier,
        trend=past.trend.direction.value if past.trend else None,
        promises=tuple(
            replace(one, owner=_named(moment.policy, one.owner))
            for one in others
            if one.message_id != turn.message_id
        ),
    )


def _named(policy: Policy, owner: str | None) -> str | None:
    """Give the name that people know somebody by."""
    known = policy.owners.get(owner or "")
    return owner if known is None else known.name
