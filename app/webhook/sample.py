"""A made-up event with everything on it, for a try at an endpoint; marked as what it is."""

from datetime import datetime, timedelta

from app.domain import Channel, ClockStatus, Message, Priority, ReplyClock, Sender
from app.routing.owners import Owner
from app.webhook.alert import Alert, Earlier, Links
from app.webhook.formats import event_body

EVENT_TYPE = "endpoint.test"

_ID = "msg_SAMPLE"
_SENTENCE = "Could we see a demo this week?"
_SAID = {
    "model_version": "sample",
    "intents": {"demo_request": 0.93, "pricing": 0.61, "support": 0.02},
    "labels": ["demo_request", "pricing"],
    "primary": "demo_request",
    "confidence": 0.93,
    "signals": {"urgency": {"label": "high", "probability": 0.81}},
    "language": "en",
    "evidence": {
        "demo_request": {
            "sentence": _SENTENCE,
            "field": "text",
            "start": 0,
            "end": 30,
            "weight": 0.8,
        }
    },
}
_DECIDED = {
    "route": "sales",
    "rule": "SAMPLE",
    "reasons": ["SAMPLE: demo_request 0.93 reaches the model's threshold"],
    "event_type": EVENT_TYPE,
    "priority": Priority.HIGH.value,
    "pool": "sales",
    "playbook": "SAMPLE: nothing is to be done, this is a test of the endpoint.",
}


def sample_event(now: datetime, *, public_url: str | None, personal_data: bool) -> bytes:
    """Write the event of a message that nobody sent.

    Args:
        now: The present.
        public_url: Where people reach us; there are links only with it, and they lead nowhere.
        personal_data: Whether real events tell who wrote and what.
    """
    return event_body(
        _message(now),
        _SAID,
        _DECIDED,
        now=now,
        personal_data=personal_data,
        alert=_alert(now, public_url),
    )


def _message(now: datetime) -> Message:
    return Message(
        id=_ID,
        channel=Channel.EMAIL,
        subject="SAMPLE: demo and prices",
        text=f"{_SENTENCE} We are 20 people. What does it cost? (SAMPLE, sent by inlet itself)",
        sender=Sender(email="sample@example.com", name="Sam Sample"),
        thread_id=None,
        source="sample",
        external_id=None,
        received_at=now - timedelta(minutes=2),
        created_at=now,
    )


def _alert(now: datetime, public_url: str | None) -> Alert:
    links = None
    if public_url:
        root = public_url.rstrip("/")
        links = Links(
            mine=f"{root}/sample/mine",
            wrong_label=f"{root}/sample/wrong-label",
            not_a_lead=f"{root}/sample/not-a-lead",
        )
    return Alert(
        owner=Owner(id="sample", name="Olga Owner (SAMPLE)"),
        reply=_clock(now),
        links=links,
        contact={
            "name": "Sam Sample",
            "title": "Head of Samples",
            "company": "Sample Ltd",
            "phone": "+442079460000",
        },
        account="example.com",
        history=(
            Earlier(
                at=now - timedelta(days=9),
                channel=Channel.EMAIL.value,
                subject="SAMPLE: an earlier message",
                excerpt="The export fails again.",
                labels=("support",),
                sentiment="negative",
            ),
        ),
    )


def _clock(now: datetime) -> ReplyClock:
    until = now + timedelta(minutes=58)
    return ReplyClock(
        id="clk_SAMPLE",
        message_id=_ID,
        rule="SAMPLE",
        route="sales",
        clock="hour",
        pool="sales",
        owner="sample",
        contact=None,
        account=None,
        level=0,
        started_at=now - timedelta(minutes=2),
        promised_at=until,
        due_at=until,
        next_at=None,
        reminded=False,
        status=ClockStatus.RUNNING,
    )
