"""Zendesk's webhooks: its event subscriptions, and triggers with a template of ours.

The template, of JSON or as a form, has eight texts; without comment_id time and text are the id:

    {"ticket_id": "…", "subject": "…", "comment": "…", "requester_name": "…",
     "requester_email": "…", "via": "…", "created_at": "…", "comment_id": "…"}

Source:
    Zendesk's developer documentation, "Verifying webhooks", "Ticket events"; its help centre,
    "Zendesk Support placeholders reference".
"""

import hashlib
from datetime import timedelta

from app.domain import Channel
from app.inbound.epoch import parse_epoch
from app.inbound.forms import decode_text, media_type, parse_form
from app.inbound.payload import (
    id_at,
    mailbox,
    parse_date,
    parse_json,
    parse_message_id,
    text_at,
    value_at,
)
from app.inbound.signatures import is_base64_mac, require
from app.inbound.values import Ignored, Item, Keys, Post, Received, Source, Unreadable

_MAX_BYTES = 1024 * 1024  # Zendesk's own limit is 256 KiB
_EVENT = "zen:event-type:"
_FORM = "application/x-www-form-urlencoded"
# How a ticket came: the channel of events, and what {{ticket.via}} shows of it, in letters alone.
_CHANNELS = {
    Channel.CHAT: ("chat", "line", "messaging", "nativemessaging", "telegram", "whatsapp"),
    Channel.COMMUNITY_POST: ("forum", "forumtopic"),
    Channel.SMS: ("sms", "text", "textmessage"),
    Channel.SOCIAL_DM: (
        "facebook", "facebookmessenger", "facebookpost", "facebookprivatemessage", "instagramdm",
        "twitter", "twitterdm", "twitterdirectmessage", "xformerlytwitter",
    ),
    Channel.WEB_FORM: (
        "api", "helpcenter", "mobile", "mobilesdk", "web", "webform", "webservice", "webwidget",
    ),
}  # fmt: skip
_CHANNEL_OF = {via: channel for channel, vias in _CHANNELS.items() for via in vias}


def verify(post: Post, keys: Keys) -> None:
    """Check the signature over time and body; the time is written as a date."""
    timestamp = post.headers.get("x-zendesk-webhook-signature-timestamp", "")
    signed_at = parse_date(timestamp) or parse_epoch(timestamp)
    tolerance = timedelta(seconds=keys.tolerance_s)
    is_near = signed_at is not None and abs(post.received_at - signed_at) <= tolerance
    require(is_near, "the signed time is missing or too far from ours")
    signature = post.headers.get("x-zendesk-webhook-signature", "")
    key, content = (keys.secret or "").encode(), timestamp.encode("utf-8", "replace") + post.body
    is_signed = is_base64_mac(signature, key=key, content=content)
    require(is_signed, "the signature is missing or wrong")


def read(post: Post) -> tuple[Item, ...]:
    """Read the one comment of a request, if it is public and an end user wrote it."""
    if media_type(post.content_type) == _FORM:
        return (_of_trigger({i.name: decode_text(i.data) for i in reversed(parse_form(post))}),)
    told = parse_json(post.body)
    kind = text_at(told, "type")
    if kind == f"{_EVENT}ticket.created":
        return (_of_ticket(told),)
    if kind == f"{_EVENT}ticket.comment_added":
        return (_of_comment(told),)
    return (Ignored(reason="status_event") if kind.startswith(_EVENT) else _of_trigger(told),)


def _of_ticket(event: object) -> Item:
    """Read the text that opened a ticket; who asked is told by number only."""
    ticket = value_at(event, "detail")
    if value_at(ticket, "is_public") is False:
        return Ignored(reason="private_note")
    return _of_event(event, text_at(ticket, "description"))


def _of_comment(event: object) -> Item:
    """Read a comment; where it is not said that an end user wrote it to us, it is left alone."""
    comment = value_at(event, "event", "comment")
    if value_at(comment, "is_public") is not True:
        return Ignored(reason="private_note")
    if value_at(comment, "author", "is_staff") is not False:
        return Ignored(reason="own_message")
    return _of_event(event, text_at(comment, "body"), text_at(comment, "author", "name"))


def _of_event(event: object, text: str, name: str = "") -> Item:
    """Read an event; the text that opens a ticket may be told as a comment as well.

    Both then have the same sequence, which is what one action of one person leads to.
    """
    sequence = id_at(event, "event", "meta", "sequence", "id")
    told = {
        "ticket_id": id_at(event, "detail", "id"),
        "subject": text_at(event, "detail", "subject"),
        "comment": text,
        "requester_name": name,
        "via": text_at(event, "detail", "via", "channel"),
        "created_at": text_at(event, "time"),
        "comment_id": sequence or id_at(event, "id"),
    }
    return _of_trigger(told)


def _of_trigger(told: object) -> Item:
    """Read our template."""
    ticket_id = parse_message_id(id_at(told, "ticket_id"))
    if ticket_id is None:
        raise Unreadable("the body is neither an event of a ticket nor our template")
    text = text_at(told, "comment")
    if not text.strip():
        return Ignored(reason="empty")
    return Received(
        external_id=parse_message_id(f"{ticket_id}/{_comment_id(told)}"),
        channel=_channel(text_at(told, "via")),
        sender=mailbox(text_at(told, "requester_email"), text_at(told, "requester_name")),
        subject=text_at(told, "subject"),
        text=text,
        thread_id=ticket_id,
        sent_at=parse_date(text_at(told, "created_at")),
    )


def _comment_id(told: object) -> str:
    """Give the id of a comment; where Zendesk filled none in, what it says and when."""
    comment_id = parse_message_id(id_at(told, "comment_id"))
    said = f"{text_at(told, 'created_at')}\n{text_at(told, 'comment')}"
    return comment_id or hashlib.sha256(said.encode()).hexdigest()[:32]


def _channel(via: str) -> Channel:
    """Give the channel; most tickets are mail."""
    letters = "".join(letter for letter in via.lower()[:100] if letter.isalpha())
    return _CHANNEL_OF.get(letters, Channel.EMAIL)


SOURCE = Source(
    name="zendesk",
    title="Zendesk",
    verify=verify,
    read=read,
    unreadable_status=200,  # 70 % errors in five minutes open its circuit breaker
    max_bytes=_MAX_BYTES,
)
