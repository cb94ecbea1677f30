"""When an endpoint is left alone for a while, or for good; knows no clock and no chance.

A circuit is closed while all is well, open while nothing is tried, and half open from then on:
one attempt shows whether it closes or opens again, for twice as long.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from app.domain import Answer, Endpoint, Health
from app.webhook.formats.steps import NOT_RENDERABLE

FAILURES = 5  # in a row, until a circuit opens
OPEN_S = 30.0  # the first time; then twice as long each time
LONGEST_OPEN_S = 750.0  # with its jitter 10 to 15 minutes
JITTER_RATIO = 0.2
THROTTLED_S = 5.0  # of an endpoint that has too much to do and does not say for how long
GIVEN_UP_AFTER = timedelta(days=5)  # without a single success

_TOO_MUCH = frozenset({429, 502, 504})  # Standard Webhooks, "Delivery success and failure"
_OURS = frozenset({"internal_error", NOT_RENDERABLE})  # say nothing about the endpoint
_MOST_DOUBLINGS = 10


class Standing(StrEnum):
    """How an endpoint is, for those who look at it."""

    ENABLED = "enabled"
    FAILING = "failing"  # it is tried as ever, one attempt at a time
    OPEN = "open"  # nothing is tried before its open_until
    HALF_OPEN = "half_open"  # one delivery is tried next
    PAUSED = "paused"
    DISABLED = "disabled"


class Transition(StrEnum):
    """What an attempt did to its endpoint; each is told once."""

    OPENED = "opened"  # after it was closed, not after each failed probe
    CLOSED = "closed"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """An endpoint's health after an attempt, and what is to be told."""

    health: Health
    transition: Transition | None = None


def after(
    health: Health, answer: Answer, *, now: datetime, spread: float, probe: bool = False
) -> Verdict:
    """Judge an endpoint by what came of one attempt.

    Args:
        health: As it was before this answer.
        answer: What came of the attempt.
        now: The present, with its zone.
        spread: Drawn evenly from [-1, 1] by the caller, so that probes do not come in waves.
        probe: Whether this was the one attempt that a half-open circuit lets through. What was
            under way when the circuit opened must not make it stay open longer.
    """
    if answer.error_code in _OURS:
        return Verdict(health=health)
    if answer.delivered:
        closes = Transition.CLOSED if health.open_until else None
        return Verdict(health=Health(), transition=closes)
    if health.open_until is not None and health.open_until > now and not probe:
        return Verdict(health=health)
    return _failed(health, answer, now=now, spread=spread)


def standing_of(endpoint: Endpoint, now: datetime) -> Standing:
    """Say how an endpoint is; what people decided says more than how it answers."""
    if not endpoint.enabled:
        return Standing.DISABLED
    if endpoint.paused:
        return Standing.PAUSED
    if endpoint.open_until is not None:
        return Standing.OPEN if endpoint.open_until > now else Standing.HALF_OPEN
    return Standing.FAILING if endpoint.failures else Standing.ENABLED


def _failed(health: Health, answer: Answer, *, now: datetime, spread: float) -> Verdict:
    failures, since = health.failures + 1, health.failing_since or now
    failed = Health(failures=failures, failing_since=since)
    if failures >= FAILURES and now - since >= GIVEN_UP_AFTER:
        return Verdict(health=failed, transition=Transition.DISABLED)
    if failures < FAILURES and health.open_until is None and not _throttles(answer):
        return Verdict(health=failed)
    until = now + timedelta(seconds=_open_s(answer, failures=failures, spread=spread))
    opened = Health(failures=failures, failing_since=since, open_until=until)
    return Verdict(
        health=opened, transition=None if health.open_until is not None else Transition.OPENED
    )


def _throttles(answer: Answer) -> bool:
    asks_for_time = answer.status_code == 503 and answer.retry_after_s is not None
    return answer.status_code in _TOO_MUCH or asks_for_time


def _open_s(answer: Answer, *, failures: int, spread: float) -> float:
    doublings = min(failures - FAILURES, _MOST_DOUBLINGS)
    first_s = OPEN_S * 2**doublings if doublings >= 0 else THROTTLED_S
    asked_s = (answer.retry_after_s or 0.0) if _throttles(answer) else 0.0
    base_s = min(max(first_s, asked_s), LONGEST_OPEN_S)
    return base_s * (1 + JITTER_RATIO * spread)
