"""Signatures by public keys; imported at the first request that needs it.

Its library takes a twentieth of a start, and few providers sign so: see app.inbound.signatures.
"""

from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from app.inbound.signatures import Digest, decode_base64

_MIN_RSA_BITS = 1_024  # what Postal makes; Amazon's have 2,048
_DIGESTS: dict[str, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(),  # noqa: S303  Postal and the first version of SNS sign with nothing else
    "sha256": hashes.SHA256(),
}


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


def _public_key(text: str | None) -> object:
    """Read a public key that the operator set, or None; providers write PEM, or DER in base64."""
    text = (text or "").strip()
    try:
        if text.startswith("-----BEGIN"):
            return serialization.load_pem_public_key(text.encode())
        return serialization.load_der_public_key(decode_base64("".join(text.split())) or b"")
    except (ValueError, UnsupportedAlgorithm):
        return None
