import hmac
import json
import random
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from app.domain import Channel, Sender
from app.inbound.chat import intercom
from app.inbound.values import Attached, Ignored, Keys, NotAuthentic, Post, Received, Unreadable

NOW = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)
SECRET = "a3c1f0de-client-secret"
KEYS = Keys(secret=SECRET)
AUTHOR = {"type": "user", "id": "65a", "name": "Ada Lovelace", "email": "ada@example.com"}
OPENING = {
    "type": "conversation",
    "id": "900",
    "delivered_as": "customer_initiated",
    "subject": "",
    "body": "<p>What do <b>40 seats</b> cost?</p>",
    "author": AUTHOR,
    "attachments": [],
}
PART = {
    "type": "conversation_part",
    "id": "901",
    "part_type": "comment",
    "body": "<p>And is there a discount?</p>",
    "created_at": 1795607990,
    "author": AUTHOR,
    "attachments": [],
}
CONVERSATION = {"type": "conversation", "id": "77", "created_at": 1795607900, "source": OPENING}
CREATED, REPLIED = "conversation.user.created", "conversation.user.replied"


def signed(body, *, secret=SECRET, scheme="sha1", digest="sha1"):
    mac = hmac.digest(secret.encode(), body, digest).hex()
    return a_post(body, f"{scheme}={mac}")


def a_post(body, signature=None):
    headers = {} if signature is None else {"x-hub-signature": signature}
    url = "https://inlet.example.com/v1/inbound/intercom"
    return Post(url=url, query={}, headers=headers, body=body, received_at=NOW)


def a_body(topic=CREATED, *, parts=None, **changes):
    item = {**CONVERSATION, **changes}
    if parts is not None:
        item["conversation_parts"] = {"conversation_parts": parts, "total_count": len(parts)}
    notice = {
        "type": "notification_event",
        "app_id": "x1",
        "id": "notif_1",
        "topic": topic,
        "created_at": 1795607999,
        "data": {"type": "notification_event_data", "item": item},
    }
    return json.dumps(notice).encode()


def read(topic=CREATED, **changes):
    (item,) = intercom.read(signed(a_body(topic, **changes)))
    return item


def test_what_opens_a_conversation_is_read():
    post = signed(a_body())
    intercom.verify(post, KEYS)

    assert intercom.read(post) == (
        Received(
            external_id="77/900",
            channel=Channel.CHAT,
            sender=Sender("ada@example.com", "Ada Lovelace"),
            text="What do 40 seats cost?",
            thread_id="77",
            sent_at=datetime.fromtimestamp(1795607900, UTC),
        ),
    )


def test_the_newest_part_of_a_conversation_is_read():
    item = read(REPLIED, parts=[{**PART, "id": "899", "body": "<p>Earlier</p>"}, PART])

    assert (item.external_id, item.thread_id) == ("77/901", "77")
    assert item.text == "And is there a discount?"
    assert item.sent_at == datetime.fromtimestamp(1795607990, UTC)


def test_the_first_version_of_the_api_names_things_otherwise():
    user = {"type": "lead", "name": "Ada Lovelace", "email": "ada@example.com"}
    opening = {**OPENING, "author": {"type": "user", "id": "65a"}}

    item = read(source=None, user=user, conversation_message=opening)
    assert (item.external_id, item.text) == ("77/900", "What do 40 seats cost?")
    assert item.sender == Sender("ada@example.com", "Ada Lovelace")


@pytest.mark.parametrize(
    ("kind", "channel"),
    [
        ("conversation", Channel.CHAT),
        ("whatsapp", Channel.CHAT),
        ("email", Channel.EMAIL),
        ("sms", Channel.SMS),
        ("facebook", Channel.SOCIAL_DM),
        ("instagram", Channel.SOCIAL_DM),
        ("", Channel.CHAT),
    ],
)
def test_the_opening_says_the_channel_of_all_parts(kind, channel):
    source = {**OPENING, "type": kind}
    assert read(source=source).channel == channel
    assert read(REPLIED, source=source, parts=[PART]).channel == channel


def test_a_subject_is_html_too():
    item = read(source={**OPENING, "type": "email", "subject": "<p>Offer &amp; terms</p>"})
    assert item.subject == "Offer & terms"


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        ({"author": {"type": "admin", "name": "Bob"}}, "own_message"),
        ({"author": {"type": "bot"}}, "own_message"),
        ({"part_type": "note"}, "private_note"),
        ({"body": None}, "empty"),
        ({"body": "<p> </p>"}, "empty"),
    ],
)
def test_what_no_customer_wrote_is_left_alone(part, reason):
    assert read(REPLIED, parts=[{**PART, **part}]) == Ignored(reason=reason)


@pytest.mark.parametrize(
    ("topic", "reason"),
    [
        ("ping", "handshake"),
        ("conversation.admin.replied", "status_event"),
        ("contact.user.created", "status_event"),
        ("contact.lead.created", "status_event"),
        ("topic.of.tomorrow", "status_event"),
    ],
)
def test_other_topics_are_left_alone(topic, reason):
    assert read(topic) == Ignored(reason=reason)


def test_files_are_listed_and_enough_of_a_message():
    file = {
        "name": "rfp.pdf",
        "content_type": "application/pdf",
        "filesize": 77,
        "url": "https://x",
    }
    assert read(source={**OPENING, "body": "", "attachments": [file]}).attachments == (
        Attached(name="rfp.pdf", content_type="application/pdf", size=77),
    )


def test_a_picture_in_the_text_is_enough_of_a_message_too():
    assert read(source={**OPENING, "body": '<div><img src="https://x/y.png"></div>'}).text == ""


BODY = a_body()
SIGNATURE = signed(BODY).headers["x-hub-signature"]


@pytest.mark.parametrize(
    "post",
    [
        a_post(BODY),
        a_post(BODY, ""),
        a_post(BODY, "sha1="),
        a_post(BODY, "sha1=" + "0" * 40),
        a_post(BODY, SIGNATURE.removeprefix("sha1=")),
        a_post(BODY, SIGNATURE[:-1]),
        a_post(BODY, SIGNATURE + "00"),
        a_post(BODY, SIGNATURE.upper()),
        a_post(BODY, "sha1=ä\udcff"),
        a_post(BODY + b" ", SIGNATURE),
        signed(BODY, secret="another"),
        signed(BODY, scheme="sha256"),
        signed(BODY, scheme="sha256", digest="sha256"),
    ],
)
def test_what_is_not_signed_rightly_is_refused(post):
    with pytest.raises(NotAuthentic):
        intercom.verify(post, KEYS)


@pytest.mark.parametrize("secret", [None, ""])
def test_without_a_secret_nothing_is_authentic(secret):
    with pytest.raises(NotAuthentic):
        intercom.verify(signed(BODY, secret=""), Keys(secret=secret))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"x"',
        b"{}",
        b'{"type": "notification_event", "topic": "conversation.user.created"}',
        b'{"type": "notification_event", "topic": "conversation.user.created", "data": []}',
        a_body(id=None),
        a_body(id="two words"),
        a_body(source=None),
        a_body(source="text"),
        a_body(source={**OPENING, "id": ""}),
        a_body(REPLIED),
        a_body(REPLIED, parts=[]),
        a_body(REPLIED, parts=["text"]),
    ],
)
def test_another_shape_is_unreadable(body):
    with pytest.raises(Unreadable):
        intercom.read(a_post(body))


@pytest.mark.parametrize("author", [None, "Ada", [], {}, {"email": "no address"}])
def test_an_author_in_another_shape_is_nobody(author):
    assert read(source={**OPENING, "author": author}).sender == Sender()


def test_five_hundred_mutations_are_read_or_unreadable_and_never_authentic():
    rng = random.Random(9)
    good = a_body(REPLIED, parts=[{**PART, "attachments": [{"name": "a", "filesize": 1}]}])
    signature = signed(good).headers["x-hub-signature"]
    for _ in range(500):
        mutant = bytearray(good)
        for _ in range(rng.randint(1, 6)):
            start = rng.randrange(len(mutant))
            piece = rng.choice([b"", b"\x00", b'"', b"[[", b"{}", b"<p", b"\\ud800", b"\xff"])
            mutant[start : start + rng.choice([0, 1, 20])] = piece
        post = a_post(bytes(mutant), signature)
        with suppress(Unreadable):
            intercom.read(post)
        if post.body != good:
            with pytest.raises(NotAuthentic):
                intercom.verify(post, KEYS)


def test_what_intercom_is_answered():
    source = intercom.SOURCE
    assert (source.taken.status, source.unreadable_status, source.busy_status) == (200, 200, 503)
    assert (source.name, source.needs) == ("intercom", ("secret",))
