import base64
import hashlib
import json
import random
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from app.domain import Channel, Sender
from app.inbound.mail import sparkpost
from app.inbound.values import Ignored, Keys, NotAuthentic, Post, Received, Unreadable

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
KEYS = Keys(auth="sparkpost:correct horse")
PROOF = "Basic " + base64.b64encode(b"sparkpost:correct horse").decode()

RAW = "Message-ID: <seats-40@example.com>\r\nSubject: Forty seats\r\n\r\nWas kostet das? Grüße"
CONTENT = {
    "email_rfc822": RAW,
    "email_rfc822_is_base64": False,
    "headers": [
        {"Return-Path": "<bounce@example.com>"},
        {"From": '"Byron, Ada" <ada@example.com>'},
        {"Received": "by a"},
        {"Received": "by b"},
    ],
    "subject": "Forty seats",
    "to": ["Sales <sales@example.net>"],
    "cc": ["carl@example.com"],
    "text": "Was kostet das? Grüße",
    "html": "<p>Was kostet das? Grüße</p>",
}
MAIL = {
    "content": CONTENT,
    "customer_id": "1",
    "friendly_from": "ada@example.com",
    "msg_from": "bounce@example.com",
    "rcpt_to": "route@in.example.net",
    "webhook_id": "4839201967643219",
    "protocol": "smtp",
}


def a_post(body, **headers):
    given = {"authorization": PROOF, **{k.replace("_", "-"): v for k, v in headers.items()}}
    kept = {name: value for name, value in given.items() if value is not None}
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Post(url="https://x", query={}, headers=kept, body=raw, received_at=NOW)


def relayed(*mails):
    return [{"msys": {"relay_message": mail}} for mail in mails]


def received(**changes):
    (item,) = sparkpost.read(a_post(relayed({**MAIL, "content": {**CONTENT, **changes}})))
    return item


def test_a_mail_is_read_with_all_that_sparkpost_tells():
    post = a_post(relayed(MAIL))

    sparkpost.verify(post, KEYS)

    assert sparkpost.read(post) == (
        Received(
            external_id="<seats-40@example.com>",
            fallback_id="sha256:" + hashlib.sha256(RAW.encode()).hexdigest(),
            channel=Channel.EMAIL,
            sender=Sender("ada@example.com", "Byron, Ada"),
            recipients=("sales@example.net", "carl@example.com", "route@in.example.net"),
            subject="Forty seats",
            text="Was kostet das? Grüße",
            html="<p>Was kostet das? Grüße</p>",
            raw=RAW.encode(),
            headers=(
                ("Return-Path", "<bounce@example.com>"),
                ("From", '"Byron, Ada" <ada@example.com>'),
                ("Received", "by a"),
                ("Received", "by b"),
            ),
        ),
    )


def test_a_mail_in_base64_is_decoded():
    whole = RAW.encode("latin-1")
    folded = base64.encodebytes(whole).decode()

    assert received(email_rfc822=folded, email_rfc822_is_base64=True).raw == whole


def test_the_friendly_address_counts_where_no_header_names_the_sender():
    assert received(headers=[]).sender == Sender("ada@example.com")


def test_every_mail_of_a_request_is_read_and_other_events_are_left_alone():
    events = [*relayed(MAIL), {"msys": {"message_event": {"type": "bounce"}}}, {"msys": {}}]

    read = sparkpost.read(a_post([*events, *relayed(MAIL)]))

    assert [item.external_id for item in (read[0], read[3])] == ["<seats-40@example.com>"] * 2
    assert read[1:3] == (Ignored(reason="status_event"), Ignored(reason="handshake"))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b"null",
        b"[5]",
        [{}],
        [{"msys": 5}],
        relayed(5),
        relayed({"protocol": "smpp", "content": {"text": "sms"}}),
    ],
)
def test_another_shape_is_unreadable(body):
    with pytest.raises(Unreadable):
        sparkpost.read(a_post(body))


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Basic",
        PROOF[:-4],
        f"{PROOF}, {PROOF}",
        PROOF.replace("Basic", "Bearer"),
        "Basic " + base64.b64encode(b"sparkpost:wrong").decode(),
        "Basic " + base64.b64encode(b"sparkpost:correct horse battery").decode(),
    ],
)
def test_a_wrong_password_is_refused_and_not_told(authorization):
    with pytest.raises(NotAuthentic) as refusal:
        sparkpost.verify(a_post(relayed(MAIL), authorization=authorization), KEYS)

    assert "horse" not in refusal.value.detail


@pytest.mark.parametrize("token", [None, "", "5ebe", "5ebe2294", "5ebe2294e", "é"])
def test_the_token_is_asked_for_where_it_is_set(token):
    keys = Keys(secret="5ebe2294ecd0e0f0")

    sparkpost.verify(a_post([], x_messagesystems_webhook_token="5ebe2294ecd0e0f0"), keys)

    with pytest.raises(NotAuthentic):
        sparkpost.verify(a_post([], x_messagesystems_webhook_token=token), keys)


@pytest.mark.parametrize("authorization", [None, PROOF])
@pytest.mark.parametrize("token", [None, "token"])
def test_both_are_asked_for_where_both_are_set(authorization, token):
    post = a_post([], authorization=authorization, x_messagesystems_webhook_token=token)
    keys = Keys(secret="token", auth="sparkpost:correct horse")

    if authorization and token:
        sparkpost.verify(post, keys)
    else:
        with pytest.raises(NotAuthentic):
            sparkpost.verify(post, keys)


@pytest.mark.parametrize(
    "keys", [Keys(), Keys(auth=""), Keys(secret=""), Keys(auth="", secret=""), Keys(auth="a")]
)
def test_nothing_is_let_in_without_a_password_or_a_token_of_ours(keys):
    empty = "Basic " + base64.b64encode((keys.auth or "").encode()).decode()

    with pytest.raises(NotAuthentic):
        sparkpost.verify(a_post([], authorization=empty, x_messagesystems_webhook_token=""), keys)


def test_five_hundred_mutations_are_read_or_unreadable():
    rng = random.Random(4)
    body = json.dumps(relayed(MAIL, MAIL)).encode()
    for _ in range(500):
        mutant = bytearray(body)
        for _ in range(rng.randint(1, 6)):
            start = rng.randrange(len(mutant))
            piece = rng.choice([b"", b"\x00", b'"', b"[", b"}", b"\\ud800", b"null,", b"\xff"])
            mutant[start : start + rng.choice([0, 1, 20])] = piece
        with suppress(Unreadable):
            sparkpost.read(a_post(bytes(mutant)))


def test_every_field_of_another_type_still_gives_a_mail():
    values = (None, 5, True, [], {}, [[]], [None], [{"From": 5}], {"a": [5]}, "\ud800\x00")
    for key in CONTENT.keys() - {"email_rfc822"}:
        for value in values:
            assert isinstance(received(**{key: value}), Received)


def test_what_cannot_be_read_is_no_failure_to_sparkpost():
    assert sparkpost.SOURCE.unreadable_status == sparkpost.SOURCE.taken.status == 200
