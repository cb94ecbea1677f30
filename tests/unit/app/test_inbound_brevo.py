import base64
import json
import random
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from app.domain import Channel, Sender
from app.inbound.mail import brevo
from app.inbound.values import Attached, Ignored, Keys, NotAuthentic, Post, Received, Unreadable

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
KEYS = Keys(auth="brevo:correct horse")
PROOF = "Basic " + base64.b64encode(b"brevo:correct horse").decode()

MAIL = {
    "Uuid": ["0b1c2d3e-0000-4000-8000-000000000001"],
    "MessageId": "<seats-40@example.com>",
    "InReplyTo": None,
    "From": {"Name": "Ada Byron", "Address": "ada@example.com"},
    "To": [{"Name": None, "Address": "sales@reply.example.net"}],
    "Cc": [{"Name": "Carl", "Address": "carl@example.com"}],
    "ReplyTo": None,
    "SentAtDate": "Wed, 25 Nov 2026 12:58:00 +0100",
    "Subject": "Forty seats",
    "Headers": {
        "Received": ["by a", "by b"],
        "Delivered-To": "route@reply.example.net",
        "Message-ID": "<seats-40@example.com>",
    },
    "SpamScore": 0.4,
    "ExtractedMarkdownMessage": "What do forty seats cost?",
    "ExtractedMarkdownSignature": "Ada",
    "RawHtmlBody": '<p>What do forty seats cost?</p><img src="cid:logo@1">',
    "RawTextBody": "What do forty seats cost?\n\nAda\n\n> Hello",
    "Attachments": [
        {"Name": "need.txt", "ContentType": "text/plain", "ContentLength": 5, "ContentID": "f_1"},
        {"Name": "logo.png", "ContentType": "image/png", "ContentLength": 9, "ContentID": "logo@1"},
    ],
}


def a_post(body, authorization=PROOF):
    headers = {"content-type": "application/json"}
    if authorization is not None:
        headers["authorization"] = authorization
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Post(url="https://x", query={}, headers=headers, body=raw, received_at=NOW)


def received(**changes):
    (item,) = brevo.read(a_post({"items": [{**MAIL, **changes}]}))
    return item


def test_a_mail_is_read_with_all_that_brevo_tells():
    post = a_post({"items": [MAIL]})

    brevo.verify(post, KEYS)

    assert brevo.read(post) == (
        Received(
            external_id="<seats-40@example.com>",
            channel=Channel.EMAIL,
            sender=Sender("ada@example.com", "Ada Byron"),
            recipients=("sales@reply.example.net", "carl@example.com", "route@reply.example.net"),
            subject="Forty seats",
            text="What do forty seats cost?\n\nAda\n\n> Hello",
            html='<p>What do forty seats cost?</p><img src="cid:logo@1">',
            stripped="What do forty seats cost?",
            sent_at=datetime(2026, 11, 25, 11, 58, tzinfo=UTC),
            headers=(
                ("Received", "by a"),
                ("Received", "by b"),
                ("Delivered-To", "route@reply.example.net"),
                ("Message-ID", "<seats-40@example.com>"),
            ),
            attachments=(Attached(name="need.txt", content_type="text/plain", size=5),),
        ),
    )


def test_every_mail_of_a_request_is_read():
    items = [{**MAIL, "MessageId": f"<{n}@example.com>"} for n in range(3)]

    read = brevo.read(a_post({"items": items}))

    assert [item.external_id for item in read] == [f"<{n}@example.com>" for n in range(3)]


def test_a_mail_without_a_message_id_is_known_by_brevos():
    item = received(MessageId=None, Headers={})

    assert item.external_id == "0b1c2d3e-0000-4000-8000-000000000001"


def test_what_no_field_says_is_read_from_the_headers():
    headers = {
        "From": "Ada <ada@example.com>",
        "Subject": "Seats",
        "Message-Id": "<1@example.com>",
        "Date": "Wed, 25 Nov 2026 11:58:00 +0000",
    }

    (item,) = brevo.read(a_post({"items": [{"Headers": headers}]}))

    assert (item.external_id, item.subject) == ("<1@example.com>", "Seats")
    assert item.sender == Sender("ada@example.com", "Ada")
    assert item.sent_at == datetime(2026, 11, 25, 11, 58, tzinfo=UTC)


@pytest.mark.parametrize("event", ["delivered", "click", "opened"])
def test_an_event_about_mail_that_we_sent_is_left_alone(event):
    assert brevo.read(a_post({"event": event, "email": "x@example.com"})) == (
        Ignored(reason="status_event"),
    )


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b"{}", {"items": []}, {"items": [5]}, {"items": [MAIL, {}]}],
)
def test_another_shape_is_unreadable(body):
    with pytest.raises(Unreadable):
        brevo.read(a_post(body))


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Basic",
        PROOF[:-4],
        f"{PROOF}, {PROOF}",
        PROOF.replace("Basic", "Bearer"),
        "Basic " + base64.b64encode(b"brevo:wrong").decode(),
        "Basic " + base64.b64encode(b"brevo:correct horse battery").decode(),
    ],
)
def test_a_wrong_password_is_refused_and_not_told(authorization):
    with pytest.raises(NotAuthentic) as refusal:
        brevo.verify(a_post({"items": [MAIL]}, authorization), KEYS)

    assert "horse" not in refusal.value.detail


@pytest.mark.parametrize("auth", [None, "", "no colon"])
def test_nothing_is_let_in_without_a_password_of_ours(auth):
    empty = "Basic " + base64.b64encode((auth or "").encode()).decode()

    with pytest.raises(NotAuthentic):
        brevo.verify(a_post({"items": [MAIL]}, empty), Keys(auth=auth))


def test_five_hundred_mutations_are_read_or_unreadable():
    rng = random.Random(4)
    body = json.dumps({"items": [MAIL, MAIL]}).encode()
    for _ in range(500):
        mutant = bytearray(body)
        for _ in range(rng.randint(1, 6)):
            start = rng.randrange(len(mutant))
            piece = rng.choice([b"", b"\x00", b'"', b"[", b"}", b"\\ud800", b"null,", b"\xff"])
            mutant[start : start + rng.choice([0, 1, 20])] = piece
        with suppress(Unreadable):
            brevo.read(a_post(bytes(mutant)))


def test_every_field_of_another_type_still_gives_a_mail():
    for key in MAIL:
        for value in (None, 5, True, [], {}, [[]], [None], [{"Name": 5}], {"a": [5]}, "\ud800\x00"):
            assert isinstance(received(**{key: value}), Received)


def test_no_more_than_a_thousand_files_are_listed():
    assert len(received(Attachments=[{"Name": "a"}] * 5_000).attachments) == 1_000


def test_what_cannot_be_read_is_no_failure_to_brevo():
    assert brevo.SOURCE.needs == ("auth",)
    assert brevo.SOURCE.unreadable_status == brevo.SOURCE.taken.status == 200
