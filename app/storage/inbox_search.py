"""Search of the inbox, by words of subject, newest text and sender."""

from dataclasses import dataclass

from sqlalchemy import Connection

from app.storage import inbox, inbox_index
from app.storage.inbox import LIMIT, Filters, InboxRow
from app.storage.words import asked

LOOKED_AT = 2_000  # messages with the words that one call compares with the filters
_AT_ONCE = 500  # of them
_BEYOND = 2**63 - 1  # every number


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A page of what was found, the last stored first."""

    rows: tuple[InboxRow, ...]
    before: int | None  # where the next page begins, even if this one is short; None: no more


def search(
    conn: Connection,
    text: str,
    filters: Filters | None = None,
    *,
    before: int | None = None,
    limit: int = LIMIT,
) -> Found:
    """Find messages that have every word; the last may be the beginning of one.

    Args:
        conn: A transaction to read in.
        text: What somebody typed. Marks between words say nothing.
        filters: Which messages; any where None.
        before: What the page before said.
        limit: Messages, at most.
    """
    wanted, words, any_ = filters or Filters(), asked(text), filters in (None, Filters())
    at, rows, looked_at = before or _BEYOND, list[InboxRow](), 0
    at_once = limit if any_ else _AT_ONCE
    while looked_at < LOOKED_AT:
        numbers = inbox_index.find(conn, words, before=at, limit=at_once)
        rows += inbox.numbered(conn, numbers, wanted)
        if len(rows) >= limit:
            return Found(rows=tuple(rows[:limit]), before=rows[limit - 1].number)
        if len(numbers) < at_once:
            return Found(rows=tuple(rows), before=None)
        at, looked_at = numbers[-1], looked_at + len(numbers)
    return Found(rows=tuple(rows), before=at)
