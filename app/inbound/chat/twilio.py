"""Twilio's incoming messages, SMS and WhatsApp: a form, signed with the public address.

Source:
    Twilio's documentation, "Twilio's request to your incoming message Webhook URL" and
    "Validating requests are coming from Twilio".
"""

import hashlib
import re
from collections.abc import Mapping

from app.domain import Channel
from app.inbound.forms import decode_text, media_type, parse_form
from app.inbound.payload import mailbox, parse_file_name, parse_json, parse_message_id
from app.inbound.signatures import is_base64_mac, is_same, require
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

_MAX_BYTES = 1024 * 1024  # 1,600 characters and some dozens of parameters
_MAX_FILES = 10  # Twilio's own limit
_MAX_ADDRESS_CHARS = 320  # of a number, or of a name in another network
_BODY_HASH = "bodySHA256"  # the parameter of the address that stands for a body of JSON
_COMING_IN = ("", "received", "receiving")  # other statuses tell of our own messages
_CHANNELS = {"": Channel.SMS, "messenger": Channel.SOCIAL_DM}  # beside these: whatsapp, rcs
_URL = re.compile(r"(https?)://([^/?#:@]++)(:[0-9]{1,5})?([/?#].*+)?", re.DOTALL)
_PORTS = {"http": ":80", "https": ":443"}


def verify(post: Post, keys: Keys) -> None:
    """Check the signature over the public address and every parameter, unknown ones too.

    It holds no time: what is sent again is known by its MessageSid.
    """
    signature = post.headers.get("x-twilio-signature", "")
    key, content = (keys.secret or "").encode(), _signed_body(post)
    is_signed = content is not None and any(
        is_base64_mac(signature, key=key, content=url + content, digest="sha1")
        for url in _spellings(post.url)
    )
    require(is_signed, "the signature is missing or wrong, or the public address is not ours")


def _signed_body(post: Post) -> bytes | None:
    """Give what is signed behind the address; None where the body is not the one signed."""
    if _BODY_HASH in post.query:
        is_whole = is_same(post.query[_BODY_HASH], hashlib.sha256(post.body).hexdigest())
        return b"" if is_whole else None
    try:
        fields = parse_form(post)
    except Unreadable:
        return None
    pairs = {(item.name.encode(), item.data) for item in fields}  # one sent twice counts once
    return b"".join(name + value for name, value in sorted(pairs))


def _spellings(url: str) -> list[bytes]:
    """Give the address as it is, without a port and with one: Twilio signs any of these."""
    spellings = [url]
    match = _URL.fullmatch(url)
    if match:
        scheme, host, port, rest = match.groups("")
        spellings += [f"{scheme}://{host}{p}{rest}" for p in ("", port or _PORTS[scheme])]
    return [spelling.encode("utf-8", "replace") for spelling in spellings]


def read(post: Post) -> tuple[Item, ...]:
    """Read the one message of a request; reports on our own messages are left alone."""
    told = _parameters(post)
    message_id = parse_message_id(told.get("MessageSid") or told.get("SmsSid", ""))
    if message_id is None:
        raise Unreadable("the request is not a message as Twilio posts it")
    if (told.get("MessageStatus") or told.get("SmsStatus", "")) not in _COMING_IN:
        return (Ignored(reason="status_event"),)
    if not told.get("From"):
        raise Unreadable("the message has no sender")
    files = _files(told)
    if not told.get("Body", "").strip() and not files:
        return (Ignored(reason="empty"),)
    return (_received(message_id, told, files),)


def _parameters(post: Post) -> Mapping[str, str]:
    """Give the parameters of a form or of JSON; of one sent twice the first."""
    if media_type(post.content_type) != "application/json":
        return {item.name: decode_text(item.data) for item in reversed(parse_form(post))}
    told = parse_json(post.body)
    members = told.items() if isinstance(told, dict) else ()
    return {name: value for name, value in members if isinstance(value, str)}


def _received(message_id: str, told: Mapping[str, str], files: tuple[Attached, ...]) -> Received:
    network, sender = _address(told["From"])
    _, recipient = _address(told.get("To", ""))
    return Received(
        external_id=message_id,
        channel=_CHANNELS.get(network, Channel.CHAT),
        sender=mailbox("", f"{told.get('ProfileName', '')} {sender}"),
        recipients=(recipient,) if recipient else (),
        text=told.get("Body", ""),
        thread_id=_thread(told),
        attachments=files,
    )


def _address(text: str) -> tuple[str, str]:
    """Part the network from an address; those of SMS name none."""
    network, colon, address = text[:_MAX_ADDRESS_CHARS].partition(":")
    return (network, address) if colon else ("", network)


def _thread(told: Mapping[str, str]) -> str:
    """Name what one person and one of our numbers say to each other, without the numbers."""
    ends = f"{told['From']}\n{told.get('To', '')}"
    return hashlib.sha256(ends.encode()).hexdigest()[:32]


def _files(told: Mapping[str, str]) -> tuple[Attached, ...]:
    """List the pictures and sounds by the last part of their address, which is never called."""
    numbers = [number for number in range(_MAX_FILES) if told.get(f"MediaUrl{number}")]
    return tuple(
        Attached(
            name=parse_file_name(told[f"MediaUrl{number}"].partition("?")[0]),
            content_type=media_type(told.get(f"MediaContentType{number}", "")),
            size=0,
        )
        for number in numbers
    )


SOURCE = Source(
    name="twilio",
    title="Twilio",
    verify=verify,
    read=read,
    taken=Reply(body=b"<Response/>", content_type="text/xml"),  # says nothing back
    unreadable_status=200,  # it tries once, or calls the fallback address, where one is set
    max_bytes=_MAX_BYTES,
)
