"""Postal's HTTP endpoints: a mail whole or in fields, as JSON or as a form, signed over the body.

Source:
    Postal's documentation, "Receiving e-mail by HTTP", and its source, app/senders/http_sender.rb
    and lib/postal/http.rb (what is posted and how it is signed).
"""

import re

from app.domain import Channel
from app.inbound.forms import (
    Field,
    as_mail,
    attached,
    decode_text,
    encloses_mail,
    media_type,
    parse_form,
)
from app.inbound.mime import transfer
from app.inbound.mime.identity import read_id
from app.inbound.payload import (
    addresses,
    id_at,
    list_at,
    message_id_in,
    parse_date,
    parse_file_name,
    parse_json,
    parse_mailboxes,
    parse_message_id,
    parse_sender,
    text_at,
    value_at,
)
from app.inbound.signatures import is_rsa_signature, require
from app.inbound.values import Ignored, Item, Keys, Post, Received, Source, Unreadable

SIGNATURE_SHA1, SIGNATURE_SHA256 = "x-postal-signature", "x-postal-signature-256"
_URLENCODED = "application/x-www-form-urlencoded"
_KNOWN = ("from", "plain_body", "html_body", "message_id")  # one is in every mail in fields
_HEADERS = {  # what Postal calls a header
    "From": "from", "To": "to", "Cc": "cc", "Subject": "subject", "Date": "date",
    "In-Reply-To": "in_reply_to", "References": "references", "Reply-To": "reply_to",
    "Auto-Submitted": "auto_submitted",
}  # fmt: skip
_MAX_FILES = 1_000
_OF_FILE = re.compile(r"attachments\[([0-9]{1,4})\]\[([a-z_]{1,20})\]")  # in a form


def verify(post: Post, keys: Keys) -> None:
    """Check the signature; that of Postal 3 over SHA-256 counts alone where it is sent."""
    newer, older = post.headers.get(SIGNATURE_SHA256), post.headers.get(SIGNATURE_SHA1, "")
    if newer is not None:
        is_signed = is_rsa_signature(newer, key=keys.secret, content=post.body, digest="sha256")
    else:
        is_signed = is_rsa_signature(older, key=keys.secret, content=post.body, digest="sha1")
    require(is_signed, "the signature is missing or wrong")


def read(post: Post) -> tuple[Item, ...]:
    """Read the one mail of a request; events sent here by mistake are left alone."""
    is_form = media_type(post.content_type) == _URLENCODED
    mail = _fields(post) if is_form else parse_json(post.body)
    if text_at(mail, "event") or isinstance(value_at(mail, "message"), dict):
        return (Ignored(reason="status_event"),)
    if text_at(mail, "message"):
        return (_read_whole(mail),)
    if not any(value_at(mail, key) for key in _KNOWN):
        raise Unreadable("the body is not a mail as Postal posts it")
    return (_read_parts(mail),)


def _fields(post: Post) -> dict[str, object]:
    """Read a form into what would have been posted as JSON, but that all values are texts."""
    mail: dict[str, object] = {}
    files: dict[str, dict[str, str]] = {}
    for field in parse_form(post):
        match = _OF_FILE.fullmatch(field.name)
        if match:
            files.setdefault(match[1], {})[match[2]] = decode_text(field.data)
        else:
            mail.setdefault(field.name, decode_text(field.data))
    return mail | {"attachments": list(files.values())}


def _read_whole(mail: object) -> Received:
    message = text_at(mail, "message").encode()
    is_base64 = value_at(mail, "base64") in (True, "true")
    raw = transfer.decode(message, "base64") if is_base64 else message
    return Received(
        external_id=message_id_in(raw) or parse_message_id(id_at(mail, "id")),
        channel=Channel.EMAIL,
        recipients=addresses(parse_mailboxes(text_at(mail, "rcpt_to"))),
        raw=raw,
    )


def _read_parts(mail: object) -> Received:
    headers, text, html = _headers(mail), _text(mail), text_at(mail, "html_body")
    files = [_file(item) for item in list_at(mail, "attachments")[:_MAX_FILES]]
    told = [parse_mailboxes(text_at(mail, name)) for name in ("to", "cc", "rcpt_to")]
    return Received(
        external_id=read_id(text_at(mail, "message_id")) or parse_message_id(id_at(mail, "id")),
        channel=Channel.EMAIL,
        sender=parse_sender(text_at(mail, "from")),
        recipients=addresses(*told),
        subject=text_at(mail, "subject"),
        text=text,
        html=html,
        stripped=text_at(mail, "plain_body") if _is_separated(mail) else "",
        sent_at=parse_date(text_at(mail, "date")),
        raw=as_mail(headers, text=text, html=html, files=files) if encloses_mail(files) else None,
        headers=headers,
        attachments=attached(files),
    )


def _headers(mail: object) -> tuple[tuple[str, str], ...]:
    """Give the headers that Postal tells, and who stands on the envelope as Return-Path."""
    sender, message_id = value_at(mail, "mail_from"), read_id(text_at(mail, "message_id"))
    apart = [
        ("Return-Path", f"<{sender}>" if isinstance(sender, str) else ""),
        ("Message-ID", message_id or ""),
    ]
    told = [(header, _first(value_at(mail, name))) for header, name in _HEADERS.items()]
    return tuple(pair for pair in [*apart, *told] if pair[1])


def _first(value: object) -> str:
    """Give a text, or the first one of a list, as which Postal tells Reply-To."""
    first = value[0] if isinstance(value, list) and value else value
    return first if isinstance(first, str) else ""


def _is_separated(mail: object) -> bool:
    """Whether Postal took the quoted mails and the signature out of the text."""
    return bool(text_at(mail, "replies_from_plain_body"))


def _text(mail: object) -> str:
    """Give the text with what Postal took out of it, which is kept as context."""
    parts = [text_at(mail, "plain_body"), text_at(mail, "replies_from_plain_body")]
    return "\n\n".join(part for part in parts if part)


def _file(item: object) -> Field:
    return Field(
        name="",
        filename=parse_file_name(text_at(item, "filename")),
        content_type=text_at(item, "content_type"),
        data=transfer.decode(text_at(item, "data").encode(), "base64"),
    )


SOURCE = Source(
    name="postal",
    title="Postal",
    verify=verify,
    read=read,
    unreadable_status=200,  # a 4xx is final, and the sender gets a bounce
    # Its documentation says that a 5xx bounces, but its sender retries a 5xx, and drops a 429.
    busy_status=503,
)
