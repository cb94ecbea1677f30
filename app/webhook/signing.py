"""Standard Webhooks signatures: made for what we send, checked for those who receive it."""

import base64
import hashlib
import hmac
import re
import secrets as random_secrets
from collections.abc import Mapping, Sequence
from datetime import datetime

WEBHOOK_ID = "webhook-id"
WEBHOOK_TIMESTAMP = "webhook-timestamp"
WEBHOOK_SIGNATURE = "webhook-signature"
TOLERANCE_S = 300  # either way; what the reference libraries use

_PREFIX = "whsec_"
_SECRET_BYTES = range(24, 65)  # the specification: 24 to 64
_MAX_SIGNATURES = 10  # receivers that rotate keep a few; 100 000 are an attack
_MAX_HEADER_CHARS = 2_048
_ID = re.compile(
    r"[!-\-/-~]{1,256}"
)  # visible ASCII without the dot, which separates what is signed
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"v[0-9]{1,2}[a-z]?,[A-Za-z0-9+/]+={0,2}")


def new_secret() -> str:
    """Make a secret for an endpoint: whsec_ and 32 random bytes in base64."""
    return _PREFIX + base64.b64encode(random_secrets.token_bytes(32)).decode()


def secret_key(secret: str) -> bytes:
    """Read a secret as the bytes that sign.

    Args:
        secret: base64 of 24 to 64 bytes; the prefix whsec_ and the padding may be missing.

    Raises:
        ValueError: It is no such secret. The sentence does not repeat it.
    """
    encoded = secret.removeprefix(_PREFIX).rstrip("=")
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except ValueError:
        raise ValueError("a webhook secret is whsec_ and base64") from None
    if len(key) not in _SECRET_BYTES:
        raise ValueError(f"a webhook secret has 24 to 64 bytes, this has {len(key)}")
    return key


def signed_headers(
    secrets: Sequence[str], *, webhook_id: str, sent_at: datetime, body: bytes
) -> dict[str, str]:
    """Give the headers that let a receiver check who sent this body, and when.

    Args:
        secrets: whsec_ strings, newest first; each signs, so that secrets can be changed.
        webhook_id: The delivery's id: the same on every attempt.
        sent_at: The time of this attempt, with its zone.
        body: Exactly the bytes that are sent.

    Source:
        Standard Webhooks 1.0.0, "Signature scheme" and "Webhook headers".
    """
    if not secrets:
        raise ValueError("need at least one secret to sign with")
    if not _ID.fullmatch(webhook_id) or sent_at.utcoffset() is None:
        raise ValueError("webhook_id must have no dot and sent_at a time zone")
    timestamp = str(int(sent_at.timestamp()))
    signatures = [_signature(secret_key(s), webhook_id, timestamp, body) for s in secrets]
    return {
        WEBHOOK_ID: webhook_id,
        WEBHOOK_TIMESTAMP: timestamp,
        WEBHOOK_SIGNATURE: " ".join(signatures),
    }


def verify(
    headers: Mapping[str, str],
    body: bytes,
    *,
    secrets: Sequence[str],
    now: datetime,
    tolerance_s: int = TOLERANCE_S,
) -> bool:
    """Say whether one who knows a secret sent this body, lately; False for any malformed header.

    Args:
        headers: As received; names in any case. A webhook header that comes twice is refused.
        body: The raw bytes, before any parsing.
        secrets: Ours; each is tried.
        now: The present, with its zone.
        tolerance_s: How far the sender's clock may be off, in seconds, either way.
    """
    sent = _webhook_headers(headers)
    webhook_id, timestamp = sent.get(WEBHOOK_ID, ""), sent.get(WEBHOOK_TIMESTAMP, "")
    if not (_ID.fullmatch(webhook_id) and _TIMESTAMP.fullmatch(timestamp)):
        return False
    if abs(now.timestamp() - int(timestamp)) > tolerance_s:
        return False
    expected = [_signature(secret_key(s), webhook_id, timestamp, body).encode() for s in secrets]
    given = [s.encode() for s in _signatures(sent.get(WEBHOOK_SIGNATURE, ""))]
    matches = [hmac.compare_digest(ours, theirs) for ours in expected for theirs in given]
    return any(matches)


def _signature(key: bytes, webhook_id: str, timestamp: str, body: bytes) -> str:
    content = b".".join([webhook_id.encode(), timestamp.encode(), body])
    return "v1," + base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()


def _webhook_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Take the three headers, lower-cased; none at all where one is repeated."""
    wanted = (WEBHOOK_ID, WEBHOOK_TIMESTAMP, WEBHOOK_SIGNATURE)
    pairs = [(name.lower(), value) for name, value in headers.items()]
    kept = [(name, value) for name, value in pairs if name in wanted]
    return dict(kept) if len(kept) == len(dict(kept)) else {}


def _signatures(header: str) -> list[str]:
    """Split the list of signatures; an item that is none spoils the list, an unknown version not.

    Signatures are compared as text, so that base64 has exactly one spelling.
    """
    if len(header) > _MAX_HEADER_CHARS:
        return []
    items = header.split(" ")
    well_formed = len(items) <= _MAX_SIGNATURES and all(_SIGNATURE.fullmatch(i) for i in items)
    return items if well_formed else []
