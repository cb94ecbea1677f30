"""Who may call us."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key's facts; the key itself is shown once and only its SHA-256 is kept."""

    id: str  # key_…
    name: str
    prefix: str  # the first characters, to recognise it by
    scopes: frozenset[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
