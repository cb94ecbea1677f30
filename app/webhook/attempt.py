"""One try at an endpoint: the same for a delivery, a replay and a test."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias

from app.domain import Answer, Endpoint
from app.webhook.formats.steps import (
    NOT_RENDERABLE,
    Failed,
    Outcome,
    Outgoing,
    Reply,
    Told,
    Unrenderable,
)
from app.webhook.rendering import steps_of

Send: TypeAlias = Callable[[Outgoing], Reply]
"""Sends one step of an attempt; all steps share a deadline."""

Begin: TypeAlias = Callable[[], Send]
"""Begins an attempt, and its deadline: Sender.begin, or a test's stand-in."""

_MAX_STEPS = 8  # no format has as many


def attempt(
    begin: Begin, endpoint: Endpoint, *, webhook_id: str, body: bytes, sent_at: datetime
) -> Answer:
    """Write the event in the endpoint's format, send it, and give what came of it.

    Args:
        begin: Begins the attempt's deadline.
        endpoint: Who is told.
        webhook_id: The delivery's id: the same on every attempt.
        body: The event as it is stored.
        sent_at: The time of this attempt, with its zone.
    """
    told = Told(endpoint=endpoint, delivery_id=webhook_id, body=body, now=sent_at)
    steps, send = steps_of(told), begin()
    last, duration_ms = None, 0.0
    try:
        outgoing = next(steps)
        for _ in range(_MAX_STEPS):
            last = send(outgoing)
            duration_ms += last.answer.duration_ms
            if last.answer.status_code is None:
                break
            outgoing = steps.send(last)
    except StopIteration as end:
        return _answer(last, end.value, duration_ms)
    return _answer(last, None, duration_ms)


def _answer(last: Reply | None, outcome: Outcome, duration_ms: float) -> Answer:
    """Make the attempt's answer of its last reply and of what the format says of it."""
    answer = last.answer if last else Answer(status_code=None, error_code=NOT_RENDERABLE)
    answer = replace(answer, duration_ms=round(duration_ms, 1))
    if isinstance(outcome, Unrenderable):
        return replace(answer, error_code=NOT_RENDERABLE, body_excerpt=outcome.why)
    if isinstance(outcome, Failed):
        return replace(answer, error_code=outcome.code, body_excerpt=outcome.why)
    return answer
