"""What a format is: steps that say what is sent next, and read what came back; it sends nothing.

A format is a generator. It yields each request of one attempt, is given the reply, and returns
why the attempt failed although every reply was a 2xx, or None: then the last reply counts.
"""

import json
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from app.domain import Answer, Endpoint

NOT_RENDERABLE = "not_renderable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)  # tokens among them
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One e-mail for a mail server."""

    url: str = field(repr=False)  # smtp://user:password@host:port
    sender: str  # of the envelope
    recipients: tuple[str, ...]
    message: bytes = field(repr=False)  # RFC 5322, with CRLF
    in_clear: bool = False  # without STARTTLS, where the operator's allow-list has the server


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back of one step."""

    answer: Answer
    body: bytes = field(default=b"", repr=False)  # at most 64 KiB of it

    @property
    def json(self) -> Any:
        """The body as JSON; None where it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The receiver did not do what it was asked, whatever its status code says."""

    code: str
    why: str  # a sentence for the operator, without input


@dataclass(frozen=True, slots=True)
class Unrenderable:
    """The event cannot be written in this format: nothing is sent, now or later."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """All that a format writes from."""

    endpoint: Endpoint
    delivery_id: str  # the same on every attempt
    body: bytes  # the event as it is stored
    now: datetime  # of this attempt

    @property
    def event(self) -> Mapping[str, Any]:
        """The event as JSON; empty where the body is none."""
        try:
            event = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return event if isinstance(event, dict) else {}

    def option(self, name: str, default: str = "") -> str:
        """Give one of the endpoint's options as text."""
        return str(self.endpoint.options.get(name, default))

    def switched_on(self, name: str) -> bool:
        """Whether one of the endpoint's options is on; a command line can only say "true"."""
        return self.option(name).lower() in ("true", "yes", "1", "on")


Outgoing: TypeAlias = Request | Mail
Outcome: TypeAlias = Failed | Unrenderable | None
Steps: TypeAlias = Generator[Outgoing, Reply, Outcome]


def json_request(
    url: str, value: object, *, method: str = "POST", headers: Mapping[str, str] | None = None
) -> Request:
    """Write a request with a JSON body, in which a lone surrogate becomes a question mark."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Request(
        method=method,
        url=url,
        headers={"Content-Type": "application/json", **(headers or {})},
        body=text.encode("utf-8", errors="replace"),
    )
