import json
import random
from datetime import UTC, datetime, timedelta, timezone

import pytest

from app.domain import Channel, Decision, Message, Sender
from app.webhook.formats import MAX_BODY_BYTES, event_body
from models.evidence import Evidence, explained
from models.prediction import Prediction, Signal

NOW = datetime(2026, 11, 24, 9, 0, 0, 500_000, tzinfo=UTC)


def message(**changed):
    fields = {
        "id": "msg_1",
        "channel": Channel.EMAIL,
        "subject": "Demo?",
        "text": "Could we see a demo? — Zoë",
        "sender": Sender(email="zoe@example.com", name="Zoë"),
        "thread_id": "t-1",
        "source": "api",
        "external_id": None,
        "received_at": datetime(2026, 11, 24, 8, 59, tzinfo=UTC),
        "created_at": NOW,
    }
    return Message(**(fields | changed))


PREDICTION = Prediction(
    intents={"demo_request": 0.93, "other": 0.02},
    labels=("demo_request",),
    signals={"urgency": Signal("high", 0.81)},
    model_version="2026-11-24",
    language="en",
    truncated=False,
)
DECISION = Decision(
    route="sales",
    rule="buying",
    reasons=("demo_request 0.93 is over 0.50",),
    endpoints=("crm",),
    event_type="lead.detected",
    policy_sha256="0" * 64,
)


def body(given, *, personal_data=True, now=NOW, alert=None, **decided):
    return event_body(
        given,
        PREDICTION.as_dict(),
        DECISION.as_dict() | decided,
        now=now,
        personal_data=personal_data,
        alert=alert,
    )


def data(given, **options):
    return json.loads(body(given, **options))["data"]


def test_an_event_says_what_was_found_decided_and_who_wrote():
    assert json.loads(body(message())) == {
        "type": "lead.detected",
        "timestamp": "2026-11-24T09:00:00.500000Z",
        "data": {
            "message_id": "msg_1",
            "route": "sales",
            "rule": "buying",
            "reasons": ["demo_request 0.93 is over 0.50"],
            "priority": "normal",
            "pool": None,
            "playbook": "",
            "intents": {"demo_request": 0.93, "other": 0.02},
            "labels": ["demo_request"],
            "primary": "demo_request",
            "confidence": 0.93,
            "signals": {"urgency": {"label": "high", "probability": 0.81}},
            "language": "en",
            "model_version": "2026-11-24",
            "channel": "email",
            "thread_id": "t-1",
            "received_at": "2026-11-24T08:59:00Z",
            "account": None,
            "owner": None,
            "reply": None,
            "links": None,
            "sender": {"email": "zoe@example.com", "name": "Zoë"},
            "subject": "Demo?",
            "excerpt": "Could we see a demo? — Zoë",
            "excerpt_truncated": False,
        },
    }


def test_an_event_is_compact_utf8():
    raw = body(message())

    assert b": " not in raw.replace(b"demo_request 0.93 is", b"")
    assert "Zoë".encode() in raw


def test_personal_data_stays_here_where_the_operator_says_so():
    raw = body(message(), personal_data=False)

    assert {"sender", "subject", "excerpt", "excerpt_truncated"} & set(json.loads(raw)["data"]) == (
        set()
    )
    for secret in ("Zoë", "zoe@example.com", "Demo?", "Could we"):
        assert secret.encode() not in raw


def test_a_long_text_is_cut_to_fit_and_said_to_be():
    for character in ("a", "é", "价", "🚀", "\n", '"', "\u0001", "\\"):
        raw = body(message(text=character * 100_000))
        sent = json.loads(raw)["data"]

        assert MAX_BODY_BYTES - 6 <= len(raw) <= MAX_BODY_BYTES
        assert set(sent["excerpt"]) == {character}
        assert sent["excerpt_truncated"]


def test_a_text_that_just_fits_is_not_cut():
    room = MAX_BODY_BYTES - len(body(message(text="")))

    assert len(body(message(text="a" * room))) == MAX_BODY_BYTES
    assert not data(message(text="a" * room))["excerpt_truncated"]
    assert data(message(text="a" * (room + 1)))["excerpt_truncated"]


def test_every_event_stays_under_20_kB_and_begins_like_the_text():
    drawn = random.Random(7)
    for _ in range(200):
        text = "".join(chr(drawn.choice([10, 34, 65, 233, 20215, 128640])) for _ in range(9_000))
        subject = text[: drawn.randrange(3_000)]
        given = message(
            text=text[: drawn.randrange(9_000)],
            subject=subject,
            sender=Sender(email=subject, name=subject),
            thread_id=subject,
        )

        raw = body(given)
        assert len(raw) <= MAX_BODY_BYTES
        assert given.text.startswith(json.loads(raw)["data"]["excerpt"])


def test_a_lone_surrogate_does_not_spoil_the_event():
    assert data(message(text="a\ud800b"))["excerpt"] == "a?b"


@pytest.mark.parametrize("missing", [None, ""])
def test_what_is_not_known_is_null_or_empty(missing):
    sent = data(message(sender=Sender(email=missing, name=missing), thread_id=missing))

    assert (sent["sender"], sent["thread_id"]) == ({"email": missing, "name": missing}, missing)


def test_times_are_given_with_their_zone():
    tokyo = NOW.astimezone(timezone(timedelta(hours=9)))

    assert json.loads(body(message(), now=tokyo))["timestamp"] == "2026-11-24T18:00:00.500000+09:00"


# What carries a label


def carried_by(sentence):
    return Evidence(sentence=sentence, field="text", start=0, end=9, weight=0.75)


def data_with(evidence, given=None, *, personal_data=True):
    said = explained(PREDICTION, evidence)
    raw = event_body(
        given or message(), said, DECISION.as_dict(), now=NOW, personal_data=personal_data
    )
    assert len(raw) <= MAX_BODY_BYTES
    return json.loads(raw)["data"]


def test_an_event_says_which_sentence_carries_each_label():
    sent = data_with({"demo_request": carried_by("Could we see a demo?")})

    assert sent["evidence"] == {
        "demo_request": {
            "sentence": "Could we see a demo?",
            "field": "text",
            "start": 0,
            "end": 9,
            "weight": 0.75,
        }
    }
    assert {name: value for name, value in sent.items() if name != "evidence"} == data(message())


def test_evidence_is_personal_data():
    assert "evidence" not in data_with({"a": carried_by("Zoë")}, personal_data=False)


@pytest.mark.parametrize("character", ["a", "é", "价", "🚀", '"'])
def test_evidence_leaves_room_for_the_rest_and_its_first_labels_come_first(character):
    evidence = {f"label {n}": carried_by(character * 300) for n in range(60)}
    wide = "\u0001" * 9_000

    sent = data_with(
        evidence,
        message(text=wide, subject=wide, sender=Sender(email=wide, name=wide), thread_id=wide),
    )

    assert 3 <= len(sent["evidence"]) < 60
    assert list(sent["evidence"]) == list(evidence)[: len(sent["evidence"])]
    assert len(sent["excerpt"]) > 100
