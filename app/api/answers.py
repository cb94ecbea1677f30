"""What the API answers: built from stored values alone, so that a repeat has the same bytes."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from app.domain import Attempt, Delivery, DeliveryStatus, ReplyClock, Stored


def accepted(stored: Stored) -> dict[str, Any]:
    """Answer a message that was accepted, now or by an earlier call."""
    return {
        "id": stored.message.id,
        "received_at": instant(stored.message.received_at),
        "prediction": dict(stored.prediction),
        "decision": dict(stored.decision),
        "reply_by": None if stored.clock is None else instant(stored.clock.promised_at),
        "deliveries": [{"id": one.id, "endpoint": one.endpoint_id} for one in _first(stored)],
        "warnings": _warnings(stored),
    }


def whole(stored: Stored, history: Mapping[str, Sequence[Attempt]]) -> dict[str, Any]:
    """Answer everything that is known of a message.

    Args:
        stored: The message as it is kept.
        history: The attempts of its deliveries, by delivery id.
    """
    message = stored.message
    return {
        "id": message.id,
        "channel": message.channel.value,
        "subject": message.subject,
        "text": message.text,
        "sender": {"email": message.sender.email, "name": message.sender.name},
        "thread_id": message.thread_id,
        "message_id": message.external_id,
        "source": message.source,
        "received_at": instant(message.received_at),
        "created_at": instant(message.created_at),
        "prediction": dict(stored.prediction),
        "decision": dict(stored.decision),
        "facts": None if stored.facts is None else dict(stored.facts),
        "reply": None if stored.clock is None else clock_answer(stored.clock),
        "deliveries": [
            {**delivery(one), "history": [_attempt(tried) for tried in history[one.id]]}
            for one in stored.deliveries
        ],
        "warnings": _warnings(stored),
    }


def clock_answer(clock: ReplyClock) -> dict[str, Any]:
    """Answer how a reply clock stands."""
    ended, coming = clock.settled_at, clock.next_at
    return {
        "id": clock.id,
        "message_id": clock.message_id,
        "rule": clock.rule,
        "route": clock.route,
        "clock": clock.clock,
        "pool": clock.pool,
        "owner": clock.owner,
        "account": clock.account,
        "level": clock.level,
        "started_at": instant(clock.started_at),
        "promised_at": instant(clock.promised_at),
        "due_at": instant(clock.due_at),
        "next_at": None if coming is None else instant(coming),
        "status": clock.status.value,
        "settled_at": None if ended is None else instant(ended),
        "settled_by": clock.settled_by,
    }


def delivery(kept: Delivery) -> dict[str, Any]:
    """Answer how far a delivery is."""
    pending = kept.status is DeliveryStatus.PENDING
    return {
        "id": kept.id,
        "message_id": kept.message_id,
        "endpoint": kept.endpoint_id,
        "event_type": kept.event_type,
        "status": kept.status.value,
        "attempts": kept.attempts,
        "next_attempt_at": instant(kept.next_attempt_at) if pending else None,
        "created_at": instant(kept.created_at),
    }


def instant(moment: datetime) -> str:
    """Write an instant as RFC 3339 in UTC."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _attempt(tried: Attempt) -> dict[str, Any]:
    return {
        "number": tried.number,
        "started_at": instant(tried.started_at),
        "status_code": tried.answer.status_code,
        "error_code": tried.answer.error_code,
        "duration_ms": tried.answer.duration_ms,
    }


def _first(stored: Stored) -> list[Delivery]:
    """Give what the message led to by itself, without what its reply clock did later."""
    event_type = stored.decision["event_type"]
    return [one for one in stored.deliveries if one.event_type == event_type]


def _warnings(stored: Stored) -> list[str]:
    """Say what the operator should mend; from stored values, so that a repeat says the same."""
    named = len(set(stored.decision["endpoints"]))
    silent = named - len(_first(stored))
    if not silent:
        return []
    return [
        f"{silent} of {named} endpoints that the policy names got no delivery: not added yet, or "
        "disabled; see `inlet endpoints list`"
    ]
