"""Resend's `email.received` webhook: it tells of a mail whose text must be fetched.

The event holds no text. `fetch_url` names what is to be fetched, with the header that
`authorization` gives, and `read_fetched` reads the answer; `read` gives what the event tells.

Source:
    Resend's documentation, "Receiving emails", "Retrieve received email" and "Verify webhook
    requests"; Standard Webhooks 1.0.0, "Verifying signatures", with Svix' names of headers.
"""

import re

from app.domain import Channel
from app.inbound.forms import media_type
from app.inbound.payload import (
    addresses,
    header,
    header_pairs,
    list_at,
    parse_date,
    parse_file_name,
    parse_json,
    parse_mailboxes,
    parse_message_id,
    parse_sender,
    size_at,
    text_at,
    value_at,
)
from app.inbound.signatures import decode_base64, is_base64_mac, is_fresh, require
from app.inbound.values import (
    Attached,
    Fetching,
    Ignored,
    Item,
    Keys,
    Post,
    Received,
    Source,
    Unreadable,
)

ID, TIMESTAMP, SIGNATURE = "svix-id", "svix-timestamp", "svix-signature"
_PREFIX = "whsec_"
_MAX_SIGNATURES = 10  # one a secret; some secrets are about to be changed
_MAX_HEADER_CHARS = 2_048
_WEBHOOK_ID = re.compile(r"[!-\-/-~]{1,256}")  # without the dot, which parts what is signed
_SIGNATURE = re.compile(r"v[0-9]{1,2}[a-z]?,[A-Za-z0-9+/]{1,128}={0,2}")

_RECEIVED = "email.received"
_MAILS = "https://api.resend.com/emails/receiving/"
_PICTURES_APART = "?html_format=cid"  # else each stands in the HTML as base64, before the text
_EMAIL_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")  # a UUID today; it becomes part of a URL
_MAX_FILES = 1_000


def verify(post: Post, keys: Keys) -> None:
    """Check the signature over id, time and body; Svix signs each attempt anew."""
    webhook_id, timestamp = post.headers.get(ID, ""), post.headers.get(TIMESTAMP, "")
    require(bool(_WEBHOOK_ID.fullmatch(webhook_id)), "the id is missing or malformed")
    is_near = is_fresh(timestamp, post.received_at, tolerance_s=keys.tolerance_s)
    require(is_near, "the signed time is missing or too far from ours")
    content = b".".join([webhook_id.encode(), timestamp.encode(), post.body])
    given, key = _signatures(post.headers.get(SIGNATURE, "")), _key(keys.secret)
    matches = [is_base64_mac(one, key=key, content=content) for one in given]
    require(any(matches), "the signature is missing or wrong")


def read(post: Post) -> tuple[Item, ...]:
    """Read what the event itself tells of a mail: all but its text and headers."""
    told = _told(post)
    return (Ignored(reason="status_event"),) if told is None else (_received(told, None),)


def fetch_url(post: Post) -> str:
    """Name the address of the whole mail at Resend; empty where there is none to fetch.

    Raises:
        Unreadable: The event has a shape that we do not know.
    """
    told = _told(post)
    return "" if told is None else f"{_MAILS}{text_at(told, 'email_id')}{_PICTURES_APART}"


def authorization(keys: Keys) -> str:
    """Give the Authorization header to fetch with; the API key is the password of `auth`."""
    return "Bearer " + (keys.auth or "").partition(":")[2]


def read_fetched(post: Post, fetched: bytes) -> tuple[Item, ...]:
    """Read a mail from its event and from what was fetched.

    Raises:
        Unreadable: One of them has a shape that we do not know, or they tell of two mails.
    """
    told, mail = _told(post), parse_json(fetched)
    if told is None:
        return (Ignored(reason="status_event"),)
    if value_at(mail, "id") != value_at(told, "email_id"):
        raise Unreadable("what was fetched is not the mail of the event")
    return (_received(told, mail),)


def _key(secret: str | None) -> bytes:
    encoded = (secret or "").removeprefix(_PREFIX).rstrip("=")
    return decode_base64(encoded + "=" * (-len(encoded) % 4)) or b""


def _signatures(given: str) -> list[str]:
    """Take the signatures of version 1; one that is malformed spoils them all."""
    items = given.split(" ") if len(given) <= _MAX_HEADER_CHARS else []
    is_list = len(items) <= _MAX_SIGNATURES and all(map(_SIGNATURE.fullmatch, items))
    return [item.removeprefix("v1,") for item in items if is_list and item.startswith("v1,")]


def _told(post: Post) -> object:
    """Give what the event tells of a mail; None where it is of mail that we sent."""
    event = parse_json(post.body)
    kind, told = text_at(event, "type"), value_at(event, "data")
    if kind not in ("", _RECEIVED):
        return None
    if not kind or not _EMAIL_ID.fullmatch(text_at(told, "email_id")):
        raise Unreadable("the body is not an event as Resend posts it")
    return told


def _received(told: object, mail: object) -> Received:
    def said(name: str) -> str:
        return text_at(mail, name) or text_at(told, name)

    headers = header_pairs(mail, "headers")
    message_id = said("message_id") or header(headers, "message-id")
    return Received(
        external_id=parse_message_id(message_id) or text_at(told, "email_id"),
        channel=Channel.EMAIL,
        sender=parse_sender(said("from") or header(headers, "from")),
        recipients=_recipients(told, mail),
        subject=said("subject"),
        text=said("text"),
        html=said("html"),
        sent_at=parse_date(header(headers, "date")) or parse_date(said("created_at")),
        headers=headers,
        attachments=_attachments(list_at(mail, "attachments") or list_at(told, "attachments")),
    )


def _recipients(told: object, mail: object) -> tuple[str, ...]:
    """Give who it went to, hidden recipients included."""
    lists = [list_at(mail, name) or list_at(told, name) for name in ("to", "cc", "bcc")]
    texts = [", ".join(item for item in items if isinstance(item, str)) for items in lists]
    return addresses(*map(parse_mailboxes, texts))


def _attachments(items: list[object]) -> tuple[Attached, ...]:
    """List the files that have a name, without pictures of the HTML."""
    some = items[:_MAX_FILES]
    files = (item for item in some if text_at(item, "content_disposition") != "inline")
    return tuple(found for found in map(_attached, files) if found.name)


def _attached(item: object) -> Attached:
    return Attached(
        name=parse_file_name(text_at(item, "filename")),
        content_type=media_type(text_at(item, "content_type")),
        size=size_at(item, "size"),
    )


SOURCE = Source(
    name="resend",
    title="Resend",
    verify=verify,
    read=read,
    needs=("secret", "auth"),  # without the API key no mail has a text
    fetching=Fetching(url=fetch_url, authorization=authorization, read=read_fetched),
    unreadable_status=200,  # anything else is sent again in vain
    max_bytes=4 * 1024 * 1024,  # an event has no text
)
