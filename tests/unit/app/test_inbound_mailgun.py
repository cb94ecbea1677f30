import hmac
import json
import random
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest

from app.domain import Channel, Sender
from app.inbound.mail import mailgun
from app.inbound.values import Attached, Ignored, Keys, NotAuthentic, Post, Received, Unreadable

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
KEYS = Keys(secret="key-0123456789")
TOKEN = "f" * 50
URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=XX"

HEADERS = [
    ["From", '"Byron, Ada" <ada@example.com>'],
    ["To", "Sales <sales@example.net>"],
    ["Cc", "carl@example.com"],
    ["Message-Id", "<seats-40@example.com>"],
    ["Subject", "Forty seats"],
    ["Date", "Wed, 25 Nov 2026 12:58:00 +0100"],
]
MAIL = {
    "recipient": "route@in.example.net",
    "sender": "bounce@example.com",
    "from": '"Byron, Ada" <ada@example.com>',
    "subject": "Forty seats, größer",
    "body-plain": "What do forty seats cost?\n\n> Hello",
    "body-html": "<p>What do forty seats cost?</p>",
    "stripped-text": "What do forty seats cost?",
    "message-headers": json.dumps(HEADERS),
}


def proof(*, age_s=0, token=TOKEN, key="key-0123456789"):
    timestamp = str(int((NOW - timedelta(seconds=age_s)).timestamp()))
    signature = hmac.digest(key.encode(), (timestamp + token).encode(), "sha256").hex()
    return {"timestamp": timestamp, "token": token, "signature": signature}


def a_post(fields, kind=URLENCODED):
    body = fields if isinstance(fields, bytes) else urlencode(fields, doseq=True).encode()
    headers = {"content-type": kind}
    return Post(url="https://x", query={}, headers=headers, body=body, received_at=NOW)


def a_form(fields, *files):
    parts = [
        f'--XX\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in fields
    ]
    for name, filename, kind, data in files:
        head = f'--XX\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
        parts.append(f"{head}Content-Type: {kind}\r\n\r\n{data}\r\n")
    return "".join([*parts, "--XX--\r\n"]).encode()


def received(changes, *files):
    fields = {**MAIL, **proof(), **changes}.items()
    (item,) = mailgun.read(a_post(a_form(fields, *files), MULTIPART))
    return item


def test_a_mail_in_fields_is_read_with_all_that_mailgun_tells():
    post = a_post(MAIL | proof())

    mailgun.verify(post, KEYS)

    assert mailgun.read(post) == (
        Received(
            external_id="<seats-40@example.com>",
            channel=Channel.EMAIL,
            sender=Sender("ada@example.com", "Byron, Ada"),
            recipients=("sales@example.net", "carl@example.com", "route@in.example.net"),
            subject="Forty seats, größer",
            text="What do forty seats cost?\n\n> Hello",
            html="<p>What do forty seats cost?</p>",
            stripped="What do forty seats cost?",
            sent_at=datetime(2026, 11, 25, 11, 58, tzinfo=UTC),
            headers=tuple((name, value) for name, value in HEADERS),
        ),
    )


def test_what_no_field_says_is_read_from_the_headers():
    fields = {"message-headers": MAIL["message-headers"], **proof()}

    (item,) = mailgun.read(a_post(fields))

    assert item.sender == Sender("ada@example.com", "Byron, Ada")
    assert item.subject == "Forty seats"


def test_a_whole_mail_is_taken():
    mail = "Message-ID: <raw@example.com>\r\nSubject: x\r\n\r\n" + "text é " * 300_000
    fields = {"body-mime": mail, "recipient": "route@in.example.net", **proof()}

    (item,) = mailgun.read(a_post(fields))

    assert item.raw == mail.encode()
    assert item.external_id == "<raw@example.com>"
    assert item.recipients == ("route@in.example.net",)


def test_a_mail_without_a_message_id_is_known_by_its_token():
    assert received({"message-headers": "[]"}).external_id == TOKEN


def test_several_bodies_are_joined():
    (item,) = mailgun.read(a_post({**MAIL, "body-html": ["<p>a</p>", "<p>b</p>"]}))

    assert item.html == "<p>a</p>\n<p>b</p>"


def test_files_are_listed_without_the_pictures_of_the_html():
    item = received(
        {"attachment-count": "3", "content-id-map": '{"<1>": "attachment-2"}'},
        ("attachment-1", "need.txt", "text/plain", "forty"),
        ("attachment-2", "logo.png", "image/png", "1"),
        ("attachment-3", "path\\", "text/pdf", "1"),
        ("attachment-4", "", "text/pdf", "1"),
        ("attachment-5", "path\\..", "text/pdf", "1"),
    )

    assert item.attachments == (Attached(name="need.txt", content_type="text/plain", size=5),)
    assert item.text == MAIL["body-plain"]


def test_a_mail_that_was_forwarded_as_a_file_is_read_whole():
    inner = "Subject: inner\r\n\r\nThe lead is in here."

    item = received({"message-headers": "[]"}, ("attachment-1", "", "message/rfc822", inner))

    assert item.raw.startswith(b'From: "Byron, Ada" <ada@example.com>\r\nSubject: Forty seats')
    assert b"The lead is in here." in item.raw


@pytest.mark.parametrize("name", ["message-headers", "content-id-map", "from", "recipient"])
@pytest.mark.parametrize("value", ["", "{", "5", "[5, [1, 2], [], [[]]]", '{"x": [[]]}', "\x00"])
def test_a_broken_field_does_not_lose_the_mail(name, value):
    assert received({name: value}, ("attachment-1", "a.txt", "x/y", "1")).text == MAIL["body-plain"]


def test_events_about_mail_that_we_sent_are_left_alone():
    event = {"signature": proof(), "event-data": {"event": "clicked"}}
    as_json = a_post(json.dumps(event).encode(), "application/json")
    as_form = a_post({"event": "delivered", "recipient": "ada@example.com", **proof()})

    for post in (as_json, as_form):
        mailgun.verify(post, KEYS)
        assert mailgun.read(post) == (Ignored(reason="status_event"),)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{}", "application/json"),
        (b"[", "application/json"),
        (b"x=1", URLENCODED),
        (b"", URLENCODED),
        (b"", MULTIPART),
        (b"body-plain=x", "text/plain"),
        (b"body-plain=x", ""),
    ],
)
def test_another_shape_is_unreadable(body, kind):
    with pytest.raises(Unreadable):
        mailgun.read(a_post(body, kind))


@pytest.mark.parametrize("age_s", [-299, 0, 299, 8 * 3_600 + 299])
def test_a_signature_holds_as_long_as_mailgun_tries(age_s):
    mailgun.verify(a_post(MAIL | proof(age_s=age_s)), KEYS)


@pytest.mark.parametrize(
    "signed",
    [
        proof(age_s=-301),
        proof(age_s=8 * 3_600 + 301),
        proof(key="another key"),
        proof(token=""),
        proof(token="a b"),
        proof(token="t" * 200),
        proof() | {"token": "e" * 50},
        proof() | {"timestamp": str(int(NOW.timestamp()) - 1)},
        proof() | {"timestamp": "soon"},
        proof() | {"signature": proof()["signature"].upper()},
        proof() | {"signature": proof()["signature"][:-1]},
        proof() | {"signature": ""},
        proof() | {"signature": [proof()["signature"]] * 2},
        proof() | {"token": [TOKEN, "e" * 50]},
        proof() | {"timestamp": ["1", proof()["timestamp"]]},
        {"timestamp": proof()["timestamp"], "token": TOKEN},
        {},
    ],
)
def test_a_missing_old_or_wrong_signature_is_refused(signed):
    with pytest.raises(NotAuthentic):
        mailgun.verify(a_post(MAIL | signed), KEYS)


@pytest.mark.parametrize("secret", [None, ""])
def test_nothing_is_let_in_without_a_key_of_ours(secret):
    with pytest.raises(NotAuthentic):
        mailgun.verify(a_post(MAIL | proof(key="")), Keys(secret=secret))


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b"x", "text/plain"),
        (b"", MULTIPART),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(body, kind):
    with pytest.raises(NotAuthentic):
        mailgun.verify(a_post(body, kind), KEYS)


def test_the_token_is_told_so_that_it_can_be_taken_once():
    assert mailgun.token_of(a_post(MAIL | proof())) == TOKEN
    assert mailgun.token_of(a_post(MAIL)) is None


def test_five_hundred_mutations_are_read_or_unreadable():
    rng = random.Random(4)
    fields = {**MAIL, **proof(), "content-id-map": '{"<1>": "attachment-1"}'}.items()
    body = a_form(fields, ("attachment-1", "a.txt", "message/rfc822", "Subject: x"))
    for _ in range(500):
        mutant = bytearray(body)
        for _ in range(rng.randint(1, 6)):
            start = rng.randrange(len(mutant))
            piece = rng.choice([b"", b"\x00", b'"', b"\r\n", b"--XX", b"[[", b"\\ud800", b"\xff"])
            mutant[start : start + rng.choice([0, 1, 20])] = piece
        post = a_post(bytes(mutant), MULTIPART)
        with suppress(Unreadable):
            mailgun.read(post)
        with suppress(NotAuthentic):
            mailgun.verify(post, KEYS)


def test_no_answer_makes_mailgun_stop():
    source = mailgun.SOURCE

    assert source.needs == ("secret",)
    assert source.taken.status == source.unreadable_status == 200
    assert 406 not in (source.refused_status, source.busy_status)
