"""The form of our ids: only what can be one reaches the database."""

import re

from app.errors import NotFound


def id_pattern(prefix: str) -> str:
    """Give the expression that ids of a kind match; see app.domain.new_id."""
    return rf"^{prefix}_[0-9A-HJKMNP-TV-Z]{{26}}$"


def checked_id(given: str, prefix: str) -> str:
    """Give an id back.

    Raises:
        NotFound: It is none of ours, so there is nothing by it.
    """
    if not re.fullmatch(id_pattern(prefix), given, re.ASCII):
        raise NotFound("there is nothing with this id")
    return given
