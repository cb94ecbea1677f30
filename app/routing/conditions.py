"""What a rule asks of a message beside its intents, and what it saw."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that must hold; how it is asked stands in this module."""

    field: str  # signals.urgency, channel, language, contact.score, sender.domain, time, …
    wanted: tuple[str, ...]
