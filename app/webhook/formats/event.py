"""What a webhook says: one event as compact JSON, under the 20 kB that receivers expect."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from app.domain import Message, Priority, ReplyClock
from app.routing.owners import Owner
from app.webhook.alert import Alert, Earlier
from app.webhook.formats.fitting import cut, cut_or_none, encode, fitting, fitting_list

MAX_BODY_BYTES = 20_000  # Standard Webhooks, "Payload size": usually smaller than 20 kB

_MAX_SUBJECT_CHARS = 500
_MAX_NAME_CHARS = 200
_MAX_ID_CHARS = 320  # of an address, or of a thread's foreign id
_MAX_HISTORY_CHARS = 300  # of an earlier subject or text
_MAX_PROMISES = 5
_MAX_PLAYBOOK_BYTES = 1_500
_MAX_REASONS_BYTES = 2_000
_MAX_CONTACT_BYTES = 1_500
_MAX_EVIDENCE_BYTES = 4_000  # five sentences of Latin letters are some 2,000
_MIN_EXCERPT_BYTES = 3_000  # of the text, before the account's history gets a place


def event_body(
    message: Message,
    said: Mapping[str, Any],
    decided: Mapping[str, Any],
    *,
    now: datetime,
    personal_data: bool,
    alert: Alert | None = None,
) -> bytes:
    """Write the event that tells an endpoint of one message, now or later from what is stored.

    Where not everything fits, the oldest history goes first and then the end of the excerpt.

    Args:
        message: What came in.
        said: Prediction.as_dict(), or models.evidence.explained(…) with the evidence.
        decided: Decision.as_dict(); its event_type is the event's.
        now: When it is said, with its zone.
        personal_data: Whether who wrote and what they wrote go along.
        alert: Who has to answer by when, and what else is known.

    Source:
        Standard Webhooks 1.0.0, "Payload structure"; docs/events/event-1.schema.json.
    """
    alert = alert or Alert()
    data = _facts(message, said, decided) | _turn(alert, now)
    event = {"type": decided["event_type"], "timestamp": _instant(now), "data": data}
    if personal_data:
        data |= _person(message, said, alert)
        history = _history(alert.history, MAX_BODY_BYTES - len(encode(event)) - _kept(message.text))
        if history:
            data["history"] = history
        data |= _excerpt(message.text, room_bytes=MAX_BODY_BYTES - len(encode(event)))
    return encode(event)


def _facts(message: Message, said: Mapping[str, Any], decided: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "message_id": message.id,
        "route": decided["route"],
        "rule": cut_or_none(decided["rule"], _MAX_NAME_CHARS),
        "reasons": fitting_list(decided["reasons"], _MAX_REASONS_BYTES),
        "priority": decided.get("priority", Priority.NORMAL.value),
        "pool": decided.get("pool"),
        "playbook": cut(decided.get("playbook", ""), _MAX_PLAYBOOK_BYTES),
        "intents": said["intents"],
        "labels": said["labels"],
        "primary": said["primary"],
        "confidence": said["confidence"],
        "signals": said["signals"],
        "language": said["language"],
        "model_version": said["model_version"],
        "channel": message.channel.value,
        "thread_id": cut_or_none(message.thread_id, _MAX_ID_CHARS),
        "received_at": _instant(message.received_at),
    }


def _turn(alert: Alert, now: datetime) -> dict[str, Any]:
    """Say whose turn it is, by when, and with which links it is taken."""
    return {
        "account": cut_or_none(alert.account, _MAX_NAME_CHARS),
        "owner": alert.owner and _owner(alert.owner),
        "reply": alert.reply and _reply(alert.reply, now),
        "links": alert.links and asdict(alert.links),
    }


def _owner(owner: Owner) -> dict[str, Any]:
    named = {"id": owner.id, "name": owner.name, "email": owner.email, "mention": owner.mention}
    return {key: cut_or_none(value, _MAX_NAME_CHARS) for key, value in named.items()}


def _reply(clock: ReplyClock, now: datetime) -> dict[str, Any]:
    return {
        "clock": clock.clock,
        "started_at": _instant(clock.started_at),
        "promised_at": _instant(clock.promised_at),
        "due_at": _instant(clock.due_at),
        "minutes_left": int((clock.due_at - now).total_seconds() // 60),
        "level": clock.level,
    }


def _person(message: Message, said: Mapping[str, Any], alert: Alert) -> dict[str, Any]:
    contact = ((k, cut_or_none(v, _MAX_NAME_CHARS)) for k, v in alert.contact.items() if v)
    told: dict[str, Any] = {
        "sender": {
            "email": cut_or_none(message.sender.email, _MAX_ID_CHARS),
            "name": cut_or_none(message.sender.name, _MAX_NAME_CHARS),
        },
        "subject": cut_or_none(message.subject, _MAX_SUBJECT_CHARS),
    }
    if known := fitting(contact, _MAX_CONTACT_BYTES):
        told["contact"] = known
    if "evidence" in said:
        told["evidence"] = fitting(said["evidence"].items(), _MAX_EVIDENCE_BYTES)
    if alert.trend:
        told["trend"] = alert.trend
    if alert.promises:
        told["promises"] = [
            {"message_id": one.message_id, "owner": one.owner, "due_at": _instant(one.due_at)}
            for one in alert.promises[:_MAX_PROMISES]
        ]
    return told


def _history(history: Iterable[Earlier], room_bytes: int) -> list[Any]:
    """Give the newest of an account's earlier messages that fit."""
    return fitting_list((_earlier(one) for one in history), room_bytes - len(b',"history":'))


def _earlier(one: Earlier) -> dict[str, Any]:
    return {
        "at": _instant(one.at),
        "channel": one.channel,
        "subject": cut_or_none(one.subject, _MAX_HISTORY_CHARS),
        "excerpt": cut_or_none(one.excerpt, _MAX_HISTORY_CHARS),
        "labels": list(one.labels),
        "sentiment": one.sentiment,
    }


def _kept(text: str) -> int:
    """How many bytes the excerpt has before the history may have any."""
    frame = len(b',"excerpt":"","excerpt_truncated":false')
    return frame + min(_MIN_EXCERPT_BYTES, len(encode(text[:_MIN_EXCERPT_BYTES])))


def _excerpt(text: str, *, room_bytes: int) -> dict[str, Any]:
    """Give the longest beginning of the text that fits, and whether something is missing."""
    excerpt = cut(text, room_bytes - len(b',"excerpt":"","excerpt_truncated":false'))
    return {"excerpt": excerpt, "excerpt_truncated": len(excerpt) < len(text)}


def _instant(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
