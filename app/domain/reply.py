"""The reply clock: by when a person must have taken a message, and what happened until then."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ClockStatus(StrEnum):
    """Where a reply clock stands; every one is in exactly one of these."""

    RUNNING = "running"  # nobody has taken the message
    ACKNOWLEDGED = "acknowledged"  # a person said "mine"
    CLOSED = "closed"  # there is nothing to take: not a lead, or a wrong label


class ClockStep(StrEnum):
    """What happens on a reply clock; each at most once for a level."""

    STARTED = "started"
    REMINDED = "reminded"  # half of the level's time is over
    REASSIGNED = "reassigned"  # the level's time is over: another owner of the same pool
    ESCALATED = "escalated"  # … or an owner of the next level's pool
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyClock:
    """One message's promise of a reply."""

    id: str  # clk_…
    message_id: str  # one clock a message
    rule: str  # of the policy, which started it
    route: str
    clock: str  # its name in the policy
    pool: str | None
    owner: str | None  # whose turn it is now
    contact: str | None  # address of the person who wrote, in lower case
    account: str | None  # domain of their company
    level: int  # 0 until the first time runs out; one more with each that does
    started_at: datetime  # the message's own time
    promised_at: datetime  # by when the first owner had to take it: what is measured
    due_at: datetime  # by when the present one has to
    next_at: datetime | None  # when something happens next; None once it is settled
    reminded: bool  # whether the present level's reminder is out
    status: ClockStatus
    settled_at: datetime | None = None
    settled_by: str | None = None  # the owner, an address, or a key's name


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockEvent:
    """One thing that happened on a reply clock."""

    clock_id: str
    step: ClockStep
    level: int
    at: datetime  # when it was due, not when it was noticed
    owner: str | None  # who has the turn after it
