"""Mailjet's Parse API: a mail taken apart into JSON, proved by the password in the URL.

Source:
    Mailjet's developer guide, "Parse API: Process inbound emails".
"""

import hashlib
import re

from app.domain import Channel, Sender
from app.inbound.forms import Field, as_mail, attached, encloses_mail
from app.inbound.mime import transfer
from app.inbound.mime.parameters import read_value
from app.inbound.mime.words import decode_words
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
    text_at,
    value_at,
)
from app.inbound.signatures import is_basic_auth, require
from app.inbound.values import Ignored, Item, Keys, Post, Received, Source, Unreadable

Pairs = tuple[tuple[str, str], ...]

_KNOWN = ("Headers", "From", "Sender", "Text-part", "Html-part")  # one is in every mail
_FILE = re.compile(r"Attachment[0-9]{1,4}")  # a picture of the HTML is an InlineAttachment
_MAX_PARTS = 1_000


def verify(post: Post, keys: Keys) -> None:
    """Check the user and password that stand in the webhook's URL; Mailjet signs nothing."""
    require(is_basic_auth(post, keys.auth), "the user or the password is wrong")


def read(post: Post) -> tuple[Item, ...]:
    """Read the one mail of a request; events sent here by mistake are left alone."""
    mail = parse_json(post.body)
    events = mail if isinstance(mail, list) else [mail]
    if events and all(text_at(event, "event") for event in events):
        return (Ignored(reason="status_event"),)
    if not any(value_at(mail, key) for key in _KNOWN):
        raise Unreadable("the body is not a mail as Mailjet posts it")
    digest = hashlib.sha256(post.body).hexdigest()  # Mailjet gives a mail no id
    return (_received(mail, f"sha256:{digest}"),)


def _received(mail: object, fallback_id: str) -> Received:
    headers, files = header_pairs(mail, "Headers"), _files(mail)
    text, html = text_at(mail, "Text-part"), text_at(mail, "Html-part")
    return Received(
        external_id=parse_message_id(header(headers, "message-id")),
        fallback_id=fallback_id,
        channel=Channel.EMAIL,
        sender=_sender(text_at(mail, "From") or header(headers, "from")),
        recipients=_recipients(mail, headers),
        subject=decode_words(text_at(mail, "Subject") or header(headers, "subject")),
        text=text,
        html=html,
        # Mailjet's own date is UTC and does not say so.
        sent_at=parse_date(header(headers, "date")) or parse_date(text_at(mail, "Date") + "Z"),
        raw=as_mail(headers, text=text, html=html, files=files) if encloses_mail(files) else None,
        headers=headers,
        attachments=attached(files),
    )


def _sender(text: str) -> Sender:
    one = parse_sender(text)
    return Sender(one.email, decode_words(one.name)) if one.name else one


def _recipients(mail: object, headers: Pairs) -> tuple[str, ...]:
    """Give who it went to, the address on the envelope included."""
    told = [header(headers, "to"), header(headers, "cc"), text_at(mail, "Recipient")]
    return addresses(*map(parse_mailboxes, told))


def _files(mail: object) -> list[Field]:
    """Give the attachments, each once."""
    parts = {text_at(part, "ContentRef"): part for part in list_at(mail, "Parts")[:_MAX_PARTS]}
    return [_file(parts[r], text_at(mail, r)) for r in parts if _FILE.fullmatch(r)]


def _file(part: object, encoded: str) -> Field:
    headers = header_pairs(part, "Headers")
    content_type = header(headers, "content-type")
    given = read_value(header(headers, "content-disposition")).parameters.get("filename", "")
    name = given or read_value(content_type).parameters.get("name", "")
    return Field(
        name="",
        filename=parse_file_name(decode_words(name)),
        content_type=content_type,
        data=transfer.decode(encoded.encode(), "base64"),
    )


SOURCE = Source(
    name="mailjet",
    title="Mailjet Parse API",
    verify=verify,
    read=read,
    needs=("auth",),
    unreadable_status=200,  # the request is kept for a person; sent again it reads no better
)
