"""The inbox as people look through it: lists by any filters, how many there are, what is new."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Subquery,
    Table,
    func,
    literal,
    select,
    tuple_,
    union_all,
)

from app.domain import Channel, InboxState
from app.storage import inbox_tables
from app.storage.inbox_tables import BY_OWNER

COUNTED = 1_000  # messages of a list, at most: an index is walked for it
LIMIT = 50  # messages of a page
NO_INTENT = ""  # asks for messages of which no intent counts: the model abstained
OVERLAP = 1_000  # revisions: a transaction may commit after so many that began later
_TABLE, _INTENTS = inbox_tables.inbox, inbox_tables.inbox_intents


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a list, between two messages."""

    received_at: datetime
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxRow:
    """What a list shows of a message."""

    number: int  # in the order in which messages were stored
    message_id: str
    revision: int  # a higher one with each change
    received_at: datetime  # never after it reached us, whatever its sender's clock said
    route: str
    channel: Channel
    primary_intent: str  # the most probable one that counts; of all where none counts
    intents: tuple[str, ...]  # that count, sorted
    confidence: float  # probability of the primary intent, 0 to 1
    abstained: bool
    state: InboxState
    owner: str | None  # whose turn it is, or was when the clock was settled
    due_at: datetime | None  # by when they have to take it; None without a reply clock
    settled_by: str | None  # who took it, or said that it is done
    contact: str | None
    account: str | None
    sender: str  # name or address, as it is shown; may be empty
    subject: str
    excerpt: str  # the beginning of the newest text, on one line

    @property
    def cursor(self) -> Cursor:
        """The place behind this message."""
        return Cursor(self.received_at, self.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which messages a list shows; None and () stand for any."""

    route: str | None = None
    intent: str | None = None  # counts, as the primary one or beside it; NO_INTENT: none does
    channel: Channel | None = None
    owner: str | None = None
    states: tuple[InboxState, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What somebody who watches the inbox has been told of."""

    upto: int  # the highest revision
    lately: frozenset[int]  # revisions, of the last OVERLAP


_COLUMNS = tuple(_TABLE.c[field.name] for field in fields(InboxRow))


def page(
    conn: Connection, filters: Filters, *, after: Cursor | None = None, limit: int = LIMIT
) -> tuple[InboxRow, ...]:
    """Give a page of a list, newest first.

    Of each state a range of an index is read, never more than a page of it; an owner's list with
    further filters is looked through in its index.

    Args:
        conn: A transaction to read in.
        filters: Which messages.
        after: The last message's place on the page before.
        limit: Messages, at most.
    """
    states = dict.fromkeys(filters.states or InboxState)
    parts = [_newest(conn, filters, state, after, limit).subquery() for state in states]
    every = union_all(*(select(part.c.received_at, part.c.number) for part in parts)).subquery()
    found = select(every.c.number).order_by(*_newest_first(every)).limit(limit).subquery()
    query = select(*_COLUMNS).join(found, found.c.number == _TABLE.c.number)
    return _rows(conn, query.order_by(*_newest_first(_TABLE)))


def counts(conn: Connection, filters: Filters) -> Mapping[InboxState, int]:
    """Say how many messages a list has in every state, up to COUNTED; its own states aside."""
    of_states = [
        select(literal(state.value), func.count()).select_from(
            _newest(conn, filters, state, None, COUNTED).subquery()
        )
        for state in InboxState
    ]
    return {InboxState(row[0]): row[1] for row in conn.execute(union_all(*of_states))}


def find(conn: Connection, message_id: str) -> InboxRow | None:
    """Look up what a list shows of a message."""
    found = _rows(conn, select(*_COLUMNS).where(_TABLE.c.message_id == message_id))
    return found[0] if found else None


def of_messages(conn: Connection, message_ids: Collection[str]) -> Mapping[str, InboxRow]:
    """Look up what a list shows of some messages, by their id; what is not there is left out."""
    found = _rows(conn, select(*_COLUMNS).where(_TABLE.c.message_id.in_(message_ids)))
    return {row.message_id: row for row in found}


def numbered(conn: Connection, numbers: Collection[int], filters: Filters) -> tuple[InboxRow, ...]:
    """Give those of some messages that a list has, the last stored first."""
    wanted = [_TABLE.c.number.in_(numbers), *_conditions(_TABLE, filters)]
    if filters.states:
        wanted.append(_TABLE.c.state.in_(filters.states))
    query = select(*_COLUMNS).where(*wanted)
    return _rows(conn, query.order_by(_TABLE.c.number.desc()))


def marks(conn: Connection) -> tuple[int, int]:
    """Say how far the inbox is: its highest revision, and its last stored message's number."""
    query = select(
        select(func.coalesce(func.max(_TABLE.c.revision), 0)).scalar_subquery(),
        select(func.coalesce(func.max(_TABLE.c.number), 0)).scalar_subquery(),
    )
    revision, number = conn.execute(query).one()
    return revision, number


def seen_upto(revision: int) -> Seen:
    """Begin to watch from a revision that `marks` gave: what came after it is new."""
    lately = range(max(0, revision - OVERLAP) + 1, revision + 1)
    return Seen(upto=revision, lately=frozenset(lately))


def seen_now(conn: Connection) -> Seen:
    """Begin to watch: everything up to now counts as seen."""
    query = select(_TABLE.c.revision).order_by(_TABLE.c.revision.desc()).limit(OVERLAP)
    lately = frozenset(conn.execute(query).scalars())
    return Seen(upto=max(lately, default=0), lately=lately)


def since(conn: Connection, seen: Seen, *, limit: int = LIMIT) -> tuple[tuple[InboxRow, ...], Seen]:
    """Give what came or changed, the oldest change first, and what has been seen with it.

    On PostgreSQL a transaction may commit after others that took higher revisions, so the last
    OVERLAP are looked at again.

    Args:
        conn: A transaction to read in.
        seen: What the call before gave.
        limit: Messages, at most; there may be more where so many come.
    """
    newer = select(_TABLE.c.revision).where(_TABLE.c.revision > seen.upto - OVERLAP)
    some = newer.order_by(_TABLE.c.revision).limit(OVERLAP + limit)
    fresh = [one for one in conn.execute(some).scalars() if one not in seen.lately][:limit]
    if not fresh:
        return (), seen
    query = select(*_COLUMNS).where(_TABLE.c.revision.in_(fresh)).order_by(_TABLE.c.revision)
    upto = max(seen.upto, fresh[-1])
    lately = frozenset(one for one in (*seen.lately, *fresh) if one > upto - OVERLAP)
    return _rows(conn, query), Seen(upto=upto, lately=lately)


def _newest(
    conn: Connection, filters: Filters, state: InboxState, after: Cursor | None, limit: int
) -> Select[Any]:
    """Choose the newest of one state: a range of the index that the filters have."""
    of_intents = filters.intent is not None and filters.owner is None
    table = _INTENTS if of_intents else _TABLE
    query = select(table.c.received_at, table.c.number).where(table.c.state == state)
    if filters.owner is not None and conn.dialect.name == "sqlite":
        # SQLite has no statistics, and would as soon read all of a route.
        query = query.with_hint(table, f"INDEXED BY {BY_OWNER}", "sqlite")
    query = query.where(*_conditions(table, filters))
    if after is not None:
        at = literal(after.received_at, table.c.received_at.type)
        query = query.where(
            table.c.received_at <= at,  # so that its index is used everywhere
            tuple_(table.c.received_at, table.c.number) < tuple_(at, after.number),
        )
    return query.order_by(*_newest_first(table)).limit(limit)


def _conditions(table: Table, filters: Filters) -> list[ColumnElement[bool]]:
    wanted = {"route": filters.route, "channel": filters.channel, "owner": filters.owner}
    given = [table.c[name] == value for name, value in wanted.items() if value is not None]
    return given if filters.intent is None else [*given, _counts(table, filters.intent)]


def _counts(table: Table, intent: str) -> ColumnElement[bool]:
    """Whether an intent counts; of NO_INTENT, whether none does."""
    if table is _INTENTS:
        return table.c.intent == intent
    if intent == NO_INTENT:
        return table.c.intents == ""
    listed: ColumnElement[bool] = ("," + table.c.intents + ",").contains(
        f",{intent},", autoescape=True
    )
    return listed


def _newest_first(table: Table | Subquery) -> tuple[ColumnElement[Any], ...]:
    return table.c.received_at.desc(), table.c.number.desc()


def _rows(conn: Connection, query: Select[Any]) -> tuple[InboxRow, ...]:
    return tuple(
        InboxRow(**{**row, "intents": tuple(filter(None, row["intents"].split(",")))})
        for row in conn.execute(query).mappings()
    )
