"""Proofs that a provider sent a request: passwords, keyed hashes, signatures and their times.

Each says whether the proof holds, in constant time where a secret is compared, and says no to
whatever is missing, empty or malformed; an adapter turns a no into NotAuthentic with `require`.
"""

import base64
import hmac
import re
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from app.inbound.values import NotAuthentic, Post

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

Digest = Literal["sha1", "sha256"]

_MAX_PROOF_CHARS = 4_096  # of a header or field that proves something
_TIMESTAMP = re.compile(r"[0-9]{1,12}")


def require(proof: bool, sentence: str) -> None:
    """Raise NotAuthentic with this sentence, which holds no input, unless the proof holds."""
    if not proof:
        raise NotAuthentic(sentence)


def is_same(given: str, expected: str | None) -> bool:
    """Whether a shared secret is ours, in constant time; never where ours is empty."""
    ours = (expected or "").encode("utf-8", "replace")
    theirs = given[:_MAX_PROOF_CHARS].encode("utf-8", "replace")
    return hmac.compare_digest(ours, theirs) and bool(ours)


def is_basic_auth(post: Post, expected: str | None) -> bool:
    """Whether the request carries this `user:password`.

    Source:
        RFC 7617 section 2, with UTF-8.
    """
    scheme, _, given = post.headers.get("authorization", "").partition(" ")
    ours = (expected or "").encode("utf-8", "replace")
    theirs = decode_base64(given.strip())
    is_equal = hmac.compare_digest(ours, theirs or b"")
    return is_equal and b":" in ours and scheme.lower() == "basic"


def is_hex_mac(given: str, *, key: bytes, content: bytes, digest: Digest = "sha256") -> bool:
    """Whether this is the HMAC of the content in small hexadecimal letters."""
    expected = hmac.digest(key, content, digest).hex()
    return is_same(given, expected) and bool(key)


def is_base64_mac(given: str, *, key: bytes, content: bytes, digest: Digest = "sha256") -> bool:
    """Whether this is the HMAC of the content in base64, in its one spelling."""
    expected = base64.b64encode(hmac.digest(key, content, digest)).decode()
    return is_same(given, expected) and bool(key)


def is_fresh(timestamp: str, now: datetime, *, tolerance_s: float, retried_s: float = 0.0) -> bool:
    """Whether a signed time is near ours.

    Args:
        timestamp: Seconds since 1970, in at most 12 digits of ASCII.
        now: When the request came, with its zone.
        tolerance_s: How far the clocks may be apart, either way.
        retried_s: How long the provider goes on sending a request as it signed it at first.
    """
    if not _TIMESTAMP.fullmatch(timestamp):
        return False
    age_s = now.timestamp() - int(timestamp)
    return -tolerance_s <= age_s <= tolerance_s + retried_s


def is_ecdsa_signature(given: str, *, key: str | None, content: bytes) -> bool:
    """Whether the owner of a public key signed the content; see app.inbound.public_keys."""
    from app.inbound import public_keys

    return public_keys.is_ecdsa_signature(given, key=key, content=content)


def is_rsa_signature(
    given: str, *, key: "str | RSAPublicKey | None", content: bytes, digest: Digest = "sha256"
) -> bool:
    """Whether the owner of a public key signed the content; see app.inbound.public_keys."""
    from app.inbound import public_keys

    return public_keys.is_rsa_signature(given, key=key, content=content, digest=digest)


def certificate_key(pem: bytes, now: datetime) -> "RSAPublicKey | None":
    """Give the RSA key of a certificate that is valid now, or None."""
    from app.inbound import public_keys

    return public_keys.certificate_key(pem, now)


def decode_base64(text: str) -> bytes | None:
    """Decode base64 of a bounded length in its one spelling; None where it is anything else."""
    if not 0 < len(text) <= _MAX_PROOF_CHARS:
        return None
    try:
        decoded = base64.b64decode(text, validate=True)
    except ValueError:  # binascii.Error is one
        return None
    return decoded if base64.b64encode(decoded).decode() == text else None
