"""One try at an endpoint with a made-up event, the way deliveries go, with all that is said."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.domain import Answer, Endpoint, new_id
from app.webhook.attempt import Begin, attempt
from app.webhook.sample import sample_event
from app.webhook.watching import Watched


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What came of a try."""

    answer: Answer
    steps: tuple[Mapping[str, Any], ...]  # JSON, without secrets; see app.webhook.watching


def tried(
    begin: Begin, endpoint: Endpoint, *, now: datetime, public_url: str | None, personal_data: bool
) -> Tried:
    """Send an endpoint a made-up event (SAMPLE); nothing of it is stored.

    Args:
        begin: Begins the attempt's deadline.
        endpoint: Who is told; it may be paused, or disabled.
        now: The present, with its zone.
        public_url: Where people reach us, for the links of an alert.
        personal_data: Whether real events tell who wrote and what.
    """
    watched = Watched(begin)
    body = sample_event(now, public_url=public_url, personal_data=personal_data)
    answer = attempt(
        watched.begin, endpoint, webhook_id=new_id("test", now), body=body, sent_at=now
    )
    return Tried(answer=answer, steps=tuple(watched.steps))
