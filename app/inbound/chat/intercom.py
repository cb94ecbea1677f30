"""Intercom's webhooks: what users and leads write, as HTML, signed over the raw body.

Source:
    Intercom's documentation, "Setting up webhooks", "Webhook topics" and "Webhook models".
"""

from app.domain import Channel, Sender
from app.inbound.epoch import parse_epoch
from app.inbound.forms import media_type
from app.inbound.mime.html import html_to_text
from app.inbound.payload import (
    id_at,
    list_at,
    mailbox,
    parse_file_name,
    parse_json,
    parse_message_id,
    size_at,
    text_at,
    value_at,
)
from app.inbound.signatures import is_hex_mac, require
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

_MAX_BYTES = 4 * 1024 * 1024  # a conversation without its earlier parts
_MAX_HTML_CHARS = 256 * 1024
_MAX_SUBJECT_CHARS = 2_000
_MAX_FILES = 100
_OURS = ("admin", "bot", "team", "operator")  # authors that are no customers
_CHANNELS = {
    "email": Channel.EMAIL,
    "facebook": Channel.SOCIAL_DM,
    "instagram": Channel.SOCIAL_DM,
    "sms": Channel.SMS,
    "twitter": Channel.SOCIAL_DM,
}  # beside these: conversation, push, whatsapp, phone_call


def verify(post: Post, keys: Keys) -> None:
    """Check the signature, which is made with the client secret of the app.

    It holds no time: what is sent again is known by its ids.
    """
    scheme, _, mac = post.headers.get("x-hub-signature", "").partition("=")
    key = (keys.secret or "").encode()
    is_signed = is_hex_mac(mac, key=key, content=post.body, digest="sha1") and scheme == "sha1"
    require(is_signed, "the signature is missing or wrong")


def read(post: Post) -> tuple[Item, ...]:
    """Read what opened a conversation, or the newest part of one, if a customer wrote it."""
    notice = parse_json(post.body)
    if text_at(notice, "type") != "notification_event":
        raise Unreadable("the body is not a notification as Intercom posts it")
    topic, conversation = text_at(notice, "topic"), value_at(notice, "data", "item")
    if topic == "conversation.user.created":
        return (_item(conversation, _opening(conversation)),)
    if topic == "conversation.user.replied":
        return (_item(conversation, _newest(conversation)),)
    return (Ignored(reason="handshake" if topic == "ping" else "status_event"),)


def _opening(conversation: object) -> object:
    """Give what opened a conversation; before version 2.0 of the API it had another name."""
    opening = value_at(conversation, "source")
    return opening or value_at(conversation, "conversation_message")


def _newest(conversation: object) -> object:
    parts = list_at(conversation, "conversation_parts", "conversation_parts")
    return parts[-1] if parts else None


def _item(conversation: object, part: object) -> Item:
    thread_id, part_id = id_at(conversation, "id"), id_at(part, "id")
    external_id = parse_message_id(f"{thread_id}/{part_id}")
    if not thread_id or not part_id or external_id is None:
        raise Unreadable("the notification holds no message")
    body = text_at(part, "body")[:_MAX_HTML_CHARS]
    text, files = html_to_text(body), list_at(part, "attachments")[:_MAX_FILES]
    is_empty = not text.strip() and not files and "<img" not in body
    reason = _reason(part, is_empty=is_empty)
    if reason:
        return Ignored(reason=reason)
    opening = _opening(conversation)
    return Received(
        external_id=external_id,
        channel=_CHANNELS.get(text_at(opening, "type"), Channel.CHAT),
        sender=_sender(conversation, part),
        subject=html_to_text(text_at(opening, "subject")[:_MAX_SUBJECT_CHARS]).strip(),
        text=text,
        thread_id=thread_id,
        sent_at=parse_epoch(value_at(part, "created_at") or value_at(conversation, "created_at")),
        attachments=tuple(_file(item) for item in files),
    )


def _reason(part: object, *, is_empty: bool) -> str | None:
    """Say why a part is no message of a customer; None where it is one."""
    if text_at(part, "part_type") == "note":
        return "private_note"
    if text_at(part, "author", "type") in _OURS:
        return "own_message"
    return "empty" if is_empty else None


def _sender(conversation: object, part: object) -> Sender:
    """Name who wrote; before version 2.0 of the API the conversation told it."""
    name, email = (
        text_at(part, "author", key) or text_at(conversation, "user", key)
        for key in ("name", "email")
    )
    return mailbox(email, name)


def _file(item: object) -> Attached:
    return Attached(
        name=parse_file_name(text_at(item, "name")),
        content_type=media_type(text_at(item, "content_type")),
        size=size_at(item, "filesize"),
    )


SOURCE = Source(
    name="intercom",
    title="Intercom",
    verify=verify,
    read=read,
    unreadable_status=200,  # 1,000 errors in 15 minutes pause it, a week of them suspends it
    max_bytes=_MAX_BYTES,
)
