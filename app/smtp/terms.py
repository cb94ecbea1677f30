"""On which terms mails are taken; known without aiosmtpd."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from app.inbound.values import Post


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is taken, and within which bounds."""

    keep: Callable[[Post], str]  # blocks until it is durable, and gives its id
    now: Callable[[], datetime]
    max_bytes: int  # of a mail
    lmtp: bool = False
    domains: frozenset[str] = frozenset()  # as `domain_of` writes them; empty: all
    idle_s: float = 30.0  # for a command, or between two pieces of a mail
    session_s: float = 300.0
    stop_s: float = 5.0  # for mails that are on their way in when the server stops


def domain_of(address: str) -> str:
    """Give the domain behind an address's last @ as it is compared: in small letters, as ASCII."""
    domain = address.rpartition("@")[2].removesuffix(".").lower()
    try:
        return domain.encode("idna").decode()
    except UnicodeError:  # no host has such a name; it is compared as it stands
        return domain
