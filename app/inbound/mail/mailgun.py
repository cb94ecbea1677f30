"""Mailgun's routes: a mail forwarded as a form, in fields or whole, signed over time and token.

Source:
    Mailgun's documentation, "Routes", "Parsed messages parameters" and "Securing webhooks".
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
    message_id_in,
    parse_date,
    parse_json,
    parse_mailboxes,
    parse_message_id,
    parse_sender,
    text_at,
    value_at,
)
from app.inbound.signatures import is_fresh, is_hex_mac, require
from app.inbound.values import (
    Ignored,
    Item,
    Keys,
    Post,
    Received,
    Source,
    Unreadable,
)

_RETRIED_S = 8 * 3_600  # Mailgun tries for eight hours, with the time it signed at first
_PROOF = ("timestamp", "token", "signature")
_TOKEN = re.compile(r"[!-~]{1,128}")  # 50 letters today
_KNOWN = ("body-mime", "body-plain", "body-html", "stripped-text", "message-headers")
_MAX_HEADERS = 1_000


def verify(post: Post, keys: Keys) -> None:
    """Check the signature. It covers no body: `token_of` must be taken only once."""
    timestamp, token, signature = _proof(post)
    is_near = is_fresh(
        timestamp, post.received_at, tolerance_s=keys.tolerance_s, retried_s=_RETRIED_S
    )
    require(is_near, "the signed time is missing or too far from ours")
    key, content = (keys.secret or "").encode(), (timestamp + token).encode()
    is_signed = is_hex_mac(signature, key=key, content=content)
    require(is_signed and bool(_TOKEN.fullmatch(token)), "the signature is missing or wrong")


def token_of(post: Post) -> str | None:
    """Give the token that was signed for this request alone; None where there is none."""
    token = _proof(post)[1]
    return token if _TOKEN.fullmatch(token) else None


def read(post: Post) -> tuple[Item, ...]:
    """Read the one mail of a request; events sent here by mistake are left alone."""
    if media_type(post.content_type) == "application/json":
        return _read_event(post)
    fields = parse_form(post)
    if text_of(fields, "event") not in ("", "inbound"):
        return (Ignored(reason="status_event"),)
    if not any(named(fields, name) for name in _KNOWN):
        raise Unreadable("the form is not a mail as Mailgun forwards it")
    whole = named(fields, "body-mime")
    return (_received(fields, whole[0].data if whole else None),)


_MAX_EVENT_BYTES = 256 * 1024  # JSON tells only of mail that we sent


def _proof(post: Post) -> tuple[str, str, str]:
    """Take time, token and signature; empty where one is missing or comes twice."""
    try:
        if media_type(post.content_type) == "application/json":
            if len(post.body) > _MAX_EVENT_BYTES:
                raise Unreadable("the event is too large")
            signed = value_at(parse_json(post.body), "signature")
            found = [text_at(signed, name) for name in _PROOF]
        else:
            fields = parse_form(post, _PROOF)
            unique = {item.name: decode_text(item.data) for item in fields}
            found = [unique.get(name, "") for name in _PROOF] if len(unique) == len(fields) else []
    except Unreadable:
        found = []
    timestamp, token, signature = found or ("", "", "")
    return timestamp, token, signature


def _read_event(post: Post) -> tuple[Item, ...]:
    if text_at(parse_json(post.body), "event-data", "event"):
        return (Ignored(reason="status_event"),)
    raise Unreadable("the body is not a mail as Mailgun forwards it")


def _received(fields: list[Field], mail: bytes | None) -> Received:
    headers = _headers(fields)
    files = _files(fields)
    text, html = _joined(fields, "body-plain"), _joined(fields, "body-html")
    if mail is None and encloses_mail(files):
        mail = as_mail(_complete(headers, fields), text=text, html=html, files=files)
    message_id = header(headers, "message-id") or text_of(fields, "Message-Id")
    found = parse_message_id(message_id) or (message_id_in(mail) if mail else None)
    return Received(
        external_id=found or parse_message_id(text_of(fields, "token")),
        channel=Channel.EMAIL,
        sender=parse_sender(text_of(fields, "from") or header(headers, "from")),
        recipients=_recipients(fields, headers),
        subject=text_of(fields, "subject") or header(headers, "subject"),
        text=text,
        html=html,
        stripped=text_of(fields, "stripped-text"),
        sent_at=parse_date(header(headers, "date")),
        raw=mail,
        headers=headers,
        attachments=attached(files),
    )


def _headers(fields: list[Field]) -> tuple[tuple[str, str], ...]:
    """Read the pairs of message-headers; a field of another shape gives none."""
    pairs = json_of(fields, "message-headers")
    if not isinstance(pairs, list):
        return ()
    found = (pair for pair in pairs[:_MAX_HEADERS] if isinstance(pair, list) and len(pair) == 2)
    return tuple((n, v) for n, v in found if isinstance(n, str) and isinstance(v, str))


def _complete(headers: tuple[tuple[str, str], ...], fields: list[Field]) -> list[tuple[str, str]]:
    """Put in front what the headers lack and a field says."""
    apart = {"From": "from", "To": "To", "Cc": "Cc", "Subject": "subject"}
    lacking = [name for name in apart if not header(headers, name.lower())]
    said = [(name, text_of(fields, apart[name])) for name in lacking]
    return [pair for pair in said if pair[1]] + list(headers)


def _joined(fields: list[Field], name: str) -> str:
    """Join the texts of a name: a mail may have several bodies."""
    return "\n".join(decode_text(item.data) for item in named(fields, name))


def _recipients(fields: list[Field], headers: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    """Give who it went to, those on the envelope included."""
    lists = [text_of(fields, name) or header(headers, name.lower()) for name in ("To", "Cc")]
    return addresses(*(parse_mailboxes(text) for text in [*lists, text_of(fields, "recipient")]))


def _files(fields: list[Field]) -> list[Field]:
    """Give the attachments, without pictures of the HTML."""
    inline = json_of(fields, "content-id-map")
    shown = set(map(str, inline.values())) if isinstance(inline, dict) else set()
    return [item for item in fields if item.filename is not None and item.name not in shown]


SOURCE = Source(
    name="mailgun",
    title="Mailgun",
    verify=verify,
    read=read,
    once=token_of,
    unreadable_status=200,  # tried for eight hours and then lost; never 406, which stops at once
)
