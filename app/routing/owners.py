"""The people who take messages, and the pools from which one of them is named."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Absence:
    """Days on which somebody is away, both included."""

    first: date
    last: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """One person."""

    id: str  # as the policy calls them
    name: str
    email: str | None = None
    mention: str | None = None  # how chat calls them, such as a Slack member id
    languages: frozenset[str] = frozenset()  # two-letter codes; empty: any
    territories: frozenset[str] = frozenset()  # ends of mail domains or countries; empty: any
    calendar: str | None = None  # None: always at work
    capacity: int | None = None  # running reply clocks, at most
    absences: tuple[Absence, ...] = ()
    left: date | None = None  # from when on they no longer work here


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Owners among whom a rule's messages are shared out."""

    name: str
    weights: Mapping[str, float]  # owner -> share
    fallback: str | None = None  # the owner who is named where nobody else can be
    sticky: str | None = None  # contact or account: who had them before has them again
    sticky_days: int = 90
