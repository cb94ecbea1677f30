"""Brevo's inbound parsing: several mails a request as JSON, proved by the password in the URL.

Source:
    Brevo's documentation, "Inbound parsing webhooks".
"""

import re

from app.domain import Channel, Sender
from app.inbound.forms import media_type
from app.inbound.payload import (
    addresses,
    header,
    header_pairs,
    list_at,
    mailbox,
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
from app.inbound.signatures import is_basic_auth, require
from app.inbound.values import Attached, Ignored, Item, Keys, Post, Received, Source, Unreadable

_KNOWN = ("Headers", "From", "RawTextBody", "RawHtmlBody", "MessageId")  # one is in every mail
_SHOWN = re.compile(r"cid:([^\s\"'<>()]{1,300})")
_MAX_FILES = 1_000


def verify(post: Post, keys: Keys) -> None:
    """Check the user and password that stand in the webhook's URL; Brevo signs nothing."""
    require(is_basic_auth(post, keys.auth), "the user or the password is wrong")


def read(post: Post) -> tuple[Item, ...]:
    """Read the mails of a request; events sent here by mistake are left alone."""
    posted = parse_json(post.body)
    if text_at(posted, "event"):
        return (Ignored(reason="status_event"),)
    mails = list_at(posted, "items")
    if not mails or not all(any(value_at(mail, key) for key in _KNOWN) for mail in mails):
        raise Unreadable("the body is not a list of mails as Brevo posts it")
    return tuple(map(_received, mails))


def _received(mail: object) -> Received:
    headers = header_pairs(mail, "Headers")
    message_id = text_at(mail, "MessageId") or header(headers, "message-id")
    html = text_at(mail, "RawHtmlBody")
    return Received(
        external_id=parse_message_id(message_id) or _uuid(mail),
        channel=Channel.EMAIL,
        sender=_sender(mail, headers),
        recipients=_recipients(mail, headers),
        subject=text_at(mail, "Subject") or header(headers, "subject"),
        text=text_at(mail, "RawTextBody"),
        html=html,
        stripped=text_at(mail, "ExtractedMarkdownMessage"),
        sent_at=parse_date(text_at(mail, "SentAtDate") or header(headers, "date")),
        headers=headers,
        attachments=_attachments(list_at(mail, "Attachments"), html),
    )


def _uuid(mail: object) -> str | None:
    """Give Brevo's own id of the mail: the one entry of a list."""
    ids = [item for item in list_at(mail, "Uuid") if isinstance(item, str)]
    return parse_message_id(ids[0]) if ids else None


def _sender(mail: object, headers: tuple[tuple[str, str], ...]) -> Sender:
    told = mailbox(text_at(mail, "From", "Address"), text_at(mail, "From", "Name"))
    return told if told.email else parse_sender(header(headers, "from"))


def _recipients(mail: object, headers: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    """Give who it went to, those on the envelope included."""
    lists = [list_at(mail, name) for name in ("To", "Cc", "Bcc", "Recipients")]
    told = [[mailbox(text_at(item, "Address")) for item in items] for items in lists]
    return addresses(*told, parse_mailboxes(header(headers, "delivered-to")))


def _attachments(items: list[object], html: str) -> tuple[Attached, ...]:
    """List the files that have a name, without pictures that the HTML shows."""
    shown = set(_SHOWN.findall(html))  # some mailers give an id to every file, shown or not
    some = items[:_MAX_FILES]
    files = (item for item in some if text_at(item, "ContentID").strip("<> ") not in shown)
    return tuple(found for found in map(_attached, files) if found.name)


def _attached(item: object) -> Attached:
    return Attached(
        name=parse_file_name(text_at(item, "Name")),
        content_type=media_type(text_at(item, "ContentType")),
        size=size_at(item, "ContentLength"),
    )


SOURCE = Source(
    name="brevo",
    title="Brevo",
    verify=verify,
    read=read,
    needs=("auth",),
    unreadable_status=200,  # the request is kept for a person; sent again it reads no better
)
