import base64
import hmac
import json
import random
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest

from app.domain import Channel, Sender
from app.inbound.chat import zendesk
from app.inbound.values import Ignored, Keys, NotAuthentic, Post, Received, Unreadable

NOW = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)
SECRET = "c2lnbmluZy1zZWNyZXQtb2Ytb3Vycw=="
KEYS = Keys(secret=SECRET)
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
TICKET = {
    "id": "5158",
    "subject": "Offer for 40 seats",
    "description": "What do 40 seats cost?",
    "is_public": True,
    "requester_id": "8447388090494",
    "created_at": "2026-11-25T11:59:00Z",
    "via": {"channel": "email"},
}
COMMENT = {
    "id": "30064",
    "body": "And is there a discount?",
    "is_public": True,
    "author": {"id": "8447388090494", "is_staff": False, "name": "Ada Lovelace"},
}
META = {"sequence": {"id": "01HX0SEQUENCE", "position": 1}}
EVENT = {
    "type": "zen:event-type:ticket.comment_added",
    "id": "01HX0EVENT",
    "account_id": 1234,
    "time": "2026-11-25T11:59:30.123456789Z",
    "subject": "zen:ticket:5158",
    "detail": TICKET,
    "event": {"meta": META, "comment": COMMENT},
}
TEMPLATE = {
    "ticket_id": "5158",
    "subject": "Offer for 40 seats",
    "comment": "And is there a discount?",
    "requester_name": "Ada Lovelace",
    "requester_email": "ada@example.com",
    "via": "Web form",
    "created_at": "2026-11-25T11:59Z",
    "comment_id": "30064",
}


def a_post(body, timestamp=None, signature=None, content_type=JSON):
    headers = {"content-type": content_type}
    if timestamp is not None:
        headers["x-zendesk-webhook-signature-timestamp"] = timestamp
    if signature is not None:
        headers["x-zendesk-webhook-signature"] = signature
    url = "https://inlet.example.com/v1/inbound/zendesk"
    return Post(url=url, query={}, headers=headers, body=body, received_at=NOW)


def mac(timestamp, body, secret=SECRET):
    digest = hmac.digest(secret.encode(), timestamp.encode() + body, "sha256")
    return base64.b64encode(digest).decode()


def signed(body, timestamp="2026-11-25T12:00:00Z", *, secret=SECRET, content_type=JSON):
    return a_post(body, timestamp, mac(timestamp, body, secret), content_type)


def an_event(**changes):
    return json.dumps({**EVENT, **changes}).encode()


def created(**changes):
    detail = {**TICKET, **changes}
    return an_event(type="zen:event-type:ticket.created", event={"meta": META}, detail=detail)


def commented(**changes):
    return an_event(event={"meta": META, "comment": {**COMMENT, **changes}})


def read(body):
    (item,) = zendesk.read(signed(body))
    return item


def filled_in(**changes):
    return read(json.dumps({**TEMPLATE, **changes}).encode())


def test_a_comment_of_an_end_user_is_read():
    post = signed(an_event())
    zendesk.verify(post, KEYS)

    assert zendesk.read(post) == (
        Received(
            external_id="5158/01HX0SEQUENCE",
            channel=Channel.EMAIL,
            sender=Sender(None, "Ada Lovelace"),
            subject="Offer for 40 seats",
            text="And is there a discount?",
            thread_id="5158",
            sent_at=datetime(2026, 11, 25, 11, 59, 30, 123456, tzinfo=UTC),
        ),
    )


def test_what_opens_a_ticket_is_read():
    item = read(created())
    assert (item.subject, item.text) == ("Offer for 40 seats", "What do 40 seats cost?")
    assert (item.sender, item.thread_id) == (Sender(), "5158")


def test_what_opens_a_ticket_is_one_message_though_told_as_a_comment_too():
    assert read(created()).external_id == read(an_event()).external_id


def test_without_a_sequence_the_event_has_an_id():
    assert read(an_event(event={"comment": COMMENT})).external_id == "5158/01HX0EVENT"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (commented(is_public=False), "private_note"),
        (commented(is_public=None), "private_note"),
        (commented(author={"is_staff": True, "name": "Bob"}), "own_message"),
        (commented(author={"name": "Bob"}), "own_message"),
        (commented(author=None), "own_message"),
        (commented(body=" "), "empty"),
        (an_event(event=None), "private_note"),
        (created(is_public=False), "private_note"),
        (created(description=None), "empty"),
        (an_event(type="zen:event-type:ticket.status_changed"), "status_event"),
        (an_event(type="zen:event-type:user.created"), "status_event"),
    ],
)
def test_what_no_end_user_wrote_to_us_is_left_alone(body, reason):
    assert read(body) == Ignored(reason=reason)


def test_our_template_is_read():
    assert filled_in() == Received(
        external_id="5158/30064",
        channel=Channel.WEB_FORM,
        sender=Sender("ada@example.com", "Ada Lovelace"),
        subject="Offer for 40 seats",
        text="And is there a discount?",
        thread_id="5158",
        sent_at=datetime(2026, 11, 25, 11, 59, tzinfo=UTC),
    )


def test_our_template_may_come_as_a_form_whatever_the_comment_holds():
    comment = 'He said "yes".\n{"a": 1}&b=c'
    post = signed(urlencode({**TEMPLATE, "comment": comment}).encode(), content_type=FORM)

    zendesk.verify(post, KEYS)
    assert zendesk.read(post) == (filled_in(comment=comment),)


def test_of_a_field_sent_twice_the_first_counts():
    body = urlencode([*TEMPLATE.items(), ("comment", "another"), ("ticket_id", "1")]).encode()
    assert zendesk.read(signed(body, content_type=FORM)) == (filled_in(),)


def test_our_template_takes_numbers_for_ids():
    assert filled_in(ticket_id=5158, comment_id=30064) == filled_in()


def test_without_the_id_of_a_comment_its_time_and_text_tell_it_from_others():
    first, again = filled_in(comment_id=""), filled_in(comment_id="")
    others = [
        filled_in(comment_id="", comment="Another"),
        filled_in(comment_id="", created_at="2026-11-25T12:01Z"),
        filled_in(comment_id="", ticket_id="5159"),
    ]

    assert first.external_id == again.external_id
    assert len({item.external_id for item in [first, *others]}) == 4


def test_an_empty_comment_is_left_alone():
    assert filled_in(comment="\n") == Ignored(reason="empty")


@pytest.mark.parametrize(
    ("via", "channel"),
    [
        ("email", Channel.EMAIL),
        ("Mail", Channel.EMAIL),
        ("", Channel.EMAIL),
        ("something new", Channel.EMAIL),
        ("web", Channel.WEB_FORM),
        ("Web form", Channel.WEB_FORM),
        ("web_widget", Channel.WEB_FORM),
        ("help_center", Channel.WEB_FORM),
        ("api", Channel.WEB_FORM),
        ("chat", Channel.CHAT),
        ("native_messaging", Channel.CHAT),
        ("WhatsApp", Channel.CHAT),
        ("sms", Channel.SMS),
        ("facebook", Channel.SOCIAL_DM),
        ("X (formerly Twitter)", Channel.SOCIAL_DM),
        ("forum", Channel.COMMUNITY_POST),
    ],
)
def test_how_it_came_says_the_channel(via, channel):
    assert filled_in(via=via).channel == channel
    assert read(created(via={"channel": via})).channel == channel


@pytest.mark.parametrize("written", ["2026-11-25T12:00:00Z", "2026-11-25T14:00:00+02:00"])
@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_the_signed_time_is_a_date_near_ours(written, seconds):
    moment = datetime.fromisoformat(written) + timedelta(seconds=seconds)
    assert zendesk.verify(signed(an_event(), moment.isoformat()), KEYS) is None


BODY = an_event()
AT = "2026-11-25T12:00:00Z"
SIGNATURE = mac(AT, BODY)


@pytest.mark.parametrize(
    "post",
    [
        a_post(BODY),
        a_post(BODY, AT),
        a_post(BODY, None, SIGNATURE),
        a_post(BODY, AT, ""),
        a_post(BODY, AT, "!!!!"),
        a_post(BODY, AT, SIGNATURE[:-1]),
        a_post(BODY, AT, SIGNATURE.lower()),
        a_post(BODY, AT, SIGNATURE + " "),
        a_post(BODY, AT, "ä\udcff"),
        a_post(BODY, AT, base64.b64encode(b"0" * 32).decode()),
        a_post(BODY, "2026-11-25T12:00:01Z", SIGNATURE),
        a_post(BODY + b" ", AT, SIGNATURE),
        signed(BODY, secret="another"),
        signed(BODY, "2026-11-25T11:54:59Z"),
        signed(BODY, "2026-11-25T12:05:01Z"),
        signed(BODY, "2026-11-25T12:00:00"),
        signed(BODY, ""),
        signed(BODY, "now"),
        signed(BODY, "nan"),
        signed(BODY, "99999-01-01T00:00:00Z"),
        signed(BODY, "0001-01-01T00:00:00+23:59"),
        a_post(BODY, AT, mac("", BODY + AT.encode())),
    ],
)
def test_what_is_not_signed_rightly_is_refused(post):
    with pytest.raises(NotAuthentic):
        zendesk.verify(post, KEYS)


@pytest.mark.parametrize("secret", [None, ""])
def test_without_a_secret_nothing_is_authentic(secret):
    with pytest.raises(NotAuthentic):
        zendesk.verify(signed(BODY, secret=""), Keys(secret=secret))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"x"',
        b"{}",
        b'{"type": "other", "comment": "x"}',
        json.dumps({**TEMPLATE, "ticket_id": ""}).encode(),
        json.dumps({**TEMPLATE, "ticket_id": "{{ticket.id}} and more"}).encode(),
        an_event(detail=None),
        b'{"ticket_id": "1", "comment": "a\nb"}',
    ],
)
def test_another_shape_is_unreadable(body):
    with pytest.raises(Unreadable):
        zendesk.read(a_post(body))


@pytest.mark.parametrize(
    "good", [BODY, created(), json.dumps(TEMPLATE).encode(), urlencode(TEMPLATE).encode()]
)
def test_five_hundred_mutations_are_read_or_unreadable_and_never_authentic(good):
    rng = random.Random(10)
    kind = JSON if good.startswith(b"{") else FORM
    for _ in range(500):
        mutant = bytearray(good)
        for _ in range(rng.randint(1, 6)):
            start = rng.randrange(len(mutant))
            piece = rng.choice([b"", b"\x00", b'"', b"[[", b"{}", b"&", b"\\ud800", b"\xff"])
            mutant[start : start + rng.choice([0, 1, 20])] = piece
        post = a_post(bytes(mutant), AT, mac(AT, good), kind)
        with suppress(Unreadable):
            zendesk.read(post)
        if post.body != good:
            with pytest.raises(NotAuthentic):
                zendesk.verify(post, KEYS)


def test_what_zendesk_is_answered():
    source = zendesk.SOURCE
    assert (source.taken.status, source.unreadable_status, source.busy_status) == (200, 200, 503)
    assert (source.name, source.needs) == ("zendesk", ("secret",))
