"""What the page of a contact or an account shows of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from app.contexts import Record, record_of
from app.dashboard.rows import ShownRow, shown_rows
from app.leads.over_time import OverTime, over_time
from app.routing.context import SENDER_FIELDS
from app.routing.owners import Owner
from app.routing.people import fields_of
from app.storage import inbox, messages, people, promises
from app.storage.engine import Connection
from app.storage.inbox import InboxRow
from app.storage.messages import By, Whose
from app.storage.people import Writer
from app.storage.promises import Running

_LOOKED_BACK = 500  # messages that a picture is drawn of, the last ones
_SIGNED = 10  # messages that are asked who wrote them, the last ones
_MOST_PROMISES = 20
_MOST_WRITERS = 50
_OF_COMPANY = ("company", "website", "country")  # what one person tells of all


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A reply that somebody waits for, with the message that it is for."""

    promise: Running
    message: InboxRow | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A contact, or an account, as their page shows them."""

    name: str  # under which they are known: the address, or the domain
    rows: tuple[ShownRow, ...]  # a page of what they wrote, the newest first
    older: str | None  # the last message of this page; None: there are no older ones
    is_newest: bool
    record: Record
    score: float  # app.leads.score
    first_at: datetime | None
    facts: Mapping[str, str]  # SENDER_FIELDS that are known, as the newest message tells them
    waiting: tuple[Waiting, ...]  # what is due first comes first
    intents: OverTime | None
    looked_back: int  # messages that `intents` is made of
    writers: tuple[Writer, ...]  # people of an account


def person_of(
    conn: Connection,
    whose: Whose,
    owners: Mapping[str, Owner],
    *,
    now: datetime,
    after: str | None = None,
) -> Person:
    """Look up what is kept of a person or a company.

    Args:
        conn: A transaction to read in.
        whose: The person or company.
        owners: Of the policy in force.
        now: The present.
        after: The message with which the page before ended.

    Raises:
        NotFound: The page before ended with no message of theirs.
    """
    ids = people.page_of(conn, whose, after=after)
    rows = inbox.of_messages(conn, ids)
    record = record_of(conn, whose.by, whose.name, before=now)
    intents, looked_back = _intents(conn, whose, now)
    is_account = whose.by is By.ACCOUNT
    return Person(
        name=whose.name,
        rows=shown_rows(conn, [rows[id] for id in ids if id in rows], owners),
        older=ids[-1] if len(ids) == people.PAGE else None,
        is_newest=after is None,
        record=record,
        score=record.interest.score(now),
        first_at=messages.first_of(conn, whose.by, [whose.name]).get(whose.name),
        facts=_facts(conn, whose),
        waiting=_waiting(conn, whose),
        intents=intents,
        looked_back=looked_back,
        writers=people.writers_of(conn, whose.name, limit=_MOST_WRITERS) if is_account else (),
    )


def _intents(conn: Connection, whose: Whose, now: datetime) -> tuple[OverTime | None, int]:
    past = messages.last_of(conn, whose, before=now, limit=_LOOKED_BACK)
    told = [(one.received_at, one.prediction.get("labels", ())) for one in past if not one.aside]
    return over_time(told, until=now), len(told)


def _facts(conn: Connection, whose: Whose) -> Mapping[str, str]:
    """Put together what the last messages tell: of each field the newest word."""
    found: dict[str, str] = {}
    for one in people.signed_of(conn, whose, limit=_SIGNED):
        found = {**fields_of(one.sender, one.facts), **found}
    wanted = _OF_COMPANY if whose.by is By.ACCOUNT else SENDER_FIELDS
    return {name: found[name] for name in wanted if name in found}


def _waiting(conn: Connection, whose: Whose) -> tuple[Waiting, ...]:
    contact, account = (whose.name, None) if whose.by is By.CONTACT else (None, whose.name)
    found = promises.open_of(conn, contact=contact, account=account, limit=_MOST_PROMISES)
    rows = inbox.of_messages(conn, [one.message_id for one in found])
    return tuple(Waiting(promise=one, message=rows.get(one.message_id)) for one in found)
