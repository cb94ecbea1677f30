"""What a webhook says: one event as compact JSON, under the 20 kB that receivers expect."""

import json
from bisect import bisect_right
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.domain import Decision, Message
from models.evidence import Evidence
from models.prediction import Prediction

MAX_BODY_BYTES = 20_000  # Standard Webhooks, "Payload size": usually smaller than 20 kB

_MAX_SUBJECT_CHARS = 500
_MAX_NAME_CHARS = 200
_MAX_ID_CHARS = 320  # of an address, or of a thread's foreign id
_MAX_EVIDENCE_BYTES = 5_000  # five sentences of Latin letters are some 2,000


def event_body(
    message: Message,
    prediction: Prediction,
    decision: Decision,
    *,
    now: datetime,
    personal_data: bool,
    evidence: Mapping[str, Evidence] | None = None,
) -> bytes:
    """Write the event that tells an endpoint of one message.

    Args:
        message: What came in.
        prediction: What the model says of it.
        decision: What we do about it.
        now: When the decision was made, with its zone.
        personal_data: Whether sender, subject, evidence and the text's beginning go along.
        evidence: The sentence that carries each label, the surest label first, where it is known.

    Source:
        Standard Webhooks 1.0.0, "Payload structure".
    """
    data = _facts(message, prediction, decision)
    event = {"type": decision.event_type, "timestamp": _instant(now), "data": data}
    if personal_data:
        data |= _person(message)
        if evidence is not None:
            data |= _evidence(evidence)
        data |= _excerpt(message.text, room_bytes=MAX_BODY_BYTES - len(_encode(event)))
    return _encode(event)


def _facts(message: Message, prediction: Prediction, decision: Decision) -> dict[str, Any]:
    said = prediction.as_dict()
    return {
        "message_id": message.id,
        "route": decision.route,
        "rule": decision.rule,
        "reasons": list(decision.reasons),
        "intents": said["intents"],
        "labels": said["labels"],
        "primary": said["primary"],
        "confidence": said["confidence"],
        "signals": said["signals"],
        "language": said["language"],
        "model_version": said["model_version"],
        "channel": message.channel.value,
        "thread_id": message.thread_id and message.thread_id[:_MAX_ID_CHARS],
        "received_at": _instant(message.received_at),
    }


def _person(message: Message) -> dict[str, Any]:
    email, name = message.sender.email, message.sender.name
    return {
        "sender": {
            "email": email and email[:_MAX_ID_CHARS],
            "name": name and name[:_MAX_NAME_CHARS],
        },
        "subject": message.subject[:_MAX_SUBJECT_CHARS],
    }


def _evidence(evidence: Mapping[str, Evidence]) -> dict[str, Any]:
    """Give the sentences that fit, from the first label on."""
    told: dict[str, Any] = {}
    for label, one in evidence.items():
        more = {**told, label: one.as_dict()}
        if len(_encode(more)) > _MAX_EVIDENCE_BYTES:
            break
        told = more
    return {"evidence": told}


def _excerpt(text: str, *, room_bytes: int) -> dict[str, Any]:
    """Give the longest beginning of the text that fits, and whether something is missing."""
    room_bytes -= len(b',"excerpt":"","excerpt_truncated":false')
    longest = range(len(text[: max(0, room_bytes)]) + 1)
    fitting = bisect_right(longest, room_bytes, key=lambda n: len(_encode(text[:n])) - len('""'))
    excerpt = text[: max(0, fitting - 1)]
    return {"excerpt": excerpt, "excerpt_truncated": len(excerpt) < len(text)}


def _encode(value: object) -> bytes:
    """Write JSON without spaces; a lone surrogate, which has no UTF-8, becomes a question mark."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", errors="replace")


def _instant(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
