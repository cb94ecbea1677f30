"""SparkPost's relay webhooks: several whole mails a request, behind a password or a token.

Source:
    SparkPost's API documentation, "Relay webhooks".
"""

import hashlib

from app.domain import Channel
from app.inbound.mime import transfer
from app.inbound.payload import (
    addresses,
    header,
    list_at,
    message_id_in,
    parse_json,
    parse_mailboxes,
    parse_sender,
    text_at,
    value_at,
)
from app.inbound.signatures import is_basic_auth, is_same, require
from app.inbound.values import Ignored, Item, Keys, Post, Received, Source, Unreadable

TOKEN = "x-messagesystems-webhook-token"  # noqa: S105  the name of a header
_MAX_HEADERS = 1_000


def verify(post: Post, keys: Keys) -> None:
    """Check the password and the token, each where it is set; one of them must be."""
    require(bool(keys.secret or keys.auth), "neither a token nor a password is set")
    if keys.auth is not None:
        require(is_basic_auth(post, keys.auth), "the user or the password is wrong")
    if keys.secret is not None:
        require(is_same(post.headers.get(TOKEN, ""), keys.secret), "the token is wrong")


def read(post: Post) -> tuple[Item, ...]:
    """Read the mails of a request; events sent here by mistake are left alone."""
    posted = parse_json(post.body)
    if not isinstance(posted, list) or not posted:
        raise Unreadable("the body is not a list of mails as SparkPost posts it")
    return tuple(map(_read_event, posted))


def _read_event(event: object) -> Item:
    kinds = value_at(event, "msys")
    if kinds == {}:
        return Ignored(reason="handshake")  # how SparkPost tries an address
    mail = value_at(kinds, "relay_message")
    if isinstance(kinds, dict) and mail is None:
        return Ignored(reason="status_event")
    if not text_at(mail, "content", "email_rfc822"):
        raise Unreadable("an event is not a mail as SparkPost relays it")
    return _received(mail)


def _received(mail: object) -> Received:
    raw, headers = _raw(mail), _headers(mail)
    return Received(
        external_id=message_id_in(raw),
        fallback_id=f"sha256:{hashlib.sha256(raw).hexdigest()}",
        channel=Channel.EMAIL,
        sender=parse_sender(header(headers, "from") or text_at(mail, "friendly_from")),
        recipients=_recipients(mail),
        subject=text_at(mail, "content", "subject"),
        text=text_at(mail, "content", "text"),
        html=text_at(mail, "content", "html"),
        raw=raw,
        headers=headers,
    )


def _raw(mail: object) -> bytes:
    whole = text_at(mail, "content", "email_rfc822").encode()
    is_base64 = value_at(mail, "content", "email_rfc822_is_base64") is True
    return transfer.decode(whole, "base64") if is_base64 else whole


def _headers(mail: object) -> tuple[tuple[str, str], ...]:
    """Give the headers in their order; each is an object of its own."""
    items = list_at(mail, "content", "headers")[:_MAX_HEADERS]
    pairs = (pair for item in items if isinstance(item, dict) for pair in item.items())
    return tuple((name, value) for name, value in pairs if isinstance(value, str))


def _recipients(mail: object) -> tuple[str, ...]:
    """Give who it went to, the address on the envelope included."""
    named = [*list_at(mail, "content", "to"), *list_at(mail, "content", "cc")]
    told = [text for text in named if isinstance(text, str)]
    return addresses(*map(parse_mailboxes, [*told, text_at(mail, "rcpt_to")]))


SOURCE = Source(
    name="sparkpost",
    title="SparkPost",
    verify=verify,
    read=read,
    needs=(),  # the token or the password: verify refuses where neither is set
    unreadable_status=200,  # the request is kept for a person; sent again it reads no better
)
