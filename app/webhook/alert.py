"""What a person needs beside the message itself, to answer it well and in time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from app.domain import ReplyClock
from app.routing.owners import Owner


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """What the reader of an alert may do with one click; each is a signed address."""

    mine: str
    wrong_label: str
    not_a_lead: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """A message that the account wrote before."""

    at: datetime  # when it reached the business
    channel: str
    subject: str
    excerpt: str  # its beginning
    labels: tuple[str, ...]  # intents that counted
    sentiment: str | None  # as the model saw it


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """A reply that the account still waits for: a running clock."""

    message_id: str
    owner: str | None
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """Whose turn it is, by when, and who wrote; nothing of it has to be known."""

    owner: Owner | None = None
    reply: ReplyClock | None = None
    links: Links | None = None  # only where people can reach us
    contact: Mapping[str, str | None] = field(default_factory=dict)  # of the signature
    account: str | None = None  # domain of the company
    history: Sequence[Earlier] = ()  # the newest first
    trend: str | None = None  # of the account's mood lately, in one word
    promises: Sequence[Promise] = ()
