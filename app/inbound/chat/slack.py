"""Slack's Events API: what people write in a workspace, signed over the time and the raw body.

Source:
    Slack's documentation, "Verifying requests from Slack", "The Events API", "message event" and
    "Formatting message text".
"""

import re

from app.domain import Channel
from app.inbound.epoch import parse_epoch
from app.inbound.forms import media_type
from app.inbound.payload import (
    list_at,
    mailbox,
    parse_file_name,
    parse_json,
    parse_message_id,
    size_at,
    text_at,
    value_at,
)
from app.inbound.signatures import is_fresh, is_hex_mac, require
from app.inbound.values import (
    Attached,
    Ignored,
    Item,
    Keys,
    Post,
    Received,
    Reply,
    Source,
    Unreadable,
)

_MAX_BYTES = 1024 * 1024  # a message has at most 40,000 characters, told twice
_MAX_TEXT_CHARS = 100_000  # Slack cuts at 40,000
_MAX_CHALLENGE_CHARS = 1_000  # about 50 today
_MAX_FILES = 100  # Slack lets people send 10
_WRITTEN = ("", "file_share", "thread_broadcast")  # subtypes of what a person wrote just now
_DIRECT = ("im", "mpim")  # a conversation as a whole; elsewhere each thread is one
_MARKUP = re.compile(r"<([^<>|]*+)(?:\|([^<>]*+))?>")


def verify(post: Post, keys: Keys) -> None:
    """Check the signature over version, time and body."""
    timestamp = post.headers.get("x-slack-request-timestamp", "")
    is_near = is_fresh(timestamp, post.received_at, tolerance_s=keys.tolerance_s)
    require(is_near, "the signed time is missing or too far from ours")
    version, _, mac = post.headers.get("x-slack-signature", "").partition("=")
    key, content = (keys.secret or "").encode(), b":".join((b"v0", timestamp.encode(), post.body))
    is_signed = is_hex_mac(mac, key=key, content=content) and version == "v0"
    require(is_signed, "the signature is missing or wrong")


def handshake(post: Post, _keys: Keys) -> Reply | None:
    """Repeat the challenge that Slack sends where the address of the webhook is entered."""
    try:
        envelope = parse_json(post.body)
    except Unreadable:
        return None
    challenge = text_at(envelope, "challenge")
    if text_at(envelope, "type") != "url_verification" or not challenge:
        return None
    return Reply(body=challenge[:_MAX_CHALLENGE_CHARS].encode())


def read(post: Post) -> tuple[Item, ...]:
    """Read the one message of a request; a repeat (X-Slack-Retry-Num) has the same event_id.

    A mention of the bot (app_mention) is left alone: it comes as a message too, with an id of
    its own.
    """
    envelope = parse_json(post.body)
    kind = text_at(envelope, "type")
    if kind == "url_verification":
        return (Ignored(reason="handshake"),)
    if kind == "app_rate_limited":
        return (Ignored(reason="status_event"),)
    event_id = parse_message_id(text_at(envelope, "event_id"))
    if kind != "event_callback" or event_id is None:
        raise Unreadable("the body is not an event as Slack posts it")
    event = value_at(envelope, "event")
    reason = _reason(envelope, event)
    return (Ignored(reason=reason) if reason else _received(event_id, event),)


def _reason(envelope: object, event: object) -> str | None:
    """Say why an event is no message of a person; None where it is one."""
    is_message = text_at(event, "type") == "message" and text_at(event, "subtype") in _WRITTEN
    is_by_bot = bool(value_at(event, "bot_id") or value_at(event, "bot_profile"))
    if is_by_bot or text_at(event, "subtype") == "bot_message":
        return "bot_message"
    if not is_message or value_at(event, "hidden") is True or not text_at(event, "user"):
        return "status_event"
    if text_at(event, "user") in _own_users(envelope):
        return "own_message"
    return None if text_at(event, "text").strip() or list_at(event, "files") else "empty"


def _own_users(envelope: object) -> set[str]:
    """Give the users under whom our app writes."""
    installed = list_at(envelope, "authorizations")
    return {text_at(item, "user_id") for item in installed if value_at(item, "is_bot") is True}


def _received(event_id: str, event: object) -> Received:
    return Received(
        external_id=event_id,
        channel=Channel.CHAT,
        sender=mailbox("", text_at(event, "user")),  # a name would have to be asked of Slack
        text=plain_text(text_at(event, "text")),
        thread_id=_thread(event),
        sent_at=parse_epoch(text_at(event, "ts")),
        attachments=tuple(_file(item) for item in list_at(event, "files")[:_MAX_FILES]),
    )


def _thread(event: object) -> str | None:
    """Name the conversation; a time is unique in its channel only."""
    is_direct = text_at(event, "channel_type") in _DIRECT
    root = text_at(event, "thread_ts") or ("" if is_direct else text_at(event, "ts"))
    return parse_message_id("/".join(filter(None, (text_at(event, "channel"), root))))


def _file(item: object) -> Attached:
    return Attached(
        name=parse_file_name(text_at(item, "name")),
        content_type=media_type(text_at(item, "mimetype")),
        size=size_at(item, "size"),
    )


def plain_text(text: str) -> str:
    """Show mentions and links as a reader sees them, and undo the three escapes."""
    shown = _MARKUP.sub(_shown, text[:_MAX_TEXT_CHARS])
    return shown.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _shown(markup: re.Match[str]) -> str:
    target, label = markup[1], markup[2]
    sign, name = target[:1], target[1:]
    if sign in ("@", "#"):  # a user, a channel
        return sign + (label or name)
    if sign == "!":  # everyone here, a group of users, a date
        return label or "@" + name.partition("^")[0]
    return label or target


SOURCE = Source(
    name="slack",
    title="Slack",
    verify=verify,
    read=read,
    handshake=handshake,
    unreadable_status=200,  # of more than 95 % failures in an hour Slack turns the app off
    max_bytes=_MAX_BYTES,
)
