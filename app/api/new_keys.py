"""How an API key is made: by whichever door it is asked for."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.api.auth import SCOPES, new_key
from app.domain import ApiKey, new_id
from app.errors import Refused

MAX_DAYS = 36_500
_MAX_NAME_CHARS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeKey:
    """A key with what its owner gets once."""

    key: ApiKey
    plaintext: str = field(repr=False)
    sha256: bytes = field(repr=False)  # all that is kept of it


def make_key(
    name: str, scopes: Collection[str], *, expires_days: int | None, now: datetime
) -> MadeKey:
    """Make a key; nothing is stored yet.

    Args:
        name: What it is for.
        scopes: Of app.api.auth.
        expires_days: For how long it holds; None: until it is revoked.
        now: The present.

    Raises:
        Refused: A scope is unknown, or the name is empty or cannot be shown.
    """
    if unknown := set(scopes).difference(SCOPES):
        raise Refused(f"unknown scope {min(unknown)}; there are {', '.join(sorted(SCOPES))}")
    if not name.strip():
        raise Refused("the name is empty")
    if len(name) > _MAX_NAME_CHARS or not name.isprintable():
        raise Refused(f"a name has {_MAX_NAME_CHARS} characters at most, and all can be printed")
    plaintext, digest, prefix = new_key()
    key = ApiKey(
        id=new_id("key", now),
        name=name,
        prefix=prefix,
        scopes=frozenset(scopes),
        created_at=now,
        expires_at=now + timedelta(days=expires_days) if expires_days else None,
        revoked_at=None,
        last_used_at=None,
    )
    return MadeKey(key=key, plaintext=plaintext, sha256=digest)


def state_of(key: ApiKey, now: datetime) -> str:
    """Say whether a key is taken, in a word: active, expired or revoked."""
    if key.revoked_at:
        return "revoked"
    return "expired" if key.expires_at and key.expires_at <= now else "active"
