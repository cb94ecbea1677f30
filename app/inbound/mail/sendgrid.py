"""SendGrid's Inbound Parse: a mail as a form, whole or in fields, signed or behind a password.

Source:
    Twilio SendGrid's documentation, "Setting up the Inbound Parse webhook" and "Securing your
    Inbound Parse webhooks".
"""

import re

from app.domain import Channel
from app.inbound.forms import (
    Field,
    as_mail,
    attached,
    decode_text,
    encloses_mail,
    json_of,
    media_type,
    named,
    parse_form,
    text_of,
)
from app.inbound.payload import (
    addresses,
    header,
    list_at,
    mailbox,
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
from app.inbound.signatures import is_basic_auth, is_ecdsa_signature, is_fresh, require
from app.inbound.values import (
    Ignored,
    Item,
    Keys,
    Post,
    Received,
    Source,
    Unreadable,
)

SIGNATURE = "x-twilio-email-event-webhook-signature"
TIMESTAMP = "x-twilio-email-event-webhook-timestamp"
_RETRIED_S = 3 * 24 * 3_600  # SendGrid tries for three days; a 401 then would lose the mail

_KNOWN = ("email", "text", "html", "headers", "from")  # one of these fields is in every mail
_MAX_HEADERS = 1_000
_FOLD = re.compile(r"\r?\n[ \t]+")


def verify(post: Post, keys: Keys) -> None:
    """Check the signature and the password, each where it is set; one of them must be."""
    require(bool(keys.secret or keys.auth), "neither a public key nor a password is set")
    if keys.auth is not None:
        require(is_basic_auth(post, keys.auth), "the user or the password is wrong")
    if keys.secret is not None:
        _verify_signature(post, keys)


def read(post: Post) -> tuple[Item, ...]:
    """Read the one mail of a request; events sent here by mistake are left alone."""
    if media_type(post.content_type) == "application/json":
        return _read_events(post)
    fields = parse_form(post)
    if not any(named(fields, name) for name in _KNOWN):
        raise Unreadable("the form is not a mail as SendGrid posts it")
    whole = named(fields, "email")
    return (_read_whole(fields, whole[0].data) if whole else _read_parts(fields),)


def _verify_signature(post: Post, keys: Keys) -> None:
    """Check ECDSA over the time and the raw body.

    The signature covers the whole body, so a late repeat can only repeat what is there already.
    """
    timestamp = post.headers.get(TIMESTAMP, "")
    is_near = is_fresh(
        timestamp, post.received_at, tolerance_s=keys.tolerance_s, retried_s=_RETRIED_S
    )
    require(is_near, "the signed time is missing or too far from ours")
    signature, content = post.headers.get(SIGNATURE, ""), timestamp.encode() + post.body
    is_signed = is_ecdsa_signature(signature, key=keys.secret, content=content)
    require(is_signed, "the signature is missing or wrong")


def _read_events(post: Post) -> tuple[Item, ...]:
    events = parse_json(post.body)
    if isinstance(events, list) and all(text_at(event, "event") for event in events):
        return (Ignored(reason="status_event"),)
    raise Unreadable("the body is not a mail as SendGrid posts it")


def _read_whole(fields: list[Field], mail: bytes) -> Received:
    """Read raw mode: the mail says the rest; the fields are there for the list."""
    return Received(
        external_id=message_id_in(mail),
        channel=Channel.EMAIL,
        sender=parse_sender(text_of(fields, "from")),
        recipients=_recipients(fields, (), text_of(fields, "to")),
        subject=text_of(fields, "subject"),
        raw=mail,
    )


def _read_parts(fields: list[Field]) -> Received:
    """Read parsed mode, each field in the charset that `charsets` names for it."""
    charsets = json_of(fields, "charsets")

    def decoded(name: str) -> str:
        return text_of(fields, name, text_at(charsets, name))

    headers = _headers(decode_text(_data(fields, "headers")))
    files = _files(fields)
    text, html = decoded("text"), decoded("html")
    return Received(
        external_id=parse_message_id(header(headers, "message-id")),
        channel=Channel.EMAIL,
        sender=parse_sender(decoded("from") or header(headers, "from")),
        recipients=_recipients(fields, headers, decoded("to")),
        subject=decoded("subject") or header(headers, "subject"),
        text=text,
        html=html,
        sent_at=parse_date(header(headers, "date")),
        raw=as_mail(headers, text=text, html=html, files=files) if encloses_mail(files) else None,
        headers=headers,
        attachments=attached(files),
    )


def _headers(block: str) -> tuple[tuple[str, str], ...]:
    lines = _FOLD.sub(" ", block).splitlines()[:_MAX_HEADERS]
    pairs = (line.partition(":") for line in lines)
    return tuple((name.strip(), value.strip()) for name, colon, value in pairs if colon)


def _recipients(
    fields: list[Field], headers: tuple[tuple[str, str], ...], to: str
) -> tuple[str, ...]:
    """Give who it went to, those on the envelope included."""
    copied = text_of(fields, "cc") or header(headers, "cc")
    enveloped = list_at(json_of(fields, "envelope"), "to")
    return addresses(
        parse_mailboxes(to or header(headers, "to")),
        parse_mailboxes(copied),
        (mailbox(address) for address in enveloped if isinstance(address, str)),
    )


def _files(fields: list[Field]) -> list[Field]:
    """Give the attachments, without pictures of the HTML."""
    told, inline = json_of(fields, "attachment-info"), json_of(fields, "content-ids")
    shown = set(map(str, inline.values())) if isinstance(inline, dict) else set()
    return [
        _named_by(item, text_at(told, item.name, "filename"))
        for item in fields
        if item.filename is not None
        and item.name not in shown
        and not value_at(told, item.name, "content-id")
    ]


def _named_by(item: Field, name: str) -> Field:
    filename = item.filename or parse_file_name(name)
    return Field(name=item.name, filename=filename, content_type=item.content_type, data=item.data)


def _data(fields: list[Field], name: str) -> bytes:
    found = named(fields, name)
    return found[0].data if found else b""


SOURCE = Source(
    name="sendgrid",
    title="SendGrid Inbound Parse",
    verify=verify,
    read=read,
    needs=(),  # the public key or the password: verify refuses where neither is set
    unreadable_status=200,  # a 4xx is not sent again: the mail would be lost
)
