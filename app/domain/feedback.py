"""What a person says of what the model said."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.domain.message import Sender


class FeedbackKind(StrEnum):
    """How what the model said of a message was right or wrong."""

    RIGHT_LABEL = "right_label"  # those that counted hold, and no other does
    WRONG_LABEL = "wrong_label"  # other intents hold than those that counted
    NOT_A_LEAD = "not_a_lead"  # whatever it wants, there is nothing in it for us


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """One thing a person said of one message."""

    id: str  # fb_…
    message_id: str
    kind: FeedbackKind
    labels: tuple[str, ...] | None  # the intents that hold; None: it was not said
    given_by: str  # the owner, an address, or a key's name
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A message with the intents that a person says it has, as an example to learn from."""

    message_id: str
    channel: str
    subject: str
    text: str
    intents: tuple[str, ...]
    language: str | None
    sender: Sender  # to take their name out of what they wrote
