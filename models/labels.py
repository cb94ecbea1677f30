"""Heads: the questions the network answers about a message, and their ordered labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

INTENTS = "intents"
SIGNALS = ("intent_type", "urgency", "sentiment", "buyer_role", "engagement")
OTHER = "other"  # the intent that stands alone: nothing else is wanted

LABELS: dict[str, tuple[str, ...]] = {
    INTENTS: ("demo_request", "pricing", "support", "churn_risk", OTHER),
    "intent_type": (
        "informational",
        "navigational",
        "transactional",
        "commercial_investigation",
        "local",
        "problem_solving",
    ),
    "urgency": ("low", "normal", "high"),
    "sentiment": ("negative", "neutral", "positive"),
    "buyer_role": ("executive", "it_manager", "practitioner", "procurement", "unknown"),
    "engagement": ("guided", "self_directed", "unspecified"),
}
"""The labels of data/, in the order of the shipped model's outputs (data/README.md)."""

HeadKind = Literal["multi", "single"]


@dataclass(frozen=True, slots=True)
class Head:
    """One question about a message: several labels may hold (multi) or exactly one (single)."""

    name: str
    labels: tuple[str, ...]
    kind: HeadKind

    def __post_init__(self) -> None:
        if self.kind not in ("multi", "single"):
            raise ValueError(f"head {self.name}: kind must be multi or single")
        if len(self.labels) < 2 or len(set(self.labels)) != len(self.labels):
            raise ValueError(f"head {self.name}: needs at least two different labels")


def deciding(heads: Sequence[Head]) -> Head:
    """The head that says what a message wants: the intents, or the first where there are none."""
    return next((head for head in heads if head.name == INTENTS), heads[0])
