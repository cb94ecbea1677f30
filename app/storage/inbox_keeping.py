"""Keep the inbox as the messages are: in the transaction that stores, moves or deletes them."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, func, insert, select, update

from app.domain import ClockStatus, InboxState, Message, ReplyClock
from app.routing.people import account_of, contact_of
from app.storage import inbox_index, inbox_tables, tables
from app.storage.inbox import NO_INTENT
from app.storage.words import words_of
from models.prediction import Prediction

EXCERPT_CHARS = 160
_READ_CHARS = 4 * EXCERPT_CHARS  # of a text, for its excerpt: it may begin with empty lines
_TABLE, _INTENTS, _MESSAGES = inbox_tables.inbox, inbox_tables.inbox_intents, tables.messages
_STATE_OF = {
    ClockStatus.RUNNING: InboxState.WAITING,
    ClockStatus.ACKNOWLEDGED: InboxState.TAKEN,
    ClockStatus.CLOSED: InboxState.DONE,
}
_THERE = _TABLE.alias("there")
# PostgreSQL's writers must not wait for each other; SQLite has one.
_REVISION: Mapping[str, Any] = {
    "postgresql": inbox_tables.revisions.next_value(),
    "sqlite": select(func.coalesce(func.max(_THERE.c.revision), 0) + 1).scalar_subquery(),
}
# Made once, as every message needs them: that takes longer than to run them.
_ENTER = {
    name: insert(_TABLE).values(revision=revision).returning(_TABLE.c.number)
    for name, revision in _REVISION.items()
}
_ENTER_INTENTS = insert(_INTENTS)
_BY_HAND = (InboxState.OPEN, InboxState.DONE)  # what a message without a clock can be


def add(
    conn: Connection,
    message: Message,
    prediction: Prediction,
    *,
    route: str,
    owner: str | None = None,
    clock: ReplyClock | None = None,
) -> None:
    """Enter a message, in the transaction that stores it, after it and its clock.

    Args:
        conn: The transaction.
        message: It.
        prediction: What the model said of it.
        route: What was decided.
        owner: Who answers it.
        clock: By when; None where none was started.
    """
    same = {
        "received_at": min(message.received_at, message.created_at),
        "route": route,
        "channel": message.channel,
        "state": InboxState.OPEN if clock is None else _STATE_OF[clock.status],
    }
    row = {**_shown(message, prediction), **same, **_owned(owner, clock)}
    number = conn.execute(_ENTER[conn.dialect.name], row).scalar_one()
    counting = prediction.labels or (NO_INTENT,)
    intents = [{"number": number, "intent": intent, **same} for intent in counting]
    conn.execute(_ENTER_INTENTS, intents)
    sender = message.sender
    texts = (message.subject, message.text, sender.name or "", sender.email or "")
    inbox_index.add(conn, number, words_of(texts))


def follow(conn: Connection, clock: ReplyClock) -> None:
    """Show a message as its reply clock stands now, in the transaction that moved the clock."""
    of_message = _TABLE.c.message_id == clock.message_id
    _change(conn, of_message, {"state": _STATE_OF[clock.status], **_owned(clock.owner, clock)})


def mark(conn: Connection, message_id: str, state: InboxState, *, by: str) -> bool:
    """Let somebody say that a message to which no reply was promised is done, or open again.

    Returns:
        False where nothing changed: it has a reply clock, stands so already, or is not there.

    Raises:
        ValueError: The state is a reply clock's to give.
    """
    if state not in _BY_HAND:
        raise ValueError(f"a message without a reply clock is open or done, not {state}")
    without_clock = _TABLE.c.due_at.is_(None) & (_TABLE.c.state != state)
    settled_by = by if state is InboxState.DONE else None
    mine = without_clock & (_TABLE.c.message_id == message_id)
    return _change(conn, mine, {"state": state, "settled_by": settled_by})


def remove(conn: Connection, message_ids: Collection[str]) -> int:
    """Take messages out, before they are deleted themselves, and say how many were there.

    Give all that go at once: what SQLite knows of their words takes a while to overwrite.
    """
    texts = ("subject", "text", "sender_name", "sender_email")
    query = (
        select(_TABLE.c.number, *(_MESSAGES.c[name] for name in texts))
        .join(_MESSAGES, _MESSAGES.c.id == _TABLE.c.message_id)
        .where(_TABLE.c.message_id.in_(message_ids))
        .with_for_update(of=_TABLE)
    )
    found: list[RowMapping] = list(conn.execute(query).mappings())
    for row in found:
        inbox_index.drop(conn, row["number"], words_of(row[name] or "" for name in texts))
    if found:
        inbox_index.overwrite_dropped(conn)
    numbers = [row["number"] for row in found]
    conn.execute(delete(_INTENTS).where(_INTENTS.c.number.in_(numbers)))
    conn.execute(delete(_TABLE).where(_TABLE.c.number.in_(numbers)))
    return len(found)


def hand_over(conn: Connection, message_id: str, owner: str) -> bool:
    """Let somebody have an open message to which no reply was promised.

    Returns:
        False where nothing changed: it has a reply clock, is done, is theirs, or is not there.
    """
    without_clock = _TABLE.c.due_at.is_(None) & (_TABLE.c.state == InboxState.OPEN)
    theirs = _TABLE.c.owner.is_not_distinct_from(owner)
    mine = without_clock & ~theirs & (_TABLE.c.message_id == message_id)
    return _change(conn, mine, {"owner": owner})


def finish(conn: Connection, message_id: str) -> bool:
    """Let a message that somebody took be done; `follow` with its clock takes that back.

    Returns:
        False where nothing changed: nobody took it, it is done, or it is not there.
    """
    taken = _TABLE.c.state == InboxState.TAKEN
    return _change(conn, taken & (_TABLE.c.message_id == message_id), {"state": InboxState.DONE})


def touch(conn: Connection, message_id: str) -> bool:
    """Let those who watch the inbox look at a message again; False where there is none."""
    return _change(conn, _TABLE.c.message_id == message_id, {})


def _change(conn: Connection, which: Any, values: Mapping[str, Any]) -> bool:
    change = update(_TABLE).where(which).values(**values, revision=_REVISION[conn.dialect.name])
    number = conn.execute(change.returning(_TABLE.c.number)).scalar_one_or_none()
    if number is None:
        return False
    if "state" in values:
        of_number = update(_INTENTS).where(_INTENTS.c.number == number)
        conn.execute(of_number.values(state=values["state"]))
    return True


def _shown(message: Message, prediction: Prediction) -> dict[str, Any]:
    sender = message.sender
    return {
        "message_id": message.id,
        "primary_intent": prediction.primary,
        "intents": ",".join(sorted(prediction.labels)),
        "confidence": prediction.confidence,
        "abstained": prediction.abstained,
        "contact": contact_of(sender.email),
        "account": account_of(sender.email),
        "sender": sender.name or sender.email or "",
        "subject": message.subject,
        "excerpt": " ".join(message.text[:_READ_CHARS].split())[:EXCERPT_CHARS],
    }


def _owned(owner: str | None, clock: ReplyClock | None) -> dict[str, Any]:
    if clock is None:
        return {"owner": owner}
    return {"owner": owner, "due_at": clock.due_at, "settled_by": clock.settled_by}
