"""API keys: how they are made, known again, and what each may do."""

import hashlib
import re
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from app.api.remembered import Remembered
from app.api.same_site import check_same_site, is_forwarded, is_loopback
from app.domain import ApiKey
from app.errors import AppError, Unauthenticated
from app.storage import keys
from app.storage.engine import Database

ADMIN = "admin"  # every scope
SCOPES = (
    "classify",
    "messages:write",
    "messages:read",
    "deliveries:read",
    "deliveries:write",
    "metrics",
    ADMIN,
)
OPEN = "open"  # the owner of what is done without any key
_PREFIX_CHARS = 12  # `inlet_` and six characters: enough to recognise a key, too few to guess it
_SHAPE = re.compile(r"inlet_[A-Za-z0-9_-]{43}")
_REMEMBERED = 1_024  # keys; an unknown one is remembered as well
_TOUCH_AFTER = timedelta(seconds=keys.TOUCH_EVERY_S)
_NO_KEY_YET = "no API key exists yet: run `inlet keys create` and send it as a Bearer token"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the id of a key, or `open`; and what that one may do."""

    owner: str
    scopes: frozenset[str]

    def may(self, scope: str) -> bool:
        """Whether the call that needs this scope is allowed."""
        return scope in self.scopes or ADMIN in self.scopes


def new_key() -> tuple[str, bytes, str]:
    """Make a key: what its owner gets once, the digest that is kept, and how to recognise it."""
    plaintext = f"inlet_{secrets.token_urlsafe(32)}"
    return plaintext, digest_of(plaintext), plaintext[:_PREFIX_CHARS]


def digest_of(plaintext: str) -> bytes:
    """Give the form in which a key is kept: it has 256 random bits, so a plain hash is enough."""
    return hashlib.sha256(plaintext.encode()).digest()


class Authenticator:
    """Tells who asks; remembers keys for a few seconds, so that load is not load on the database.

    A key that was revoked may still be taken for as long as that; see app.api.remembered.
    """

    def __init__(
        self,
        database: Database,
        *,
        listens_on: str,
        now: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._listens_on_loopback = is_loopback(listens_on)
        self._now = now
        self._keys: Remembered[bytes, ApiKey | None] = Remembered(
            self._read_key, most=_REMEMBERED, monotonic=monotonic
        )
        self._any_active: Remembered[None, bool] = Remembered(
            self._read_any_active, most=1, monotonic=monotonic
        )

    async def caller(self, headers: Mapping[str, str], client_host: str | None) -> Caller:
        """Tell who asks by a key, or let this machine's own user in while no key exists.

        Raises:
            Unauthenticated: No key, or none that we take.
            Forbidden: `cross_site`, where a web page tries to use the open mode.
        """
        token = _token_of(headers)
        if token is None:
            return await self._without_key(headers, client_host)
        key = await self._keys.get(digest_of(token)) if _SHAPE.fullmatch(token) else None
        if key is None or not _is_active(key, self._now()):
            raise Unauthenticated("this API key is unknown, revoked or has run out")
        return Caller(key.id, key.scopes)

    async def _without_key(self, headers: Mapping[str, str], client_host: str | None) -> Caller:
        if await self._any_active.get(None):
            raise Unauthenticated("send an API key as `Authorization: Bearer …` or as `X-API-Key`")
        local = self._listens_on_loopback and is_loopback(client_host)
        if not local or is_forwarded(headers):
            raise Unauthenticated(_NO_KEY_YET)
        check_same_site(headers)
        return Caller(OPEN, frozenset({ADMIN}))

    def _read_any_active(self, _: None) -> bool:
        with self._database.read() as conn:
            return keys.any_active(conn, self._now())

    def _read_key(self, digest: bytes) -> ApiKey | None:
        with self._database.read() as conn:
            key = keys.by_sha256(conn, digest)
        if key is not None and _is_active(key, self._now()):
            self._touch(key)
        return key

    def _touch(self, key: ApiKey) -> None:
        """Note the use of a key, at most once a minute; a failure costs only this note."""
        now = self._now()
        if key.last_used_at is not None and now - key.last_used_at < _TOUCH_AFTER:
            return
        try:
            with self._database.write() as conn:
                keys.touch(conn, key.id, now)
        except AppError:
            log.warning("key_use_not_noted", key_id=key.id)


def _token_of(headers: Mapping[str, str]) -> str | None:
    """Find the key in a request; two that differ are none that we take."""
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    named = headers.get("x-api-key")
    if not scheme:
        return named
    if scheme.lower() != "bearer" or (named is not None and named != bearer.strip()):
        return ""  # no key has this form, so it is refused like an unknown one
    return bearer.strip()


def _is_active(key: ApiKey, now: datetime) -> bool:
    return key.revoked_at is None and (key.expires_at is None or now < key.expires_at)
