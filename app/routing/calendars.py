"""Working time: hours of the week in a time zone, without holidays."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """When people are at work."""

    name: str
    zone: str  # of the IANA database, such as Europe/Berlin
    hours: Mapping[int, tuple[tuple[int, int], ...]]  # weekday, Monday 0 -> (from, to) in minutes
    holidays: frozenset[date] = frozenset()
    yearly: frozenset[tuple[int, int]] = field(default_factory=frozenset)  # (month, day)
