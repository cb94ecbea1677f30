"""What the policy says of a reply clock: how long, in which time, and who comes after whom."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """Who has it after the one before did not take it."""

    pool: str | None  # None: the pool of the rule, another owner
    within: timedelta
    endpoints: tuple[str, ...] = ()  # that hear of it beside the rule's


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockPlan:
    """A reply clock as the policy describes it."""

    name: str
    within: timedelta
    calendar: str | None = None  # counts its working time; None: every hour counts
    remind_at: float = 0.5  # share of the time after which the owner is reminded; 0: not at all
    levels: tuple[Level, ...] = ()  # the last one repeats until somebody takes it
