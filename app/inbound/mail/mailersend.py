"""MailerSend's inbound routes: a whole mail inside JSON, signed over the body.

Source:
    MailerSend's documentation, "Inbound route: webhook payload" and "Security".
"""

from app.domain import Channel
from app.inbound.payload import (
    addresses,
    list_at,
    mailbox,
    message_id_in,
    parse_date,
    parse_json,
    parse_mailboxes,
    parse_message_id,
    parse_sender,
    text_at,
)
from app.inbound.signatures import is_basic_auth, is_hex_mac, require
from app.inbound.values import Ignored, Item, Keys, Post, Received, Source, Unreadable

SIGNATURE = "signature"
_RECEIVED = "inbound.message"


def verify(post: Post, keys: Keys) -> None:
    """Check the signature, and the password in the address where one is set."""
    if keys.auth is not None:
        require(is_basic_auth(post, keys.auth), "the user or the password is wrong")
    signature, key = post.headers.get(SIGNATURE, ""), (keys.secret or "").encode()
    is_signed = is_hex_mac(signature, key=key, content=post.body)
    require(is_signed, "the signature is missing or wrong")


def read(post: Post) -> tuple[Item, ...]:
    """Read the one mail of a request; events sent here by mistake are left alone."""
    event = parse_json(post.body)
    kind = text_at(event, "type")
    if kind not in ("", _RECEIVED):
        return (Ignored(reason="status_event"),)
    if not kind or not text_at(event, "data", "raw"):
        raise Unreadable("the body is not a mail as MailerSend posts it")
    return (_received(event),)


def _received(event: object) -> Received:
    raw = text_at(event, "data", "raw").encode()
    return Received(
        external_id=message_id_in(raw) or parse_message_id(text_at(event, "data", "id")),
        channel=Channel.EMAIL,
        sender=parse_sender(text_at(event, "data", "from", "raw")),
        recipients=_recipients(event),
        subject=text_at(event, "data", "subject"),
        text=text_at(event, "data", "text"),
        html=text_at(event, "data", "html"),
        sent_at=parse_date(text_at(event, "data", "date")),
        raw=raw,
    )


def _recipients(event: object) -> tuple[str, ...]:
    """Give who it went to, those on the envelope included."""
    told = ("data", "recipients")
    lists = [parse_mailboxes(text_at(event, *told, name, "raw")) for name in ("to", "cc")]
    enveloped = list_at(event, *told, "rcptTo")
    return addresses(*lists, (mailbox(text_at(item, "email")) for item in enveloped))


SOURCE = Source(
    name="mailersend",
    title="MailerSend",
    verify=verify,
    read=read,
    unreadable_status=200,  # twenty failures in a day switch the webhook off
)
