import base64
import hmac
import json
import random
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook

from app.domain import Channel, Sender
from app.inbound.mail import resend
from app.inbound.values import Attached, Ignored, Keys, NotAuthentic, Post, Received, Unreadable

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
SECRET = "whsec_" + base64.b64encode(bytes(range(25))).decode()
KEYS = Keys(secret=SECRET, auth="resend:re_123:456")
MAIL_ID = "0b1c2d3e-0000-4000-8000-000000000001"

EVENT = {
    "type": "email.received",
    "created_at": "2026-11-25T11:59:59.126Z",
    "data": {
        "email_id": MAIL_ID,
        "created_at": "2026-11-25 11:59:58.894719+00",
        "from": "Ada Byron <ada@example.com>",
        "to": ["Sales <sales@example.net>"],
        "cc": ["carl@example.com"],
        "bcc": [],
        "message_id": "<seats-40@example.com>",
        "subject": "Forty seats",
        "attachments": [{"id": "1", "filename": "need.txt", "content_type": "text/plain"}],
    },
}
MAIL = {
    "object": "email",
    "id": MAIL_ID,
    "from": "Ada Byron <ada@example.com>",
    "to": ["Sales <sales@example.net>"],
    "cc": ["carl@example.com"],
    "bcc": ["hidden@example.net"],
    "subject": "Forty seats",
    "message_id": "<seats-40@example.com>",
    "text": "What do forty seats cost?",
    "html": "<p>What do forty seats cost?</p>",
    "headers": {"date": "Wed, 25 Nov 2026 12:58:00 +0100", "received": ["by a", "by b"]},
    "created_at": "2026-11-25 11:59:58.894719+00",
    "attachments": [
        {
            "filename": "docs/need.txt",
            "content_type": "text/plain",
            "content_disposition": "attachment",
            "size": 5,
        },
        {
            "filename": "logo.png",
            "content_type": "image/png",
            "content_disposition": "inline",
            "content_id": "logo",
        },
    ],
}


def signed(body, *, at=NOW, webhook_id="msg_1", secret=SECRET):
    timestamp = str(int(at.timestamp()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = f"{webhook_id}.{timestamp}.".encode() + body
    mac = base64.b64encode(hmac.digest(key, content, "sha256")).decode()
    return {"svix-id": webhook_id, "svix-timestamp": timestamp, "svix-signature": f"v1,{mac}"}


def a_post(body, **headers):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {**signed(raw), **{k.replace("_", "-"): v for k, v in headers.items()}}
    kept = {name: value for name, value in given.items() if value is not None}
    return Post(url="https://x", query={}, headers=kept, body=raw, received_at=NOW)


def refused(post, keys=KEYS):
    with pytest.raises(NotAuthentic) as refusal:
        resend.verify(post, keys)
    return refusal.value.detail


def test_an_event_is_read_with_all_that_it_tells():
    post = a_post(EVENT)

    resend.verify(post, KEYS)

    assert resend.read(post) == (
        Received(
            external_id="<seats-40@example.com>",
            channel=Channel.EMAIL,
            sender=Sender("ada@example.com", "Ada Byron"),
            recipients=("sales@example.net", "carl@example.com"),
            subject="Forty seats",
            sent_at=datetime(2026, 11, 25, 11, 59, 58, 894719, tzinfo=UTC),
            attachments=(Attached(name="need.txt", content_type="text/plain", size=0),),
        ),
    )


def test_the_mail_is_fetched_from_resend_with_the_api_key():
    url = resend.fetch_url(a_post(EVENT))

    assert url == f"https://api.resend.com/emails/receiving/{MAIL_ID}?html_format=cid"
    assert resend.authorization(KEYS) == "Bearer re_123:456"


def test_a_fetched_mail_has_its_text():
    assert resend.read_fetched(a_post(EVENT), json.dumps(MAIL).encode()) == (
        Received(
            external_id="<seats-40@example.com>",
            channel=Channel.EMAIL,
            sender=Sender("ada@example.com", "Ada Byron"),
            recipients=("sales@example.net", "carl@example.com", "hidden@example.net"),
            subject="Forty seats",
            text="What do forty seats cost?",
            html="<p>What do forty seats cost?</p>",
            sent_at=datetime(2026, 11, 25, 11, 58, tzinfo=UTC),
            headers=(
                ("date", "Wed, 25 Nov 2026 12:58:00 +0100"),
                ("received", "by a"),
                ("received", "by b"),
            ),
            attachments=(Attached(name="need.txt", content_type="text/plain", size=5),),
        ),
    )


def test_a_mail_without_a_message_id_is_known_by_resends():
    event = {**EVENT, "data": {"email_id": MAIL_ID}}

    (item,) = resend.read(a_post(event))

    assert item.external_id == MAIL_ID


def test_an_answer_about_another_mail_is_unreadable():
    with pytest.raises(Unreadable):
        resend.read_fetched(a_post(EVENT), json.dumps({**MAIL, "id": "other"}).encode())


@pytest.mark.parametrize("fetched", [b"", b"<html>", b"[]", b"null", b"{}"])
def test_an_answer_of_another_shape_is_unreadable(fetched):
    with pytest.raises(Unreadable):
        resend.read_fetched(a_post(EVENT), fetched)


@pytest.mark.parametrize("kind", ["email.sent", "email.delivered", "email.bounced", "contact.new"])
def test_an_event_about_mail_that_we_sent_is_left_alone(kind):
    post = a_post({"type": kind, "data": {}})

    assert resend.read(post) == (Ignored(reason="status_event"),)
    assert resend.read_fetched(post, b"{}") == (Ignored(reason="status_event"),)
    assert resend.fetch_url(post) == ""


@pytest.mark.parametrize("email_id", ["", "../domains", "a/b", "a?b", "é", "a" * 65, 5, None])
def test_an_id_that_would_change_the_address_is_unreadable(email_id):
    post = a_post({"type": "email.received", "data": {"email_id": email_id}})

    with pytest.raises(Unreadable):
        resend.fetch_url(post)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"{}", {"type": "email.received"}])
def test_another_shape_is_unreadable(body):
    with pytest.raises(Unreadable):
        resend.read(a_post(body))


def test_the_reference_signer_is_believed():
    body = json.dumps(EVENT)
    signature = Webhook(SECRET).sign("msg_1", NOW, body)

    resend.verify(a_post(EVENT, svix_signature=signature), KEYS)


@pytest.mark.parametrize(
    "secret", [SECRET.rstrip("="), SECRET.removeprefix("whsec_"), SECRET.rstrip("=")[6:]]
)
def test_a_secret_may_lack_its_prefix_and_its_padding(secret):
    resend.verify(a_post(EVENT), Keys(secret=secret))


def test_one_right_signature_of_several_is_enough():
    good = signed(json.dumps(EVENT).encode())["svix-signature"]
    other = "v1," + base64.b64encode(bytes(32)).decode()
    asymmetric = "v1a," + base64.b64encode(bytes(64)).decode()

    resend.verify(a_post(EVENT, svix_signature=f"{other} {asymmetric} {good}"), KEYS)


@pytest.mark.parametrize("name", ["svix_id", "svix_timestamp", "svix_signature"])
@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_or_empty_header_is_refused(name, value):
    assert refused(a_post(EVENT, **{name: value}))


@pytest.mark.parametrize(
    "change",
    [
        lambda good: good.removeprefix("v1,"),
        lambda good: "v1",
        lambda good: "v1,",
        lambda good: "v1,a,b",
        lambda good: good[:20],
        lambda good: good.rstrip("="),
        lambda good: good + "=",
        lambda good: good.replace("v1,", "v1a,"),
        lambda good: good.replace("v1,", "v2,"),
        lambda good: f"{good}  {good}",
        lambda good: f" {good}",
        lambda good: f"{good},{good}",
        lambda good: " ".join([good] * 11),
        lambda good: " ".join([good] * 100_000),
        lambda good: good + " é",
        lambda good: "v1," + base64.b64decode(good[3:]).hex().upper(),
        lambda good: "sha1=" + "0" * 40,
    ],
)
def test_a_malformed_signature_is_refused(change):
    good = signed(json.dumps(EVENT).encode())["svix-signature"]

    assert refused(a_post(EVENT, svix_signature=change(good)))


@pytest.mark.parametrize(
    "timestamp",
    ["hello", "nan", "inf", "1e9", "123.5", " 123 ", "1_7", "١٢٣", "1" * 30, "-1", "+1"],
)
def test_a_malformed_time_is_refused(timestamp):
    assert refused(a_post(EVENT, svix_timestamp=timestamp))


@pytest.mark.parametrize("age_s", [-301, 301])
def test_a_time_too_far_from_ours_is_refused(age_s):
    body = json.dumps(EVENT).encode()

    late = signed(body, at=NOW - timedelta(seconds=age_s))
    near = signed(body, at=NOW - timedelta(seconds=300))

    assert refused(Post(url="", query={}, headers=late, body=body, received_at=NOW))
    resend.verify(Post(url="", query={}, headers=near, body=body, received_at=NOW), KEYS)


@pytest.mark.parametrize("webhook_id", ["msg.1", "msg 1", "m" * 10_000, "é"])
def test_a_malformed_id_is_refused_though_it_is_signed(webhook_id):
    body = json.dumps(EVENT).encode()
    headers = signed(body, webhook_id=webhook_id)

    assert refused(Post(url="", query={}, headers=headers, body=body, received_at=NOW))


def test_another_body_is_refused():
    headers = signed(json.dumps(EVENT).encode())

    assert refused(Post(url="", query={}, headers=headers, body=b"{}\xff", received_at=NOW))


@pytest.mark.parametrize("secret", [None, "", "whsec_", "whsec_!", "é"])
def test_nothing_is_let_in_without_a_secret_of_ours(secret):
    body = json.dumps(EVENT).encode()
    headers = signed(body, secret="whsec_")

    post = Post(url="", query={}, headers=headers, body=body, received_at=NOW)

    assert refused(post, Keys(secret=secret, auth="resend:key"))


def test_five_hundred_mutations_are_read_or_unreadable():
    rng = random.Random(4)
    event, mail = json.dumps(EVENT).encode(), json.dumps(MAIL).encode()
    for _ in range(500):
        with suppress(Unreadable):
            resend.read(a_post(mutated(event, rng)))
        with suppress(Unreadable):
            resend.read_fetched(a_post(EVENT), mutated(mail, rng))


def mutated(body, rng):
    mutant = bytearray(body)
    for _ in range(rng.randint(1, 6)):
        start = rng.randrange(len(mutant))
        piece = rng.choice([b"", b"\x00", b'"', b"[", b"}", b"\\ud800", b"null,", b"\xff"])
        mutant[start : start + rng.choice([0, 1, 20])] = piece
    return bytes(mutant)


def test_every_field_of_another_type_still_gives_a_mail():
    for key in MAIL.keys() - {"id"}:
        for value in (None, 5, True, [], {}, [[]], [None], [{"size": "5"}], "\ud800\x00"):
            (item,) = resend.read_fetched(a_post(EVENT), json.dumps({**MAIL, key: value}).encode())
            assert isinstance(item, Received)


def test_the_source_needs_the_secret_and_the_api_key():
    assert resend.SOURCE.needs == ("secret", "auth")
    assert resend.SOURCE.unreadable_status == 200
