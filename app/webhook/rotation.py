"""Changing an endpoint's secret while receivers hold the old one; knows no clock."""

from dataclasses import replace
from datetime import datetime, timedelta

from app.domain import Endpoint, RetiredSecret
from app.errors import Refused

MAX_SECRETS = 10  # each signs every attempt, and receivers look at so many signatures


def rotated(endpoint: Endpoint, secret: str, *, now: datetime, grace: timedelta) -> Endpoint:
    """Give an endpoint a new secret; those it had sign beside it until the grace is over.

    What was retired before keeps its own end; what has reached it is removed.

    Raises:
        Refused: The secret signs already, or too many would.
    """
    if secret in endpoint.secrets:
        raise Refused("this is the endpoint's secret already")
    others = (one for one in endpoint.retired if one.until > now and one.secret != secret)
    until = now + grace
    former = [RetiredSecret(secret=old, until=until) for old in endpoint.secrets if until > now]
    retired = (*former, *others)
    if len(retired) >= MAX_SECRETS:
        first = min(one.until for one in retired)
        raise Refused(
            f"{MAX_SECRETS} secrets sign at the same time, at most: the next one ends at "
            f"{first.isoformat(timespec='seconds')}; --grace 0s ends the present one at once"
        )
    return replace(endpoint, secrets=(secret,), retired=retired)
