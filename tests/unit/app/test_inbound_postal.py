import base64
import json
import random
from contextlib import suppress
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from app.domain import Channel, Sender
from app.inbound.mail import postal
from app.inbound.values import Attached, Ignored, Keys, NotAuthentic, Post, Received, Unreadable

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
KEY = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # the size that Postal makes
OTHER = rsa.generate_private_key(public_exponent=65537, key_size=1024)
URLENCODED = "application/x-www-form-urlencoded"

WHOLE = (
    b"Message-ID: <seats-40@example.com>\r\nSubject: Forty seats\r\n\r\nWas kostet das? Gr\xfc\xdfe"
)
RAW = {
    "id": 12345,
    "rcpt_to": "sales@in.example.net",
    "mail_from": "bounce@example.com",
    "message": base64.encodebytes(WHOLE).decode(),
    "base64": True,
    "size": len(WHOLE),
}
MAIL = {
    "id": 12345,
    "rcpt_to": "route@in.example.net",
    "mail_from": "bounce@example.com",
    "token": "rtmuzogUauKN",
    "subject": "Forty seats",
    "message_id": "seats-40@example.com",
    "timestamp": 1795608000.92,
    "size": "822",
    "spam_status": "NotSpam",
    "bounce": False,
    "received_with_ssl": True,
    "to": "Sales <sales@example.net>",
    "cc": "carl@example.com",
    "from": "Byron, Ada <ada@example.com>",
    "date": "Wed, 25 Nov 2026 12:58:00 +0100",
    "in_reply_to": "<offer@example.net>",
    "references": None,
    "reply_to": ["ada@home.example.com"],
    "auto_submitted": None,
    "plain_body": "What do forty seats cost?",
    "html_body": "<p>What do forty seats cost?</p>",
    "attachment_quantity": 1,
    "attachments": [
        {"filename": "need.txt", "content_type": "text/plain", "size": 5, "data": "Zm9ydHk=\n"}
    ],
}
READ = Received(
    external_id="<seats-40@example.com>",
    channel=Channel.EMAIL,
    sender=Sender("ada@example.com", "Byron, Ada"),
    recipients=("sales@example.net", "carl@example.com", "route@in.example.net"),
    subject="Forty seats",
    text="What do forty seats cost?",
    html="<p>What do forty seats cost?</p>",
    sent_at=datetime(2026, 11, 25, 11, 58, tzinfo=UTC),
    headers=(
        ("Return-Path", "<bounce@example.com>"),
        ("Message-ID", "<seats-40@example.com>"),
        ("From", "Byron, Ada <ada@example.com>"),
        ("To", "Sales <sales@example.net>"),
        ("Cc", "carl@example.com"),
        ("Subject", "Forty seats"),
        ("Date", "Wed, 25 Nov 2026 12:58:00 +0100"),
        ("In-Reply-To", "<offer@example.net>"),
        ("Reply-To", "ada@home.example.com"),
    ),
    attachments=(Attached(name="need.txt", content_type="text/plain", size=5),),
)


def public(key=KEY, encoding=serialization.Encoding.PEM):
    data = key.public_key().public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)
    is_pem = encoding is serialization.Encoding.PEM
    return data.decode() if is_pem else base64.b64encode(data).decode()


KEYS = Keys(secret=public())


def signature_of(body, *, key=KEY, digest=None):
    signed = key.sign(body, padding.PKCS1v15(), digest or hashes.SHA1())
    return base64.b64encode(signed).decode()


def a_post(body, *, kind="application/json", **headers):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {"content-type": kind, **{k.replace("_", "-"): v for k, v in headers.items()}}
    kept = {name: value for name, value in given.items() if value is not None}
    return Post(url="https://x", query={}, headers=kept, body=raw, received_at=NOW)


def signed(body, **changes):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return a_post(raw, x_postal_signature=signature_of(raw), **changes)


def received(**changes):
    (item,) = postal.read(a_post({**MAIL, **changes}))
    return item


def test_a_whole_mail_is_taken():
    post = signed(RAW)

    postal.verify(post, KEYS)

    assert postal.read(post) == (
        Received(
            external_id="<seats-40@example.com>",
            channel=Channel.EMAIL,
            recipients=("sales@in.example.net",),
            raw=WHOLE,
        ),
    )


def test_a_whole_mail_without_base64_is_taken():
    (item,) = postal.read(a_post({"id": 7, "message": "Subject: é\r\n\r\ntext", "base64": False}))

    assert (item.external_id, item.raw) == ("7", "Subject: é\r\n\r\ntext".encode())


def test_a_mail_in_fields_is_read_with_all_that_postal_tells():
    assert postal.read(a_post(MAIL)) == (READ,)


def test_a_form_is_read_as_json_is():
    fields = {k: v for k, v in MAIL.items() if k not in ("attachments", "reply_to")}
    files = {f"attachments[0][{k}]": v for k, v in MAIL["attachments"][0].items()}
    form = {
        **fields,
        **files,
        "reply_to": "ada@home.example.com",
        "references": "",
        "cc": MAIL["cc"],
    }
    body = urlencode({k: v for k, v in form.items() if v is not None}).encode()
    post = signed(body, kind=URLENCODED)

    postal.verify(post, KEYS)

    assert postal.read(post) == (READ,)


def test_a_whole_mail_in_a_form_is_taken():
    body = urlencode({**RAW, "base64": "true"}).encode()

    (item,) = postal.read(a_post(body, kind=URLENCODED))

    assert (item.raw, item.external_id) == (WHOLE, "<seats-40@example.com>")


def test_what_postal_took_out_of_the_text_is_kept_behind_the_newest():
    item = received(replies_from_plain_body="> Hello Ada")

    assert item.stripped == "What do forty seats cost?"
    assert item.text == "What do forty seats cost?\n\n> Hello Ada"


def test_an_automated_mail_shows_it_in_its_headers():
    item = received(auto_submitted="auto-replied", mail_from="")

    assert ("Auto-Submitted", "auto-replied") in item.headers
    assert ("Return-Path", "<>") in item.headers


@pytest.mark.parametrize(("number", "known"), [(12345, "12345"), ("12345", "12345"), (None, None)])
def test_a_mail_without_a_message_id_is_known_by_postals_number(number, known):
    assert received(message_id=None, id=number).external_id == known


@pytest.mark.parametrize(
    ("name", "listed"), [("../etc/passwd", ["passwd"]), ("..", []), ("a\\", []), (5, [])]
)
def test_an_odd_file_name_is_mended_or_left_out_and_the_mail_kept(name, listed):
    item = received(attachments=[{"filename": name, "data": "!"}, 7])

    assert [file.name for file in item.attachments] == listed


def test_a_mail_that_was_forwarded_as_a_file_is_read_whole():
    inner = base64.b64encode(b"Subject: inner\r\n\r\nThe lead is in here.").decode()
    file = {"filename": "a.eml", "content_type": "message/rfc822", "data": inner}

    raw = received(attachments=[file]).raw

    assert b"Subject: Forty seats\r\n" in raw
    assert b"The lead is in here." in raw


@pytest.mark.parametrize(
    "body",
    [
        {"event": "MessageDelayed", "payload": {"message": {"id": 1}}, "uuid": "1"},
        {"status": "Sent", "message": {"id": 1}},
    ],
)
def test_an_event_about_mail_that_we_sent_is_left_alone(body):
    assert postal.read(a_post(body)) == (Ignored(reason="status_event"),)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"mail"', b"null", b"{}", {"message": ""}])
def test_another_shape_is_unreadable(body):
    with pytest.raises(Unreadable):
        postal.read(a_post(body))


@pytest.mark.parametrize("body", [b"", b"x=1", b"&" * 100_000, b"a=b&" * 1_001])
def test_another_form_is_unreadable(body):
    with pytest.raises(Unreadable):
        postal.read(a_post(body, kind=URLENCODED))


def test_the_public_key_may_be_base64_as_in_postals_dns_record():
    postal.verify(signed(RAW), Keys(secret=public(encoding=serialization.Encoding.DER)))


def test_the_newer_signature_counts_alone_where_it_is_sent():
    body = json.dumps(RAW).encode()
    newer = signature_of(body, digest=hashes.SHA256())

    postal.verify(a_post(body, x_postal_signature_256=newer, x_postal_signature="?"), KEYS)

    for wrong in ("", "?", signature_of(body)):
        with pytest.raises(NotAuthentic):
            postal.verify(signed(body, x_postal_signature_256=wrong), KEYS)


@pytest.mark.parametrize(
    "change",
    [
        lambda good: None,
        lambda good: "",
        lambda good: "====",
        lambda good: good[:-4],
        lambda good: good + "AAAA",
        lambda good: f"{good},{good}",
        lambda good: f"b'{good}'",
        lambda good: base64.b64decode(good).hex(),
        lambda good: "é" * 172,
        lambda good: "A" * 1_000_000,
        lambda good: signature_of(b"other"),
        lambda good: signature_of(json.dumps(RAW).encode(), key=OTHER),
        lambda good: signature_of(json.dumps(RAW).encode(), digest=hashes.SHA256()),
    ],
)
def test_a_wrong_signature_is_refused(change):
    good = signature_of(json.dumps(RAW).encode())

    with pytest.raises(NotAuthentic):
        postal.verify(a_post(RAW, x_postal_signature=change(good)), KEYS)


@pytest.mark.parametrize(
    "secret",
    [
        None,
        "",
        "-----BEGIN PUBLIC KEY-----",
        "AAAA",
        "é",
        public(ec.generate_private_key(ec.SECP256R1())),
    ],
)
def test_nothing_is_let_in_without_a_public_key_of_postals(secret):
    with pytest.raises(NotAuthentic):
        postal.verify(signed(RAW), Keys(secret=secret))


@pytest.mark.parametrize("good", [RAW, MAIL])
@pytest.mark.parametrize("kind", ["application/json", URLENCODED])
def test_two_hundred_and_fifty_mutations_are_read_or_unreadable(good, kind):
    rng = random.Random(4)
    body = json.dumps(good).encode() if kind != URLENCODED else urlencode(good).encode()
    for _ in range(250):
        mutant = bytearray(body)
        for _ in range(rng.randint(1, 6)):
            start = rng.randrange(len(mutant))
            piece = rng.choice([b"", b"\x00", b'"', b"[", b"}", b"\\ud800", b"null,", b"&", b"%ff"])
            mutant[start : start + rng.choice([0, 1, 20])] = piece
        with suppress(Unreadable):
            postal.read(a_post(bytes(mutant), kind=kind))


def test_every_field_of_another_type_still_gives_a_mail():
    for key in MAIL:
        for value in (None, 5, True, [], {}, [[]], [None], [{"data": 5}], "\ud800\x00"):
            assert isinstance(received(**{key: value}), Received)


def test_no_answer_of_ours_makes_postal_bounce_what_was_proved():
    source = postal.SOURCE

    assert source.taken.status == source.unreadable_status == 200
    assert source.busy_status == 503
