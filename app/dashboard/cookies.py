"""What a browser keeps of a sign-in, and what its forms prove by: both signed, nothing stored."""

import base64
import hashlib
import hmac
import re

_MAC_BYTES = 16  # RFC 2104, section 5: not under half of the hash, nor under 80 bits
_OF_COOKIES = b"inlet session\x00"  # so that the key's other signatures never fit
_OF_FORMS = b"inlet form\x00"
_SHAPE = re.compile(r"([A-Za-z0-9_-]{43})\.([A-Za-z0-9_-]{22})", re.ASCII)


def cookie_of(key: bytes, secret: str) -> str:
    """Write the cookie of a session: its secret and our signature, both in base64url.

    Args:
        key: The installation's; see app.storage.server_keys.
        secret: 256 random bits in base64url; the database has only their digest.
    """
    return f"{secret}.{_mac(key, _OF_COOKIES + secret.encode())}"


def read_cookie(key: bytes, cookie: str) -> bytes | None:
    """Give the digest that a session is kept under; None where we did not write the cookie.

    The signature is compared in constant time; a forged cookie costs no look-up.
    """
    shape = _SHAPE.fullmatch(cookie)
    if shape is None:
        return None
    secret, mac = shape.groups()
    if not hmac.compare_digest(_mac(key, _OF_COOKIES + secret.encode()), mac):
        return None
    return digest_of(secret)


def digest_of(secret: str) -> bytes:
    """Give the form in which a secret is kept: of 256 random bits a plain hash is enough."""
    return hashlib.sha256(secret.encode()).digest()


def form_token_of(key: bytes, session_id: str) -> str:
    """Write what the forms of one session carry, and no other site's page can know.

    Source:
        OWASP Cross-Site Request Forgery Prevention Cheat Sheet, "HMAC Based Token Pattern".
    """
    return _mac(key, _OF_FORMS + session_id.encode())


def is_form_token(expected: str, given: str) -> bool:
    """Whether a form of this very session was sent; in constant time."""
    return hmac.compare_digest(expected.encode(), given.encode(errors="replace"))


def _mac(key: bytes, content: bytes) -> str:
    raw = hmac.digest(key, content, "sha256")[:_MAC_BYTES]
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
