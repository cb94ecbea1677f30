"""Who looks at the pages: what they may do, and for how long they stay signed in."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

IDLE = timedelta(hours=12)  # without a request, a session is over
LONGEST = timedelta(days=7)  # from the sign-in, whatever is done meanwhile


class Role(StrEnum):
    """What somebody may do on the pages; each may do what the ones before it may."""

    VIEWER = "viewer"  # look
    AGENT = "agent"  # take, reassign and correct messages, send deliveries again
    ADMIN = "admin"  # change policy, endpoints, keys, the model

    def covers(self, needed: "Role") -> bool:
        """Whether this role may do what needs another."""
        order = list(Role)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginLink:
    """A link that signs somebody in once; only the SHA-256 of its token is kept."""

    name: str
    role: Role
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Somebody who is signed in; only the SHA-256 of the cookie's secret is kept."""

    id: str  # ses_…; safe to show
    name: str
    role: Role
    created_at: datetime
    seen_at: datetime  # to within minutes
    ended_at: datetime | None

    def holds(self, now: datetime) -> bool:
        """Whether whoever has the cookie is signed in."""
        return self.ended_at is None and now < min(self.seen_at + IDLE, self.created_at + LONGEST)
