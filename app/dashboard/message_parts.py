"""What the page of a message shows of it: its text in parts, and everything that is kept beside."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.dashboard.marking import Piece, marked, stretches_of
from app.domain import (
    Attempt,
    Channel,
    ClockEvent,
    Delivery,
    Endpoint,
    Feedback,
    Stored,
)
from app.routing.people import account_of, contact_of
from app.storage import clocks, endpoints, feedback, inbox, messages, outbox
from app.storage.engine import Connection
from app.storage.inbox import InboxRow
from app.storage.messages import By, Past, Whose
from models.text.reply import split_reply

_EARLIER = 10  # messages of the contact
_WORDS = 20  # of people, about the labels
_MAX_BODY_BYTES = 20_000  # of an event, as it is shown
# Of an alert: whoever has it may act. Answers may write its slashes as JSON of PHP or forms do.
_LINK = re.compile(r"((?:\\?/|%2f)r(?:\\?/|%2f))[a-z0-9_-]{16,}", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """A message's text, taken apart."""

    subject: tuple[Piece, ...]
    newest: tuple[Piece, ...]
    quoted: str
    signature: str
    disclaimer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A delivery with what came of each attempt."""

    delivery: Delivery
    endpoint: str  # by the name that policies call it
    body: str
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """Everything that is kept of a message."""

    row: InboxRow
    stored: Stored
    contact: str | None
    account: str | None
    sent: tuple[Sent, ...]
    steps: tuple[ClockEvent, ...]
    earlier: tuple[Past, ...]  # newest first
    said: tuple[Feedback, ...]  # newest first

    @property
    def attachments(self) -> tuple[Mapping[str, Any], ...]:
        """What came with it: each a name, a type and a size in bytes."""
        listed = _facts(self.stored).get("attachments")
        found = listed if isinstance(listed, list) else []
        return tuple(one for one in found if isinstance(one, dict) and "name" in one)

    @property
    def automated(self) -> str | None:
        """The kind of machine that wrote it; None where a person did."""
        said = _facts(self.stored).get("automated")
        return str(said["kind"]) if isinstance(said, dict) and "kind" in said else None


def whole_of(conn: Connection, message_id: str) -> Whole | None:
    """Look up everything that is kept of a message; None where there is no such message."""
    stored, row = messages.find(conn, message_id), inbox.find(conn, message_id)
    if stored is None or row is None:
        return None
    email = stored.message.sender.email
    contact = contact_of(email)
    return Whole(
        row=row,
        stored=stored,
        contact=contact,
        account=account_of(email),
        sent=sent_of(conn, stored.deliveries),
        steps=tuple(clocks.events_of(conn, stored.clock.id)) if stored.clock else (),
        earlier=_earlier(conn, contact, stored),
        said=tuple(feedback.listed(conn, message_id=message_id, limit=_WORDS)),
    )


def parts_of(stored: Stored, prediction: Mapping[str, Any]) -> Parts:
    """Take a message's text apart, and mark the sentences that carry its labels.

    Args:
        stored: The message.
        prediction: What was said of it, with its evidence where that is known.
    """
    message, known = stored.message, _facts(stored)
    in_text = stretches_of(prediction, "text")
    subject = marked(message.subject, stretches_of(prediction, "subject"))
    if stored.facts is None and message.channel is Channel.EMAIL:
        reply = split_reply(message.text, subject=message.subject)
        at = message.text.find(reply.newest)
        if at >= 0 and not reply.fallback:
            return Parts(
                subject=subject,
                newest=marked(reply.newest, in_text, offset=at),
                quoted=reply.quoted,
                signature=reply.signature,
                disclaimer=reply.disclaimer,
            )
    return Parts(
        subject=subject,
        newest=marked(message.text, in_text),
        quoted=_text(known, "quoted"),
        signature=_text(known, "signature"),
        disclaimer=_text(known, "disclaimer"),
    )


def shown_body(body: bytes) -> str:
    """Show the body of an event, but for its links: a viewer must not act by them."""
    cut = body[:_MAX_BODY_BYTES].decode("utf-8", "replace")
    more = " …" if len(body) > _MAX_BODY_BYTES else ""
    return without_links(cut) + more


def without_links(text: str) -> str:
    """Cut the links of alerts out of a text."""
    return _LINK.sub(r"\1…", text)


def sent_of(conn: Connection, deliveries: Sequence[Delivery]) -> tuple[Sent, ...]:
    """Look up to whom some deliveries go, and what came of each attempt."""
    ids = {one.endpoint_id for one in deliveries}
    names: dict[str, Endpoint] = {one.id: one for one in endpoints.by_ids(conn, ids)}
    return tuple(
        Sent(
            delivery=one,
            endpoint=names[one.endpoint_id].name if one.endpoint_id in names else one.endpoint_id,
            body=shown_body(one.body),
            attempts=tuple(_shown(tried) for tried in outbox.attempts_of(conn, one.id)),
        )
        for one in deliveries
    )


def _shown(tried: Attempt) -> Attempt:
    """Give an attempt as it is shown: receivers may repeat in an answer what they were sent."""
    told = without_links(tried.answer.body_excerpt)
    return replace(tried, answer=replace(tried.answer, body_excerpt=told))


def _earlier(conn: Connection, contact: str | None, stored: Stored) -> tuple[Past, ...]:
    if contact is None:
        return ()
    whose = Whose(By.CONTACT, contact)
    found = messages.last_of(conn, whose, before=stored.message.received_at, limit=_EARLIER)
    return tuple(reversed(found))


def _facts(stored: Stored) -> Mapping[str, Any]:
    return stored.facts or {}


def _text(known: Mapping[str, Any], name: str) -> str:
    found = known.get(name)
    return found if isinstance(found, str) else ""
