import hmac
import json
import random
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from app.domain import Channel, Sender
from app.inbound.chat import chatwoot
from app.inbound.values import Attached, Ignored, Keys, NotAuthentic, Post, Received, Unreadable

NOW = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)
SECRET = "k9WzC2qJx4m7Rt1n"
KEYS = Keys(secret=SECRET)
URL = "https://inlet.example.com/v1/inbound/chatwoot"
CONTACT = {"id": 7, "name": "Ada Lovelace", "email": "ada@example.com", "type": "contact"}
EVENT = {
    "event": "message_created",
    "id": 4711,
    "content": "Can I see a demo this week?",
    "content_type": "text",
    "content_attributes": {},
    "message_type": "incoming",
    "private": False,
    "created_at": "2026-11-25T11:59:58.000Z",
    "sender": CONTACT,
    "account": {"id": 1, "name": "Acme"},
    "inbox": {"id": 3, "name": "Website"},
    "conversation": {
        "id": 88,
        "status": "open",
        "channel": "Channel::WebWidget",
        "contact_inbox": {"source_id": "239a4135"},
        "meta": {"sender": {**CONTACT, "phone_number": "+4930123456"}},
    },
}


def a_post(body, *, headers=None, token=None, now=NOW):
    query = {} if token is None else {"token": token}
    return Post(url=URL, query=query, headers=headers or {}, body=body, received_at=now)


def signature(body, *, at=NOW, secret=SECRET, scheme="sha256"):
    timestamp = str(int(at.timestamp()))
    mac = hmac.digest(secret.encode(), f"{timestamp}.".encode() + body, "sha256").hex()
    return {"x-chatwoot-timestamp": timestamp, "x-chatwoot-signature": f"{scheme}={mac}"}


def a_body(**changes):
    return json.dumps({**EVENT, **changes}).encode()


def in_conversation(**changes):
    return {"conversation": {**EVENT["conversation"], **changes}}


def read(**changes):
    (item,) = chatwoot.read(a_post(a_body(**changes)))
    return item


def test_what_a_visitor_writes_is_read():
    body = a_body()
    post = a_post(body, headers=signature(body))
    chatwoot.verify(post, KEYS)

    assert chatwoot.read(post) == (
        Received(
            external_id="4711",
            channel=Channel.CHAT,
            sender=Sender("ada@example.com", "Ada Lovelace"),
            text="Can I see a demo this week?",
            thread_id="1/88",
            sent_at=datetime(2026, 11, 25, 11, 59, 58, tzinfo=UTC),
        ),
    )


BODY = a_body()
SIGNED = signature(BODY)


@pytest.mark.parametrize(
    ("headers", "token"),
    [
        ({}, SECRET),
        (SIGNED, None),
        (SIGNED, "wrong"),
        (signature(BODY, secret="of the updated Chatwoot"), SECRET),
    ],
)
def test_a_right_signature_or_the_token_is_enough(headers, token):
    assert chatwoot.verify(a_post(BODY, headers=headers, token=token), KEYS) is None


@pytest.mark.parametrize(
    ("headers", "token"),
    [
        ({}, None),
        ({}, ""),
        ({}, SECRET[:-1]),
        ({}, SECRET + "x"),
        ({}, SECRET.upper()),
        ({}, "ä\udcff"),
        (signature(BODY, secret="another"), None),
        (signature(BODY, scheme="sha1"), None),
        (signature(BODY, scheme=""), None),
        (signature(BODY + b" "), None),
        (signature(BODY, at=NOW - timedelta(seconds=301)), None),
        (signature(BODY, at=NOW + timedelta(seconds=301)), None),
        ({"x-chatwoot-signature": SIGNED["x-chatwoot-signature"]}, None),
        ({"x-chatwoot-timestamp": SIGNED["x-chatwoot-timestamp"]}, None),
        ({**SIGNED, "x-chatwoot-signature": SIGNED["x-chatwoot-signature"][:-1]}, None),
        ({**SIGNED, "x-chatwoot-signature": SIGNED["x-chatwoot-signature"].upper()}, None),
        ({**SIGNED, "x-chatwoot-timestamp": SIGNED["x-chatwoot-timestamp"] + ".0"}, None),
    ],
)
def test_without_either_it_is_refused(headers, token):
    with pytest.raises(NotAuthentic):
        chatwoot.verify(a_post(BODY, headers=headers, token=token), KEYS)


@pytest.mark.parametrize("secret", [None, ""])
@pytest.mark.parametrize("token", [None, ""])
def test_without_a_secret_nothing_is_authentic(secret, token):
    headers = signature(BODY, secret="")
    with pytest.raises(NotAuthentic):
        chatwoot.verify(a_post(BODY, headers=headers, token=token), Keys(secret=secret))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"event": "message_updated"}, "status_event"),
        ({"event": "conversation_created"}, "status_event"),
        ({"event": "webwidget_triggered"}, "status_event"),
        ({"private": True}, "private_note"),
        ({"private": "true"}, "private_note"),
        ({"private": True, "message_type": "outgoing"}, "private_note"),
        ({"message_type": "outgoing"}, "own_message"),
        ({"message_type": "template"}, "own_message"),
        ({"message_type": 1}, "own_message"),
        ({"message_type": None}, "own_message"),
        ({"message_type": ["incoming"]}, "own_message"),
        ({"content": None}, "empty"),
        ({"content": " \n "}, "empty"),
    ],
)
def test_what_no_visitor_wrote_just_now_is_left_alone(changes, reason):
    assert read(**changes) == Ignored(reason=reason)


@pytest.mark.parametrize("kind", ["incoming", 0])
def test_older_bots_are_told_the_number_of_the_kind(kind):
    assert read(message_type=kind, created_at=1795607998) == read()


@pytest.mark.parametrize(
    ("told", "channel"),
    [
        ("Channel::WebWidget", Channel.CHAT),
        ("Channel::Api", Channel.CHAT),
        ("Channel::Whatsapp", Channel.CHAT),
        ("Channel::Telegram", Channel.CHAT),
        ("Channel::Email", Channel.EMAIL),
        ("Channel::Sms", Channel.SMS),
        ("Channel::TwilioSms", Channel.SMS),
        ("Channel::FacebookPage", Channel.SOCIAL_DM),
        ("Channel::Instagram", Channel.SOCIAL_DM),
        ("Channel::Invented", Channel.CHAT),
        (None, Channel.CHAT),
    ],
)
def test_the_inbox_says_the_channel(told, channel):
    assert read(**in_conversation(channel=told)).channel == channel


def test_the_channel_may_stand_with_the_inbox_and_twilio_carries_whatsapp_too():
    by_inbox = read(**in_conversation(channel=None), inbox={"channel_type": "Channel::Email"})
    address = {"source_id": "whatsapp:+4915112345"}
    by_twilio = read(**in_conversation(channel="Channel::TwilioSms", contact_inbox=address))

    assert (by_inbox.channel, by_twilio.channel) == (Channel.EMAIL, Channel.CHAT)


@pytest.mark.parametrize(
    ("sender", "meta", "read_as"),
    [
        (CONTACT, {}, Sender("ada@example.com", "Ada Lovelace")),
        ({"name": "Ada"}, {"email": "ada@example.com"}, Sender("ada@example.com", "Ada")),
        ({"name": "Ada", "phone_number": "+4930"}, {}, Sender(None, "Ada +4930")),
        ({"name": "Ada"}, {"phone_number": "+4930"}, Sender(None, "Ada +4930")),
        ({"name": "+4930", "phone_number": "+4930"}, {}, Sender(None, "+4930")),
        ({"phone_number": "+4930"}, {}, Sender(None, "+4930")),
        ({"name": "nervous-sun-12"}, {}, Sender(None, "nervous-sun-12")),
        (None, None, Sender()),
        ("Ada", [], Sender()),
    ],
)
def test_a_sender_has_a_name_and_a_way_back(sender, meta, read_as):
    assert read(sender=sender, **in_conversation(meta={"sender": meta})).sender == read_as


def test_a_mail_is_read_whole():
    mail = {
        "subject": "Offer for 40 seats",
        "to": ["Sales@example.net"],
        "cc": ["bob@example.net", 5],
        "text_content": {"full": "Please send one.\n\n> Hi", "reply": "Please send one."},
        "html_content": {"full": "<p>Please send one.</p>", "reply": "Please send one."},
    }

    item = read(**in_conversation(channel="Channel::Email"), content_attributes={"email": mail})
    assert (item.subject, item.text) == ("Offer for 40 seats", "Please send one.\n\n> Hi")
    assert item.html == "<p>Please send one.</p>"
    assert item.recipients == ("Sales@example.net", "bob@example.net")
    assert item.headers == ()


def test_a_mail_of_html_alone_is_not_told_by_its_cut_content():
    mail = {"html_content": {"full": "<p>Whole</p>"}}
    item = read(**in_conversation(channel="Channel::Email"), content_attributes={"email": mail})
    assert (item.text, item.html) == ("", "<p>Whole</p>")


def test_a_chat_line_is_read_from_its_content_whatever_stands_beside_it():
    item = read(content_attributes={"email": {"html_content": {"full": "<p>other</p>"}}})
    assert (item.text, item.html) == ("Can I see a demo this week?", "")


def test_an_automatic_reply_is_said_to_be_one():
    mail = {"subject": "Away", "auto_reply": True}
    item = read(**in_conversation(channel="Channel::Email"), content_attributes={"email": mail})
    assert item.headers == (("Auto-Submitted", "auto-replied"),)


def test_attachments_are_listed_and_enough_of_a_message():
    file = {
        "file_type": "file",
        "data_url": "https://chat.example.com/rails/blobs/abc/rfp.pdf?token=1",
        "file_size": 512,
    }
    assert read(content=None, attachments=[file, None]).attachments == (
        Attached(name="rfp.pdf", content_type="application/octet-stream", size=512),
        Attached(name="", content_type="application/octet-stream", size=0),
    )


@pytest.mark.parametrize("told", ["2020-03-03 13:05:57 UTC", "soon", None, [], -1, 1e300])
def test_a_time_in_another_form_is_left_out(told):
    assert read(created_at=told).sent_at is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"message_created"',
        b"{}",
        b'{"event": 5}',
        a_body(id=None),
        a_body(id=True),
        a_body(id=""),
        a_body(id=[1]),
        b'{"event": "message_created", "event": "x"}',
    ],
)
def test_another_shape_is_unreadable(body):
    with pytest.raises(Unreadable):
        chatwoot.read(a_post(body))


def test_five_hundred_mutations_are_read_or_unreadable_and_never_authentic():
    rng = random.Random(6)
    mail = {"email": {"to": ["a@b.c"], "text_content": {"full": "x"}}}
    good = a_body(content_attributes=mail, attachments=[{"data_url": "u"}])
    headers = signature(good)
    for _ in range(500):
        mutant = bytearray(good)
        for _ in range(rng.randint(1, 6)):
            start = rng.randrange(len(mutant))
            piece = rng.choice([b"", b"\x00", b'"', b"[[", b"{}", b"null", b"\\ud800", b"\xff"])
            mutant[start : start + rng.choice([0, 1, 20])] = piece
        post = a_post(bytes(mutant), headers=headers)
        with suppress(Unreadable):
            chatwoot.read(post)
        if post.body != good:
            with pytest.raises(NotAuthentic):
                chatwoot.verify(post, KEYS)


def test_what_chatwoot_is_answered():
    source = chatwoot.SOURCE
    assert (source.taken.status, source.unreadable_status, source.busy_status) == (200, 200, 503)
    assert (source.name, source.needs) == ("chatwoot", ("secret",))
