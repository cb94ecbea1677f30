import base64
import json
import random
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app.domain import Channel, Sender
from app.inbound.mail import sendgrid
from app.inbound.values import Attached, Ignored, Keys, NotAuthentic, Post, Received, Unreadable

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
KEY = ec.generate_private_key(ec.SECP256R1())
PUBLIC = base64.b64encode(
    KEY.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
).decode()
SIGNED = Keys(secret=PUBLIC)
AUTH = Keys(auth="sendgrid:secret")
PASSWORD = "Basic " + base64.b64encode(b"sendgrid:secret").decode()

HEADERS = (
    "Received: by mail.example.com\n with SMTP\n"
    "From: =?utf-8?q?Ada?= <ada@example.com>\nMessage-ID: <seats-40@example.com>\n"
    "Date: Wed, 25 Nov 2026 12:58:00 +0100\nList-Id: none\nno header\n"
)
TEXTS = {
    "headers": HEADERS.encode(),
    "from": "Adä Byron <ada@example.com>".encode(),
    "to": b"Sales <sales@example.net>",
    "cc": b"carl@example.com",
    "subject": "Angebot für 40 Plätze".encode("cp1252"),
    "text": "Was kosten 40 Plätze?".encode("cp1252"),
    "html": "<p>Was kosten 40 Plätze?</p>".encode(),
    "envelope": b'{"to":["sales@example.net","parse@in.example.net"],"from":"b@example.com"}',
    "charsets": b'{"to":"UTF-8","html":"UTF-8","subject":"windows-1252","text":"iso-8859-1"}',
    "attachments": b"1",
    "attachment-info": b'{"attachment1":{"filename":"need.txt","type":"text/plain"}}',
}
FILE = ("attachment1", "need.txt", "text/plain", b"forty")


def a_form(texts, *files):
    parts = [
        f'--XX\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + data + b"\r\n"
        for name, data in texts.items()
    ]
    for name, filename, kind, data in files:
        head = f'--XX\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
        parts.append(head.encode() + f"Content-Type: {kind}\r\n\r\n".encode() + data + b"\r\n")
    return b"".join(parts) + b"--XX--\r\n"


FORM = a_form(TEXTS, FILE)


def a_post(body=FORM, kind="multipart/form-data; boundary=XX", **headers):
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    named["content-type"] = kind
    return Post(url="https://x", query={}, headers=named, body=body, received_at=NOW)


def signature_of(body, timestamp, key=KEY):
    made = key.sign(timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))
    return base64.b64encode(made).decode()


def a_signed_post(body=FORM, *, age_s=0, **changes):
    timestamp = str(int((NOW - timedelta(seconds=age_s)).timestamp()))
    headers = {sendgrid.TIMESTAMP: timestamp, sendgrid.SIGNATURE: signature_of(body, timestamp)}
    headers |= changes
    return a_post(body, **{k: v for k, v in headers.items() if v is not None})


def received(texts, *files):
    (item,) = sendgrid.read(a_post(a_form(texts, *files)))
    return item


def test_a_mail_in_fields_is_read_each_in_its_charset():
    post = a_signed_post()

    sendgrid.verify(post, SIGNED)

    assert sendgrid.read(post) == (
        Received(
            external_id="<seats-40@example.com>",
            channel=Channel.EMAIL,
            sender=Sender("ada@example.com", "Adä Byron"),
            recipients=("sales@example.net", "carl@example.com", "parse@in.example.net"),
            subject="Angebot für 40 Plätze",
            text="Was kosten 40 Plätze?",
            html="<p>Was kosten 40 Plätze?</p>",
            sent_at=datetime(2026, 11, 25, 11, 58, tzinfo=UTC),
            headers=(
                ("Received", "by mail.example.com with SMTP"),
                ("From", "=?utf-8?q?Ada?= <ada@example.com>"),
                ("Message-ID", "<seats-40@example.com>"),
                ("Date", "Wed, 25 Nov 2026 12:58:00 +0100"),
                ("List-Id", "none"),
            ),
            attachments=(Attached(name="need.txt", content_type="text/plain", size=5),),
        ),
    )


def test_a_whole_mail_is_taken_byte_by_byte():
    mail = b"Message-ID: <raw@example.com>\r\nSubject: \xe9\r\n\r\n\xff text " + b"x" * 2_000_000
    kept = {name: TEXTS[name] for name in ("from", "to", "envelope")}

    item = received({"email": mail, **kept})

    assert item.raw == mail
    assert item.external_id == "<raw@example.com>"
    assert item.sender.email == "ada@example.com"
    assert item.recipients == ("sales@example.net", "parse@in.example.net")


@pytest.mark.parametrize("charset", ["no-such-charset", "zlib", "utf-32", "", 5, None])
def test_a_wrong_charset_does_not_lose_the_mail(charset):
    told = json.dumps({"text": charset}).encode()

    assert received({**TEXTS, "text": "größer".encode(), "charsets": told}).text == "größer"


@pytest.mark.parametrize(
    "broken", ["charsets", "envelope", "attachment-info", "content-ids", "headers", "from", "to"]
)
@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"5", b'{"to": 5, "x": [[]]}', b"\xff\x00"])
def test_a_broken_field_does_not_lose_the_mail(broken, data):
    assert received({**TEXTS, broken: data}, FILE).html == "<p>Was kosten 40 Plätze?</p>"


@pytest.mark.parametrize(
    ("filename", "told", "listed"),
    [
        ("", "told.pdf", ["told.pdf"]),
        ("path\\\\", "", []),
        ("..", "..", []),
        ("C:\\\\tmp\\\\need.pdf", "", ["need.pdf"]),
    ],
)
def test_a_file_is_named_by_the_form_or_else_by_what_is_told(filename, told, listed):
    info = json.dumps({"attachment1": {"filename": told}}).encode()
    item = received({**TEXTS, "attachment-info": info}, ("attachment1", filename, "x/y", b"1"))

    assert [file.name for file in item.attachments] == listed
    assert item.text == "Was kosten 40 Plätze?"


def test_a_picture_of_the_html_is_no_attachment():
    info = b'{"attachment1":{"filename":"a.png","content-id":"1"}}'
    files = [("attachment1", "a.png", "image/png", b"1"), ("attachment2", "b.png", "x/y", b"2")]
    ids = b'{"2": "attachment2"}'

    item = received({**TEXTS, "attachment-info": info, "content-ids": ids}, *files)

    assert item.attachments == ()


def test_a_mail_that_was_forwarded_as_a_file_is_read_whole():
    inner = b"Subject: inner\r\n\r\nThe lead is in here."

    item = received(
        {"headers": b"Subject: outer"}, ("attachment1", "f.eml", "message/rfc822", inner)
    )

    assert item.subject == "outer"
    assert item.raw.startswith(b"Subject: outer\r\n")
    assert b"The lead is in here." in item.raw


def test_events_about_mail_that_we_sent_are_left_alone():
    body = b'[{"event": "delivered", "email": "ada@example.com"}]'

    assert sendgrid.read(a_post(body, "application/json")) == (Ignored(reason="status_event"),)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{}", "application/json"),
        (b"[{}]", "application/json"),
        (b"{", "application/json"),
        (FORM, "text/plain"),
        (FORM[:-9], "multipart/form-data; boundary=XX"),
        (a_form({"x": b"1"}), "multipart/form-data; boundary=XX"),
        (b"", ""),
    ],
)
def test_another_shape_is_unreadable(body, kind):
    with pytest.raises(Unreadable):
        sendgrid.read(a_post(body, kind))


@pytest.mark.parametrize("age_s", [-299, 0, 299, 3 * 24 * 3_600])
def test_a_signature_holds_as_long_as_sendgrid_tries(age_s):
    sendgrid.verify(a_signed_post(age_s=age_s), SIGNED)


@pytest.mark.parametrize("age_s", [-301, 3 * 24 * 3_600 + 301])
def test_a_signature_of_another_time_is_refused(age_s):
    with pytest.raises(NotAuthentic, match="time"):
        sendgrid.verify(a_signed_post(age_s=age_s), SIGNED)


@pytest.mark.parametrize(
    "changes",
    [
        {sendgrid.TIMESTAMP: None},
        {sendgrid.TIMESTAMP: ""},
        {sendgrid.TIMESTAMP: "soon"},
        {sendgrid.TIMESTAMP: str(int(NOW.timestamp()) - 1)},
        {sendgrid.SIGNATURE: None},
        {sendgrid.SIGNATURE: ""},
        {sendgrid.SIGNATURE: "MEUCIQ=="},
        {sendgrid.SIGNATURE: "!"},
        {sendgrid.SIGNATURE: signature_of(FORM, str(int(NOW.timestamp()))) + ","},
        {sendgrid.SIGNATURE: signature_of(FORM + b" ", str(int(NOW.timestamp())))},
    ],
)
def test_a_missing_or_wrong_signature_is_refused(changes):
    with pytest.raises(NotAuthentic):
        sendgrid.verify(a_signed_post(**changes), SIGNED)


def test_a_signature_of_another_key_is_refused():
    other = ec.generate_private_key(ec.SECP256R1())
    signature = signature_of(FORM, str(int(NOW.timestamp())), other)

    with pytest.raises(NotAuthentic):
        sendgrid.verify(a_signed_post(**{sendgrid.SIGNATURE: signature}), SIGNED)


def test_a_password_is_enough_where_no_key_is_set():
    sendgrid.verify(a_post(authorization=PASSWORD), AUTH)
    with pytest.raises(NotAuthentic):
        sendgrid.verify(a_post(), AUTH)


def test_both_are_asked_for_where_both_are_set():
    both = Keys(secret=PUBLIC, auth=AUTH.auth)

    sendgrid.verify(a_signed_post(authorization=PASSWORD), both)
    with pytest.raises(NotAuthentic):
        sendgrid.verify(a_signed_post(), both)
    with pytest.raises(NotAuthentic):
        sendgrid.verify(a_post(authorization=PASSWORD), both)


@pytest.mark.parametrize("keys", [Keys(), Keys(secret=""), Keys(auth=""), Keys(secret="no key")])
def test_nothing_is_let_in_without_a_key_or_password_of_ours(keys):
    with pytest.raises(NotAuthentic):
        sendgrid.verify(a_signed_post(authorization="Basic "), keys)


SENT = {sendgrid.TIMESTAMP: str(int(NOW.timestamp()))}


def test_five_hundred_mutations_are_read_or_unreadable():
    rng = random.Random(4)
    for _ in range(500):
        mutant = bytearray(FORM)
        for _ in range(rng.randint(1, 6)):
            start = rng.randrange(len(mutant))
            piece = rng.choice(
                [b"", b"\x00", b'"', b"\r\n", b"--XX", b"; filename=", b":", b"\xff"]
            )
            mutant[start : start + rng.choice([0, 1, 20])] = piece
        with suppress(Unreadable):
            sendgrid.read(a_post(bytes(mutant)))
        with suppress(NotAuthentic):
            sendgrid.verify(
                a_post(**{**SENT, sendgrid.SIGNATURE: mutant.decode("latin-1")}), SIGNED
            )


def test_no_answer_loses_a_mail_for_good():
    source = sendgrid.SOURCE

    assert source.taken.status == source.unreadable_status == 200
    assert source.busy_status == 503
