"""Proofs that a provider sent a request: passwords, keyed hashes, signatures and their times.

Each says whether the proof holds, in constant time where a secret is compared, and says no to
whatever is missing, empty or malformed; an adapter turns a no into NotAuthentic with `require`.
"""

import base64
import hmac
import re
from datetime import datetime
from typing import Literal

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from app.inbound.values import NotAuthentic, Post

Digest = Literal["sha1", "sha256"]

_MAX_PROOF_CHARS = 4_096  # of a header or field that proves something
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_MIN_RSA_BITS = 1_024  # what Postal makes; Amazon's have 2,048
_DIGESTS: dict[str, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(),  # noqa: S303  Postal and the first version of SNS sign with nothing else
    "sha256": hashes.SHA256(),
}


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
    """Whether the owner of a public key signed the content: ECDSA with SHA-256.

    Args:
        given: The signature, DER in base64.
        key: The public key: PEM, or DER in base64.
        content: What must have been signed.
    """
    signature, public = decode_base64(given), _public_key(key)
    if not signature or not isinstance(public, EllipticCurvePublicKey):
        return False
    try:
        public.verify(signature, content, ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def is_rsa_signature(
    given: str, *, key: str | RSAPublicKey | None, content: bytes, digest: Digest = "sha256"
) -> bool:
    """Whether the owner of a public key signed the content: RSA with PKCS#1 v1.5.

    Args:
        given: The signature in base64.
        key: The public key: PEM, DER in base64, or read already.
        content: What must have been signed.
        digest: The hash that the provider signs with.
    """
    signature = decode_base64(given)
    public = _public_key(key) if isinstance(key, str) else key
    if not signature or not isinstance(public, RSAPublicKey) or public.key_size < _MIN_RSA_BITS:
        return False
    try:
        public.verify(signature, content, PKCS1v15(), _DIGESTS[digest])
    except InvalidSignature:
        return False
    return True


def certificate_key(pem: bytes, now: datetime) -> RSAPublicKey | None:
    """Give the RSA key of a certificate that is valid now, or None."""
    try:
        certificate = x509.load_pem_x509_certificate(pem)
        public = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return None
    is_valid = certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc
    return public if is_valid and isinstance(public, RSAPublicKey) else None


def decode_base64(text: str) -> bytes | None:
    """Decode base64 of a bounded length in its one spelling; None where it is anything else."""
    if not 0 < len(text) <= _MAX_PROOF_CHARS:
        return None
    try:
        decoded = base64.b64decode(text, validate=True)
    except ValueError:  # binascii.Error is one
        return None
    return decoded if base64.b64encode(decoded).decode() == text else None


def _public_key(text: str | None) -> object:
    """Read a public key that the operator set, or None; providers write PEM, or DER in base64."""
    text = (text or "").strip()
    try:
        if text.startswith("-----BEGIN"):
            return serialization.load_pem_public_key(text.encode())
        return serialization.load_der_public_key(decode_base64("".join(text.split())) or b"")
    except (ValueError, UnsupportedAlgorithm):
        return None
