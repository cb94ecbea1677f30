"""What a rule may look at beside the prediction: who wrote, when, and what is known of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is on record of a contact or an account before the message in hand."""

    name: str | None = None  # the address, or the company's domain; None: nobody knows
    messages: int = 0  # stored before this one
    last_at: datetime | None = None
    score: float = 0.0  # app.leads.score; 0 to 100

    @property
    def known(self) -> bool:
        """Whether they wrote before."""
        return self.messages > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The circumstances of one message."""

    channel: str
    at: datetime  # aware: when it reached the business
    contact: Known = Known()
    account: Known = Known()
    sender: Mapping[str, str] = field(default_factory=dict)  # SENDER_FIELDS that are known


SENDER_FIELDS = ("email", "domain", "name", "company", "title", "phone", "country", "website")
"""Text fields of the sender: of the gateway, and of the signature."""
