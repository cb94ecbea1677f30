import base64
import hashlib
import json
import random
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from app.domain import Channel, Sender
from app.inbound.mail import mailjet
from app.inbound.values import Attached, Ignored, Keys, NotAuthentic, Post, Received, Unreadable

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
KEYS = Keys(auth="mailjet:correct horse")
PROOF = "Basic " + base64.b64encode(b"mailjet:correct horse").decode()

MAIL = {
    "Sender": "bounce@example.com",
    "Recipient": "route@parse.example.net",
    "Date": "20261125T115800",
    "From": '"Byron, Ada" <ada@example.com>',
    "Subject": "Forty seats",
    "Headers": {
        "Received": ["by a", "by b"],
        "Date": "Wed, 25 Nov 2026 12:58:00 +0100",
        "Message-ID": "<seats-40@example.com>",
        "To": "Sales <sales@example.net>",
        "Cc": "carl@example.com",
    },
    "Parts": [
        {"Headers": {"Content-Type": ["text/plain; charset=UTF-8"]}, "ContentRef": "Text-part"},
        {"Headers": {"Content-Type": "text/html; charset=UTF-8"}, "ContentRef": "Html-part"},
        {
            "Headers": {
                "Content-Type": ["text/plain"],
                "Content-Disposition": ['attachment; filename="need.txt"'],
            },
            "ContentRef": "Attachment1",
        },
        {
            "Headers": {"Content-Type": ["image/png; name=logo.png"], "Content-ID": ["<1>"]},
            "ContentRef": "InlineAttachment1",
        },
    ],
    "Text-part": "What do forty seats cost?",
    "Html-part": "<p>What do forty seats cost?</p>",
    "SpamAssassinScore": "0.602",
    "Attachment1": "Zm9ydHk=",
    "InlineAttachment1": "QQ==",
}


def a_post(body, authorization=PROOF):
    headers = {"content-type": "application/json"}
    if authorization is not None:
        headers["authorization"] = authorization
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Post(url="https://x", query={}, headers=headers, body=raw, received_at=NOW)


def received(**changes):
    (item,) = mailjet.read(a_post({**MAIL, **changes}))
    return item


def a_file(content="QQ==", **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return {"Parts": [{"Headers": named, "ContentRef": "Attachment1"}], "Attachment1": content}


def test_a_mail_is_read_with_all_that_mailjet_tells():
    post = a_post(MAIL)

    mailjet.verify(post, KEYS)

    assert mailjet.read(post) == (
        Received(
            external_id="<seats-40@example.com>",
            fallback_id="sha256:" + hashlib.sha256(json.dumps(MAIL).encode()).hexdigest(),
            channel=Channel.EMAIL,
            sender=Sender("ada@example.com", "Byron, Ada"),
            recipients=("sales@example.net", "carl@example.com", "route@parse.example.net"),
            subject="Forty seats",
            text="What do forty seats cost?",
            html="<p>What do forty seats cost?</p>",
            sent_at=datetime(2026, 11, 25, 11, 58, tzinfo=UTC),
            headers=(
                ("Received", "by a"),
                ("Received", "by b"),
                ("Date", "Wed, 25 Nov 2026 12:58:00 +0100"),
                ("Message-ID", "<seats-40@example.com>"),
                ("To", "Sales <sales@example.net>"),
                ("Cc", "carl@example.com"),
            ),
            attachments=(Attached(name="need.txt", content_type="text/plain", size=5),),
        ),
    )


def test_what_no_field_says_is_read_from_the_headers():
    headers = {"From": ["Ada <ada@example.com>"], "Subject": "Seats"}

    (item,) = mailjet.read(a_post({"Headers": headers, "Date": "20261125T115800"}))

    assert (item.sender, item.subject) == (Sender("ada@example.com", "Ada"), "Seats")
    assert item.sent_at == datetime(2026, 11, 25, 11, 58, tzinfo=UTC)  # its own date is UTC
    assert item.external_id is None


def test_encoded_words_are_decoded_after_the_mailbox_is_read():
    item = received(
        From="=?utf-8?q?M=C3=BCller=2C_Jo?= <jo@example.com>", Subject="=?utf-8?b?w6Q=?="
    )

    assert item.sender == Sender("jo@example.com", "Müller, Jo")
    assert item.subject == "ä"


@pytest.mark.parametrize(
    ("headers", "listed"),
    [
        (
            {"Content_Disposition": "attachment; filename*=utf-8''gr%C3%B6%C3%9Fe.txt"},
            ["größe.txt"],
        ),
        ({"Content_Type": 'text/csv; name="=?utf-8?b?w6Q=?=.csv"'}, ["ä.csv"]),
        ({"Content_Disposition": 'attachment; filename="../../etc/passwd"'}, ["passwd"]),
        ({"Content_Disposition": 'attachment; filename=".."'}, []),
        ({"Content_Disposition": "attachment"}, []),
        ({"Content_Disposition": 5}, []),
        ({}, []),
    ],
)
def test_the_name_of_a_file_is_read_from_the_headers_of_its_part(headers, listed):
    assert [file.name for file in received(**a_file(**headers)).attachments] == listed


def test_a_file_that_is_named_a_thousand_times_is_listed_once():
    part = MAIL["Parts"][2]

    assert len(received(Parts=[part] * 1_000).attachments) == 1


def test_damaged_base64_gives_what_can_be_had():
    item = received(**a_file("Zm9y!dHk", Content_Disposition="attachment; filename=a.txt"))

    assert [file.size for file in item.attachments] == [5]


def test_a_mail_that_was_forwarded_as_a_file_is_read_whole():
    inner = base64.b64encode(b"Subject: inner\r\n\r\nThe lead is in here.").decode()

    raw = received(**a_file(inner, Content_Type="message/rfc822")).raw

    assert b"To: Sales <sales@example.net>\r\n" in raw
    assert b"The lead is in here." in raw


@pytest.mark.parametrize("body", [{"event": "open"}, [{"event": "sent"}, {"event": "click"}]])
def test_an_event_about_mail_that_we_sent_is_left_alone(body):
    assert mailjet.read(a_post(body)) == (Ignored(reason="status_event"),)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"mail"', b"null", b"{}", {"x": 1}, [MAIL]])
def test_another_shape_is_unreadable(body):
    with pytest.raises(Unreadable):
        mailjet.read(a_post(body))


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Basic",
        PROOF[:-4],
        f"{PROOF}, {PROOF}",
        PROOF.replace("Basic", "Bearer"),
        "Basic " + base64.b64encode(b"mailjet:wrong").decode(),
        "Basic " + base64.b64encode(b"mailjet:correct horse battery").decode(),
    ],
)
def test_a_wrong_password_is_refused_and_not_told(authorization):
    with pytest.raises(NotAuthentic) as refusal:
        mailjet.verify(a_post(MAIL, authorization), KEYS)

    assert "horse" not in refusal.value.detail


@pytest.mark.parametrize("auth", [None, "", "no colon"])
def test_nothing_is_let_in_without_a_password_of_ours(auth):
    empty = "Basic " + base64.b64encode((auth or "").encode()).decode()

    with pytest.raises(NotAuthentic):
        mailjet.verify(a_post(MAIL, empty), Keys(auth=auth))


def test_five_hundred_mutations_are_read_or_unreadable():
    rng = random.Random(4)
    body = json.dumps(MAIL).encode()
    for _ in range(500):
        mutant = bytearray(body)
        for _ in range(rng.randint(1, 6)):
            start = rng.randrange(len(mutant))
            piece = rng.choice([b"", b"\x00", b'"', b"[", b"}", b"\\ud800", b"null,", b"\xff"])
            mutant[start : start + rng.choice([0, 1, 20])] = piece
        with suppress(Unreadable):
            mailjet.read(a_post(bytes(mutant)))


def test_every_field_of_another_type_still_gives_a_mail():
    for key in MAIL:
        for value in (None, 5, True, [], {}, [[]], [None], [{"Headers": 5}], {"To": [5]}, "\ud800"):
            assert isinstance(received(**{key: value}), Received)


def test_what_cannot_be_read_is_no_failure_to_mailjet():
    assert mailjet.SOURCE.needs == ("auth",)
    assert mailjet.SOURCE.unreadable_status == mailjet.SOURCE.taken.status == 200
