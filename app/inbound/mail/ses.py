"""Amazon SES through SNS: a mail inside a notification, signed by Amazon for one of our topics.

Amazon signs for anybody's topics, so that a signature alone proves little: ours must be listed.

Source:
    Amazon SNS developer guide, "Verifying the signatures of Amazon SNS messages"; Amazon SES
    developer guide, "Contents of notifications for Amazon SES email receiving".
"""

import base64
import binascii
import re
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import parse_qs

from app.domain import Channel
from app.errors import Overloaded
from app.inbound.payload import (
    addresses,
    list_at,
    mailbox,
    parse_date,
    parse_json,
    parse_mailboxes,
    parse_message_id,
    parse_sender,
    text_at,
)
from app.inbound.signatures import Digest, certificate_key, is_rsa_signature, require
from app.inbound.values import (
    Ignored,
    Item,
    Keys,
    NotAuthentic,
    Post,
    Received,
    Reply,
    Source,
    Unreadable,
)

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

Fetch = Callable[[str], bytes]  # what stands at a URL, without redirects; raises Overloaded

KIND_HEADER = "x-amz-sns-message-type"
_NOTIFICATION, _SUBSCRIPTION = "Notification", "SubscriptionConfirmation"
_CONFIRMED = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
_SIGNED = {  # kind -> what is signed of it, in this order
    _NOTIFICATION: ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    _SUBSCRIPTION: _CONFIRMED,
    "UnsubscribeConfirmation": _CONFIRMED,
}
_DIGESTS: dict[str, Digest] = {"1": "sha1", "2": "sha256"}  # by SignatureVersion
_RETRIED = timedelta(hours=1)  # the most that a delivery policy of SNS can ask for

_TOPIC = re.compile(
    r"arn:(aws[a-z-]{0,20}):sns:([a-z0-9-]{1,40}):[0-9]{12}:[A-Za-z0-9_.-]{1,256}", re.ASCII
)
_CERTIFICATE = re.compile(r"/SimpleNotificationService-[A-Za-z0-9]{1,64}\.pem", re.ASCII)
_QUERY = re.compile(r"/\?[A-Za-z0-9%:=&._~+-]{1,2000}", re.ASCII)
_VALIDATED = "Successfully validated SNS topic"  # what SES sends when a topic is chosen

_KEPT = timedelta(days=1)  # Amazon changes its certificate about once a year
_MAX_KEPT = 16  # one or two a region
_MAX_FETCHES, _FETCH_WINDOW = 16, timedelta(minutes=1)  # so that nobody makes us fetch for ever


class Certificates:
    """The keys of Amazon's certificates, fetched when first needed and kept for a day."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._lock = threading.Lock()
        self._keys: dict[str, tuple[datetime, RSAPublicKey]] = {}  # the oldest first
        self._fetched_at: list[datetime] = []

    def key(self, url: str, now: datetime) -> "RSAPublicKey | None":
        """Give the key of the certificate at a URL that was checked; None where it holds none.

        Raises:
            Overloaded: It cannot be fetched now.
        """
        with self._lock:
            kept = self._keys.get(url)
            if kept and now - kept[0] < _KEPT:
                return kept[1]
            self._count_fetch(now)
        key = certificate_key(self._fetch(url), now)
        if key is not None:
            self._keep(url, key, now)
        return key

    def _count_fetch(self, now: datetime) -> None:
        lately = [moment for moment in self._fetched_at if now - moment < _FETCH_WINDOW]
        if len(lately) >= _MAX_FETCHES:
            raise Overloaded("too many certificates were asked for", retry_after_s=60)
        self._fetched_at = [*lately, now]

    def _keep(self, url: str, key: "RSAPublicKey", now: datetime) -> None:
        with self._lock:
            self._keys.pop(url, None)
            self._keys[url] = (now, key)
            while len(self._keys) > _MAX_KEPT:
                del self._keys[next(iter(self._keys))]


def source_with(fetch: Fetch) -> Source:
    """Give the source with the means to fetch Amazon's certificates.

    Args:
        fetch: Gives the bytes at an https URL that was checked, of bounded size, in bounded time,
            without redirects; raises Overloaded where it cannot, so that SNS tries again.
    """
    certificates = Certificates(fetch)
    return Source(
        name="ses",
        title="Amazon SES through SNS",
        verify=lambda post, keys: verify(post, keys, certificates),
        read=read,
        handshake=handshake,
        needs=("topics",),
        refused_status=403,
        unreadable_status=200,  # a 4xx is not sent again: the mail would be lost
        max_bytes=1024 * 1024,  # SNS carries 256 KiB
    )


def verify(post: Post, keys: Keys, certificates: Certificates) -> None:
    """Check that Amazon signed this lately, for a topic of ours; every URL in it is Amazon's.

    Raises:
        NotAuthentic: It did not.
        Overloaded: Its certificate cannot be fetched now.
    """
    envelope = _envelope(post)
    kind, topic = text_at(envelope, "Type"), text_at(envelope, "TopicArn")
    require(kind in _SIGNED and post.headers.get(KIND_HEADER) == kind, "the kind is unknown")
    require(topic in keys.topics, "the topic is not listed")
    require(_is_near(text_at(envelope, "Timestamp"), post, keys), "the signed time is too far off")
    url = text_at(envelope, "SigningCertURL")
    require(_is_at(url, topic, _CERTIFICATE), "the certificate is not Amazon's")
    is_ours = kind == _NOTIFICATION or _is_confirmation(text_at(envelope, "SubscribeURL"), topic)
    require(is_ours, "the address of the confirmation is not Amazon's")
    digest = _DIGESTS.get(text_at(envelope, "SignatureVersion"))
    content = _content(envelope, _SIGNED[kind])
    if digest is None or content is None:
        raise NotAuthentic("the signature is missing or of an unknown version")
    signature, key = text_at(envelope, "Signature"), certificates.key(url, post.received_at)
    is_signed = is_rsa_signature(signature, key=key, content=content, digest=digest)
    require(is_signed, "the signature is wrong")


def handshake(post: Post, keys: Keys) -> Reply | None:
    """Confirm a subscription to a listed topic; None for whatever else was sent."""
    envelope = _envelope(post)
    topic, url = text_at(envelope, "TopicArn"), text_at(envelope, "SubscribeURL")
    is_asked = text_at(envelope, "Type") == _SUBSCRIPTION and topic in keys.topics
    return Reply(fetch=url) if is_asked and _is_confirmation(url, topic) else None


def read(post: Post) -> tuple[Item, ...]:
    """Read the mail of a notification; those about mail that we sent are left alone."""
    envelope = parse_json(post.body)
    kind, message = text_at(envelope, "Type"), text_at(envelope, "Message")
    if kind in _SIGNED and kind != _NOTIFICATION:
        return (Ignored(reason="handshake"),)
    if message.startswith(_VALIDATED):
        return (Ignored(reason="status_event"),)
    notice = parse_json(message.encode())
    event = text_at(notice, "notificationType") or text_at(notice, "eventType")
    if event not in ("", "Received"):
        return (Ignored(reason="status_event"),)
    return (_received(notice),)


def _received(notice: object) -> Received:
    told = ("mail", "commonHeaders")
    message_id = text_at(notice, *told, "messageId") or text_at(notice, "mail", "messageId")
    return Received(
        external_id=parse_message_id(message_id),
        channel=Channel.EMAIL,
        sender=parse_sender(", ".join(_texts(notice, *told, "from"))),
        recipients=_recipients(notice),
        subject=text_at(notice, *told, "subject"),
        sent_at=parse_date(text_at(notice, *told, "date")),
        raw=_mail(notice),
    )


def _recipients(notice: object) -> tuple[str, ...]:
    """Give who it went to, those on the envelope included."""
    lists = [", ".join(_texts(notice, "mail", "commonHeaders", name)) for name in ("to", "cc")]
    enveloped = _texts(notice, "receipt", "recipients")
    return addresses(*map(parse_mailboxes, lists), map(mailbox, enveloped))


def _texts(value: object, *path: str) -> list[str]:
    return [item for item in list_at(value, *path) if isinstance(item, str)]


def _mail(notice: object) -> bytes:
    """Give the whole mail; base64 is told by its name, or by a text without any header."""
    content = text_at(notice, "content")
    if not content:
        raise Unreadable(
            "the notification holds no mail: let the SES rule publish to SNS with the content, "
            "not with an S3 action"
        )
    action = text_at(notice, "receipt", "action", "encoding").upper()
    if action != "BASE64" and ":" in content:
        return content.encode()
    try:
        return base64.b64decode("".join(content.split()), validate=True)
    except (binascii.Error, ValueError):
        raise Unreadable("the mail in the notification is not base64") from None


def _envelope(post: Post) -> object:
    """Read what SNS wraps a message in; as text/plain, as SNS posts it."""
    try:
        return parse_json(post.body)
    except Unreadable:
        raise NotAuthentic("the body is not a message of SNS") from None


def _is_near(timestamp: str, post: Post, keys: Keys) -> bool:
    """Whether it was sent lately; SNS goes on trying with the time of the first."""
    sent_at, tolerance = parse_date(timestamp), timedelta(seconds=keys.tolerance_s)
    return sent_at is not None and -tolerance <= post.received_at - sent_at <= tolerance + _RETRIED


def _is_at(url: str, topic: str, rest: re.Pattern[str]) -> bool:
    """Whether a URL is of SNS in the region of a topic, and its rest is of this form."""
    match = _TOPIC.fullmatch(topic)
    if not match:
        return False
    suffix = ".cn" if match[1] == "aws-cn" else ""
    host = f"https://sns.{match[2]}.amazonaws.com{suffix}"
    return url.startswith(host) and rest.fullmatch(url, len(host)) is not None


def _is_confirmation(url: str, topic: str) -> bool:
    """Whether a URL confirms the subscription to this topic and does nothing else."""
    if not _is_at(url, topic, _QUERY):
        return False
    asked = parse_qs(url.partition("?")[2])
    return asked.get("Action") == ["ConfirmSubscription"] and asked.get("TopicArn") == [topic]


def _content(envelope: object, names: tuple[str, ...]) -> bytes | None:
    """Give the lines that are signed; only a subject may be missing."""
    values = [(name, text_at(envelope, name)) for name in names]
    if not all(value for name, value in values if name != "Subject"):
        return None
    return "".join(f"{name}\n{value}\n" for name, value in values if value).encode()


def _cannot_fetch(_url: str) -> NoReturn:
    raise Overloaded("certificates of Amazon cannot be fetched here")


SOURCE = source_with(_cannot_fetch)
