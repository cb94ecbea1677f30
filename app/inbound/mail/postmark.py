"""Postmark's inbound webhook: a mail as JSON, proved by the password in the webhook's URL.

Source:
    Postmark's developer documentation, "Inbound webhook" and "Process email".
"""

import base64
import binascii
import re

from app.domain import Channel, Sender
from app.inbound.forms import Field, as_mail, attached, encloses_mail
from app.inbound.payload import (
    addresses,
    header,
    list_at,
    mailbox,
    parse_date,
    parse_file_name,
    parse_json,
    parse_mailboxes,
    parse_message_id,
    parse_sender,
    text_at,
    value_at,
)
from app.inbound.signatures import is_basic_auth, require
from app.inbound.values import (
    Ignored,
    Item,
    Keys,
    Post,
    Received,
    Source,
    Unreadable,
)

_KNOWN = ("RawEmail", "TextBody", "HtmlBody", "FromFull", "From", "Headers")  # one is there
_MAX_HEADERS = 1_000
_SPACE = re.compile(r"\s+")


def verify(post: Post, keys: Keys) -> None:
    """Check the user and password that stand in the webhook's URL; Postmark signs nothing."""
    require(is_basic_auth(post, keys.auth), "the user or the password is wrong")


def read(post: Post) -> tuple[Item, ...]:
    """Read the one mail of a request; other webhooks sent here by mistake are left alone."""
    mail = parse_json(post.body)
    if text_at(mail, "RecordType") not in ("", "Inbound"):
        return (Ignored(reason="status_event"),)
    if not any(value_at(mail, key) for key in _KNOWN):
        raise Unreadable("the body is not a mail as Postmark posts it")
    return (_received(mail),)


def _received(mail: object) -> Received:
    headers = _headers(mail)
    files = [_file(item) for item in list_at(mail, "Attachments") if not text_at(item, "ContentID")]
    text, html = text_at(mail, "TextBody"), text_at(mail, "HtmlBody")
    raw: bytes | None = text_at(mail, "RawEmail").encode() or None
    if raw is None and encloses_mail(files):
        raw = as_mail(_complete(headers, mail), text=text, html=html, files=files)
    message_id = parse_message_id(header(headers, "message-id"))
    return Received(
        external_id=message_id or parse_message_id(text_at(mail, "MessageID")),
        channel=Channel.EMAIL,
        sender=_sender(mail),
        recipients=_recipients(mail),
        subject=text_at(mail, "Subject"),
        text=text,
        html=html,
        stripped=text_at(mail, "StrippedTextReply"),
        sent_at=parse_date(text_at(mail, "Date")),
        raw=raw,
        headers=headers,
        attachments=attached(files),
    )


def _headers(mail: object) -> tuple[tuple[str, str], ...]:
    """Give the mail's headers in their order; Postmark's first is Return-Path."""
    pairs = ((text_at(item, "Name"), text_at(item, "Value")) for item in list_at(mail, "Headers"))
    return tuple((name, value) for name, value in pairs if name)[:_MAX_HEADERS]


def _complete(headers: tuple[tuple[str, str], ...], mail: object) -> list[tuple[str, str]]:
    """Put in front what Postmark takes out of the headers: who, to whom, what, and when."""
    apart = [(name, text_at(mail, name)) for name in ("From", "To", "Cc", "Subject", "Date")]
    return [pair for pair in apart if pair[1]] + list(headers)


def _sender(mail: object) -> Sender:
    full = mailbox(text_at(mail, "FromFull", "Email"), text_at(mail, "FromFull", "Name"))
    return full if full.email else parse_sender(text_at(mail, "From"))


def _recipients(mail: object) -> tuple[str, ...]:
    """Give who it went to, the address on the envelope included."""
    lists = [_mailboxes(mail, name) for name in ("To", "Cc", "Bcc")]
    return addresses(*lists, parse_mailboxes(text_at(mail, "OriginalRecipient")))


def _mailboxes(mail: object, name: str) -> tuple[Sender, ...]:
    full = (mailbox(text_at(item, "Email")) for item in list_at(mail, f"{name}Full"))
    return tuple(one for one in full if one.email) or parse_mailboxes(text_at(mail, name))


def _file(item: object) -> Field:
    """Read an attachment; the test button of Postmark says Data where a mail has Content."""
    content = text_at(item, "Content") or text_at(item, "Data")
    return Field(
        name="",
        filename=parse_file_name(text_at(item, "Name")),
        content_type=text_at(item, "ContentType"),
        data=_decoded(content),
    )


def _decoded(content: str) -> bytes:
    """Decode a file; what is no base64 is no reason to lose the mail."""
    try:
        return base64.b64decode(_SPACE.sub("", content))
    except (binascii.Error, ValueError):
        return b""


SOURCE = Source(
    name="postmark",
    title="Postmark",
    verify=verify,
    read=read,
    needs=("auth",),
    unreadable_status=200,  # anything else is tried ten times and then lost; 403 at once
)
