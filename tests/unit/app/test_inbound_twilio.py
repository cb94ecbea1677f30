import base64
import hashlib
import hmac
import json
import random
from contextlib import suppress
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from app.domain import Channel, Sender
from app.inbound.chat import twilio
from app.inbound.values import Attached, Ignored, Keys, NotAuthentic, Post, Received, Unreadable

NOW = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)
TOKEN = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
KEYS = Keys(secret=TOKEN)
URL = "https://inlet.example.com/v1/inbound/twilio"
FORM = "application/x-www-form-urlencoded; charset=UTF-8"
SMS = {
    "ToCountry": "DE",
    "MessageSid": "SM00000000000000000000000000000001",
    "SmsSid": "SM00000000000000000000000000000001",
    "AccountSid": "AC00000000000000000000000000000001",
    "SmsStatus": "received",
    "From": "+4915112345678",
    "To": "+493012345",
    "Body": "Grüße! What do 40 seats cost? 🙂",
    "NumMedia": "0",
    "NewWithoutNotice": "",
}
WHATSAPP = {
    **SMS,
    "From": "whatsapp:+4915112345678",
    "To": "whatsapp:+493012345",
    "ProfileName": "Ada Lovelace",
    "WaId": "4915112345678",
}


def mac(content, token=TOKEN):
    return base64.b64encode(hmac.digest(token.encode(), content.encode(), "sha1")).decode()


def a_post(body, signature=None, *, url=URL, content_type=FORM):
    headers = {"content-type": content_type}
    if signature is not None:
        headers["x-twilio-signature"] = signature
    query = dict(parse_qsl(urlsplit(url).query))
    return Post(url=url, query=query, headers=headers, body=body, received_at=NOW)


def signed(parameters, *, url=URL, signed_url=None, token=TOKEN):
    pairs = parameters.items() if isinstance(parameters, dict) else parameters
    text = "".join(name + value for name, value in sorted(set(pairs)))
    body = urlencode(list(pairs)).encode()
    return a_post(body, mac((signed_url or url) + text, token), url=url)


def read(parameters):
    (item,) = twilio.read(signed(parameters))
    return item


def test_a_text_message_is_read():
    post = signed(SMS)
    twilio.verify(post, KEYS)

    (item,) = twilio.read(post)
    assert item == Received(
        external_id="SM00000000000000000000000000000001",
        channel=Channel.SMS,
        sender=Sender(None, "+4915112345678"),
        recipients=("+493012345",),
        text="Grüße! What do 40 seats cost? 🙂",
        thread_id=item.thread_id,
    )


def test_a_line_of_whatsapp_is_chat_and_has_a_name():
    item = read(WHATSAPP)
    assert (item.channel, item.sender.name) == (Channel.CHAT, "Ada Lovelace +4915112345678")
    assert item.recipients == ("+493012345",)


@pytest.mark.parametrize(
    ("sender", "channel"),
    [
        ("+49151", Channel.SMS),
        ("73737", Channel.SMS),
        ("whatsapp:+49151", Channel.CHAT),
        ("rcs:agent", Channel.CHAT),
        ("messenger:1234", Channel.SOCIAL_DM),
    ],
)
def test_the_senders_network_says_the_channel(sender, channel):
    assert read({**SMS, "From": sender}).channel == channel


def test_a_conversation_is_two_numbers_and_does_not_show_them():
    first, again = read(SMS), read({**SMS, "MessageSid": "SM2", "Body": "Hello?"})
    others = [read({**SMS, "From": "+4915100"}), read({**SMS, "To": "+493099"}), read(WHATSAPP)]

    assert first.thread_id == again.thread_id
    assert len({item.thread_id for item in [first, *others]}) == 4
    assert "4915112345678" not in first.thread_id


def test_the_vectors_of_twilios_library_are_right():
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    keys = Keys(secret="12345")
    form = {
        "CallSid": "CA1234567890ABCDE",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
        "Caller": "+14158675309",
    }
    as_form = a_post(urlencode(form).encode(), "RSOYDt4T1cUTdK1PDd93/VVr8B8=", url=url)
    body = b'{"property": "value", "boolean": true}'
    digest = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
    as_json = a_post(
        body,
        "a9nBmqA0ju/hNViExpshrM61xv4=",
        url=f"{url}&bodySHA256={digest}",
        content_type="application/json",
    )

    assert twilio.verify(as_form, keys) is None
    assert twilio.verify(as_json, keys) is None


@pytest.mark.parametrize(
    ("url", "signed_url"),
    [
        ("https://x.example.com/t", "https://x.example.com:443/t"),
        ("https://x.example.com:443/t", "https://x.example.com/t"),
        ("https://x.example.com:8443/t?a=b", "https://x.example.com/t?a=b"),
        ("http://x.example.com", "http://x.example.com:80"),
    ],
)
def test_a_port_may_be_signed_or_not(url, signed_url):
    assert twilio.verify(signed(SMS, url=url, signed_url=signed_url), KEYS) is None


@pytest.mark.parametrize(
    "signed_url",
    [
        "http://inlet.example.com/v1/inbound/twilio",
        "https://inlet.example.org/v1/inbound/twilio",
        "https://inlet.example.com/v1/inbound/twilio/",
        "https://inlet.example.com/v1/inbound/twilio?a=b",
        "https://inlet.example.com:8443/v1/inbound/twilio",
    ],
)
def test_another_address_is_refused(signed_url):
    with pytest.raises(NotAuthentic):
        twilio.verify(signed(SMS, signed_url=signed_url), KEYS)


def test_a_parameter_sent_twice_is_signed_with_each_of_its_values():
    pairs = [*SMS.items(), ("Body", "a second"), ("To", SMS["To"])]
    post = signed(pairs)

    twilio.verify(post, KEYS)
    assert twilio.read(post)[0].text == SMS["Body"]


GOOD = signed(SMS)
SIGNATURE = GOOD.headers["x-twilio-signature"]


@pytest.mark.parametrize(
    "post",
    [
        a_post(GOOD.body),
        a_post(GOOD.body, ""),
        a_post(GOOD.body, "!!!!"),
        a_post(GOOD.body, SIGNATURE[:-1]),
        a_post(GOOD.body, SIGNATURE.lower()),
        a_post(GOOD.body, SIGNATURE + "\n"),
        a_post(GOOD.body, "ä\udcff"),
        a_post(GOOD.body + b"&Extra=1", SIGNATURE),
        a_post(GOOD.body.replace(b"NewWithoutNotice=", b""), SIGNATURE),
        a_post(b"", SIGNATURE),
        a_post(GOOD.body, SIGNATURE, content_type="text/plain"),
        a_post(GOOD.body, SIGNATURE, content_type=""),
        a_post(b"&".join([b"a=b"] * 1_001), SIGNATURE),
        a_post(GOOD.body, SIGNATURE, url=URL + "?bodySHA256=" + "0" * 64),
        a_post(GOOD.body, SIGNATURE, url="not a url \udcff"),
        signed(SMS, token="another"),
    ],
)
def test_what_is_not_signed_rightly_is_refused(post):
    with pytest.raises(NotAuthentic):
        twilio.verify(post, KEYS)


@pytest.mark.parametrize("secret", [None, ""])
def test_without_a_secret_nothing_is_authentic(secret):
    with pytest.raises(NotAuthentic):
        twilio.verify(signed(SMS, token=""), Keys(secret=secret))


def as_json(value, *, digest=None):
    body = json.dumps(value).encode()
    url = f"{URL}?bodySHA256={digest or hashlib.sha256(body).hexdigest()}"
    return a_post(body, mac(url), url=url, content_type="application/json")


def test_json_is_proved_by_its_hash_in_the_address():
    post = as_json({**SMS, "NumSegments": 1})

    twilio.verify(post, KEYS)
    assert twilio.read(post) == twilio.read(signed(SMS))


def test_json_whose_hash_is_another_is_refused_though_the_address_is_signed():
    with pytest.raises(NotAuthentic):
        twilio.verify(as_json(SMS, digest="0" * 64), KEYS)


def test_json_without_a_hash_is_refused_though_the_address_is_signed():
    post = a_post(json.dumps(SMS).encode(), mac(URL), content_type="application/json")
    with pytest.raises(NotAuthentic):
        twilio.verify(post, KEYS)


@pytest.mark.parametrize("status", ["sent", "delivered", "undelivered", "read"])
def test_reports_on_our_own_messages_are_left_alone(status):
    told = {"MessageSid": "SM1", "MessageStatus": status, "SmsStatus": status, "To": "+49"}
    assert read(told) == Ignored(reason="status_event")


def test_pictures_are_listed_and_enough_of_a_message():
    media = {
        "Body": "",
        "NumMedia": "2",
        "MediaUrl0": "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1?x=1",
        "MediaContentType0": "image/jpeg",
        "MediaUrl1": "https://api.twilio.com/Media/ME2",
        "MediaUrl99": "https://api.twilio.com/Media/ME99",
    }
    assert read({**SMS, **media}).attachments == (
        Attached(name="ME1", content_type="image/jpeg", size=0),
        Attached(name="ME2", content_type="application/octet-stream", size=0),
    )


def test_a_message_without_text_and_picture_is_empty():
    assert read({**SMS, "Body": " "}) == Ignored(reason="empty")


@pytest.mark.parametrize(
    "post",
    [
        signed({}),
        signed({"CallSid": "CA1", "From": "+49"}),
        signed({**SMS, "MessageSid": "two words"}),
        signed({**SMS, "From": ""}),
        a_post(b"x", content_type="text/plain"),
        a_post(b"[]", content_type="application/json"),
        a_post(b"{", content_type="application/json"),
        a_post(b'{"MessageSid": 5}', content_type="application/json"),
    ],
)
def test_another_shape_is_unreadable(post):
    with pytest.raises(Unreadable):
        twilio.read(post)


@pytest.mark.parametrize("good", [signed(WHATSAPP), as_json(WHATSAPP)])
def test_five_hundred_mutations_are_read_or_unreadable(good):
    rng = random.Random(7)
    for _ in range(500):
        mutant = bytearray(good.body)
        for _ in range(rng.randint(1, 6)):
            start = rng.randrange(len(mutant))
            piece = rng.choice([b"", b"\x00", b"%", b"&", b"=", b"%ED%A0%80", b'"', b"\xff"])
            mutant[start : start + rng.choice([0, 1, 20])] = piece
        post = Post(
            url=good.url,
            query=good.query,
            headers=good.headers,
            body=bytes(mutant),
            received_at=NOW,
        )
        with suppress(Unreadable):
            twilio.read(post)
        with suppress(NotAuthentic):
            twilio.verify(post, KEYS)


def test_a_changed_text_is_never_authentic():
    rng = random.Random(8)
    for _ in range(200):
        told = {**SMS, "Body": "".join(rng.choices("abc &=+%", k=8))}
        post = a_post(urlencode(told).encode(), SIGNATURE)
        with pytest.raises(NotAuthentic):
            twilio.verify(post, KEYS)


def test_twilio_is_told_to_say_nothing():
    source = twilio.SOURCE
    taken = source.taken
    assert (taken.status, taken.body, taken.content_type) == (200, b"<Response/>", "text/xml")
    assert (source.unreadable_status, source.busy_status) == (200, 503)
