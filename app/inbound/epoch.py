"""Times that platforms write as seconds since 1970."""

import math
import re
from datetime import UTC, datetime

_DIGITS = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,9})?", re.ASCII)
_MAX_EPOCH_S = 1e11  # more are milliseconds: in seconds it would be the year 5138


def parse_epoch(told: object) -> datetime | None:
    """Read seconds (or milliseconds) since 1970, as a number or its digits; None if it is none."""
    try:
        seconds = math.nan if isinstance(told, bool) else _number(told)
        seconds = seconds / 1_000 if seconds > _MAX_EPOCH_S else seconds
        return datetime.fromtimestamp(seconds, UTC) if seconds > 0 else None
    except (ValueError, OverflowError, OSError):
        return None


def _number(told: object) -> float:
    """Read a number, or plain digits with or without a fraction."""
    if isinstance(told, str):
        return float(told) if _DIGITS.fullmatch(told) else math.nan
    return float(told) if isinstance(told, int | float) else math.nan
