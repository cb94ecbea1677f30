import base64
import hashlib
import hmac
import json
import random
from contextlib import suppress
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlencode

import pytest

from app.domain import Channel, Sender
from app.inbound.mail import mandrill
from app.inbound.values import Ignored, Keys, NotAuthentic, Post, Received, Unreadable

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
KEYS = Keys(secret="webhook-key")
URL = "https://inlet.example.net/v1/inbound/mandrill?team=1"
URLENCODED = "application/x-www-form-urlencoded"
RAW = "Message-ID: <seats-40@example.com>\nSubject: Forty seats\n\nWas kostet das? Grüße & +"
MAIL = {
    "raw_msg": RAW,
    "headers": {"Message-Id": "<seats-40@example.com>", "Received": ["by a", "by b"]},
    "from_email": "ada@example.com",
    "from_name": "Ada Byron",
    "to": [["sales@example.net", "Sales"], ["ann@example.net", None]],
    "cc": [["carl@example.com", None]],
    "email": "route@in.example.net",
    "subject": "Forty seats",
    "text": "Was kostet das? Grüße & +",
    "html": "<p>Was kostet das?</p>",
    "spam_report": {"score": 0.1},
}
EVENT = {"event": "inbound", "ts": 1795608000, "msg": MAIL}


def signature_of(body, url=URL, key="webhook-key"):
    pairs = sorted(parse_qsl(body.decode(), keep_blank_values=True))
    content = url + "".join(name + value for name, value in pairs)
    return base64.b64encode(hmac.digest(key.encode(), content.encode(), "sha1")).decode()


def a_form(events, **fields):
    posted = events if isinstance(events, str) else json.dumps(events)
    return urlencode({"mandrill_events": posted, **fields}).encode()


def a_post(body, *, url=URL, kind=URLENCODED, **headers):
    given = {"content-type": kind, **{k.replace("_", "-"): v for k, v in headers.items()}}
    kept = {name: value for name, value in given.items() if value is not None}
    return Post(url=url, query={}, headers=kept, body=body, received_at=NOW)


def signed(body, **changes):
    return a_post(body, x_mandrill_signature=signature_of(body), **changes)


def refused(post, keys=KEYS):
    with pytest.raises(NotAuthentic) as refusal:
        mandrill.verify(post, keys)
    return refusal.value.detail


def test_a_mail_is_read_with_all_that_mandrill_tells():
    post = signed(a_form([EVENT]))

    mandrill.verify(post, KEYS)

    assert mandrill.read(post) == (
        Received(
            external_id="<seats-40@example.com>",
            fallback_id="sha256:" + hashlib.sha256(RAW.encode()).hexdigest(),
            channel=Channel.EMAIL,
            sender=Sender("ada@example.com", "Ada Byron"),
            recipients=(
                "sales@example.net",
                "ann@example.net",
                "carl@example.com",
                "route@in.example.net",
            ),
            subject="Forty seats",
            text="Was kostet das? Grüße & +",
            html="<p>Was kostet das?</p>",
            raw=RAW.encode(),
        ),
    )


def test_every_mail_of_a_request_is_read_and_other_events_are_left_alone():
    events = [EVENT, {"event": "open", "msg": {}}, {"type": "blacklist", "action": "add"}, EVENT]

    read = mandrill.read(a_post(a_form(events)))

    assert [isinstance(item, Received) for item in read] == [True, False, False, True]
    assert read[1] == read[2] == Ignored(reason="status_event")


def test_all_fields_are_signed_in_the_order_of_their_names():
    mandrill.verify(signed(a_form([EVENT], zone="1", account="é &=+")), KEYS)


def test_the_empty_list_of_a_set_up_is_no_mail():
    assert mandrill.read(a_post(a_form([]))) == (Ignored(reason="handshake"),)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"x=1",
        a_form("{"),
        a_form("{}"),
        a_form("5"),
        a_form("null"),
        a_form([5]),
        a_form([{}]),
        a_form([{"event": "inbound"}]),
        a_form([{"msg": MAIL}]),
        a_form([{"event": "inbound", "msg": {**MAIL, "raw_msg": 5}}]),
    ],
)
def test_another_shape_is_unreadable(body):
    with pytest.raises(Unreadable):
        mandrill.read(a_post(body))


def test_json_is_no_form():
    post = a_post(json.dumps([EVENT]).encode(), kind="application/json", x_mandrill_signature="a")

    assert refused(post) == "the body is not a form"
    with pytest.raises(Unreadable):
        mandrill.read(post)


@pytest.mark.parametrize(
    "change",
    [
        lambda good: None,
        lambda good: "",
        lambda good: good[:-1],
        lambda good: good + "=",
        lambda good: f"{good},{good}",
        lambda good: base64.b64decode(good).hex(),
        lambda good: "é" * 28,
        lambda good: "A" * 1_000_000,
    ],
)
def test_a_wrong_signature_is_refused(change):
    body = a_form([EVENT])

    assert refused(a_post(body, x_mandrill_signature=change(signature_of(body))))


@pytest.mark.parametrize(
    "url", [URL + "&", URL.partition("?")[0], URL.replace("https", "http"), URL + "\ud800", ""]
)
def test_another_address_than_was_signed_is_refused(url):
    assert refused(signed(a_form([EVENT]), url=url))


def test_another_body_is_refused():
    assert refused(a_post(a_form([]), x_mandrill_signature=signature_of(a_form([EVENT]))))


@pytest.mark.parametrize("order", [1, -1])
def test_a_field_that_comes_twice_is_refused_whichever_of_them_is_signed(order):
    genuine, foreign = a_form([EVENT]), a_form([{**EVENT, "ts": 0}])
    both = b"&".join([genuine, foreign][::order])

    assert refused(a_post(both, x_mandrill_signature=signature_of(genuine)))


@pytest.mark.parametrize("secret", [None, ""])
def test_nothing_is_let_in_without_a_secret_of_ours(secret):
    body = a_form([EVENT])

    post = a_post(body, x_mandrill_signature=signature_of(body, key=""))

    assert refused(post, Keys(secret=secret))


def test_five_hundred_mutations_are_read_or_unreadable():
    rng = random.Random(4)
    body = json.dumps([EVENT, EVENT]).encode()
    for number in range(500):
        mutant = bytearray(body if number % 2 else urlencode({"mandrill_events": body}).encode())
        for _ in range(rng.randint(1, 6)):
            start = rng.randrange(len(mutant))
            piece = rng.choice([b"", b"\x00", b'"', b"[", b"}", b"\\ud800", b"&", b"%ff", b"\xff"])
            mutant[start : start + rng.choice([0, 1, 20])] = piece
        form = urlencode({"mandrill_events": bytes(mutant)}).encode() if number % 2 else mutant
        with suppress(Unreadable):
            mandrill.read(a_post(bytes(form)))
        assert refused(a_post(bytes(form), x_mandrill_signature="A" * 28))


def test_every_field_of_another_type_still_gives_a_mail():
    for key in MAIL.keys() - {"raw_msg"}:
        for value in (None, 5, True, [], {}, [[]], [None], [[5]], [{"email": 5}], "\ud800\x00"):
            (item,) = mandrill.read(a_post(a_form([{**EVENT, "msg": {**MAIL, key: value}}])))
            assert isinstance(item, Received)


def test_what_cannot_be_read_is_no_failure_to_mandrill():
    assert mandrill.SOURCE.unreadable_status == mandrill.SOURCE.taken.status == 200
