"""What a sample is: the request, and how far one that is not its vendor's own can get."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from app.inbound.samples.content import Content
from app.inbound.values import Keys

VERIFIED, PARSED = "verified", "parsed"  # steps of the trace at which a sample may end


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """Why a sample cannot get past a step, whatever the keys."""

    step: str  # VERIFIED or PARSED
    why: str  # a sentence, with what shows the rest


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A request as a vendor makes it, about an invented message."""

    path: str  # with the query
    headers: Mapping[str, str] = field(repr=False)  # names in small letters
    body: bytes = field(repr=False)
    limit: Limit | None = None
    # What stands in the body and proves any other body as well, so that it must not be shown.
    proof: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a sample is made from."""

    path: str  # of the source
    public_url: str  # the address in front of the path, which some vendors sign
    keys: Keys
    content: Content


Builder: TypeAlias = Callable[[Order], Sample]
