"""Events for tests of formats: as they are stored, from a message with everything on it."""

import json
from datetime import UTC, datetime, timedelta

from support import START, a_message, an_endpoint

from app.domain import ClockStatus, ReplyClock, Sender
from app.routing.owners import Owner
from app.webhook.alert import Alert, Earlier, Links, Promise
from app.webhook.formats import event_body
from app.webhook.formats.steps import Request, Told

NOW = datetime(2026, 11, 24, 9, 18, tzinfo=UTC)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SAID = {
    "model_version": "2026-11-24",
    "intents": {"demo_request": 0.93, "pricing": 0.61, "other": 0.02},
    "labels": ["demo_request", "pricing"],
    "primary": "demo_request",
    "confidence": 0.93,
    "abstained": False,
    "abstained_because": None,
    "out_of_scope": 0.01,
    "signals": {"urgency": {"label": "high", "probability": 0.81}},
    "language": "en",
    "truncated": False,
    "evidence": {
        "demo_request": {
            "sentence": "Could we see a demo?",
            "field": "text",
            "start": 0,
            "end": 20,
            "weight": 0.75,
        }
    },
}
DECIDED = {
    "route": "sales",
    "rule": "wants to buy",
    "reasons": ["demo_request 0.93 reaches the model's threshold"],
    "endpoints": ["sales"],
    "event_type": "lead.detected",
    "policy_sha256": "0" * 64,
    "priority": "high",
    "pool": "sales",
    "clock": "hour",
    "playbook": "Offer two times within a day.",
}
CLOCK = ReplyClock(
    id="clk_1",
    message_id="msg_1",
    rule="wants to buy",
    route="sales",
    clock="hour",
    pool="sales",
    owner="ana",
    contact="zoe@example.com",
    account="example.com",
    level=0,
    started_at=NOW - timedelta(minutes=18),
    promised_at=NOW + timedelta(minutes=42),
    due_at=NOW + timedelta(minutes=42),
    next_at=NOW + timedelta(minutes=12),
    reminded=False,
    status=ClockStatus.RUNNING,
)
LINKS = Links(
    mine="https://inlet.example.com/r/aaa",
    wrong_label="https://inlet.example.com/r/bbb",
    not_a_lead="https://inlet.example.com/r/ccc",
)
ALERT = Alert(
    owner=Owner(id="ana", name="Ana Lima", email="ana@example.org", mention="U012AB3CD"),
    reply=CLOCK,
    links=LINKS,
    contact={
        "name": "Zoë Example",
        "title": "Head of IT",
        "company": "Example Ltd",
        "phone": "+442079460000",
    },
    account="example.com",
    history=(
        Earlier(
            at=START - timedelta(days=9),
            channel="email",
            subject="Export",
            excerpt="The export fails again.",
            labels=("support",),
            sentiment="negative",
        ),
    ),
    trend="falling",
    promises=(Promise(message_id="msg_0", owner="ben", due_at=NOW + timedelta(hours=3)),),
)
MESSAGE = a_message(
    subject="Demo?",
    text="Could we see a demo? We are 20 people.",
    sender=Sender(email="zoe@example.com", name="Zoë"),
)


def stored(message=MESSAGE, *, said=SAID, alert=ALERT, personal_data=True, **decided):
    """An event as a delivery keeps it."""
    return event_body(
        message, said, {**DECIDED, **decided}, now=NOW, personal_data=personal_data, alert=alert
    )


def told(format, body=None, **endpoint):
    """What a format writes from."""
    options = endpoint.pop("options", {})
    one = an_endpoint(format=format, secrets=(SECRET,), options=options, **endpoint)
    return Told(endpoint=one, delivery_id="dlv_1", body=stored() if body is None else body, now=NOW)


def first(steps):
    """The first request of a format, with its JSON body read."""
    request = next(steps)
    assert isinstance(request, Request)
    return request, json.loads(request.body)
