"""Ids: sortable by time, not to be guessed."""

import secrets
from datetime import datetime

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_id(prefix: str, now: datetime) -> str:
    """Make an id that sorts by time and cannot be guessed: 48 bits of ms, 80 random bits.

    Source:
        The ULID specification, "Encoding": 26 characters of Crockford's base 32.
    """
    number = (int(now.timestamp() * 1000) << 80) | secrets.randbits(80)
    return f"{prefix}_" + "".join(_CROCKFORD[(number >> 5 * i) & 31] for i in reversed(range(26)))
