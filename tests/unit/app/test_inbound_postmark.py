import base64
import json
import random
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from app.domain import Channel, Sender
from app.inbound.mail import postmark
from app.inbound.values import Attached, Ignored, Keys, NotAuthentic, Post, Received, Unreadable

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
KEYS = Keys(auth="postmark:correct horse")
PROOF = "Basic " + base64.b64encode(b"postmark:correct horse").decode()

MAIL = {
    "From": "ada@example.com",
    "FromFull": {"Email": "ada@example.com", "Name": "Ada Byron", "MailboxHash": ""},
    "To": '"Sales" <sales@example.net>',
    "ToFull": [{"Email": "sales@example.net", "Name": "Sales", "MailboxHash": ""}],
    "CcFull": [{"Email": "carl@example.com", "Name": "", "MailboxHash": ""}],
    "BccFull": [{"Email": "hash@inbound.example.org", "Name": "", "MailboxHash": ""}],
    "OriginalRecipient": "HASH@inbound.example.org",
    "Subject": "Forty seats",
    "MessageID": "2f0b1a52-0000-4000-8000-000000000001",
    "MessageStream": "inbound",
    "Date": "Wed, 25 Nov 2026 12:58:00 +0100",
    "TextBody": "What do forty seats cost?\n\n> Hello Ada",
    "HtmlBody": "<p>What do forty seats cost?</p>",
    "StrippedTextReply": "What do forty seats cost?",
    "Headers": [
        {"Name": "Return-Path", "Value": "<bounce@example.com>"},
        {"Name": "Message-ID", "Value": "<seats-40@example.com>"},
    ],
    "Attachments": [
        {"Name": "need.txt", "Content": "Zm9ydHk=", "ContentType": "text/plain", "ContentLength": 5}
    ],
}


def a_post(body, authorization=PROOF):
    headers = {"content-type": "application/json"}
    if authorization is not None:
        headers["authorization"] = authorization
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Post(url="https://x", query={}, headers=headers, body=raw, received_at=NOW)


def received(**changes):
    (item,) = postmark.read(a_post({**MAIL, **changes}))
    return item


def test_a_mail_is_read_with_all_that_postmark_tells():
    post = a_post(MAIL)

    postmark.verify(post, KEYS)

    assert postmark.read(post) == (
        Received(
            external_id="<seats-40@example.com>",
            channel=Channel.EMAIL,
            sender=Sender("ada@example.com", "Ada Byron"),
            recipients=("sales@example.net", "carl@example.com", "hash@inbound.example.org"),
            subject="Forty seats",
            text="What do forty seats cost?\n\n> Hello Ada",
            html="<p>What do forty seats cost?</p>",
            stripped="What do forty seats cost?",
            sent_at=datetime(2026, 11, 25, 11, 58, tzinfo=UTC),
            headers=(
                ("Return-Path", "<bounce@example.com>"),
                ("Message-ID", "<seats-40@example.com>"),
            ),
            attachments=(Attached(name="need.txt", content_type="text/plain", size=5),),
        ),
    )


def test_the_whole_mail_is_taken_where_postmark_sends_it():
    assert received(RawEmail="Subject: é\r\n\r\ntext").raw == "Subject: é\r\n\r\ntext".encode()


def test_a_mail_without_a_message_id_is_known_by_postmarks():
    assert received(Headers=[]).external_id == "2f0b1a52-0000-4000-8000-000000000001"


def test_the_plain_fields_count_where_the_full_ones_are_missing():
    item = received(FromFull=None, From="Ada <ada@example.com>", ToFull=None, CcFull=[], BccFull=[])

    assert item.sender == Sender("ada@example.com", "Ada")
    assert item.recipients == ("sales@example.net", "HASH@inbound.example.org")


def test_the_test_button_says_data_for_the_content_of_a_file():
    file = {"Name": "test.txt", "ContentType": "text/plain", "Data": "VGVzdA==", "ContentLength": 4}

    assert received(Attachments=[file]).attachments == (
        Attached(name="test.txt", content_type="text/plain", size=4),
    )


@pytest.mark.parametrize(
    ("name", "listed"), [("Icon\n\nDesc.png", ["Icon Desc.png"]), ("..", []), ("a\\", []), (5, [])]
)
def test_an_odd_file_name_is_mended_or_left_out_and_the_mail_kept(name, listed):
    item = received(Attachments=[{"Name": name, "Content": "!", "ContentType": "image/png"}, 7])

    assert [file.name for file in item.attachments] == listed
    assert item.text == MAIL["TextBody"]


def test_a_picture_of_the_html_is_no_attachment():
    picture = {"Name": "logo.png", "Content": "QQ==", "ContentType": "image/png", "ContentID": "1"}

    assert received(Attachments=[picture]).attachments == ()


def test_a_mail_that_was_forwarded_as_a_file_is_read_whole():
    inner = base64.b64encode(b"Subject: inner\r\n\r\nThe lead is in here.").decode()
    file = {"Name": "fwd.eml", "Content": inner, "ContentType": "message/rfc822"}

    raw = received(Attachments=[file]).raw

    assert raw.startswith(b"From: ada@example.com\r\n")
    assert b"Subject: Forty seats\r\n" in raw
    assert b"The lead is in here." in raw


@pytest.mark.parametrize("kind", ["Delivery", "Bounce", "Open", "Click", "SpamComplaint"])
def test_an_event_about_mail_that_we_sent_is_left_alone(kind):
    assert postmark.read(a_post({"RecordType": kind, "From": "x@example.com"})) == (
        Ignored(reason="status_event"),
    )


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"mail"', b"null", b"{}", {"x": 1}])
def test_another_shape_is_unreadable(body):
    with pytest.raises(Unreadable):
        postmark.read(a_post(body))


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Basic",
        PROOF[:-4],
        PROOF + "AAAA",
        f"{PROOF}, {PROOF}",
        PROOF.replace("Basic", "Bearer"),
        "Basic " + base64.b64encode(b"postmark:wrong").decode(),
        "Basic " + base64.b64encode(b"postmark:correct horse battery").decode(),
    ],
)
def test_a_wrong_password_is_refused_and_not_told(authorization):
    with pytest.raises(NotAuthentic) as refusal:
        postmark.verify(a_post(MAIL, authorization), KEYS)

    assert "horse" not in refusal.value.detail


@pytest.mark.parametrize("auth", [None, "", "no colon"])
def test_nothing_is_let_in_without_a_password_of_ours(auth):
    empty = "Basic " + base64.b64encode((auth or "").encode()).decode()

    with pytest.raises(NotAuthentic):
        postmark.verify(a_post(MAIL, empty), Keys(auth=auth))


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
            postmark.read(a_post(bytes(mutant)))


def test_every_field_of_another_type_still_gives_a_mail():
    for key in MAIL:
        for value in (None, 5, True, [], {}, [[]], [None], [{"Email": 5}], "\ud800\x00"):
            assert isinstance(received(**{key: value}), Received)


def test_no_answer_makes_postmark_stop():
    source = postmark.SOURCE

    assert source.needs == ("auth",)
    assert source.taken.status == source.unreadable_status == 200
    assert 403 not in (source.refused_status, source.busy_status)
