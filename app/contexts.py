"""What is known of a message's sender when it comes in: who they are, and what they wrote."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from app.domain import Facts, Message
from app.leads.score import Interest, interest_of, weight_of
from app.routing.context import Context, Known
from app.routing.people import account_of, contact_of, sender_fields
from app.storage import messages
from app.storage.engine import Connection
from app.storage.messages import COUNTED, LAST, By, Past, Whose


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What a person or a company wrote until now, as far as rules ask for it."""

    messages: int = 0  # no more than COUNTED are counted
    last_at: datetime | None = None
    interest: Interest = field(default_factory=Interest)

    def plus(self, weight: float, at: datetime) -> "Record":
        """Count one more message.

        Args:
            weight: Of app.leads.score; 0 where a machine wrote it, or nobody could read it.
            at: When it was received.
        """
        return Record(
            messages=min(self.messages + 1, COUNTED),
            last_at=at if self.last_at is None else max(self.last_at, at),
            interest=self.interest.plus(weight, at),
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
        contact=record_of(conn, By.CONTACT, contact, before=now).known(contact, now),
        account=record_of(conn, By.ACCOUNT, account, before=now).known(account, now),
        sender=sender_fields(message, facts),
    )


def record_of(
    conn: Connection,
    by: By,
    name: str | None,
    *,
    before: datetime,
    stored_before: datetime | None = None,
) -> Record:
    """Read what a person or a company wrote; see app.storage.messages.last_of."""
    if name is None:
        return Record()
    whose = Whose(by, name)
    found = _record(messages.last_of(conn, whose, before=before, stored_before=stored_before))
    if found.messages < LAST:
        return found
    count = messages.count_of(conn, whose, before=before, stored_before=stored_before)
    return replace(found, messages=count)


def _record(past: Sequence[Past]) -> Record:
    weighed = ((weight_of(one.prediction), one.received_at) for one in past if not one.aside)
    return Record(
        messages=len(past),
        last_at=past[-1].received_at if past else None,
        interest=interest_of(weighed),
    )
