"""The service's values: what stands between its stages, frozen and checked once."""

from app.domain.access import ApiKey
from app.domain.decision import Decision, Priority
from app.domain.delivery import (
    Answer,
    Attempt,
    Delivery,
    DeliveryStatus,
    Endpoint,
    Health,
    RetiredSecret,
)
from app.domain.feedback import Correction, Feedback, FeedbackKind
from app.domain.ids import new_id
from app.domain.inbox import InboxState
from app.domain.message import (
    Arrival,
    ArrivalStatus,
    Channel,
    Facts,
    Message,
    Sender,
    Stored,
)
from app.domain.reply import ClockEvent, ClockStatus, ClockStep, ReplyClock
from app.domain.session import LoginLink, Role, Session

__all__ = [
    "Answer",
    "ApiKey",
    "Arrival",
    "ArrivalStatus",
    "Attempt",
    "Channel",
    "ClockEvent",
    "ClockStatus",
    "ClockStep",
    "Correction",
    "Decision",
    "Delivery",
    "DeliveryStatus",
    "Endpoint",
    "Facts",
    "Feedback",
    "FeedbackKind",
    "Health",
    "InboxState",
    "LoginLink",
    "Message",
    "Priority",
    "ReplyClock",
    "RetiredSecret",
    "Role",
    "Sender",
    "Session",
    "Stored",
    "new_id",
]
