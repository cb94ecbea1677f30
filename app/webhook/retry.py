"""When a delivery is tried again, and when it is over; knows no clock and no chance."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from app.domain import Answer, DeliveryStatus
from app.webhook.formats.steps import NOT_RENDERABLE

DELAYS_S = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Seconds after each failed attempt: Standard Webhooks, "Example retry schedule"; 75.6 h in all."""

MAX_ATTEMPTS = len(DELAYS_S) + 1
JITTER_RATIO = 0.2
RETRY_AFTER_MAX_S = 86_400.0

_GONE = 410
_SECONDS = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,12})?")
_MAX_DATE_CHARS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What an attempt's answer means for its delivery and its endpoint."""

    status: DeliveryStatus
    next_attempt_at: datetime  # the present where no attempt follows
    disable_endpoint: bool = False  # the receiver said that it is gone


def after(answer: Answer, *, attempts: int, now: datetime, spread: float) -> Outcome:
    """Decide what follows an attempt: done, again later, or never again.

    Args:
        answer: What came of the attempt.
        attempts: Tries so far, this one included; 1 after the first.
        now: The present, with its zone.
        spread: Drawn evenly from [-1, 1] by the caller, so that receivers are not hit in waves.

    Source:
        Standard Webhooks 1.0.0, "Delivery success and failure".
    """
    if answer.delivered:
        return Outcome(status=DeliveryStatus.DELIVERED, next_attempt_at=now)
    if answer.status_code == _GONE:
        return Outcome(status=DeliveryStatus.DEAD, next_attempt_at=now, disable_endpoint=True)
    if attempts >= MAX_ATTEMPTS or answer.error_code == NOT_RENDERABLE:
        return Outcome(status=DeliveryStatus.DEAD, next_attempt_at=now)
    wait = timedelta(seconds=_delay_s(answer, attempts=attempts, spread=spread))
    return Outcome(status=DeliveryStatus.PENDING, next_attempt_at=now + wait)


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """Read a Retry-After header as seconds from now; None where it is missing or nonsense.

    Source:
        RFC 9110, section 10.2.3: seconds or an HTTP date. Fractions are met in the wild.
    """
    text = (value or "").strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    if not text or len(text) > _MAX_DATE_CHARS:
        return None
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - now).total_seconds())


def _delay_s(answer: Answer, *, attempts: int, spread: float) -> float:
    base_s = DELAYS_S[attempts - 1] * (1 + JITTER_RATIO * spread)
    return max(base_s, min(answer.retry_after_s or 0.0, RETRY_AFTER_MAX_S))
