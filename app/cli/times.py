"""Times and durations as one types them."""

import re
from datetime import datetime, timedelta

from app.errors import Refused
from app.sla import since_of

_DURATION = re.compile(r"([0-9]{1,6})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def moment_of(text: str | None, *, now: datetime, option: str) -> datetime | None:
    """Read a time ago (12h, 30d, 8w) or a date; None where nothing was typed.

    Raises:
        Refused: It is neither. The sentence names the option.
    """
    if text is None:
        return None
    try:
        return since_of(text, now)
    except Refused as error:
        raise Refused(
            f"{option} must be a time ago such as 12h, 30d or 8w, or a date such as 2026-11-01"
        ) from error


def duration_of(text: str, *, most: timedelta, option: str) -> timedelta:
    """Read a duration such as 90s, 30m, 24h or 7d; 0s is one.

    Raises:
        Refused: It is none, or too long. The sentence names the option.
    """
    found = _DURATION.fullmatch(text)
    duration = timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else None
    if duration is None or duration > most:
        raise Refused(f"{option} must be a duration such as 30m, 24h or 7d, up to {most.days}d")
    return duration
