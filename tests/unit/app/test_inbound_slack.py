import hmac
import json
import random
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from app.domain import Channel, Sender
from app.inbound.chat import slack
from app.inbound.values import Attached, Ignored, Keys, NotAuthentic, Post, Received, Unreadable

NOW = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)
SECRET = "b7e2c4a19d0f4e1c8a5536f0d9e7a1b2"
KEYS = Keys(secret=SECRET)
EVENT = {
    "type": "message",
    "channel": "D07INLET",
    "channel_type": "im",
    "user": "U07ADA",
    "text": "What do 40 seats cost?",
    "ts": "1795608000.000200",
    "client_msg_id": "5b0f7a52-0000-4000-8000-000000000001",
}
ENVELOPE = {
    "type": "event_callback",
    "team_id": "T07ACME",
    "api_app_id": "A07INLET",
    "event_id": "Ev07FIRST",
    "event_time": 1795608000,
    "authorizations": [{"team_id": "T07ACME", "user_id": "U07INLET", "is_bot": True}],
}


def signed(body, *, at=NOW, secret=SECRET, version="v0", now=NOW, **headers):
    timestamp = str(int(at.timestamp()))
    mac = hmac.digest(secret.encode(), f"v0:{timestamp}:".encode() + body, "sha256").hex()
    found = {
        "content-type": "application/json",
        "x-slack-request-timestamp": timestamp,
        "x-slack-signature": f"{version}={mac}",
    }
    found |= {name.replace("_", "-"): value for name, value in headers.items()}
    url = "https://inlet.example.com/v1/inbound/slack"
    return Post(url=url, query={}, headers=found, body=body, received_at=now)


def a_body(envelope=None, **changes):
    return json.dumps({**ENVELOPE, "event": {**EVENT, **changes}, **(envelope or {})}).encode()


def read(envelope=None, **changes):
    (item,) = slack.read(signed(a_body(envelope, **changes)))
    return item


def test_a_direct_message_is_read():
    post = signed(a_body())
    slack.verify(post, KEYS)

    assert slack.read(post) == (
        Received(
            external_id="Ev07FIRST",
            channel=Channel.CHAT,
            sender=Sender(None, "U07ADA"),
            text="What do 40 seats cost?",
            thread_id="D07INLET",
            sent_at=datetime(2026, 11, 25, 12, 0, 0, 200, tzinfo=UTC),
        ),
    )


def test_a_repeat_has_the_id_of_the_first():
    first = signed(a_body())
    repeat = signed(a_body(), x_slack_retry_num="1", x_slack_retry_reason="http_timeout")

    slack.verify(repeat, KEYS)
    assert slack.read(repeat) == slack.read(first)


def test_the_vector_of_slacks_documentation_is_right():
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow"
        b"&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner"
        b"&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com"
        b"%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
        b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    mac = "a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    headers = {"x-slack-request-timestamp": "1531420618", "x-slack-signature": f"v0={mac}"}
    now = datetime.fromtimestamp(1531420618, UTC)
    post = Post(url="https://x", query={}, headers=headers, body=body, received_at=now)
    keys = Keys(secret="8f742231b10e8888abcd99yyyzzz85a5")

    assert slack.verify(post, keys) is None
    assert slack.handshake(post, keys) is None


def without(post, name):
    headers = {key: value for key, value in post.headers.items() if key != name}
    return Post(url=post.url, query={}, headers=headers, body=post.body, received_at=NOW)


GOOD = signed(a_body())


@pytest.mark.parametrize(
    "post",
    [
        without(GOOD, "x-slack-signature"),
        without(GOOD, "x-slack-request-timestamp"),
        signed(a_body(), secret="another"),
        signed(a_body(), version="v1"),
        signed(a_body(), version=""),
        signed(a_body(), at=NOW - timedelta(seconds=301)),
        signed(a_body(), at=NOW + timedelta(seconds=301)),
        signed(a_body(), x_slack_signature=""),
        signed(a_body(), x_slack_signature="v0="),
        signed(a_body(), x_slack_signature="v0=" + "0" * 64),
        signed(a_body(), x_slack_signature=GOOD.headers["x-slack-signature"].upper()),
        signed(a_body(), x_slack_signature=GOOD.headers["x-slack-signature"][:-1]),
        signed(a_body(), x_slack_signature="v0=ä\udcff"),
        signed(a_body(), x_slack_request_timestamp="1795608000.0"),
        signed(a_body(), x_slack_request_timestamp=" 1795608000"),
        signed(a_body(), x_slack_request_timestamp="١٧٩٥٦٠٨٠٠٠"),
        signed(a_body(), x_slack_request_timestamp="nan"),
    ],
)
def test_what_is_not_signed_rightly_is_refused(post):
    with pytest.raises(NotAuthentic):
        slack.verify(post, KEYS)


def test_a_body_written_anew_is_refused():
    post = signed(a_body())
    spaced = json.dumps(json.loads(post.body), indent=1).encode()
    again = Post(url=post.url, query={}, headers=post.headers, body=spaced, received_at=NOW)

    with pytest.raises(NotAuthentic):
        slack.verify(again, KEYS)


@pytest.mark.parametrize("secret", [None, ""])
def test_without_a_secret_nothing_is_authentic(secret):
    with pytest.raises(NotAuthentic):
        slack.verify(signed(a_body(), secret=""), Keys(secret=secret))


@pytest.mark.parametrize("seconds", [-300, 300])
def test_five_minutes_apart_is_near_enough(seconds):
    assert slack.verify(signed(a_body(), at=NOW + timedelta(seconds=seconds)), KEYS) is None


def test_the_challenge_is_repeated_as_text():
    body = json.dumps({"type": "url_verification", "challenge": "3eZbrw1aB", "token": "t"}).encode()

    reply = slack.handshake(signed(body), KEYS)
    assert (reply.status, reply.body, reply.content_type) == (200, b"3eZbrw1aB", "text/plain")
    assert slack.read(signed(body)) == (Ignored(reason="handshake"),)


def test_a_challenge_without_a_signature_is_not_authentic():
    body = json.dumps({"type": "url_verification", "challenge": "x"}).encode()
    with pytest.raises(NotAuthentic):
        slack.verify(without(signed(body), "x-slack-signature"), KEYS)


@pytest.mark.parametrize(
    "body",
    [a_body(), b"[", b'"url_verification"', b'{"type": "url_verification"}', b"\xff"],
)
def test_other_requests_are_no_handshake(body):
    assert slack.handshake(signed(body), KEYS) is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"bot_id": "B07"}, "bot_message"),
        ({"bot_profile": {"id": "B07"}}, "bot_message"),
        ({"subtype": "bot_message", "user": None}, "bot_message"),
        ({"user": "U07INLET"}, "own_message"),
        ({"subtype": "message_changed"}, "status_event"),
        ({"subtype": "message_deleted"}, "status_event"),
        ({"subtype": "channel_join"}, "status_event"),
        ({"hidden": True}, "status_event"),
        ({"user": None}, "status_event"),
        ({"type": "reaction_added"}, "status_event"),
        ({"type": "app_mention"}, "status_event"),
        ({"text": " \n"}, "empty"),
        ({"text": None}, "empty"),
    ],
)
def test_what_no_person_wrote_just_now_is_left_alone(changes, reason):
    assert read(**changes) == Ignored(reason=reason)


def test_who_installed_the_app_may_write_too():
    person = {"team_id": "T07ACME", "user_id": "U07ADA", "is_bot": False}
    assert read({"authorizations": [person, "nobody"]}).sender == Sender(None, "U07ADA")


def test_a_rate_limit_is_a_status():
    assert read({"type": "app_rate_limited"}) == Ignored(reason="status_event")


@pytest.mark.parametrize("subtype", ["file_share", "thread_broadcast"])
def test_a_message_with_a_file_and_a_reply_shown_to_all_are_messages(subtype):
    assert read(subtype=subtype).text == "What do 40 seats cost?"


def test_files_are_listed():
    file = {"name": "../rfp\n.pdf", "mimetype": "application/pdf", "size": 9, "url_private": "u"}

    item = read(subtype="file_share", text="", files=[file, "no file"])
    assert item.attachments == (
        Attached(name="rfp .pdf", content_type="application/pdf", size=9),
        Attached(name="", content_type="application/octet-stream", size=0),
    )


@pytest.mark.parametrize(
    ("changes", "thread_id"),
    [
        ({"channel_type": "im"}, "D07INLET"),
        ({"channel_type": "channel"}, "D07INLET/1795608000.000200"),
        ({"channel_type": "channel", "thread_ts": "17.01"}, "D07INLET/17.01"),
        ({"channel_type": "im", "thread_ts": "17.01"}, "D07INLET/17.01"),
        ({"channel": "two words"}, None),
    ],
)
def test_a_thread_is_one_conversation_and_a_direct_chat_too(changes, thread_id):
    assert read(**changes).thread_id == thread_id


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Hi <@U07INLET>, prices?", "Hi @U07INLET, prices?"),
        ("<@U1|ada> and <#C1|sales> and <#C2>", "@ada and #sales and #C2"),
        ("see <https://example.com/a?b=1&amp;c=2>", "see https://example.com/a?b=1&c=2"),
        ("see <https://example.com|our page>", "see our page"),
        ("<mailto:ada@example.com|ada@example.com>", "ada@example.com"),
        ("<!here> <!channel|channel> <!subteam^S1|@desk>", "@here channel @desk"),
        ("<!subteam^S1>", "@subteam"),
        ("<!date^1392734382^{date}|18 Feb>", "18 Feb"),
        ("a &lt; b &amp;&amp; c &gt; d", "a < b && c > d"),
        ("&amp;lt; is an escape", "&lt; is an escape"),
        ("<not closed", "<not closed"),
        ("<> <|>", " "),
    ],
)
def test_markup_is_shown_as_a_reader_sees_it(text, shown):
    assert slack.plain_text(text) == shown


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"x"',
        b"{}",
        json.dumps({**ENVELOPE, "event_id": None}).encode(),
        json.dumps({**ENVELOPE, "event_id": "two words"}).encode(),
        json.dumps({**ENVELOPE, "type": "block_actions"}).encode(),
    ],
)
def test_another_shape_is_unreadable(body):
    with pytest.raises(Unreadable):
        slack.read(signed(body))


@pytest.mark.parametrize("event", [None, [], "message", 1, {}])
def test_an_envelope_without_a_message_is_a_status(event):
    body = json.dumps({**ENVELOPE, "event": event}).encode()
    assert slack.read(signed(body)) == (Ignored(reason="status_event"),)


@pytest.mark.parametrize("ts", ["", "soon", "99999999999999999999", None, 5, [], "nan"])
def test_a_time_that_is_none_is_left_out(ts):
    assert read(ts=ts).sent_at is None


def test_five_hundred_mutations_are_read_or_unreadable_and_never_authentic():
    rng = random.Random(5)
    post = signed(a_body(files=[{"name": "a"}], text="<@U1> <https://x|y> &amp;"))
    for _ in range(500):
        mutant = bytearray(post.body)
        for _ in range(rng.randint(1, 6)):
            start = rng.randrange(len(mutant))
            piece = rng.choice([b"", b"\x00", b'"', b"[[", b"{}", b"null", b"\\ud800", b"\xff"])
            mutant[start : start + rng.choice([0, 1, 20])] = piece
        body = bytes(mutant)
        changed = Post(url=post.url, query={}, headers=post.headers, body=body, received_at=NOW)
        with suppress(Unreadable):
            slack.read(changed)
        assert slack.handshake(changed, KEYS) is None
        if body != post.body:
            with pytest.raises(NotAuthentic):
                slack.verify(changed, KEYS)


def test_what_slack_is_answered():
    source = slack.SOURCE
    assert (source.taken.status, source.unreadable_status, source.busy_status) == (200, 200, 503)
    assert (source.name, source.needs, source.refused_status) == ("slack", ("secret",), 401)
