import base64
import hmac
import json
import random
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from app.domain import Channel, Sender
from app.inbound.mail import mailersend
from app.inbound.values import Ignored, Keys, NotAuthentic, Post, Received, Unreadable

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
KEYS = Keys(secret="route-secret")
RAW = "Message-ID: <seats-40@example.com>\r\nSubject: Forty seats\r\n\r\nWas kostet das? Grüße"
MAIL = {
    "object": "message",
    "id": "65600000000000000000abcd",
    "recipients": {
        "rcptTo": [{"email": "route@in.example.net"}],
        "to": {"raw": '"Sales, all" <sales@example.net>', "data": []},
        "cc": {"raw": "carl@example.com", "data": []},
    },
    "from": {"email": "ada@example.com", "name": "Ada", "raw": "Ada <ada@example.com>"},
    "sender": {"email": "bounce@example.com"},
    "subject": "Forty seats",
    "date": "Wed, 25 Nov 2026 12:58:00 +0100",
    "text": "Was kostet das? Grüße",
    "html": "<p>Was kostet das? Grüße</p>",
    "raw": RAW,
}
EVENT = {"type": "inbound.message", "inbound_id": "in", "data": MAIL}


def signature_of(body, key="route-secret"):
    return hmac.digest(key.encode(), body, "sha256").hex()


def a_post(body, **headers):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {"signature": signature_of(raw), **headers}
    kept = {name: value for name, value in given.items() if value is not None}
    return Post(url="https://x", query={}, headers=kept, body=raw, received_at=NOW)


def test_a_mail_is_read_with_all_that_mailersend_tells():
    post = a_post(EVENT)

    mailersend.verify(post, KEYS)

    assert mailersend.read(post) == (
        Received(
            external_id="<seats-40@example.com>",
            channel=Channel.EMAIL,
            sender=Sender("ada@example.com", "Ada"),
            recipients=("sales@example.net", "carl@example.com", "route@in.example.net"),
            subject="Forty seats",
            text="Was kostet das? Grüße",
            html="<p>Was kostet das? Grüße</p>",
            sent_at=datetime(2026, 11, 25, 11, 58, tzinfo=UTC),
            raw=RAW.encode(),
        ),
    )


def test_a_mail_without_a_message_id_is_known_by_mailersends():
    (item,) = mailersend.read(a_post({**EVENT, "data": {**MAIL, "raw": "text"}}))

    assert (item.external_id, item.raw) == ("65600000000000000000abcd", b"text")


@pytest.mark.parametrize("kind", ["activity.delivered", "activity.clicked", "webhook.test"])
def test_an_event_about_mail_that_we_sent_is_left_alone(kind):
    assert mailersend.read(a_post({"type": kind, "data": {}})) == (Ignored(reason="status_event"),)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"{}", {"data": MAIL}, {"type": "inbound.message"}]
)
def test_another_shape_is_unreadable(body):
    with pytest.raises(Unreadable):
        mailersend.read(a_post(body))


@pytest.mark.parametrize(
    "signature",
    [
        None,
        "",
        signature_of(b"other"),
        signature_of(json.dumps(EVENT).encode())[:-1],
        signature_of(json.dumps(EVENT).encode()).upper(),
        signature_of(json.dumps(EVENT).encode(), "other"),
        "sha256=" + signature_of(json.dumps(EVENT).encode()),
        signature_of(json.dumps(EVENT).encode()) * 2,
        "é" * 64,
        "0" * 1_000_000,
    ],
)
def test_a_wrong_signature_is_refused_and_the_secret_not_told(signature):
    with pytest.raises(NotAuthentic) as refusal:
        mailersend.verify(a_post(EVENT, signature=signature), KEYS)

    assert "route-secret" not in refusal.value.detail


@pytest.mark.parametrize("secret", [None, ""])
def test_nothing_is_let_in_without_a_secret_of_ours(secret):
    body = json.dumps(EVENT).encode()

    with pytest.raises(NotAuthentic):
        mailersend.verify(a_post(EVENT, signature=signature_of(body, "")), Keys(secret=secret))


def test_a_password_is_asked_for_too_where_one_is_set():
    keys = Keys(secret="route-secret", auth="user:pass")
    proof = "Basic " + base64.b64encode(b"user:pass").decode()

    mailersend.verify(a_post(EVENT, authorization=proof), keys)

    for wrong in (None, "", proof[:-4], "Basic " + base64.b64encode(b"user:other").decode()):
        with pytest.raises(NotAuthentic):
            mailersend.verify(a_post(EVENT, authorization=wrong), keys)


def test_five_hundred_mutations_are_read_or_unreadable():
    rng = random.Random(4)
    body = json.dumps(EVENT).encode()
    for _ in range(500):
        mutant = bytearray(body)
        for _ in range(rng.randint(1, 6)):
            start = rng.randrange(len(mutant))
            piece = rng.choice([b"", b"\x00", b'"', b"[", b"}", b"\\ud800", b"null,", b"\xff"])
            mutant[start : start + rng.choice([0, 1, 20])] = piece
        with suppress(Unreadable):
            mailersend.read(a_post(bytes(mutant)))


def test_every_field_of_another_type_still_gives_a_mail():
    for key in MAIL.keys() - {"raw"}:
        for value in (None, 5, True, [], {}, [[]], [None], {"rcptTo": [5]}, "\ud800\x00"):
            (item,) = mailersend.read(a_post({**EVENT, "data": {**MAIL, key: value}}))
            assert isinstance(item, Received)


def test_what_cannot_be_read_is_no_failure_to_mailersend():
    assert mailersend.SOURCE.unreadable_status == mailersend.SOURCE.taken.status == 200
