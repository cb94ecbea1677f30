"""One sign-in on its way to a provider and back: what a browser keeps of it, and what follows.

State, nonce and verifier all follow from one secret by our key: the cookie holds none of them, and
nobody else can write a cookie that they would fit.
"""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.dashboard.local_paths import local_path
from app.errors import Forbidden

COOKIE = "inlet_oidc"
LIFE = timedelta(minutes=10)  # for a password, a second factor and a consent
STATE = "oidc_state"  # not begun in this browser, or too long ago
FAILED = "oidc_failed"  # the provider says no
UNREACHABLE = "oidc_unreachable"  # it does not answer, or not as a provider does
PROOF = "oidc_token"  # its ID token does not hold
UNKNOWN = "oidc_unknown"  # nobody gave this person a role
CODES = (STATE, FAILED, UNREACHABLE, PROOF, UNKNOWN)  # docs/sign-in.md explains each

_SHAPE = re.compile(
    r"([A-Za-z0-9_-]{43})\.([0-9]{1,12})\.([A-Za-z0-9_-]{1,1400})\.([A-Za-z0-9_-]{43})", re.ASCII
)


class SignInFailed(Forbidden):
    """A sign-in by a provider that signs nobody in."""

    def __init__(self, code: str, *, why: str) -> None:
        """Say it for the person, and for the operator.

        Args:
            code: One of CODES; the page and docs/sign-in.md explain it.
            why: For the log, from a list of ours: nothing that anybody sent.
        """
        super().__init__("the provider signed nobody in")
        self.code = code
        self.why = why


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A sign-in that was begun here, by the browser that has its cookie."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)  # of PKCE: 43 characters, as RFC 7636, section 4.1 asks
    back_to: str  # the page that was wanted

    @property
    def challenge(self) -> str:
        """What the provider compares the verifier with.

        Source:
            RFC 7636, section 4.2, method S256.
        """
        return _base64url(hashlib.sha256(self.verifier.encode()).digest())

    def has_state(self, given: str | None) -> bool:
        """Whether an answer belongs to this sign-in; in constant time."""
        return hmac.compare_digest(self.state.encode(), (given or "").encode(errors="replace"))


def begun(key: bytes, secret: str, *, back_to: str, now: datetime) -> tuple[Flow, str]:
    """Begin a sign-in; gives it with the cookie to set.

    Args:
        key: The installation's; see app.storage.server_keys.
        secret: 256 random bits in base64url.
        back_to: A path of ours.
        now: Aware.
    """
    expires_at = int((now + LIFE).timestamp())
    content = f"{secret}.{expires_at}.{_base64url(back_to.encode())}"
    return _flow(key, secret, back_to), f"{content}.{_keyed(key, 'cookie', content)}"


def read(key: bytes, cookie: str, now: datetime) -> Flow | None:
    """Give the sign-in that a cookie belongs to; None where it is not ours, or is too old."""
    shape = _SHAPE.fullmatch(cookie)
    if shape is None:
        return None
    secret, expires_at, back_to, mac = shape.groups()
    if not hmac.compare_digest(_keyed(key, "cookie", cookie.rpartition(".")[0]), mac):
        return None
    if now.timestamp() >= int(expires_at):
        return None
    padded = back_to + "=" * (-len(back_to) % 4)
    return _flow(key, secret, local_path(base64.urlsafe_b64decode(padded).decode()))


def _flow(key: bytes, secret: str, back_to: str) -> Flow:
    return Flow(
        state=_keyed(key, "state", secret),
        nonce=_keyed(key, "nonce", secret),
        verifier=_keyed(key, "verifier", secret),
        back_to=back_to,
    )


def _keyed(key: bytes, purpose: str, content: str) -> str:
    """Give 43 characters that nobody knows without the key, others for each purpose."""
    return _base64url(hmac.digest(key, f"inlet oidc {purpose}\x00{content}".encode(), "sha256"))


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
