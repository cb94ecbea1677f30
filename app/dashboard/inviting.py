"""Links that sign somebody in: made by whoever runs the service, good once and for minutes."""

import secrets
from datetime import datetime, timedelta

from app.dashboard.cookies import digest_of
from app.domain import LoginLink, Role
from app.errors import Refused
from app.storage import login_links
from app.storage.engine import Database

LIFE = timedelta(minutes=15)
MAX_NAME_CHARS = 100


def invite(database: Database, *, name: str, role: Role, now: datetime) -> str:
    """Make a link's token; it is given once, and only its digest is kept.

    Raises:
        Refused: The name cannot be shown.
        StorageDown: The database did not take it.
    """
    token = secrets.token_urlsafe(32)
    link = LoginLink(name=checked_name(name), role=role, created_at=now, expires_at=now + LIFE)
    with database.write() as conn:
        login_links.add(conn, link, sha256=digest_of(token))
    return token


def checked_name(name: str) -> str:
    """Give a name as it will stand on pages and beside what its bearer does.

    Raises:
        Refused: `bad_name`.
    """
    name = " ".join(name.split())
    if not name or len(name) > MAX_NAME_CHARS or not name.isprintable():
        raise Refused(
            f"give a name of 1 to {MAX_NAME_CHARS} characters that can be printed", code="bad_name"
        )
    return name


def address_of(base_url: str, token: str) -> str:
    """Write a link: what follows the service's address is for our sign-in page alone."""
    return f"{base_url}/login?link={token}"
