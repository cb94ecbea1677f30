"""Endpoints and deliveries to measure with, stored the way the service stores them."""

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from app.domain import Channel, Delivery, DeliveryStatus, Endpoint, Message, Sender, new_id
from app.storage import endpoints, messages, outbox
from app.webhook.signing import new_secret

PREDICTION = {"model_version": "none", "intents": {"pricing": 0.93}}
DECISION = {"route": "sales", "rule": "benchmark", "reasons": []}
EVENT = "lead.detected"
DATA = {  # as much of an event as every format can be written from
    "route": "sales",
    "rule": "benchmark",
    "reasons": [],
    "priority": "high",
    "intents": {"pricing": 0.93},
    "labels": ["pricing"],
    "primary": "pricing",
    "confidence": 0.93,
    "signals": {},
    "channel": "email",
    "sender": {"email": "ada@example.com", "name": "Ada Lovelace"},
    "subject": "20 seats",
    "excerpt": "What does it cost?",
}


def keep_endpoint(conn: Connection, name: str, url: str, **changes: Any) -> Endpoint:
    """Store a receiver, whatever the guard would say of its URL."""
    now = datetime.now(UTC)
    given = {"secrets": (new_secret(),), "enabled": True, **changes}
    endpoint = Endpoint(id=new_id("ep", now), name=name, url=url, created_at=now, **given)
    endpoints.add(conn, endpoint)
    return endpoint


def keep_message(conn: Connection, receivers: list[Endpoint]) -> list[Delivery]:
    """Store a message with a delivery to each receiver, due now."""
    now = datetime.now(UTC)
    message = Message(
        id=new_id("msg", now),
        channel=Channel.EMAIL,
        subject="",
        text="What does it cost?",
        sender=Sender(),
        thread_id=None,
        source="benchmark",
        external_id=None,
        received_at=now,
        created_at=now,
    )
    promised = len(receivers)
    messages.add(conn, message, prediction=PREDICTION, decision=DECISION, promised=promised)
    made = [_delivery(message, endpoint, now) for endpoint in receivers]
    for delivery in made:
        outbox.enqueue(conn, delivery)
    return made


def _delivery(message: Message, endpoint: Endpoint, now: datetime) -> Delivery:
    id = new_id("dlv", now)
    data = {"message_id": message.id, "delivery_id": id, **DATA}
    event = {"type": EVENT, "timestamp": now.isoformat(), "data": data}
    return Delivery(
        id=id,
        message_id=message.id,
        endpoint_id=endpoint.id,
        event_type=EVENT,
        body=json.dumps(event, separators=(",", ":")).encode(),
        status=DeliveryStatus.PENDING,
        attempts=0,
        next_attempt_at=now,
        created_at=now,
    )
