"""What comes in, and what is known of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from app.domain.delivery import Delivery
from app.domain.reply import ReplyClock


class Channel(StrEnum):
    """The way a message reached the business."""

    EMAIL = "email"
    CHAT = "chat"
    WEB_FORM = "web_form"
    SMS = "sms"
    SOCIAL_DM = "social_dm"
    COMMUNITY_POST = "community_post"


class ArrivalStatus(StrEnum):
    """Where a provider's request stands; every one is in exactly one of these."""

    WAITING = "waiting"  # to be read now or later
    READ = "read"  # its messages are stored
    IGNORED = "ignored"  # understood, and no message
    FAILED = "failed"  # could not be read: kept for a person to look at


@dataclass(frozen=True, slots=True)
class Sender:
    """Who wrote, as far as the gateway told us."""

    email: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One inbound text with its channel, sender, thread and time."""

    id: str  # ours: msg_ and 26 characters, sortable by time
    channel: Channel
    subject: str
    text: str
    sender: Sender
    thread_id: str | None
    source: str  # which door it came through: "api", later a provider's name
    external_id: str | None  # the sender's own message id; unique for a source
    received_at: datetime  # aware, UTC: when it reached the business
    created_at: datetime  # aware, UTC: when it reached us


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a message beside the text that was written just now."""

    automated: str | None = None  # the kind of machine that wrote: auto_reply, bounce, list, …
    signature: str = ""  # of the writer; tells their role, and no wish
    unreadable: str | None = None  # why nothing could be read of it: failed, timeout, empty
    shown: Mapping[str, Any] = field(default_factory=dict)  # JSON: thread, signature, files, …


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One request of a provider, verified, as it came and as it is kept."""

    id: str  # arr_…
    source: str
    sha256: bytes  # of the body
    url: str
    headers: Mapping[str, str]
    body: bytes | None = field(default=None, repr=False)  # of one that is to be read
    received_at: datetime
    status: ArrivalStatus
    attempts: int  # to read it, the claimed one included
    next_attempt_at: datetime
    error_code: str | None = None
    message_ids: tuple[str, ...] = ()  # what was stored of it
    size: int | None = None  # bytes of the body; None once it has been let go
    once: str | None = None  # what may stand in one request of its source alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A message as it is kept, with what was said and decided of it."""

    message: Message
    prediction: Mapping[str, Any]  # Prediction.as_dict()
    decision: Mapping[str, Any]  # Decision.as_dict()
    facts: Mapping[str, Any] | None  # what is known beside the text; None of plain API messages
    deliveries: tuple[Delivery, ...]
    clock: ReplyClock | None = None  # by when who must have taken it
