import json
import random
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from app.domain import Channel, Sender
from app.inbound.chat import generic
from app.inbound.chat.generic import channel_of, is_readable, lead_facts
from app.inbound.values import Keys, NotAuthentic, Post, Received, Told, Unreadable

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
LINE = {
    "conversation_id": "visit-81",
    "message_id": "m-3",
    "text": "Could we see it with our own data?",
    "sender": {"id": "u-7", "name": "Ada Byron", "email": "ada@example.com"},
    "channel": "web_form",
    "sent_at": "2026-11-25T12:58:00.25+01:00",
}
TOLD = Told(
    message_id="msg_1",
    prediction={
        "model_version": "by-word",
        "intents": {"demo_request": 0.93, "pricing": 0.61, "other": 0.03},
        "labels": ["demo_request", "pricing"],
        "primary": "demo_request",
        "confidence": 0.93,
        "abstained": False,
        "language": "en",
    },
    decision={
        "route": "sales",
        "rule": "wants-a-demo",
        "reasons": ["demo_request 0.93 reaches the model's threshold"],
        "endpoints": ["crm"],
        "event_type": "lead.detected",
        "policy_sha256": "00",
    },
    handover=True,
)
SILENT = [None, "", " \n\t ", "\u200b\u200d\u2060", "\u0007"]


def a_post(body):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Post(url="https://x/v1/inbound/chat", query={}, headers={}, body=raw, received_at=NOW)


def received(**changed):
    (item,) = generic.read(a_post({**LINE, **changed}))
    return item


def refusal(body):
    with pytest.raises(Unreadable) as caught:
        generic.read(a_post(body))
    return caught.value.detail


def test_a_line_of_a_chat_is_read():
    assert received() == Received(
        external_id="visit-81/m-3",
        channel=Channel.WEB_FORM,
        sender=Sender("ada@example.com", "Ada Byron"),
        text="Could we see it with our own data?",
        thread_id="visit-81",
        sent_at=datetime(2026, 11, 25, 11, 58, 0, 250_000, tzinfo=UTC),
    )


@pytest.mark.parametrize("absent", [{}, {"sender": None, "channel": None, "sent_at": None}])
def test_three_fields_are_enough(absent):
    needed = {key: LINE[key] for key in ("conversation_id", "message_id", "text")}

    (item,) = generic.read(a_post({**needed, **absent}))

    assert item == Received(
        external_id="visit-81/m-3",
        channel=Channel.CHAT,
        text="Could we see it with our own data?",
        thread_id="visit-81",
    )


def test_the_same_message_id_in_another_conversation_is_another_message():
    assert (
        received(message_id="1").external_id
        != received(conversation_id="visit-82", message_id="1").external_id
    )


def test_the_longest_ids_fit_an_external_id():
    item = received(conversation_id="c" * 250, message_id="m" * 250)

    assert len(item.external_id) <= 512


@pytest.mark.parametrize("email", ["n/a", "", "ada @ example", "@", "a" * 400 + "@example.com"])
def test_an_address_that_is_none_does_not_lose_the_message(email):
    assert received(sender={"name": "Ada", "email": email}).sender == Sender(None, "Ada")


@pytest.mark.parametrize("channel", ["chat", "sms", "social_dm", "web_form"])
def test_a_bot_names_its_channel(channel):
    assert received(channel=channel).channel.value == channel


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"conversation_id": 81}, "conversation_id must be a string of 1 to 250 characters"),
        ({"conversation_id": ""}, "conversation_id must be"),
        ({"conversation_id": "c" * 251}, "conversation_id must be"),
        ({"message_id": None}, "message_id must be"),
        ({"message_id": "a\nb"}, "message_id must be"),
        ({"text": ["hello"]}, "text must be a string"),
        ({"text": "a" * 100_001}, "text must be a string of at most 100000 characters"),
        ({"sender": "Ada"}, "sender must be an object"),
        ({"sender": {"name": 5}}, "sender must be an object"),
        ({"channel": "email"}, "channel must be chat, sms, social_dm or web_form"),
        ({"channel": 5}, "channel must be"),
        ({"sent_at": "2026-11-25T12:58:00"}, "sent_at must be a time with its zone"),
        ({"sent_at": "yesterday"}, "sent_at must be"),
        ({"sent_at": "2026-02-30T12:00:00Z"}, "sent_at must be"),
        ({"sent_at": "0001-01-01T00:00:00+14:00"}, "sent_at must be"),
        ({"sent_at": 1_790_000_000}, "sent_at must be"),
    ],
)
def test_a_field_of_another_shape_is_refused_by_name(changed, sentence):
    assert refusal({**LINE, **changed}).startswith(sentence)


@pytest.mark.parametrize("text", SILENT)
def test_a_text_that_shows_nothing_is_refused(text):
    assert refusal({**LINE, "text": text}).startswith("text must be")


@pytest.mark.parametrize("key", ["conversation_id", "message_id", "text"])
def test_a_missing_field_is_named(key):
    assert refusal({k: v for k, v in LINE.items() if k != key}).startswith(f"{key} must be")


def test_an_unknown_field_is_refused_and_its_name_not_repeated():
    for body in ({**LINE, "s3cret": 1}, {**LINE, "sender": {"s3cret": 1}}):
        detail = refusal(body)

        assert detail.startswith("there is an unknown field")
        assert "s3cret" not in detail


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b'"text"', b"{", b"\xff", b"5"])
def test_what_is_no_object_is_refused(body):
    assert refusal(body)


@pytest.mark.parametrize("value", [["s3cret"], {"s3cret": "s3cret"}, [{"s3cret": "\ud800"}]])
@pytest.mark.parametrize("key", sorted(LINE))
def test_no_refusal_repeats_what_was_sent(key, value):
    assert "s3cret" not in refusal({**LINE, key: value})


def test_five_hundred_mutations_are_read_or_unreadable():
    rng = random.Random(41)
    body = json.dumps(LINE).encode()
    for _ in range(500):
        mutant = bytearray(body)
        for _ in range(rng.randint(1, 6)):
            start = rng.randrange(len(mutant))
            piece = rng.choice([b"", b"\x00", b'"', b"[", b"}", b"\\ud800", b"null,", b"\xff"])
            mutant[start : start + rng.choice([0, 1, 20])] = piece
        with suppress(Unreadable):
            generic.read(a_post(bytes(mutant)))


def test_the_bot_is_told_what_was_decided():
    reply = generic.answer(TOLD)

    assert (reply.status, reply.content_type) == (200, "application/json")
    assert json.loads(reply.body) == {
        "message_id": "msg_1",
        "labels": ["demo_request", "pricing"],
        "primary": "demo_request",
        "confidence": 0.93,
        "abstained": False,
        "route": "sales",
        "rule": "wants-a-demo",
        "reasons": ["demo_request 0.93 reaches the model's threshold"],
        "handover": True,
    }


def test_a_guess_of_a_model_that_abstained_is_no_lead_intent():
    unsure = {**TOLD.prediction, "labels": [], "confidence": 0.4, "abstained": True}
    told = Told(message_id="m", prediction=unsure, decision=TOLD.decision, handover=False)

    assert lead_facts(told) == {
        "lead_intent": None,
        "lead_confidence": 0.4,
        "lead_route": "sales",
        "lead_handover": False,
    }


@pytest.mark.parametrize(
    ("name", "channel"),
    [
        ("webchat", Channel.CHAT),
        ("", Channel.CHAT),
        ("whatsapp", Channel.CHAT),
        ("Twilio", Channel.SMS),
        ("facebook", Channel.SOCIAL_DM),
        ("Instagram", Channel.SOCIAL_DM),
    ],
)
def test_a_platform_s_channel_is_ours(name, channel):
    assert channel_of(name) is channel


def test_readable_is_what_shows_a_character():
    assert [is_readable(text) for text in ("a", " é", "🙂", "価", "\u200b!")] == [True] * 5
    assert not any(is_readable(text or "") for text in SILENT)


def test_the_api_key_alone_proves_who_calls():
    with pytest.raises(NotAuthentic):
        generic.verify(a_post(LINE), Keys())

    assert generic.SOURCE.needs == ()
    assert generic.SOURCE.answer is generic.answer
