"""When a mail was written, what it is called, and which mails it answers.

Source:
    RFC 5322, sections 3.3, 3.6.1 and 3.6.4.
"""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_tz

from app.inbound.mime import limits

_DATE_CHARS = 128  # a date and a comment; the standard library's parser gets no more
_DAY_S = 86_400
_EARLIEST = 1970
_ID = re.compile(r"<[^<>\s]{1,510}>")


def read_date(value: str) -> datetime | None:
    """Read a date as aware UTC; None for what is none, a date without a zone counts as UTC."""
    try:
        parsed = parsedate_tz(value[:_DATE_CHARS])
        if parsed is None or parsed[0] < _EARLIEST or abs(parsed[9] or 0) >= _DAY_S:
            return None
        return datetime(*parsed[:6], tzinfo=UTC) - timedelta(seconds=parsed[9] or 0)
    except (ValueError, OverflowError, IndexError, TypeError, AttributeError):
        return None  # the standard library's parser raises each of these on some input


def read_ids(value: str) -> tuple[str, ...]:
    """Read message ids with their brackets; of too many, the first and the last ones."""
    found = _ID.findall(value)
    if len(found) > limits.REFERENCES:
        found = [found[0], *found[1 - limits.REFERENCES :]]
    return tuple(found)


def read_id(value: str) -> str | None:
    """Read one message id; one without brackets is given them, real mailers forget them."""
    if found := _ID.search(value):
        return found[0]
    bare = value.strip("<> \t")
    is_id = "@" in bare and len(bare) <= limits.ID_CHARS - 2 and not re.search(r"[<>\s]", bare)
    return f"<{bare}>" if is_id else None
