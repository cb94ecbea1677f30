"""What is done about a message."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Priority(StrEnum):
    """How much a message matters beside others of its route."""

    URGENT = "urgent"
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What we do about a message, with the reason."""

    route: str  # sales, marketing, success, support, inbox, review, or the operator's own name
    rule: str  # the policy rule that fired
    reasons: tuple[str, ...]  # sentences: what the rule saw, and which rule came nearest
    endpoints: tuple[str, ...]  # names of the endpoints that hear of it
    event_type: str  # lead.detected, message.routed, …
    policy_sha256: str
    priority: Priority = Priority.NORMAL
    pool: str | None = None  # of the owners, one of whom is named
    clock: str | None = None  # of the policy's clocks: by when a person must have taken it
    playbook: str = ""  # what to do next, for the person who reads

    def as_dict(self) -> dict[str, Any]:
        """Give the JSON form that the API answers and the storage keeps."""
        return {
            "route": self.route,
            "rule": self.rule,
            "reasons": list(self.reasons),
            "endpoints": list(self.endpoints),
            "event_type": self.event_type,
            "policy_sha256": self.policy_sha256,
            "priority": self.priority.value,
            "pool": self.pool,
            "clock": self.clock,
            "playbook": self.playbook,
        }
