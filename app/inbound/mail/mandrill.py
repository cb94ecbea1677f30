"""Mandrill (Mailchimp Transactional): mails in a form field of JSON, signed over URL and form.

Mandrill calls with HEAD first, when a webhook is set up; the service answers that.

Source:
    Mailchimp Transactional's documentation, "Authenticating webhook requests" and "Inbound email
    webhooks: format".
"""

import hashlib

from app.domain import Channel
from app.inbound.forms import parse_form
from app.inbound.payload import (
    addresses,
    list_at,
    mailbox,
    message_id_in,
    parse_json,
    text_at,
    value_at,
)
from app.inbound.signatures import is_base64_mac, require
from app.inbound.values import Ignored, Item, Keys, NotAuthentic, Post, Received, Source, Unreadable

SIGNATURE = "x-mandrill-signature"
EVENTS = "mandrill_events"


def verify(post: Post, keys: Keys) -> None:
    """Check the signature over the URL, exactly as it was set at Mandrill, and the form."""
    signature, key = post.headers.get(SIGNATURE, ""), (keys.secret or "").encode()
    is_signed = is_base64_mac(signature, key=key, content=_content(post), digest="sha1")
    require(is_signed, "the signature is missing or wrong, or signs another address than ours")


def read(post: Post) -> tuple[Item, ...]:
    """Read the mails of a request; events sent here by mistake are left alone."""
    posted = [field.data for field in parse_form(post) if field.name == EVENTS]
    events = parse_json(posted[0]) if posted else None
    if not isinstance(events, list):
        raise Unreadable("the form is not a list of events as Mandrill posts it")
    if not events:
        return (Ignored(reason="handshake"),)
    return tuple(map(_read_event, events))


def _content(post: Post) -> bytes:
    """Give what is signed: the URL, then each field's name and value by name, without a mark."""
    try:
        form = parse_form(post)
    except Unreadable:
        raise NotAuthentic("the body is not a form") from None
    fields = {field.name: field.data for field in form}
    # Else one of the two could be proved and the other read.
    require(len(fields) == len(form), "a field comes twice")
    pairs = (name.encode() + fields[name] for name in sorted(fields))
    return b"".join([post.url.encode("utf-8", "replace"), *pairs])


def _read_event(event: object) -> Item:
    kind = text_at(event, "event") or text_at(event, "type")  # a sync event says type
    if kind not in ("", "inbound"):
        return Ignored(reason="status_event")
    mail = value_at(event, "msg")
    if not kind or not text_at(mail, "raw_msg"):
        raise Unreadable("an event is not a mail as Mandrill posts it")
    return _received(mail)


def _received(mail: object) -> Received:
    raw = text_at(mail, "raw_msg").encode()
    return Received(
        external_id=message_id_in(raw),
        fallback_id=f"sha256:{hashlib.sha256(raw).hexdigest()}",
        channel=Channel.EMAIL,
        sender=mailbox(text_at(mail, "from_email"), text_at(mail, "from_name")),
        recipients=_recipients(mail),
        subject=text_at(mail, "subject"),
        text=text_at(mail, "text"),
        html=text_at(mail, "html"),
        raw=raw,
    )


def _recipients(mail: object) -> tuple[str, ...]:
    """Give who it went to, the address at which Mandrill took it included."""
    pairs = [*list_at(mail, "to"), *list_at(mail, "cc")]
    named = [pair[0] for pair in pairs if isinstance(pair, list) and pair]
    told = [address for address in named if isinstance(address, str)]
    return addresses(map(mailbox, [*told, text_at(mail, "email")]))


SOURCE = Source(
    name="mandrill",
    title="Mandrill",
    verify=verify,
    read=read,
    unreadable_status=200,  # the request is kept for a person; sent again it reads no better
)
