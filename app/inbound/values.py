"""What stands between a provider's request and a message: frozen values, shared by all sources."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from app.domain import Channel, Sender
from app.errors import AppError


class NotAuthentic(AppError):
    """A request whose signature or password does not prove that the provider sent it."""

    code = "not_authentic"


class Unreadable(AppError):
    """A request of the right provider in a shape that we do not know."""

    code = "unknown_shape"


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One request of a provider, exactly as it came."""

    url: str  # as the provider called it: the public base address, the path and the query
    query: Mapping[str, str]
    headers: Mapping[str, str]  # names in small letters; of one sent twice the first
    body: bytes
    received_at: datetime  # aware, UTC

    @property
    def content_type(self) -> str:
        """The media type with its parameters, as it was sent."""
        return self.headers.get("content-type", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """What the operator set for one source; what is None is not asked for."""

    secret: str | None = field(default=None, repr=False)  # of signatures: key, token or public key
    auth: str | None = field(default=None, repr=False)  # user:password of HTTP Basic
    topics: tuple[str, ...] = ()  # allowed SNS topics
    tolerance_s: float = 300.0  # how far a signed time may be from ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """A file beside a message, never opened."""

    name: str
    content_type: str
    size: int  # bytes; 0 where the provider did not say


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One inbound text as a provider tells of it, before it is cut to what was written just now.

    Either `raw` holds a whole mail, which then says the rest, or the fields do.
    """

    external_id: str | None  # by which a repeat is known; unique for a source
    fallback_id: str | None = None  # where neither this nor the mail itself has an id
    channel: Channel
    sender: Sender = field(default_factory=Sender)
    recipients: tuple[str, ...] = ()
    subject: str = ""
    text: str = ""
    html: str = ""
    stripped: str = ""  # the provider's own idea of the newest text
    thread_id: str | None = None
    sent_at: datetime | None = None  # aware, UTC
    raw: bytes | None = field(default=None, repr=False)
    headers: tuple[tuple[str, str], ...] = ()  # of the mail, where they come apart from it
    attachments: tuple[Attached, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """A request that was understood and is no message: a status event, a bot's own words."""

    reason: str  # one stable word or two: own_message, status_event, private_note, handshake


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the provider is answered at once, where it is not just "taken"."""

    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain"
    fetch: str | None = None  # a checked URL that must be fetched, to confirm a subscription


Item: TypeAlias = Received | Ignored


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What was made of a message, for a platform that waits to hear it."""

    message_id: str  # ours
    prediction: Mapping[str, Any]  # Prediction.as_dict()
    decision: Mapping[str, Any]  # Decision.as_dict()
    handover: bool  # whether a person should take over now; told once for each route


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetching:
    """How the rest of a message is got, where a provider tells only that there is one."""

    url: Callable[[Post], str]  # empty where nothing is to be fetched
    authorization: Callable[[Keys], str]
    read: Callable[[Post, bytes], tuple[Item, ...]]  # raises Unreadable


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One provider or platform: how its requests are proved and read, and what it is answered."""

    name: str  # in /v1/inbound/{name}
    title: str  # as the provider writes itself
    verify: Callable[[Post, Keys], None]  # raises NotAuthentic; constant time; fails closed
    read: Callable[[Post], tuple[Item, ...]]  # raises Unreadable
    handshake: Callable[[Post, Keys], Reply | None] = lambda _post, _keys: None  # after verify
    needs: tuple[str, ...] = ("secret",)  # fields of Keys without which the source is off
    taken: Reply = Reply()  # the answer once it is stored
    refused_status: int = 401  # where verification fails
    unreadable_status: int = 422  # where a 4xx would lose the mail: 200, and it is kept for review
    busy_status: int = 503  # under overload
    fetching: Fetching | None = None
    # What may stand in one request alone, such as a signed token: shown again with another body, it
    # proves nothing.
    once: Callable[[Post], str | None] = lambda _post: None
    answer: Callable[[Told], Reply] | None = None  # set: read at once, the platform waits for it
    max_bytes: int = 64 * 1024 * 1024
