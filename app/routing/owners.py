"""The people who take messages, and the pools from which one of them is named."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Absence:
    """Days on which somebody is away, both included."""

    first: date
    last: date

    def covers(self, day: date) -> bool:
        """Whether a day is one of them."""
        return self.first <= day <= self.last


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """One person."""

    id: str  # as the policy calls them
    name: str
    email: str | None = None
    mention: str | None = None  # how chat calls them, such as a Slack member id
    languages: frozenset[str] = frozenset()  # two small letters each; empty: any
    territories: frozenset[str] = frozenset()  # ends of mail domains, countries: small; empty: any
    calendar: str | None = None  # None: always at work
    capacity: int | None = None  # running reply clocks, at most
    absences: tuple[Absence, ...] = ()
    left: date | None = None  # from when on they no longer work here

    def has_left(self, day: date) -> bool:
        """Whether they no longer work here on a day of their own calendar."""
        return self.left is not None and self.left <= day

    def absent_until(self, day: date) -> date | None:
        """Give the last day of an absence that covers a day; None where they are there."""
        until = None
        for absence in sorted(self.absences, key=lambda absence: absence.first):
            if until is None:
                until = absence.last if absence.covers(day) else None
            elif absence.first.toordinal() <= until.toordinal() + 1:  # it goes on
                until = max(until, absence.last)
        return until

    def has_room(self, load: int) -> bool:
        """Whether one more reply clock is within their capacity."""
        return self.capacity is None or load < self.capacity

    def speaks(self, language: str | None) -> bool:
        """Whether they read a language, pt-BR as pt; nobody is ruled out where it is unknown."""
        if language is None or not self.languages:
            return True
        return language.casefold().replace("_", "-").partition("-")[0] in self.languages

    def covers(self, *, domain: str | None, country: str | None) -> bool:
        """Whether a sender is of their territories; nobody is ruled out where it is not known."""
        if not self.territories or (domain is None and country is None):
            return True
        if country is not None and country.casefold() in self.territories:
            return True
        host = f".{domain.casefold()}" if domain else ""
        return any(host.endswith(f".{territory}") for territory in self.territories)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Owners among whom a rule's messages are shared out."""

    name: str
    weights: Mapping[str, float]  # owner -> share
    fallback: str | None = None  # the owner who is named where nobody else can be
    sticky: str | None = None  # contact or account: who had them before has them again
    sticky_days: int = 90
