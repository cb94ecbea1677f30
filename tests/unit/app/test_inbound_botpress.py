import json
import random
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from app.domain import Channel, Sender
from app.inbound.chat import botpress
from app.inbound.values import Ignored, Keys, NotAuthentic, Post, Received, Told, Unreadable

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
KEYS = Keys(secret="correct horse battery")
EVENT = {
    "conversationId": "conv_01K9ADA",
    "messageId": "msg_01K9ADA",
    "direction": "incoming",
    "createdOn": "2026-11-25T11:58:00.250Z",
    "integration": "webchat",
    "text": "We are forty people. What would that cost?",
    "user": {"email": "ada@example.com", "name": "Ada Byron"},
}
TOLD = Told(
    message_id="msg_1",
    prediction={"labels": ["pricing"], "primary": "pricing", "confidence": 0.8, "abstained": False},
    decision={"route": "sales", "rule": "asks-a-price", "reasons": ["pricing 0.80"]},
    handover=True,
)


def a_post(body=EVENT, secret="correct horse battery"):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {} if secret is None else {"x-bp-secret": secret}
    return Post(
        url="https://x/v1/inbound/botpress", query={}, headers=headers, body=raw, received_at=NOW
    )


def read(**changed):
    (item,) = botpress.read(a_post({**EVENT, **changed}))
    return item


def test_the_right_secret_is_taken():
    botpress.verify(a_post(), KEYS)


@pytest.mark.parametrize(
    "secret", [None, "", " ", "correct", "correct horse battery2", "Correct horse battery", "é" * 9]
)
def test_any_other_secret_is_refused_and_not_repeated(secret):
    with pytest.raises(NotAuthentic) as caught:
        botpress.verify(a_post(secret=secret), KEYS)

    assert str(caught.value) == "x-bp-secret is wrong"


@pytest.mark.parametrize("ours", [None, ""])
def test_without_a_secret_of_ours_nobody_is_let_in(ours):
    for secret in (None, "", "None"):
        with pytest.raises(NotAuthentic):
            botpress.verify(a_post(secret=secret), Keys(secret=ours))


def test_what_the_visitor_wrote_is_read():
    assert read() == Received(
        external_id="msg_01K9ADA",
        channel=Channel.CHAT,
        sender=Sender("ada@example.com", "Ada Byron"),
        text="We are forty people. What would that cost?",
        thread_id="conv_01K9ADA",
        sent_at=datetime(2026, 11, 25, 11, 58, 0, 250_000, tzinfo=UTC),
    )


def test_two_ids_and_a_text_are_enough():
    needed = {key: EVENT[key] for key in ("conversationId", "messageId", "text")}

    (item,) = botpress.read(a_post(needed))

    assert (item.text, item.sender, item.sent_at) == (EVENT["text"], Sender(), None)


def test_what_a_bot_sends_beside_is_left_alone():
    assert read(tags={"a": 1}, user={"email": None, "name": 5, "plan": "pro"}).sender == Sender()


@pytest.mark.parametrize(
    ("integration", "channel"),
    [("whatsapp", Channel.CHAT), ("messenger", Channel.SOCIAL_DM), ("twilio", Channel.SMS)],
)
def test_the_integration_says_the_channel(integration, channel):
    assert read(integration=integration).channel is channel


def test_the_bot_s_own_words_are_ignored():
    assert read(direction="outgoing") == Ignored(reason="own_message")


@pytest.mark.parametrize("text", [None, "", "  ", "\u200b", 5, ["a"]])
def test_a_message_without_words_is_ignored(text):
    assert read(text=text) == Ignored(reason="no_text")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"\xff",
        {},
        {**EVENT, "conversationId": ""},
        {**EVENT, "messageId": None},
        {**EVENT, "messageId": 5},
    ],
)
def test_another_shape_is_unreadable(body):
    with pytest.raises(Unreadable):
        botpress.read(a_post(body))


def test_five_hundred_mutations_are_read_or_unreadable():
    rng = random.Random(42)
    body = json.dumps(EVENT).encode()
    for _ in range(500):
        mutant = bytearray(body)
        for _ in range(rng.randint(1, 6)):
            start = rng.randrange(len(mutant))
            piece = rng.choice([b"", b"\x00", b'"', b"[", b"}", b"\\ud800", b"null,", b"\xff"])
            mutant[start : start + rng.choice([0, 1, 20])] = piece
        with suppress(Unreadable):
            botpress.read(a_post(bytes(mutant)))


def test_the_card_is_answered_with_the_decision():
    assert json.loads(botpress.SOURCE.answer(TOLD).body) == {
        "message_id": "msg_1",
        "labels": ["pricing"],
        "primary": "pricing",
        "confidence": 0.8,
        "abstained": False,
        "route": "sales",
        "rule": "asks-a-price",
        "reasons": ["pricing 0.80"],
        "handover": True,
    }


def test_what_is_no_message_calls_nobody():
    assert json.loads(botpress.SOURCE.taken.body) == {"handover": False}
