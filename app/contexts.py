"""What is known of a message's sender when it comes in: who they are, and what they wrote."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from app.domain import Facts, Message
from app.leads.score import Interest, interest_of, weight_of
from app.routing.context import Context, Known
from app.routing.people import account_of, contact_of, sender_fields
from app.storage import messages
from app.storage.messages import COUNTED, LAST, Past


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What a person or a company wrote until now, as far as rules ask for it."""

    messages: int = 0  # no more than COUNTED are counted
    last_at: datetime | None = None
    interest: Interest = field(default_factory=Interest)

    def plus(self, prediction: Mapping[str, Any], at: datetime, *, wish: bool) -> "Record":
        """Count one more message.

        Args:
            prediction: What was said of it, as it is stored.
            at: When it was received.
            wish: Whether a person wrote it, and it could be read.
        """
        return Record(
            messages=min(self.messages + 1, COUNTED),
            last_at=at if self.last_at is None else max(self.last_at, at),
            interest=self.interest.plus(weight_of(prediction) if wish else 0.0, at),
        )

    def known(self, name: str | None, now: datetime) -> Known:
        """Say what a rule sees of it."""
        return Known(
            name=name,
            messages=self.messages,
            last_at=self.last_at,
            score=self.interest.score(now),
        )


def context_of(
    conn: Connection, message: Message, facts: Facts | None, *, now: datetime
) -> Context:
    """Gather the circumstances of a message that is not stored yet.

    Two look-ups by index; each reads the last 100 messages of the person or their company.

    Args:
        conn: A transaction to read in.
        message: What came in.
        facts: What is known beside its text.
        now: The present; what was received before it is looked back on.
    """
    contact = contact_of(message.sender.email)
    account = account_of(message.sender.email)
    return Context(
        channel=message.channel.value,
        at=message.received_at,
        contact=record_of_contact(conn, contact, before=now).known(contact, now),
        account=record_of_account(conn, account, before=now).known(account, now),
        sender=sender_fields(message, facts),
    )


def record_of_contact(conn: Connection, contact: str | None, *, before: datetime) -> Record:
    """Read what a person wrote before an instant."""
    if contact is None:
        return Record()
    found = _record(messages.of_contact(conn, contact, before=before))
    if found.messages < LAST:
        return found
    return replace(found, messages=messages.count_before(conn, contact=contact, before=before))


def record_of_account(conn: Connection, account: str | None, *, before: datetime) -> Record:
    """Read what a company's people wrote before an instant."""
    if account is None:
        return Record()
    found = _record(messages.of_account(conn, account, before=before))
    if found.messages < LAST:
        return found
    return replace(found, messages=messages.count_before(conn, account=account, before=before))


def _record(past: Sequence[Past]) -> Record:
    weighed = ((weight_of(one.prediction), one.received_at) for one in past if not one.aside)
    return Record(
        messages=len(past),
        last_at=past[-1].received_at if past else None,
        interest=interest_of(weighed),
    )
