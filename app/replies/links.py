"""One-click links: what an alert offers to do with its message, signed so that no key is needed."""

import base64
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

PATH = "/r/"  # of the pages, behind the public address
LIFE = timedelta(days=30)  # of a link, unless the caller says otherwise
_VERSION = 1
_HEAD_BYTES = 8  # version, action, five of the expiry in s since 1970, length of the message's id
_MAC_BYTES = 16  # RFC 2104, section 5: not under half of the hash, nor under 80 bits
_MAX_TOKEN_CHARS = 2_048
_PURPOSE = b"inlet one-click link\x00"  # so that the key's other signatures never fit
_SHAPE = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


class Action(StrEnum):
    """What a link does with its message; each has the value that it is called by in an event."""

    MINE = "mine"
    WRONG_LABEL = "wrong_label"
    NOT_A_LEAD = "not_a_lead"


_CODES: Mapping[Action, int] = {Action.MINE: 1, Action.WRONG_LABEL: 2, Action.NOT_A_LEAD: 3}
_ACTIONS: Mapping[int, Action] = {code: action for action, code in _CODES.items()}


class Refusal(StrEnum):
    """Why a token opens nothing."""

    UNKNOWN = "unknown"  # not signed by us, whatever is wrong with it
    EXPIRED = "expired"  # signed by us, for a time that is over


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """What a link lets whoever has it do."""

    message_id: str
    action: Action
    owner: str | None  # in whose name it is done: whose turn it was when the alert was written
    expires_at: datetime  # whole seconds


def links_of(
    base_url: str | None, key: bytes, *, message_id: str, owner: str | None, expires_at: datetime
) -> dict[str, str] | None:
    """Write the links of one alert, by what they do; None where we have no public address.

    Args:
        base_url: Where the service is reached from outside, without a slash at the end.
        key: The installation's; see app.storage.server_keys.
        message_id: What the links are about.
        owner: Whose turn it is; None where nobody is named.
        expires_at: From when on they open nothing, with its zone.
    """
    if base_url is None:
        return None
    tickets = (
        Ticket(message_id=message_id, action=action, owner=owner, expires_at=expires_at)
        for action in Action
    )
    return {one.action.value: f"{base_url}{PATH}{token_of(key, one)}" for one in tickets}


def token_of(key: bytes, ticket: Ticket) -> str:
    """Write a ticket as the end of an address: its fields and their signature, in base64url."""
    message_id = ticket.message_id.encode()
    head = bytes((_VERSION, _CODES[ticket.action]))
    expiry = int(ticket.expires_at.timestamp()).to_bytes(5, "big")
    fields = head + expiry + bytes((len(message_id),)) + message_id + (ticket.owner or "").encode()
    return _encoded(fields + _mac(key, fields))


def read_token(key: bytes, token: str, now: datetime) -> Ticket | Refusal:
    """Tell what a token lets its bearer do; raises nothing, whatever the token is.

    The signature is compared in constant time, also where the token cannot even be decoded.
    """
    raw = _decoded(token)
    fields, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
    if not hmac.compare_digest(_mac(key, fields), mac) or fields[0] != _VERSION:
        return Refusal.UNKNOWN
    ticket = _ticket(fields)
    return ticket if now < ticket.expires_at else Refusal.EXPIRED


def _ticket(fields: bytes) -> Ticket:
    """Read fields that we signed, so that nothing about them can be wrong."""
    owner_at = _HEAD_BYTES + fields[_HEAD_BYTES - 1]
    return Ticket(
        message_id=fields[_HEAD_BYTES:owner_at].decode(),
        action=_ACTIONS[fields[1]],
        owner=fields[owner_at:].decode() or None,
        expires_at=datetime.fromtimestamp(int.from_bytes(fields[2:7], "big"), UTC),
    )


def _mac(key: bytes, fields: bytes) -> bytes:
    return hmac.digest(key, _PURPOSE + fields, "sha256")[:_MAC_BYTES]


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decoded(token: str) -> bytes:
    """Undo the base64url of a token; empty where it is none, or not written as we write it.

    Several texts decode to the same bytes: only one of them is the token.
    """
    if len(token) > _MAX_TOKEN_CHARS or len(token) % 4 == 1 or not _SHAPE.fullmatch(token):
        return b""
    raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    return raw if _encoded(raw) == token else b""
