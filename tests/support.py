"""What tests of every kind share: a clock to set, values to start from, threads that race."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

import httpcore2

from app.domain import (
    Answer,
    ApiKey,
    Attempt,
    Channel,
    Delivery,
    DeliveryStatus,
    Endpoint,
    Message,
    Sender,
)

TRUST = cache(httpcore2.default_ssl_context)  # the system's; takes longer to read than most tests
START = datetime(2026, 11, 25, 12, 0, 0, 123456, tzinfo=UTC)
PREDICTION = {"model_version": "test-1", "intents": {"pricing": 0.93, "demo_request": 0.1}}
DECISION = {"route": "sales", "rule": "pricing", "reasons": ["pricing ≥ 0.60"]}


class Clock:
    """Stands still until it is told to go on."""

    def __init__(self, now=START):
        self.now = now

    def __call__(self):
        return self.now

    def advance(self, seconds):
        self.now += timedelta(seconds=seconds)


def a_message(**changes):
    message = Message(
        id="msg_1",
        channel=Channel.EMAIL,
        subject="Angebot für 20 Plätze",
        text="Was kostet das? 🙂",
        sender=Sender("ada@example.com", "Ada Lovelace"),
        thread_id="thread-1",
        source="api",
        external_id=None,
        received_at=START - timedelta(seconds=3),
        created_at=START,
    )
    return replace(message, **changes)


def an_endpoint(**changes):
    endpoint = Endpoint(
        id="ep_1",
        name="sales",
        url="https://hooks.example.com/inlet",
        secrets=("whsec_bmV3", "whsec_b2xk"),
        enabled=True,
        created_at=START,
    )
    return replace(endpoint, **changes)


def a_delivery(**changes):
    delivery = Delivery(
        id="dlv_1",
        message_id="msg_1",
        endpoint_id="ep_1",
        event_type="lead.detected",
        body=b'{"z":1.0, "a":2e3}\x00\xff',
        status=DeliveryStatus.PENDING,
        attempts=0,
        next_attempt_at=START,
        created_at=START,
    )
    return replace(delivery, **changes)


def an_attempt(number=1, *, delivery_id="dlv_1", **answer):
    answer = answer or {"status_code": 200, "error_code": None}
    answer = {"status_code": None, "error_code": None, **answer}
    return Attempt(
        delivery_id=delivery_id, number=number, started_at=START, answer=Answer(**answer)
    )


def a_key(**changes):
    key = ApiKey(
        id="key_1",
        name="gateway",
        prefix="inlet_abcd",
        scopes=frozenset({"write", "read"}),
        created_at=START,
        expires_at=None,
        revoked_at=None,
        last_used_at=None,
    )
    return replace(key, **changes)


def race(threads, work):
    """Run work(0), work(1), … at the same instant; what each returned or raised, in order."""
    outcomes = [None] * threads
    start = threading.Barrier(threads)

    def run(number):
        start.wait(timeout=30)
        try:
            outcomes[number] = work(number)
        except Exception as error:  # noqa: BLE001  the test judges it
            outcomes[number] = error

    running = [threading.Thread(target=run, args=(n,), daemon=True) for n in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join(timeout=120)
    return outcomes
