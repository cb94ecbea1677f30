"""Receivers, deliveries on their way to them, and what came of each try."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class DeliveryStatus(StrEnum):
    """Where a delivery stands; every delivery is in exactly one of these."""

    PENDING = "pending"  # due now or later
    DELIVERED = "delivered"  # a receiver answered 2xx
    DEAD = "dead"  # the schedule is used up, or the endpoint said 410
    SUPPRESSED = "suppressed"  # never attempted: its endpoint was disabled or removed


@dataclass(frozen=True, slots=True, kw_only=True)
class RetiredSecret:
    """A secret that was changed for a newer one, and still signs for those who have the old one."""

    secret: str = field(repr=False)
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A receiver of events."""

    id: str  # ep_…
    name: str  # what a policy calls it; unique
    url: str
    secrets: tuple[str, ...]  # whsec_…, newest first; each signs every attempt
    enabled: bool
    created_at: datetime
    format: str = "webhook"  # how events are written for it; see app.webhook.formats
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)  # of the format; secret
    retired: tuple[RetiredSecret, ...] = ()  # sign beside the others until their time is over
    paused: bool = False  # what is for it waits
    max_in_flight: int = 4  # attempts at the same time, of one worker
    rate_per_s: float | None = None  # attempts, at most; None: no limit
    failures: int = 0  # in a row
    failing_since: datetime | None = None
    open_until: datetime | None = None  # its circuit is open: nothing is tried before


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How an endpoint answered lately; by default, well."""

    failures: int = 0  # in a row
    failing_since: datetime | None = None  # the first of them
    open_until: datetime | None = None  # its circuit: open until then, half open afterwards


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
        """Whether the receiver took it: only 2xx is success, and only where nothing went wrong."""
        taken = self.status_code is not None and 200 <= self.status_code < 300
        return taken and self.error_code is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One HTTP try of a delivery, as it is kept."""

    delivery_id: str
    number: int
    started_at: datetime
    answer: Answer
