"""The service's values: what stands between its stages, frozen and checked once."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Channel(StrEnum):
    """The way a message reached the business."""

    EMAIL = "email"
    CHAT = "chat"
    WEB_FORM = "web_form"
    SMS = "sms"
    SOCIAL_DM = "social_dm"
    COMMUNITY_POST = "community_post"


class DeliveryStatus(StrEnum):
    """Where a delivery stands; every delivery is in exactly one of these."""

    PENDING = "pending"  # due now or later
    DELIVERED = "delivered"  # a receiver answered 2xx
    DEAD = "dead"  # the schedule is used up, or the endpoint said 410
    SUPPRESSED = "suppressed"  # never attempted: its endpoint was disabled or removed


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
class Decision:
    """What we do about a message, with the reason."""

    route: str  # sales, success, support, inbox, or the operator's own name
    rule: str  # the policy rule that fired
    reasons: tuple[str, ...]  # sentences: what the rule saw
    endpoints: tuple[str, ...]  # names of the endpoints that hear of it
    event_type: str  # lead.detected, message.routed, …
    policy_sha256: str

    def as_dict(self) -> dict[str, Any]:
        """Give the JSON form that the API answers and the storage keeps."""
        return {
            "route": self.route,
            "rule": self.rule,
            "reasons": list(self.reasons),
            "endpoints": list(self.endpoints),
            "event_type": self.event_type,
            "policy_sha256": self.policy_sha256,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A receiver of webhooks."""

    id: str  # ep_…
    name: str  # what a policy calls it; unique
    url: str
    secrets: tuple[str, ...]  # whsec_…, newest first; each signs every attempt
    enabled: bool
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event on its way to one endpoint."""

    id: str  # dlv_…: the webhook-id, the same on every attempt
    message_id: str
    endpoint_id: str
    event_type: str
    body: bytes  # exactly what is sent and signed
    status: DeliveryStatus
    attempts: int  # tries begun so far, the claimed one included
    next_attempt_at: datetime  # while claimed: when the lease runs out
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of one attempt: a status code, or a stable error code, never both missing."""

    status_code: int | None  # None where no HTTP answer came
    error_code: str | None  # timeout, dns_error, connection_refused, tls_error, …
    body_excerpt: str = ""  # at most 1 KiB of the answer, NUL and surrogates removed
    retry_after_s: float | None = None
    duration_ms: float = 0.0

    @property
    def delivered(self) -> bool:
        """Whether the receiver took it: only 2xx is success."""
        return self.status_code is not None and 200 <= self.status_code < 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One HTTP try of a delivery, as it is kept."""

    delivery_id: str
    number: int
    started_at: datetime
    answer: Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key's facts; the key itself is shown once and only its SHA-256 is kept."""

    id: str  # key_…
    name: str
    prefix: str  # the first characters, to recognise it by
    scopes: frozenset[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A message as it is kept, with what was said and decided of it."""

    message: Message
    prediction: Mapping[str, Any]  # Prediction.as_dict()
    decision: Mapping[str, Any]  # Decision.as_dict()
    facts: Mapping[str, Any] | None  # what is known beside the text; None of plain API messages
    deliveries: tuple[Delivery, ...]


_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_id(prefix: str, now: datetime) -> str:
    """Make an id that sorts by time and cannot be guessed: 48 bits of ms, 80 random bits.

    Source:
        The ULID specification, "Encoding": 26 characters of Crockford's base 32.
    """
    number = (int(now.timestamp() * 1000) << 80) | secrets.randbits(80)
    return f"{prefix}_" + "".join(_CROCKFORD[(number >> 5 * i) & 31] for i in reversed(range(26)))
