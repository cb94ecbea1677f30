"""Chatwoot's webhooks, agent bots and API inboxes: what visitors write, in any of its channels.

Newer versions sign each request; for older ones the secret stands in the webhook's address.

Source:
    Chatwoot's user guide, "How to use webhooks"; pull request 13573 (signatures, since 4.11.2).
"""

from datetime import datetime

from app.domain import Channel, Sender
from app.inbound.epoch import parse_epoch
from app.inbound.forms import media_type
from app.inbound.payload import (
    addresses,
    id_at,
    list_at,
    mailbox,
    parse_date,
    parse_file_name,
    parse_json,
    parse_mailboxes,
    parse_message_id,
    size_at,
    text_at,
    value_at,
)
from app.inbound.signatures import is_fresh, is_hex_mac, is_same, require
from app.inbound.values import (
    Attached,
    Ignored,
    Item,
    Keys,
    Post,
    Received,
    Source,
    Unreadable,
)

_MAX_BYTES = 8 * 1024 * 1024  # of a mail it sends text and HTML, whole and cut
_MAX_FILES = 100  # Chatwoot allows 15
_INCOMING = ("incoming", 0)  # bots of older versions are told the number
_CHANNELS = {
    "Email": Channel.EMAIL,
    "FacebookPage": Channel.SOCIAL_DM,
    "Instagram": Channel.SOCIAL_DM,
    "Sms": Channel.SMS,
    "Tiktok": Channel.SOCIAL_DM,
    "TwilioSms": Channel.SMS,
    "TwitterProfile": Channel.SOCIAL_DM,
}  # beside these: WebWidget, Api, Whatsapp, Telegram, Line
_AUTO_REPLY = (("Auto-Submitted", "auto-replied"),)  # RFC 3834 section 5


def verify(post: Post, keys: Keys) -> None:
    """Check the signature, or the token in the address.

    Either is enough: a Chatwoot that was updated signs with a secret of its own, and a request
    that it cannot deliver is lost.
    """
    is_ours = is_same(post.query.get("token", ""), keys.secret)
    require(_is_signed(post, keys) or is_ours, "neither a right signature nor the token")


def _is_signed(post: Post, keys: Keys) -> bool:
    timestamp = post.headers.get("x-chatwoot-timestamp", "")
    if not is_fresh(timestamp, post.received_at, tolerance_s=keys.tolerance_s):
        return False
    scheme, _, mac = post.headers.get("x-chatwoot-signature", "").partition("=")
    key, content = (keys.secret or "").encode(), timestamp.encode() + b"." + post.body
    return is_hex_mac(mac, key=key, content=content) and scheme == "sha256"


def read(post: Post) -> tuple[Item, ...]:
    """Read the one message of a request, if a visitor wrote it."""
    event = parse_json(post.body)
    kind = text_at(event, "event")
    if not kind:
        raise Unreadable("the body is not an event as Chatwoot posts it")
    if kind != "message_created":
        return (Ignored(reason="status_event"),)
    reason = _reason(event)
    return (Ignored(reason=reason) if reason else _received(event),)


def _reason(event: object) -> str | None:
    """Say why a message is none of a visitor; None where it is one."""
    if value_at(event, "private") not in (None, False):
        return "private_note"
    if value_at(event, "message_type") not in _INCOMING:
        return "own_message"
    is_empty = not text_at(event, "content").strip() and not list_at(event, "attachments")
    return "empty" if is_empty else None


def _received(event: object) -> Received:
    message_id = parse_message_id(id_at(event, "id"))
    if message_id is None:
        raise Unreadable("the message has no id")
    channel = _channel(event)
    is_mail = channel is Channel.EMAIL
    mail = value_at(event, "content_attributes", "email") if is_mail else None
    html = text_at(mail, "html_content", "full")
    content = "" if html else text_at(event, "content")  # of a mail: cut already, and to a length
    return Received(
        external_id=message_id,
        channel=channel,
        sender=_sender(event),
        recipients=_recipients(mail),
        subject=text_at(mail, "subject"),
        text=text_at(mail, "text_content", "full") or content,
        html=html,
        thread_id=parse_message_id(_conversation(event)),
        sent_at=_sent_at(event),
        headers=_AUTO_REPLY if value_at(mail, "auto_reply") is True else (),
        attachments=tuple(_file(item) for item in list_at(event, "attachments")[:_MAX_FILES]),
    )


def _channel(event: object) -> Channel:
    told = text_at(event, "conversation", "channel") or text_at(event, "inbox", "channel_type")
    address = text_at(event, "conversation", "contact_inbox", "source_id")
    if address.startswith("whatsapp:"):  # by way of Twilio, where SMS come from too
        return Channel.CHAT
    return _CHANNELS.get(told.removeprefix("Channel::"), Channel.CHAT)


def _conversation(event: object) -> str:
    """Name a conversation, whose number counts within its account."""
    number = id_at(event, "conversation", "id")
    return number and f"{id_at(event, 'account', 'id')}/{number}"


def _sender(event: object) -> Sender:
    """Name who wrote; with the telephone number where there is no other way back."""
    name, email, phone = (_of_contact(event, key) for key in ("name", "email", "phone_number"))
    is_reachable = bool(email) or phone in name
    return mailbox(email, name if is_reachable else f"{name} {phone}")


def _of_contact(event: object, key: str) -> str:
    """Give what is known of the contact; the message tells less of it than the conversation."""
    return text_at(event, "sender", key) or text_at(event, "conversation", "meta", "sender", key)


def _recipients(mail: object) -> tuple[str, ...]:
    told = [item for key in ("to", "cc") for item in list_at(mail, key) if isinstance(item, str)]
    return addresses(parse_mailboxes(",".join(told)))


def _sent_at(event: object) -> datetime | None:
    told = value_at(event, "created_at")  # an ISO date; for bots of older versions seconds
    return parse_epoch(told) or (parse_date(told) if isinstance(told, str) else None)


def _file(item: object) -> Attached:
    """Name a file by its address, which is never called."""
    return Attached(
        name=parse_file_name(text_at(item, "data_url").partition("?")[0]),
        content_type=media_type(text_at(item, "content_type")),
        size=size_at(item, "file_size"),
    )


SOURCE = Source(
    name="chatwoot",
    title="Chatwoot",
    verify=verify,
    read=read,
    unreadable_status=200,  # it tries once: a refusal loses the message and opens a bot's case
    max_bytes=_MAX_BYTES,
)
