"""What a receiver must be before it is kept: by whichever door it was named."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.domain import Endpoint, new_id
from app.errors import Refused
from app.webhook.guard import Guard
from app.webhook.rendering import check_options, check_url

SIGNED = ("webhook", "cloudevents")  # formats whose receivers verify a signature
IN_FLIGHT = 4  # attempts at the same time, unless told otherwise
_MAX_NAME_CHARS = 200  # as in a policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A receiver as somebody describes it."""

    name: str  # as the policy calls it
    url: str
    secret: str = field(repr=False)  # one that `secret_key` reads
    format: str = "webhook"
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    rate_per_s: float | None = None
    max_in_flight: int = IN_FLIGHT


def enrolled(wanted: Wanted, guard: Guard, *, now: datetime) -> Endpoint:
    """Make an endpoint that may be kept; its address is checked again at every attempt.

    Raises:
        Refused: Format, options, address or name; never repeats a value.
    """
    check_options(wanted.format, wanted.options)
    check_url(wanted.format, wanted.url)
    guard.check_url(wanted.url)
    if not wanted.name.strip():
        raise Refused("the name is empty")
    if len(wanted.name) > _MAX_NAME_CHARS or not wanted.name.isprintable():
        raise Refused(f"a name has {_MAX_NAME_CHARS} characters at most, and all can be printed")
    return Endpoint(
        id=new_id("ep", now),
        name=wanted.name,
        url=wanted.url,
        secrets=(wanted.secret,),
        enabled=True,
        created_at=now,
        format=wanted.format,
        options=dict(wanted.options),
        rate_per_s=wanted.rate_per_s,
        max_in_flight=wanted.max_in_flight,
    )


def read_options(given: Iterable[str], *, called: str) -> dict[str, str]:
    """Read options that are written as key=value.

    Args:
        given: One each.
        called: What they are called where they were written, for errors.

    Raises:
        Refused: One is no such pair, or a key is there twice.
    """
    pairs = [entry.partition("=") for entry in given]
    if not all(key and separator for key, separator, _ in pairs):
        raise Refused(f"{called} needs key=value, such as token=…")
    options = {key: value for key, _, value in pairs}
    if len(options) < len(pairs):
        raise Refused(f"{called} names one key twice")
    return options
