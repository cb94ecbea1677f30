"""Which messages somebody looks for in the inbox, as the address of its page says it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from urllib.parse import urlencode

from app.domain import Channel, InboxState
from app.errors import Refused
from app.storage.inbox import NO_INTENT, Cursor, Filters, InboxRow

PATH = "/inbox"
UNSURE = "-"  # stands in an address for NO_INTENT: there, an empty value means any
_FILTERED = ("route", "intent", "channel", "owner")
_MAX_CHARS = 200
_CURSOR = re.compile(r"(\d{1,17})~(\d{1,15})", re.ASCII)
_NUMBER = re.compile(r"\d{1,15}", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = timedelta(days=400 * 365)  # later than any message
_MICROSECOND = timedelta(microseconds=1)
_Value = TypeVar("_Value", Channel, InboxState)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look at the inbox."""

    filters: Filters
    words: str = ""  # that are searched for
    after: Cursor | None = None  # where the page before ended, in a list
    before: int | None = None  # … and in what a search found

    @property
    def is_newest(self) -> bool:
        """Whether what comes in belongs at the top: not in a search, and on the first page."""
        return not self.words and self.after is None

    @property
    def is_plain(self) -> bool:
        """Whether everything is looked at."""
        return not self.words and self.filters == Filters()

    def values(self) -> dict[str, str]:
        """Give the fields of the page's address that are set, without where its page begins."""
        given = {name: getattr(self.filters, name) for name in _FILTERED}
        given["intent"] = UNSURE if given["intent"] == NO_INTENT else given["intent"]
        given["state"] = next(iter(self.filters.states), None)
        given["q"] = self.words
        return {name: str(value) for name, value in given.items() if value}

    def address(self, path: str = PATH, **changes: str | None) -> str:
        """Write an address that shows this look, with some fields changed, or taken out by None."""
        kept = {name: value for name, value in {**self.values(), **changes}.items() if value}
        return f"{path}?{urlencode(kept)}" if kept else path


def look_of(given: Mapping[str, str]) -> Look:
    """Read the fields of an address; empty ones say nothing.

    Raises:
        Refused: `bad_filter`.
    """
    fields = {name: value.strip() for name, value in given.items() if value.strip()}
    if any(len(value) > _MAX_CHARS or "\x00" in value for value in fields.values()):
        raise Refused("a filter is too long, or no text", code="bad_filter")
    intent = fields.get("intent")
    filters = Filters(
        route=fields.get("route"),
        intent=NO_INTENT if intent == UNSURE else intent,
        channel=_one_of(Channel, fields.get("channel")),
        owner=fields.get("owner"),
        states=tuple(filter(None, [_one_of(InboxState, fields.get("state"))])),
    )
    words, older = fields.get("q", ""), fields.get("older")
    if older is None:
        return Look(filters=filters, words=words)
    if words:
        return Look(filters=filters, words=words, before=_number(older))
    return Look(filters=filters, after=_cursor(older))


def written(cursor: Cursor) -> str:
    """Write a place in the list, for an address."""
    return f"{(cursor.received_at - _EPOCH) // _MICROSECOND}~{cursor.number}"


def fits(row: InboxRow, filters: Filters) -> bool:
    """Whether a list has a message; as app.storage.inbox asks the database."""
    for name in ("route", "channel", "owner"):
        wanted = getattr(filters, name)
        if wanted is not None and getattr(row, name) != wanted:
            return False
    if filters.states and row.state not in filters.states:
        return False
    if filters.intent == NO_INTENT:
        return not row.intents
    return filters.intent is None or filters.intent in row.intents


def _one_of(kind: type[_Value], given: str | None) -> _Value | None:
    try:
        return None if given is None else kind(given)
    except ValueError:
        raise Refused("there is no such channel or state", code="bad_filter") from None


def _cursor(given: str) -> Cursor:
    found = _CURSOR.fullmatch(given)
    since = _LAST if found is None else int(found[1]) * _MICROSECOND
    if found is None or since >= _LAST:
        raise Refused("this page of the list begins nowhere", code="bad_filter")
    return Cursor(_EPOCH + since, int(found[2]))


def _number(given: str) -> int:
    if not _NUMBER.fullmatch(given):
        raise Refused("this page of the list begins nowhere", code="bad_filter")
    return int(given)
