import base64
import json
import random
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from app.domain import Channel, Sender
from app.errors import Overloaded
from app.inbound.mail import ses
from app.inbound.values import Ignored, Keys, NotAuthentic, Post, Received, Reply, Unreadable

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
TOPIC = "arn:aws:sns:eu-west-1:123456789012:inlet-mail"
KEYS = Keys(topics=("arn:aws:sns:eu-west-1:123456789012:other", TOPIC))
HOST = "https://sns.eu-west-1.amazonaws.com"
CERTIFICATE_URL = f"{HOST}/SimpleNotificationService-0123456789abcdef.pem"
CONFIRM_URL = f"{HOST}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=2336412f"
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
MAIL = "Message-ID: <seats-40@example.com>\r\nSubject: Forty seats\r\n\r\nWhat do they cost? é"

NOTICE = {
    "notificationType": "Received",
    "mail": {
        "messageId": "o3vrnil0e2ic28trm7dfhrc2v0clambda4nbp0g1",
        "destination": ["sales@example.net"],
        "commonHeaders": {
            "from": ["Byron, Ada <ada@example.com>"],
            "to": ["Sales <sales@example.net>"],
            "cc": ["carl@example.com"],
            "messageId": "<seats-40@example.com>",
            "subject": "Forty seats",
            "date": "Wed, 25 Nov 2026 12:58:00 +0100",
        },
    },
    "receipt": {
        "recipients": ["sales@example.net", "in@example.net"],
        "action": {"type": "SNS", "topicArn": TOPIC, "encoding": "UTF8"},
    },
    "content": MAIL,
}
CONFIRMATION = {
    "Type": "SubscriptionConfirmation",
    "Message": "You have chosen to subscribe",
    "SubscribeURL": CONFIRM_URL,
    "Token": "2336412f",
}


def a_certificate(key=RSA_KEY):
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name)
    builder = builder.public_key(key.public_key()).serial_number(1)
    builder = builder.not_valid_before(NOW - timedelta(days=1))
    builder = builder.not_valid_after(NOW + timedelta(days=90))
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


class Shelf:
    """Answers as Amazon's server of certificates, and remembers what it was asked for."""

    def __init__(self, answer=None):
        self.answer = answer or a_certificate()
        self.asked = []

    def __call__(self, url):
        self.asked.append(url)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def signed(envelope, *, key=RSA_KEY):
    names = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
    if envelope["Type"] != "Notification":
        names[2:4] = ["SubscribeURL", "Timestamp", "Token"]
    content = "".join(f"{n}\n{envelope[n]}\n" for n in names if n in envelope).encode()
    digest = hashes.SHA256() if envelope["SignatureVersion"] == "2" else hashes.SHA1()
    signature = key.sign(content, padding.PKCS1v15(), digest)
    return {**envelope, "Signature": base64.b64encode(signature).decode()}


def an_envelope(notice=NOTICE, **changes):
    envelope = {
        "Type": "Notification",
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": TOPIC,
        "Message": notice if isinstance(notice, str) else json.dumps(notice),
        "Timestamp": "2026-11-25T11:59:30.250Z",
        "SignatureVersion": "2",
        "SigningCertURL": CERTIFICATE_URL,
        **changes,
    }
    return signed(envelope)


def a_post(envelope, *, kind=None, now=NOW):
    body = envelope if isinstance(envelope, bytes) else json.dumps(envelope).encode()
    kind = kind or (envelope.get("Type", "") if isinstance(envelope, dict) else "Notification")
    headers = {"content-type": "text/plain; charset=UTF-8", ses.KIND_HEADER: kind}
    return Post(url="https://x", query={}, headers=headers, body=body, received_at=now)


def read(notice):
    (item,) = ses.SOURCE.read(a_post(an_envelope(notice)))
    return item


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("subject", [{}, {"Subject": "Amazon SES Email Receipt Notification"}])
def test_a_mail_of_a_listed_topic_is_proved_and_read(version, subject):
    source = ses.source_with(Shelf())
    post = a_post(an_envelope(SignatureVersion=version, **subject))

    source.verify(post, KEYS)

    assert source.handshake(post, KEYS) is None
    assert source.read(post) == (
        Received(
            external_id="<seats-40@example.com>",
            channel=Channel.EMAIL,
            sender=Sender("ada@example.com", "Byron, Ada"),
            recipients=("sales@example.net", "carl@example.com", "in@example.net"),
            subject="Forty seats",
            sent_at=datetime(2026, 11, 25, 11, 58, tzinfo=UTC),
            raw=MAIL.encode(),
        ),
    )


@pytest.mark.parametrize("encoding", ["BASE64", "Base64", None])
def test_a_mail_in_base64_is_decoded(encoding):
    content = base64.encodebytes(b"Subject: x\r\n\r\n\xff" * 20).decode()
    action = {"receipt": {"action": {"encoding": encoding}}}

    assert read({**NOTICE, **action, "content": content}).raw == b"Subject: x\r\n\r\n\xff" * 20


def test_a_mail_without_a_message_id_is_known_by_that_of_ses():
    assert read({**NOTICE, "mail": {"messageId": "o3vr"}}).external_id == "o3vr"


def test_a_notification_without_the_mail_says_how_to_include_it():
    for action in ({"type": "S3", "objectKey": "mail/1"}, {"type": "SNS"}):
        notice = {"notificationType": "Received", "receipt": {"action": action}}
        with pytest.raises(Unreadable, match="S3 action"):
            read(notice)


@pytest.mark.parametrize(
    "notice",
    ["", "text", "[]", "{}", "{", {"notificationType": "Received", "content": "no base64!"}],
)
def test_another_shape_is_unreadable(notice):
    with pytest.raises(Unreadable):
        read(notice)


@pytest.mark.parametrize(
    "notice",
    [
        {"notificationType": "Bounce"},
        {"eventType": "Delivery"},
        "Successfully validated SNS topic for Amazon SES event publishing.",
    ],
)
def test_an_event_about_mail_that_we_sent_is_left_alone(notice):
    assert read(notice) == Ignored(reason="status_event")


def test_a_subscription_to_a_listed_topic_is_confirmed_by_fetching_its_url():
    source = ses.source_with(Shelf())
    post = a_post(an_envelope(**CONFIRMATION))

    source.verify(post, KEYS)

    assert source.handshake(post, KEYS) == Reply(fetch=CONFIRM_URL)
    assert source.read(post) == (Ignored(reason="handshake"),)


def test_the_end_of_a_subscription_is_not_undone():
    source = ses.source_with(Shelf())
    post = a_post(an_envelope(**{**CONFIRMATION, "Type": "UnsubscribeConfirmation"}))

    source.verify(post, KEYS)

    assert source.handshake(post, KEYS) is None
    assert source.read(post) == (Ignored(reason="handshake"),)


EVIL_HOSTS = [
    "https://sns.evil.amazonaws.com.x",
    "https://sns.eu-west-1.amazonaws.com.evil.example",
    "https://sns.us-east-1.amazonaws.com",  # another region than the topic's
    "https://sns.eu-west-1.amazonaws.com.cn",
    "https://s3.amazonaws.com/attacker",
    "https://s3.eu-west-1.amazonaws.com",
    "http://sns.eu-west-1.amazonaws.com",
    "https://sns.eu-west-1.amazonaws.com:8443",
    "https://sns.eu-west-1.amazonaws.com@evil.example",
    "https://evil@sns.eu-west-1.amazonaws.com",
    "https://evil.example#sns.eu-west-1.amazonaws.com",
    "https://sns.eu-west-1.amazonaws.com/..",
    "HTTPS://sns.eu-west-1.amazonaws.com",
    "",
]


@pytest.mark.parametrize("host", EVIL_HOSTS)
def test_a_certificate_of_anybody_else_is_refused_and_never_fetched(host):
    shelf = Shelf()
    url = CERTIFICATE_URL.replace(HOST, host)

    with pytest.raises(NotAuthentic):
        ses.source_with(shelf).verify(a_post(an_envelope(SigningCertURL=url)), KEYS)

    assert shelf.asked == []


@pytest.mark.parametrize(
    "path",
    ["", "/", "/cert.pem", "/x/SimpleNotificationService-0.pem", "/SimpleNotificationService-.pem",
     "/SimpleNotificationService-0.pem?x", "/SimpleNotificationService-0.pem\n"],
)  # fmt: skip
def test_a_certificate_at_another_path_is_refused(path):
    with pytest.raises(NotAuthentic):
        ses.source_with(Shelf()).verify(a_post(an_envelope(SigningCertURL=HOST + path)), KEYS)


@pytest.mark.parametrize(
    "url",
    [
        *(CONFIRM_URL.replace(HOST, host) for host in EVIL_HOSTS),
        f"{HOST}/?Action=Unsubscribe&TopicArn={TOPIC}&Token=1",
        f"{HOST}/?Action=ConfirmSubscription&TopicArn={TOPIC}x&Token=1",
        f"{HOST}/?Action=ConfirmSubscription&Action=Unsubscribe&TopicArn={TOPIC}&Token=1",
        CONFIRM_URL + "#x",
        CONFIRM_URL + "\r\nX: y",
        CONFIRM_URL + "&a=1" * 600,
    ],
)
def test_a_confirmation_at_any_other_url_is_refused_and_not_fetched(url):
    source = ses.source_with(Shelf())
    post = a_post(an_envelope(**{**CONFIRMATION, "SubscribeURL": url}))

    with pytest.raises(NotAuthentic):
        source.verify(post, KEYS)
    assert source.handshake(post, KEYS) is None


@pytest.mark.parametrize("keys", [Keys(), Keys(topics=(TOPIC + "2",)), Keys(topics=("",))])
@pytest.mark.parametrize("changes", [{}, CONFIRMATION])
def test_a_topic_that_is_not_listed_is_refused_though_amazon_signed(keys, changes):
    source = ses.source_with(Shelf())
    post = a_post(an_envelope(**changes))

    with pytest.raises(NotAuthentic, match="topic"):
        source.verify(post, keys)
    assert source.handshake(post, keys) is None


@pytest.mark.parametrize("topic", ["", "inlet", "arn:aws:sns:e/.evil.example/:123456789012:x"])
def test_a_listed_topic_that_is_none_proves_nothing(topic):
    with pytest.raises(NotAuthentic):
        ses.source_with(Shelf()).verify(a_post(an_envelope(TopicArn=topic)), Keys(topics=(topic,)))


def test_a_topic_in_china_has_a_host_of_its_own():
    topic = "arn:aws-cn:sns:cn-north-1:123456789012:inlet-mail"
    host = "https://sns.cn-north-1.amazonaws.com.cn"
    url = CERTIFICATE_URL.replace(HOST, host)
    shelf = Shelf()

    post = a_post(an_envelope(TopicArn=topic, SigningCertURL=url))
    ses.source_with(shelf).verify(post, Keys(topics=(topic,)))

    assert shelf.asked == [url]


@pytest.mark.parametrize("kind", ["SubscriptionConfirmation", "notification", "Other"])
def test_the_header_must_name_the_same_kind(kind):
    with pytest.raises(NotAuthentic, match="kind"):
        ses.source_with(Shelf()).verify(a_post(an_envelope(), kind=kind), KEYS)


@pytest.mark.parametrize(
    "changes",
    [
        {"Message": "other"},
        {"MessageId": "other"},
        {"Subject": "added"},
        {"Timestamp": "2026-11-25T11:59:31.250Z"},
        {"Signature": ""},
        {"Signature": "AAAA"},
        {"Signature": "!"},
        {"Signature": None},
        {"SignatureVersion": "1"},
        {"SignatureVersion": "3"},
        {"SignatureVersion": None},
        {"MessageId": None},
        {"Message": 5},
    ],
)
def test_a_changed_message_is_refused(changes):
    with pytest.raises(NotAuthentic):
        ses.source_with(Shelf()).verify(a_post({**an_envelope(), **changes}), KEYS)


def test_a_signature_of_another_key_is_refused():
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    with pytest.raises(NotAuthentic):
        ses.source_with(Shelf(a_certificate(other))).verify(a_post(an_envelope()), KEYS)
    with pytest.raises(NotAuthentic):
        ses.source_with(Shelf(b"<html>")).verify(a_post(an_envelope()), KEYS)


@pytest.mark.parametrize(
    ("age_s", "is_near"), [(-299, True), (3_899, True), (-302, False), (3_901, False)]
)
def test_a_message_is_taken_as_long_as_sns_tries(age_s, is_near):
    post = a_post(an_envelope(), now=NOW - timedelta(seconds=29.75) + timedelta(seconds=age_s))

    if is_near:
        ses.source_with(Shelf()).verify(post, KEYS)
    else:
        with pytest.raises(NotAuthentic, match="time"):
            ses.source_with(Shelf()).verify(post, KEYS)


@pytest.mark.parametrize("timestamp", ["", "now", "2026-11-25T11:59:30", "1764072000", None])
def test_a_message_without_a_time_is_refused(timestamp):
    with pytest.raises(NotAuthentic):
        ses.source_with(Shelf()).verify(a_post(an_envelope(Timestamp=timestamp)), KEYS)


def test_a_certificate_is_kept_for_a_day():
    shelf = Shelf()
    source = ses.source_with(shelf)

    for hours in (0, 1, 23, 25):
        moment = NOW + timedelta(hours=hours)
        stamp = moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")
        source.verify(a_post(an_envelope(Timestamp=stamp), now=moment), KEYS)

    assert shelf.asked == [CERTIFICATE_URL] * 2


def test_sixteen_certificates_are_kept_and_sixteen_fetched_a_minute():
    shelf = Shelf()
    certificates = ses.Certificates(shelf)

    for number in range(16):
        assert certificates.key(f"u{number}", NOW) is not None
    with pytest.raises(Overloaded):
        certificates.key("u16", NOW)
    assert certificates.key("u0", NOW) is not None
    assert certificates.key("u16", NOW + timedelta(minutes=1)) is not None
    assert certificates.key("u1", NOW + timedelta(minutes=1)) is not None
    assert certificates.key("u0", NOW + timedelta(minutes=1)) is not None

    assert shelf.asked == [f"u{number}" for number in range(17)] + ["u0"]


def test_what_is_no_certificate_is_not_kept():
    shelf = Shelf(b"<html>")
    certificates = ses.Certificates(shelf)

    assert [certificates.key("u", NOW), certificates.key("u", NOW)] == [None, None]
    assert shelf.asked == ["u", "u"]


def test_a_certificate_that_cannot_be_had_now_lets_sns_come_back():
    source = ses.source_with(Shelf(Overloaded("down")))

    with pytest.raises(Overloaded):
        source.verify(a_post(an_envelope()), KEYS)
    with pytest.raises(Overloaded):
        ses.SOURCE.verify(a_post(an_envelope()), KEYS)


def test_a_body_that_is_no_message_of_sns_is_refused():
    for body in (b"", b"{", b"[]", b'"text"', b'{"Type": "Notification"}', b"\xff"):
        with pytest.raises(NotAuthentic):
            ses.source_with(Shelf()).verify(a_post(body), KEYS)


def test_five_hundred_mutations_are_refused_read_or_unreadable():
    rng = random.Random(4)
    source = ses.source_with(Shelf())
    body = json.dumps(an_envelope()).encode()
    for _ in range(500):
        mutant = bytearray(body)
        for _ in range(rng.randint(1, 6)):
            start = rng.randrange(len(mutant))
            piece = rng.choice([b"", b"\x00", b'"', b"[", b"}", b"\\ud800", b'\\"', b"\xff"])
            mutant[start : start + rng.choice([0, 1, 20])] = piece
        post = a_post(bytes(mutant))
        with suppress(Unreadable):
            source.read(post)
        with suppress(NotAuthentic):
            source.verify(post, KEYS)
            assert json.loads(mutant) == json.loads(body)  # only white space was hit


def test_the_source_is_off_without_topics_and_refuses_with_403():
    assert ses.SOURCE.needs == ("topics",)
    assert ses.SOURCE.refused_status == 403
    assert ses.SOURCE.taken.status == ses.SOURCE.unreadable_status == 200
